//! Notifications in browsers. Sources: RFC 8030 (Web Push), RFC 8291 (its encryption), RFC 8292 (VAPID), the Push API of the W3C.
//!
//! A recipient is a subscription as the browser gives it: the JSON of its address and keys. The address is the subscriber's word,
//! so nothing is posted to hosts other than those of the browsers' services, and those that the account adds. What arrives in the
//! page's service worker is JSON in the words of `showNotification`: `title`, `body`, `image`, `lang` and `data`. Nothing is heard
//! of a message after it was taken.

mod encryption;
#[cfg(test)]
mod tests;

use kernel::{Email, Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Host, Url};

use crate::json::set;
use crate::jwt::Signer;
use crate::settings::{self, fault};
use crate::{
    Body, Call, Callback, Channel, Direct, Event, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving, Reply,
    Sending, Setup, Verdict, Verified, notification,
};
use encryption::{Keys, PLAIN};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct WebPush;

/// The services of Chrome and those like it, Firefox, Safari, and Edge: these hosts and all below them.
const SERVICES: [&str; 4] = ["fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com"];
/// Most further hosts.
const HOSTS: usize = 16;
/// Longest address, in bytes.
const ADDRESS: usize = 2048;
/// Seconds that a signature lasts. A service takes none that lasts longer than a day.
const SIGNATURE: i64 = 12 * 3600;
/// Longest word by which a message replaces another that still waits.
const TOPIC: usize = 32;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Whom a service can write to when something is wrong: a `mailto:` or `https:` address.
    subject: String,
    /// The public key that browsers subscribed with, in URL-safe base64, to see that it belongs to the private one.
    #[serde(default)]
    public_key: Option<String>,
    /// For how many seconds a notification is kept for a browser that cannot be reached; four weeks when left out.
    #[serde(default)]
    ttl: Option<u32>,
    /// Hosts of further services that may be posted to.
    #[serde(default)]
    hosts: Vec<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        let subject = given.subject.as_str();
        let mail = subject.strip_prefix("mailto:").is_some_and(|address| Email::parse(address).is_ok());
        let page = subject.starts_with("https://") && Url::parse(subject).is_ok_and(|page| page.host_str().is_some());
        if !(mail || page) || subject.len() > 320 || !subject.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(fault("/settings/subject", "a mailto: or https: address is needed"));
        }
        if given.hosts.len() > HOSTS {
            return Err(fault("/settings/hosts", "at most 16 hosts"));
        }
        let plain =
            |host: &String| host.contains('.') && Host::parse(host).is_ok_and(|read| read == Host::Domain(host.clone()));
        if let Some(odd) = given.hosts.iter().position(|host| !plain(host)) {
            return Err(fault(&format!("/settings/hosts/{odd}"), "the name of a host in small letters is needed"));
        }
        notification::check_ttl(given.ttl)?;
        Ok(given)
    }

    fn may_post_to(&self, host: &str) -> bool {
        let below = |service: &&str| host.strip_suffix(*service).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        SERVICES.iter().any(below) || self.hosts.iter().any(|known| known == host)
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The private VAPID key: 32 bytes in URL-safe base64.
    private_key: Secret,
}

fn signer(value: &Value) -> Result<Signer> {
    Signer::bare_es256(&settings::credentials::<Credentials>(value)?.private_key, "/credentials/private_key")
}

/// What the browser gives. What else stands in it, such as `expirationTime`, is not needed.
#[derive(Deserialize)]
struct Subscription {
    endpoint: String,
    keys: SubscriptionKeys,
}

#[derive(Deserialize)]
struct SubscriptionKeys {
    p256dh: String,
    auth: String,
}

