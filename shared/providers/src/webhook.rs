//! A signed POST to an address of the recipient's, by Standard Webhooks 1.0.0. Nothing is ever heard back but the answer to the
//! post itself.
//!
//! The secrets are those of the account. During a rotation there are several, and each signs: a receiver takes any one of them.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::settings::{self, Nothing, fault};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving, Reply, Sending,
    Setup, Verdict, Verified, notification,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Webhook;

/// The `type` of every post.
const TYPE: &str = "message";
/// Most secrets that sign at once.
const SECRETS: usize = 4;
/// Longest address, in bytes.
const ADDRESS: usize = 2048;
/// Base64 whose padding may be left out, as the reference libraries take it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// `whsec_...`, the newest first.
    secrets: Vec<Secret>,
}

/// The keys that sign.
fn keys(value: &Value) -> Result<Vec<Vec<u8>>> {
    let given: Credentials = settings::credentials(value)?;
    if given.secrets.is_empty() || given.secrets.len() > SECRETS {
        return Err(fault("/credentials/secrets", "1 to 4 secrets are needed"));
    }
    let key = |(number, secret): (usize, &Secret)| {
        key(secret).ok_or_else(|| fault(&format!("/credentials/secrets/{number}"), "whsec_ and base64 of 24 to 64 bytes"))
    };
    given.secrets.iter().enumerate().map(key).collect()
}

fn key(secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.reveal();
    let key = LENIENT.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// One signature of each key.
fn signature(keys: &[Vec<u8>], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut text = format!("{id}.{seconds}.").into_bytes();
    text.extend_from_slice(body);
    let sign = |key: &Vec<u8>| STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &text).as_ref());
    keys.iter().map(|key| format!("v1,{}", sign(key))).collect::<Vec<_>>().join(" ")
}

/// The address to post to. Which machines it may lead to is checked where the connection is made.
fn address(text: &str) -> Result<Url> {
    let refuse = || Error::invalid("/to", "url", "a https address without user name and password is needed");
    if text.len() > ADDRESS || text.contains(|one: char| one.is_control() || one.is_whitespace()) {
        return Err(refuse());
    }
    let mut url = Url::parse(text).map_err(|_| refuse())?;
    if url.scheme() != "https" || url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse());
    }
    url.set_fragment(None);
    Ok(url)
}

impl Provider for Webhook {
    fn id(&self) -> &'static str {
        "webhook"
    }

    fn channel(&self) -> Channel {
        Channel::Webhook
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::settings::<Nothing>(settings)?;
        keys(credentials).map(|_| ())
    }
}

