//! Firebase Cloud Messaging, by its HTTP v1 interface. Sources: FCM reference ("projects.messages", "ErrorCode"), Google Identity
//! ("Using OAuth 2.0 for server to server applications").
//!
//! A recipient is the registration token of an app on a device. Nothing is heard of a message after it was taken. A message
//! without text and title goes as data alone, which the app handles by itself.

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::json::{list, set, text};
use crate::jwt::Signer;
use crate::settings::{self, fault};
use crate::{
    Access, Body, Call, Callback, Channel, Direct, Event, HttpCall, HttpReply, Inbound, Method, Outgoing, Provider, Reply,
    Setup, Token, Verdict, Verified, notification, oauth,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Fcm;

/// What the access token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// Seconds that an assertion lasts, which is the longest that Google takes.
const ASSERTION: i64 = 3600;
/// Seconds to wait when the quota is used up and nothing is said of a time.
const QUOTA_WAIT: u32 = 60;
/// The topic of a probe. Nothing is sent to it.
const PROBE: &str = "probe";

/// What an account may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// For how many seconds a notification is kept for a device that cannot be reached; four weeks when left out.
    #[serde(default)]
    ttl: Option<u32>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        notification::check_ttl(given.ttl)?;
        Ok(given)
    }
}

/// What an account keeps secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    service_account: ServiceAccount,
}

/// The key file of a service account, as Google gives it. The addresses in it are not followed, so that it can lead nowhere else.
#[derive(Deserialize)]
struct ServiceAccount {
    project_id: String,
    client_email: String,
    private_key: Secret,
    #[serde(default)]
    private_key_id: Option<String>,
}

impl ServiceAccount {
    fn read(value: &Value) -> Result<Self> {
        let given = settings::credentials::<Credentials>(value)?.service_account;
        if !is_project(&given.project_id) {
            return Err(fault("/credentials/service_account/project_id", "the id of a project is needed"));
        }
        let plain = |text: &str| (1..=320).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain(&given.client_email) || !given.client_email.contains('@') {
            return Err(fault("/credentials/service_account/client_email", "an email address is needed"));
        }
        if !given.private_key_id.as_deref().is_none_or(plain) {
            return Err(fault("/credentials/service_account/private_key_id", "1 to 320 visible ASCII characters are needed"));
        }
        Ok(given)
    }

    fn signer(&self) -> Result<Signer> {
        Signer::rs256(&self.private_key, "/credentials/service_account/private_key")
    }
}

/// Lower-case letters, digits and hyphens; older projects stand below a domain (`shop.example:project`).
fn is_project(id: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    id.starts_with(|first: char| first.is_ascii_lowercase()) && id.len() <= 100 && id.bytes().all(known)
}

impl Provider for Fcm {
    fn id(&self) -> &'static str {
        "fcm"
    }

    fn channel(&self) -> Channel {
        Channel::Push
    }

    /// FCM knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        ServiceAccount::read(credentials)?.signer().map(|_| ())
    }

    fn access(&self, setup: &Setup<'_>, now: Time) -> Result<Access> {
        let account = ServiceAccount::read(setup.credentials)?;
        let claims = json!({
            "iss": account.client_email, "scope": SCOPE, "aud": oauth::GOOGLE,
            "iat": now.seconds(), "exp": now.seconds() + ASSERTION,
        });
        let assertion = account.signer()?.token(account.private_key_id.as_deref(), &claims)?;
        Ok(Access::Ask(Box::new(oauth::assert(oauth::GOOGLE, &assertion))))
    }

    fn token(&self, reply: &Reply) -> std::result::Result<Token, Verdict> {
        oauth::granted(reply)
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let direct = message.direct()?;
        notification::check(direct, true)?;
        if !(1..=4096).contains(&direct.to.len()) || !direct.to.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("/to", "token", "the registration token of an app is needed"));
        }
        let body = json!({"message": content(direct, Settings::read(setup.settings)?.ttl, message.at)?});
        request(&body, setup).map(Call::Http)
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        match Verdict::common(reply) {
            Ok(verdict) => verdict,
            Err(answer) => verdict(answer),
        }
    }

    /// A message that is checked and not sent.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let body = json!({"validate_only": true, "message": {"topic": PROBE, "data": {}}});
        request(&body, setup).map(Call::Http).map(Some)
    }

    /// Nobody posts to us.
    fn verify(&self, _callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        Err(Error::Unauthenticated)
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}

