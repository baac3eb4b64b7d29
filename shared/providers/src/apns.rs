//! Apple Push Notification service. Sources: Apple developer documentation ("Sending notification requests to APNs", "Handling
//! notification responses from APNs", "Establishing a token-based connection to APNs", "Generating a remote notification").
//!
//! A recipient is the token of an app on a device. Nothing is heard of a message after it was taken. A message without text and
//! title goes as data alone, which wakes the app. The data stand beside `aps`, and the address of a picture as `image`, for the
//! part of the app that fetches it (its notification service extension).

#[cfg(test)]
mod tests;

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::json::{set, text};
use crate::jwt::Signer;
use crate::settings::{self, fault};
use crate::{
    Access, Body, Call, Callback, Channel, Direct, Event, HttpCall, HttpReply, Inbound, Method, Outgoing, Provider, Receiving,
    Reply, Sending, Setup, Token, Verdict, Verified, notification,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Apns;

/// Most bytes of a notification.
const PAYLOAD: usize = 4096;
/// Most bytes of an id by which notifications replace each other.
const COLLAPSE: usize = 64;
/// Seconds between two tokens: Apple takes a new one every twenty minutes at most. Their times are whole multiples of it, so that
/// processes that know nothing of each other say the same.
const STEP: i64 = 1200;
/// Seconds after which a token is not used any more. Apple takes none that is older than an hour.
const LIFE: i64 = 3000;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The developer team, ten letters and digits.
    team_id: String,
    /// The key that signs, ten letters and digits.
    key_id: String,
    /// The app: its bundle id.
    topic: String,
    /// Whether the app is a build for development, whose tokens another host knows.
    #[serde(default)]
    sandbox: bool,
    /// For how many seconds a notification is kept for a device that cannot be reached; four weeks when left out.
    #[serde(default)]
    ttl: Option<u32>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        let id = |text: &str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !id(&given.team_id) {
            return Err(fault("/settings/team_id", "the ten letters and digits of a team are needed"));
        }
        if !id(&given.key_id) {
            return Err(fault("/settings/key_id", "the ten letters and digits of a key are needed"));
        }
        let plain = given.topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        if !plain || !(1..=255).contains(&given.topic.len()) {
            return Err(fault("/settings/topic", "the bundle id of an app is needed"));
        }
        notification::check_ttl(given.ttl)?;
        Ok(given)
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The content of the `.p8` file.
    private_key: Secret,
}

fn signer(value: &Value) -> Result<Signer> {
    Signer::es256(&settings::credentials::<Credentials>(value)?.private_key, "/credentials/private_key")
}

impl Provider for Apns {
    fn id(&self) -> &'static str {
        "apns"
    }

    fn channel(&self) -> Channel {
        Channel::Push
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        signer(credentials).map(|_| ())
    }
}

impl Sending for Apns {
    /// A repetition replaces the notification, but it may sound twice.
    fn repeatable(&self) -> bool {
        false
    }

    fn access(&self, setup: &Setup<'_>, now: Time) -> Result<Access> {
        let settings = Settings::read(setup.settings)?;
        let begins = now.seconds() - now.seconds().rem_euclid(STEP);
        let claims = json!({"iss": settings.team_id, "iat": begins});
        let value = signer(setup.credentials)?.token(Some(&settings.key_id), &claims)?;
        Ok(Access::Made(Token { value, ends: Time::from_millis((begins + LIFE) * 1000), refresh: None }))
    }

    /// Only what is said of the token's age is cured by another token.
    fn token_refused(&self, reply: &Reply) -> bool {
        matches!(reply, Reply::Answered(answer) if reason(answer) == "ExpiredProviderToken")
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let direct = message.direct()?;
        notification::check(direct, true)?;
        let hex = direct.to.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || !(64..=200).contains(&direct.to.len()) {
            return Err(Error::invalid(
                "/to",
                "token",
                "the token of an app on a device is needed: 64 or more hexadecimal digits",
            ));
        }
        let host = if settings.sandbox { "api.sandbox.push.apple.com" } else { "api.push.apple.com" };
        let body = content(direct)?.to_string();
        if body.len() > PAYLOAD {
            return Err(Error::invalid("/content/text", "too_long", "a notification has at most 4096 bytes"));
        }
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new(format!("https://{host}/3/device/{}", direct.to)),
            headers: headers(message, direct, settings)?,
            login: setup.bearer()?,
            body: Body::bytes(body),
            http2: true,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        match Verdict::common(reply) {
            Ok(verdict) => verdict,
            Err(answer) => verdict(answer),
        }
    }