impl Sending for Webhook {
    /// `webhook-id` is the receiver's key.
    fn repeatable(&self) -> bool {
        true
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let direct = message.direct()?;
        notification::check(direct, false)?;
        let keys = keys(setup.credentials)?;
        if message.id.contains('.') {
            return Err(Error::internal("the id of a webhook's message holds a point"));
        }
        let content = json!({
            "type": TYPE, "timestamp": message.at.to_string(),
            "data": {"title": direct.title, "text": direct.text, "locale": direct.locale, "data": direct.data},
        });
        let body = content.to_string().into_bytes();
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", message.at.seconds().to_string()),
            ("webhook-signature", signature(&keys, &message.id, message.at.seconds(), &body)),
        ];
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new(address(&direct.to)?),
            headers,
            login: Login::None,
            body: Body::bytes(body),
            http2: false,
        }))
    }

    /// Whatever is wrong is wrong with this one receiver: no other one must wait for it, so nothing here counts against the account.
    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        let reason = answer.words();
        match answer.status {
            200..=299 => Verdict::Sent { id: String::new() },
            410 => Verdict::Undeliverable { gone: true, reason },
            413 => Verdict::Rejected { reason },
            _ => Verdict::Retry { after: answer.retry_after(), reason },
        }
    }

    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for Webhook {
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

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;
    use crate::{Content, Direct, Media, MediaKind};

    const OLD: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
    const NEW: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4";

    fn call(direct: Direct) -> Result<Call> {
        let message = Outgoing {
            id: "0190c0de00007000800000000000abcd".to_owned(),
            tag: "tag".to_owned(),
            at: Time::parse("2026-03-01T09:30:00.250Z").unwrap(),
            entropy: [0; 48],
            content: Content::Direct(Box::new(direct)),
        };
        let (settings, credentials) = (json!({}), json!({"secrets": [NEW, OLD]}));
        let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: "" };
        Webhook.call(&message, &setup)
    }

    fn text(to: &str) -> Direct {
        Direct { to: to.to_owned(), text: Some("Your parcel is here".to_owned()), ..Direct::default() }
    }

    #[test]
    fn the_post_is_signed_by_every_secret() {
        let mut direct = text("https://hooks.example.com:8443/in?a=b#c");
        direct.data.insert("order".to_owned(), json!(7));
        let Call::Http(call) = call(direct).unwrap() else { unreachable!() };
        assert_eq!(call.url.reveal(), "https://hooks.example.com:8443/in?a=b");
        let body = call.body.whole().unwrap();
        let read: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&read["type"], &read["timestamp"]), (&json!("message"), &json!("2026-03-01T09:30:00.250Z")));
        assert_eq!(read["data"]["text"], "Your parcel is here");
        assert_eq!(read["data"]["data"]["order"], 7);
        let header = |name: &str| call.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        assert_eq!(header("webhook-id"), "0190c0de00007000800000000000abcd");
        assert_eq!(header("webhook-timestamp"), "1772357400");
        let signed = [b"0190c0de00007000800000000000abcd.1772357400.".as_slice(), &body].concat();
        let expected = [b"fedcba9876543210fedcba98", b"0123456789abcdef01234567"].map(|key| {
            let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &signed);
            format!("v1,{}", STANDARD.encode(code.as_ref()))
        });
        assert_eq!(header("webhook-signature"), expected.join(" "));
    }

    #[test]
    fn only_safe_addresses_are_posted_to() {
        for to in [
            "http://hooks.example.com/",
            "https://ada@hooks.example.com/",
            "https://:pass@hooks.example.com/",
            "https://",
            "ftp://hooks.example.com/",
            "https://hooks.example.com/\r\nX-Evil: 1",
            "hooks.example.com",
            "",
        ] {
            let Err(Error::Invalid(faults)) = call(text(to)) else { unreachable!("{to}") };
            assert_eq!(faults[0].pointer, "/to", "{to}");
        }
    }

    #[test]
    fn what_a_webhook_cannot_carry_is_refused() {
        let media = Media {
            kind: MediaKind::Image,
            media_type: "image/png".to_owned(),
            url: "https://files.example.com/1".to_owned(),
            bytes: 1,
            stored: String::new(),
            name: String::new(),
        };
        let Err(Error::Invalid(faults)) = call(Direct { media: vec![media], ..text("https://hooks.example.com/") }) else {
            unreachable!()
        };
        assert_eq!(faults[0].pointer, "/media/0");
        assert!(call(Direct { text: None, ..text("https://hooks.example.com/") }).is_err());
    }

    #[test]
    fn secrets_are_taken_with_or_without_prefix_and_padding() {
        let check = |secrets: Value| Webhook.check(&json!({}), &json!({"secrets": secrets}));
        assert!(check(json!([OLD, NEW.trim_start_matches("whsec_")])).is_ok());
        for (secrets, pointer) in [
            (json!([]), "/credentials/secrets"),
            (json!([OLD, OLD, OLD, OLD, OLD]), "/credentials/secrets"),
            (json!([OLD, ""]), "/credentials/secrets/1"),
            (json!(["whsec_c2hvcnQ="]), "/credentials/secrets/0"),
            (json!(["whsec_!!"]), "/credentials/secrets/0"),
        ] {
            let Err(Error::Invalid(faults)) = check(secrets) else { unreachable!("{pointer}") };
            assert_eq!(faults[0].pointer, pointer);
        }
    }
}