fn request(body: &Value, setup: &Setup<'_>) -> Result<HttpCall> {
    let project = ServiceAccount::read(setup.credentials)?.project_id;
    Ok(HttpCall {
        method: Method::Post,
        url: Secret::new(format!("https://fcm.googleapis.com/v1/projects/{project}/messages:send")),
        headers: vec![("content-type", "application/json".to_owned())],
        login: setup.bearer()?,
        body: Body::json(body),
        http2: false,
    })
}

fn content(direct: &Direct, ttl: Option<u32>, at: Time) -> Result<Value> {
    let mut message = json!({"token": direct.to});
    let (aps, mut headers) = if direct.title.is_some() || direct.text.is_some() {
        let (mut shown, mut aps) = (json!({}), json!({"sound": "default"}));
        let image = direct.media.first().map(|media| &media.url);
        for (name, value) in [("title", direct.title.as_ref()), ("body", direct.text.as_ref()), ("image", image)] {
            value.into_iter().for_each(|value| set(&mut shown, name, json!(value)));
        }
        set(&mut message, "notification", shown);
        // Without it no part of an app may fetch the picture.
        image.into_iter().for_each(|_| set(&mut aps, "mutable-content", json!(1)));
        (aps, json!({}))
    } else {
        (json!({"content-available": 1}), json!({"apns-push-type": "background", "apns-priority": "5"}))
    };
    if let Some(seconds) = ttl {
        set(&mut message, "android", json!({"ttl": format!("{seconds}s")}));
        set(&mut message, "webpush", json!({"headers": {"TTL": seconds.to_string()}}));
        set(&mut headers, "apns-expiration", json!(notification::expiry(at, seconds)));
    }
    set(&mut message, "apns", json!({"headers": headers, "payload": {"aps": aps}}));
    if !direct.data.is_empty() {
        set(&mut message, "data", data(&direct.data)?);
    }
    Ok(message)
}