/// Reads a subscription: where to post, and for whom to encrypt.
fn subscription(text: &str, settings: &Settings) -> Result<(Url, Keys)> {
    let refuse = |detail: &str| Error::invalid("/to", "subscription", detail);
    let given: Subscription = serde_json::from_str(text)
        .map_err(|_| refuse("the JSON of a subscription is needed: endpoint, keys.p256dh, keys.auth"))?;
    let keys = Keys::read(&given.keys.p256dh, &given.keys.auth);
    let keys = keys.ok_or_else(|| refuse("p256dh has 65 bytes, a point on P-256, and auth has 16, in URL-safe base64"))?;
    let odd = || refuse("the endpoint is a https address of a push service");
    if given.endpoint.len() > ADDRESS || !given.endpoint.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(odd());
    }
    let endpoint = Url::parse(&given.endpoint).map_err(|_| odd())?;
    let plain = endpoint.scheme() == "https" && endpoint.username().is_empty() && endpoint.password().is_none();
    if !plain || endpoint.port().is_some() || !endpoint.host_str().is_some_and(|host| settings.may_post_to(host)) {
        return Err(odd());
    }
    Ok((endpoint, keys))
}

impl Provider for WebPush {
    fn id(&self) -> &'static str {
        "webpush"
    }

    fn channel(&self) -> Channel {
        Channel::Push
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        let settings = Settings::read(settings)?;
        let signer = signer(credentials)?;
        let known = settings.public_key.as_deref().map(encryption::decode);
        if known.is_some_and(|known| known.as_deref() != Some(signer.public_key())) {
            return Err(fault("/settings/public_key", "this is not the public key of the private key"));
        }
        Ok(())
    }
}

impl Sending for WebPush {
    /// A repetition replaces a message that still waits, and no other.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let direct = message.direct()?;
        notification::check(direct, true)?;
        let (endpoint, keys) = subscription(&direct.to, &settings)?;
        let plain = content(direct).to_string();
        if plain.len() > PLAIN {
            return Err(Error::invalid("/content/text", "too_long", "a notification has at most 3993 bytes"));
        }
        let body = keys.encrypt(plain.as_bytes(), &message.entropy);
        let mut headers = vec![
            ("content-type", "application/octet-stream".to_owned()),
            ("content-encoding", "aes128gcm".to_owned()),
            ("ttl", settings.ttl.unwrap_or(notification::LONGEST).to_string()),
        ];
        let topic = message.id.len() <= TOPIC && message.id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        headers.extend(topic.then(|| ("topic", message.id.clone())));
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            login: vapid(message, &endpoint, &settings, &signer(setup.credentials)?)?,
            url: Secret::new(endpoint),
            headers,
            body: Body::bytes(body.ok_or_else(|| Error::invalid("/to", "subscription", "p256dh is no point on P-256"))?),
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        let reason = answer.words();
        match answer.status {
            200..=299 => {
                let place = answer.header("location").unwrap_or_default();
                Verdict::Sent { id: place.rsplit('/').next().unwrap_or_default().to_owned() }
            }
            404 | 410 => Verdict::Undeliverable { gone: true, reason },
            400 | 413 => Verdict::Rejected { reason },
            _ => Verdict::by_status(answer, reason),
        }
    }

    /// There is nobody to ask before somebody subscribes.
    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for WebPush {
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

/// Signs for the service that is called and for nobody else (RFC 8292 section 2).
fn vapid(message: &Outgoing, endpoint: &Url, settings: &Settings, signer: &Signer) -> Result<Login> {
    let claims = json!({
        "aud": endpoint.origin().ascii_serialization(), "exp": message.at.seconds() + SIGNATURE, "sub": settings.subject,
    });
    let token = signer.token(None, &claims)?;
    let key = kernel::crypto::encode(signer.public_key());
    Ok(Login::Authorization(Secret::new(format!("vapid t={}, k={key}", token.reveal()))))
}

fn content(direct: &Direct) -> Value {
    let mut all = json!({});
    let image = direct.media.first().map(|media| &media.url);
    let fields =
        [("title", direct.title.as_ref()), ("body", direct.text.as_ref()), ("image", image), ("lang", direct.locale.as_ref())];
    for (name, value) in fields {
        value.into_iter().for_each(|value| set(&mut all, name, json!(value)));
    }
    if !direct.data.is_empty() {
        set(&mut all, "data", json!(direct.data));
    }
    all
}