    /// Apple has no request without a notification.
    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for Apns {
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

/// Whether there is nothing to be shown.
fn is_silent(direct: &Direct) -> bool {
    direct.title.is_none() && direct.text.is_none()
}

fn headers(message: &Outgoing, direct: &Direct, settings: Settings) -> Result<Vec<(&'static str, String)>> {
    let id = &message.id;
    if id.len() > COLLAPSE || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::internal("the id of a message cannot stand in a header"));
    }
    // Apple refuses a silent notification that is urgent.
    let (kind, priority) = if is_silent(direct) { ("background", "5") } else { ("alert", "10") };
    let expiry = notification::expiry(message.at, settings.ttl.unwrap_or(notification::LONGEST));
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("apns-topic", settings.topic),
        ("apns-push-type", kind.to_owned()),
        ("apns-priority", priority.to_owned()),
        ("apns-expiration", expiry),
        ("apns-collapse-id", id.clone()),
    ];
    headers.extend(uuid(id).map(|id| ("apns-id", id)));
    Ok(headers)
}

/// An id of 32 hexadecimal digits, written as Apple wants it.
fn uuid(id: &str) -> Option<String> {
    let parts = [id.get(..8)?, id.get(8..12)?, id.get(12..16)?, id.get(16..20)?, id.get(20..)?];
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| parts.join("-"))
}

fn content(direct: &Direct) -> Result<Value> {
    let image = direct.media.first().map(|media| &media.url);
    let aps = if is_silent(direct) {
        json!({"content-available": 1})
    } else {
        let (mut alert, mut aps) = (json!({}), json!({"sound": "default"}));
        for (name, value) in [("title", &direct.title), ("body", &direct.text)] {
            value.iter().for_each(|value| set(&mut alert, name, json!(value)));
        }
        set(&mut aps, "alert", alert);
        image.into_iter().for_each(|_| set(&mut aps, "mutable-content", json!(1)));
        aps
    };
    let mut all = Map::from_iter([("aps".to_owned(), aps)]);
    all.extend(image.map(|image| ("image".to_owned(), json!(image))));
    for (name, value) in &direct.data {
        if all.insert(name.clone(), value.clone()).is_some() {
            return Err(Error::invalid(
                notification::place(name),
                "reserved",
                "this name is taken: aps, or image beside a picture",
            ));
        }
    }
    Ok(Value::Object(all))
}

/// Apple's word for what is wrong.
fn reason(answer: &HttpReply) -> String {
    text(&answer.json(), "/reason").unwrap_or_default().to_owned()
}

fn verdict(answer: &HttpReply) -> Verdict {
    if answer.status == 200 {
        return Verdict::Sent { id: answer.header("apns-id").unwrap_or_default().to_owned() };
    }
    let word = reason(answer);
    let reason = if word.is_empty() { answer.words() } else { crate::event::cut(&format!("{} {word}", answer.status), 300) };
    let after = answer.retry_after();
    match (answer.status, word.as_str()) {
        (_, "Unregistered" | "ExpiredToken") | (410, _) => Verdict::Undeliverable { gone: true, reason },
        // A mistake in the account's topic or environment looks the same for every recipient: no address may be lost for it.
        (_, "BadDeviceToken" | "DeviceTokenNotForTopic") => Verdict::Undeliverable { gone: false, reason },
        // The token is thrown away, and the next attempt makes another.
        (_, "ExpiredProviderToken") => Verdict::Retry { after: None, reason },
        (_, "BadTopic" | "MissingTopic" | "TopicDisallowed") => Verdict::Misconfigured { reason },
        (_, "TooManyProviderTokenUpdates") => Verdict::Limited { after: after.or(u32::try_from(STEP).ok()), reason },
        // This one device: it says nothing about the rest of what the account sends.
        (_, "TooManyRequests") | (400, "IdleTimeout") => Verdict::Retry { after, reason },
        (400 | 404 | 405 | 413, _) => Verdict::Rejected { reason },
        _ => Verdict::by_status(answer, reason),
    }
}