/// FCM's data are texts: what is no text goes as its JSON.
fn data(given: &Map<String, Value>) -> Result<Value> {
    let mut data = Map::new();
    for (name, value) in given {
        if matches!(name.as_str(), "from" | "message_type") || name.starts_with("google.") || name.starts_with("gcm.") {
            return Err(Error::invalid(notification::place(name), "reserved", "this name is FCM's own"));
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        data.insert(name.clone(), json!(text));
    }
    Ok(Value::Object(data))
}

fn verdict(answer: &HttpReply) -> Verdict {
    let body = answer.json();
    let words = text(&body, "/error/message").unwrap_or_default();
    if answer.is_success() && body.get("error").is_none() {
        return Verdict::Sent { id: text(&body, "/name").unwrap_or_default().to_owned() };
    }
    let code = list(&body, "/error/details").find_map(|detail| text(detail, "/errorCode")).unwrap_or_default();
    let name = if code.is_empty() { text(&body, "/error/status").unwrap_or_default() } else { code };
    let reason = match name {
        "" => answer.words(),
        name => crate::event::cut(&format!("{} {name}: {words}", answer.status), 300),
    };
    match (answer.status, code) {
        (_, "UNREGISTERED") => Verdict::Undeliverable { gone: true, reason },
        // A token of another project.
        (_, "SENDER_ID_MISMATCH") => Verdict::Undeliverable { gone: false, reason },
        (400, _) if blames_token(&body) => Verdict::Undeliverable { gone: true, reason },
        (429, _) | (_, "QUOTA_EXCEEDED") => Verdict::Limited { after: answer.retry_after().or(Some(QUOTA_WAIT)), reason },
        (_, "UNAVAILABLE" | "INTERNAL") => Verdict::Retry { after: answer.retry_after(), reason },
        // The project has no key for Apple's or the browser's service.
        (_, "THIRD_PARTY_AUTH_ERROR") => Verdict::Misconfigured { reason },
        // The access token: if there is something wrong with the account, then no other one is given.
        (401, _) => Verdict::Retry { after: None, reason },
        (400, _) => Verdict::Rejected { reason },
        _ => Verdict::by_status(answer, reason),
    }
}

/// Whether the registration token is what was wrong with the request.
fn blames_token(body: &Value) -> bool {
    let mut fields = list(body, "/error/details").flat_map(|detail| list(detail, "/fieldViolations"));
    let words = text(body, "/error/message").unwrap_or_default();
    fields.any(|field| text(field, "/field") == Some("message.token")) || words.contains("registration token")
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use kernel::crypto;
    use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};

    use super::*;
    use crate::{Button, Content, Login, Media, MediaKind};

    fn account(pem: &str) -> Value {
        // The file holds more than what is needed.
        json!({"service_account": {
            "type": "service_account", "project_id": "corner-shop-1", "private_key_id": "k1", "private_key": pem,
            "client_email": "robot@corner-shop-1.example.com", "token_uri": "https://evil.example/token",
            "universe_domain": "evil.example",
        }})
    }

    fn at() -> Time {
        Time::parse("2026-03-01T09:30:00Z").unwrap()
    }

    fn send(direct: Direct, settings: &Value) -> Result<Value> {
        let message = Outgoing {
            id: "0190c0de".to_owned(),
            tag: "tag".to_owned(),
            at: at(),
            entropy: [0; 48],
            content: Content::Direct(Box::new(direct)),
        };
        let (credentials, token) = (account("hunter2"), Secret::new("ya29.hunter2"));
        let setup = Setup { settings, credentials: &credentials, token: Some(&token), callback: "" };
        let Call::Http(call) = Fcm.call(&message, &setup)? else { unreachable!() };
        assert_eq!((call.method, call.http2), (Method::Post, false));
        assert_eq!(call.url.reveal(), "https://fcm.googleapis.com/v1/projects/corner-shop-1/messages:send");
        assert!(matches!(call.login, Login::Bearer(shown) if shown == token));
        assert!(Fcm.call(&message, &Setup { token: None, ..setup }).is_err());
        Ok(serde_json::from_slice(&call.body.whole().unwrap()).unwrap())
    }

    fn direct() -> Direct {
        Direct { to: "dGVz:APA91b_x-y".to_owned(), text: Some("Your parcel is here".to_owned()), ..Direct::default() }
    }

    fn picture() -> Media {
        Media {
            kind: MediaKind::Image,
            media_type: "image/png".to_owned(),
            url: "https://files.example.com/1.png".to_owned(),
            bytes: 1,
            stored: String::new(),
            name: String::new(),
        }
    }

    #[test]
    fn a_notification_is_shown_on_every_kind_of_device() {
        let title = Some("Parcel".to_owned());
        let mut all = Direct { title, media: vec![picture()], ..direct() };
        all.data.extend([("order".to_owned(), json!(7)), ("note".to_owned(), json!("seven")), ("list".to_owned(), json!([1]))]);
        let body = send(all, &json!({"ttl": 3600})).unwrap();
        assert_eq!(
            body,
            json!({"message": {
                "token": "dGVz:APA91b_x-y",
                "notification": {
                    "title": "Parcel", "body": "Your parcel is here", "image": "https://files.example.com/1.png"
                },
                "data": {"order": "7", "note": "seven", "list": "[1]"},
                "android": {"ttl": "3600s"},
                "webpush": {"headers": {"TTL": "3600"}},
                "apns": {
                    "headers": {"apns-expiration": "1772361000"},
                    "payload": {"aps": {"sound": "default", "mutable-content": 1}},
                },
            }})
        );
        let body = send(direct(), &json!({"ttl": 0})).unwrap();
        assert_eq!(body["message"]["apns"]["headers"]["apns-expiration"], "0");
        let body = send(direct(), &json!({})).unwrap();
        assert_eq!(body["message"]["apns"], json!({"headers": {}, "payload": {"aps": {"sound": "default"}}}));
        assert_eq!((body["message"].get("android"), body["message"].get("data")), (None, None));
    }

    #[test]
    fn data_alone_shows_nothing() {
        let mut silent = Direct { text: None, ..direct() };
        silent.data.insert("sync".to_owned(), json!(true));
        let body = send(silent, &json!({})).unwrap();
        assert_eq!(
            body["message"],
            json!({"token": "dGVz:APA91b_x-y", "data": {"sync": "true"}, "apns": {
                "headers": {"apns-push-type": "background", "apns-priority": "5"},
                "payload": {"aps": {"content-available": 1}},
            }})
        );
    }

    #[test]
    fn what_cannot_be_carried_is_refused_where_it_stands() {
        let data = |name: &str| Map::from_iter([(name.to_owned(), json!(1))]);
        let button = Button::Reply { title: "Yes".to_owned(), id: "y".to_owned() };
        for (odd, pointer) in [
            (Direct { to: String::new(), ..direct() }, "/to"),
            (Direct { to: "a b".to_owned(), ..direct() }, "/to"),
            (Direct { buttons: vec![button], ..direct() }, "/buttons"),
            (Direct { media: vec![picture(), picture()], ..direct() }, "/media/1"),
            (Direct { media: vec![picture()], text: None, ..direct() }, "/content/text"),
            (Direct { text: None, ..direct() }, "/content/text"),
            (Direct { data: data("from"), ..direct() }, "/data/from"),
            (Direct { data: data("google.a/b~c"), ..direct() }, "/data/google.a~1b~0c"),
        ] {
            let Err(Error::Invalid(faults)) = send(odd, &json!({})) else { unreachable!("{pointer}") };
            assert_eq!(faults[0].pointer, pointer);
        }
    }

    #[test]
    fn a_token_is_asked_of_google_alone_with_what_the_key_signs() {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let credentials = account(&key.serialize_pem());
        Fcm.check(&json!({}), &credentials).unwrap();
        let setup = Setup { settings: &json!({}), credentials: &credentials, token: None, callback: "" };
        let Access::Ask(call) = Fcm.access(&setup, at()).unwrap() else { unreachable!() };
        assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://oauth2.googleapis.com/token"));
        let body = call.body.whole().unwrap();
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
        assert_eq!(fields[0], ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()));
        let (signed, signature) = fields[1].1.rsplit_once('.').unwrap();
        let signature = crypto::decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.der_bytes());
        public.verify(signed.as_bytes(), &signature).unwrap();
        let part = |at: usize| -> Value {
            serde_json::from_slice(&crypto::decode(signed.split('.').nth(at).unwrap()).unwrap()).unwrap()
        };
        assert_eq!(part(0), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(
            part(1),
            json!({
                "iss": "robot@corner-shop-1.example.com", "aud": "https://oauth2.googleapis.com/token",
                "scope": "https://www.googleapis.com/auth/firebase.messaging", "iat": 1_772_357_400, "exp": 1_772_361_000,
            })
        );
        assert!(!format!("{call:?}").contains(&fields[1].1));
    }

    #[test]
    fn a_key_file_that_leads_elsewhere_is_refused() {
        for (name, value) in [
            ("project_id", "../../evil"),
            ("project_id", "shop/messages"),
            ("project_id", ""),
            ("client_email", "robot"),
            ("client_email", "robot@\r\nx"),
            ("private_key_id", ""),
            ("private_key", "hunter2"),
        ] {
            let mut credentials = account("hunter2");
            credentials["service_account"][name] = json!(value);
            let Err(Error::Invalid(faults)) = Fcm.check(&json!({}), &credentials) else { unreachable!("{name}") };
            assert_eq!(faults[0].pointer, format!("/credentials/service_account/{name}"));
        }
        assert!(is_project("shop.example:corner-shop"));
        let Err(Error::Invalid(faults)) = Fcm.check(&json!({"ttl": 2_419_201}), &account("x")) else { unreachable!() };
        assert_eq!(faults[0].pointer, "/settings/ttl");
    }
}
