//! Firebase Cloud Messaging, by its HTTP v1 interface. Sources: FCM reference ("projects.messages", "ErrorCode"), Google Identity
//! ("Using OAuth 2.0 for server to server applications").
//!
//! A recipient is the registration token of an app on a device. Nothing is heard of a message after it was taken. A message
//! without text and title goes as data alone, which the app handles by itself.

#[cfg(test)]
mod tests;

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::json::{list, set, text};
use crate::jwt::Signer;
use crate::settings::{self, fault};
use crate::{
    Access, Body, Call, Callback, Channel, Direct, Event, HttpCall, HttpReply, Inbound, Method, Outgoing, Provider, Receiving,
    Reply, Sending, Setup, Verdict, Verified, notification, oauth,
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

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        ServiceAccount::read(credentials)?.signer().map(|_| ())
    }
}

impl Sending for Fcm {
    /// FCM knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
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
}

impl Receiving for Fcm {
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
    if let Some(unknown) = Verdict::unreadable(answer, &body) {
        return unknown;
    }
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
