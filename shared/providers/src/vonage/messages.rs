//! Text messages by Vonage's Messages API. Requests carry a token that is signed by the application's key; callbacks carry one that
//! is signed by the account's signature secret and covers the body.

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{WINDOW, check_key, check_sender};
use crate::call::leads_to;
use crate::callback::TAG;
use crate::json::{id, list, set, text, time};
use crate::jwt::Signer;
use crate::settings::{self, fault, visible_if_any};
use crate::sms::{digits, number, short_text};
use crate::{
    Access, Body, BounceClass, Call, Callback, Channel, Event, EventDetail, EventKind, FileSource, HttpCall, Inbound,
    InboundFile, Login, Method, Outgoing, Provider, Receiving, Reply, Sending, Setup, Token, Verdict, Verified, Wish, proof,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct VonageMessages;

/// Most characters of a text.
const TEXT: usize = 1600;
/// How long a token lives, in seconds.
const TOKEN: i64 = 900;
/// Kinds of messages that are a file.
const FILES: [&str; 5] = ["image", "audio", "video", "file", "vcard"];
/// The code that says that too much was sent in a short time.
const THROTTLED: &str = "1000";

/// Where requests go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Region {
    /// Anywhere.
    #[default]
    Global,
    /// The European Union.
    Eu,
}

impl Region {
    const fn host(self) -> &'static str {
        match self {
            Self::Global => "api.nexmo.com",
            Self::Eu => "api-eu.vonage.com",
        }
    }
}

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Names the account in its callbacks.
    api_key: String,
    application_id: String,
    /// The sender.
    from: String,
    #[serde(default)]
    region: Region,
    /// Whether Vonage itself confirms STOP, START and HELP, as it does for some kinds of numbers.
    #[serde(default)]
    confirms: bool,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        check_key(&given.api_key, "/settings/api_key")?;
        check_sender(&given.from)?;
        let id = &given.application_id;
        if id.len() != 36 || !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Err(fault("/settings/application_id", "the id of an application is needed: 36 digits and hyphens"));
        }
        Ok(given)
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The application's key in PEM.
    private_key: Secret,
    /// Without it no callback is believed.
    #[serde(default)]
    signature_secret: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        visible_if_any(given.signature_secret.as_ref(), "/credentials/signature_secret")?;
        Ok(given)
    }

    fn signer(&self) -> Result<Signer> {
        Signer::rs256(&self.private_key, "/credentials/private_key")
    }
}

fn login(setup: &Setup<'_>) -> Result<Login> {
    setup.token.cloned().map(Login::Bearer).ok_or_else(|| Error::internal("a call to Vonage was made without its token"))
}

impl Provider for VonageMessages {
    fn id(&self) -> &'static str {
        "vonage_messages"
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        Credentials::read(credentials)?.signer().map(|_| ())
    }
}

impl Sending for VonageMessages {
    /// Vonage knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn access(&self, setup: &Setup<'_>, now: Time) -> Result<Access> {
        let application = Settings::read(setup.settings)?.application_id;
        let ends = now.plus_seconds(TOKEN);
        let claims = json!({
            "application_id": application, "iat": now.seconds(), "exp": ends.seconds(),
            "jti": crate::event::id(&[&application, &now.to_string()]),
        });
        let value = Credentials::read(setup.credentials)?.signer()?.token(None, &claims)?;
        Ok(Access::Made(Token { value, ends, refresh: None }))
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let (direct, words) = short_text(message, TEXT)?;
        let mut content = json!({
            "message_type": "text", "channel": "sms", "to": digits(&direct.to), "from": digits(&settings.from), "text": words,
        });
        // `client_ref` is too short for our reference.
        if let Some(address) = setup.callback_for(&message.tag) {
            set(&mut content, "webhook_url", json!(address));
            set(&mut content, "webhook_version", json!("v1"));
        }
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new(format!("https://{}/v1/messages", settings.region.host())),
            headers: vec![("content-type", "application/json".to_owned())],
            login: login(setup)?,
            body: Body::json(&content),
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        verdict(reply)
    }

    /// Nothing can be asked with the application's token without an effect.
    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }

    /// A file of a multimedia message; the token goes to Vonage's own hosts alone.
    fn file(&self, source: &FileSource, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        let FileSource::Url(address) = source else { return Ok(None) };
        if !leads_to(address, &[Region::Global, Region::Eu].map(Region::host)) {
            return Ok(None);
        }
        Ok(Some(HttpCall::question(Secret::new(address.as_str()), login(setup)?)))
    }
}

impl Receiving for VonageMessages {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let settings = Settings::read(setup.settings)?;
        let secret = Credentials::read(setup.credentials)?.signature_secret.ok_or_else(refuse)?;
        let token = callback.header("authorization").and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        let (verified, claims) = proof::jwt_hs256(callback, token.ok_or_else(refuse)?, &secret)?;
        let at = claims.get("iat").and_then(Value::as_i64).and_then(|at| at.checked_mul(1000)).ok_or_else(refuse)?;
        proof::fresh(callback, Time::from_millis(at), WINDOW)?;
        let other = |name: &str, own: &str| text(&claims, name).is_some_and(|named| !named.eq_ignore_ascii_case(own));
        if other("/api_key", &settings.api_key) || other("/application_id", &settings.application_id) {
            return Err(refuse());
        }
        Ok(verified)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        event(verified).into_iter().collect()
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let confirms = Settings::read(setup.settings).is_ok_and(|settings| settings.confirms);
        message(verified).map(|one| one.confirmed(confirms)).into_iter().collect()
    }
}

/// What an answer means. Errors are problems (RFC 9457) that name the parameters they are about.
fn verdict(reply: &Reply) -> Verdict {
    let answer = match Verdict::common(reply) {
        Ok(verdict) => return verdict,
        Err(answer) => answer,
    };
    let body = answer.json();
    if let Some(unknown) = Verdict::unreadable(answer, &body) {
        return unknown;
    }
    if answer.is_success() {
        return Verdict::Sent { id: text(&body, "/message_uuid").unwrap_or_default().to_owned() };
    }
    let words = ["/title", "/detail"].into_iter().filter_map(|pointer| text(&body, pointer)).map(str::to_owned);
    let names = list(&body, "/invalid_parameters")
        .map(|one| format!("{} {}", text(one, "/name").unwrap_or_default(), text(one, "/reason").unwrap_or_default()));
    let words = words.chain(names).collect::<Vec<_>>().join("; ");
    let reason = if words.is_empty() { answer.words() } else { format!("{}: {words}", answer.status) };
    let reason = crate::event::cut(&reason, 300);
    match answer.status {
        402 => Verdict::Misconfigured { reason },
        400 | 404 | 422 if code(&body).as_deref() == Some(THROTTLED) => {
            Verdict::Limited { after: answer.retry_after(), reason }
        }
        400 | 404 | 422 => Verdict::Rejected { reason },
        _ => Verdict::by_status(answer, reason),
    }
}

/// The number of an error: behind the mark of its type, or in place of its title.
fn code(error: &Value) -> Option<String> {
    let behind = text(error, "/type").and_then(|kind| kind.rsplit_once('#')).map(|(_, code)| code.to_owned());
    behind.or_else(|| id(error, "/title")).filter(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The state of a message.
fn event(verified: &Verified) -> Option<Event> {
    let post = verified.json();
    let (message, word) = (text(&post, "/message_uuid")?, text(&post, "/status")?);
    let kind = match word {
        "submitted" => EventKind::Sent,
        "delivered" => EventKind::Delivered,
        "read" => EventKind::Opened,
        "rejected" | "undeliverable" => EventKind::Bounced,
        _ => return None,
    };
    // Some posts hold an error within the error.
    let fault = post.pointer("/error/error").or_else(|| post.get("error")).filter(|_| kind == EventKind::Bounced);
    let number = fault.and_then(code);
    let words = fault.and_then(|fault| text(fault, "/detail").or_else(|| text(fault, "/title")));
    let class = match word {
        "rejected" if number.as_deref() != Some(THROTTLED) => BounceClass::Block,
        _ => BounceClass::Soft,
    };
    Some(Event {
        kind,
        at: time(&post, "/timestamp").unwrap_or_else(|| verified.at()),
        id: crate::event::id(&["vonage", message, word]),
        tag: verified.parameter(TAG).map(str::to_owned),
        provider_id: Some(message.to_owned()),
        recipient: text(&post, "/to").map(self::number),
        detail: EventDetail {
            class: (kind == EventKind::Bounced).then_some(class),
            code: number,
            text: words.map(|words| crate::event::cut(words, 300)),
            ..EventDetail::default()
        },
    })
}

/// The message that came in.
fn message(verified: &Verified) -> Option<Inbound> {
    let post = verified.json();
    if post.get("status").is_some() || !matches!(text(&post, "/channel")?, "sms" | "mms") {
        return None;
    }
    let kind = text(&post, "/message_type")?;
    let file = FILES.contains(&kind).then(|| post.get(kind)).flatten();
    let url = file.and_then(|file| text(file, "/url"));
    let words = text(&post, "/text").or_else(|| file.and_then(|file| text(file, "/caption"))).map(str::to_owned);
    if words.is_none() && url.is_none() {
        return None;
    }
    let found = url.map(|url| InboundFile {
        name: file.and_then(|file| text(file, "/name")).map(str::to_owned),
        media_type: None,
        bytes: None,
        content_id: None,
        source: FileSource::Url(url.to_owned()),
    });
    Some(Inbound {
        id: text(&post, "/message_uuid")?.to_owned(),
        at: time(&post, "/timestamp").unwrap_or_else(|| verified.at()),
        from: number(text(&post, "/from")?),
        name: text(&post, "/profile/name").map(str::to_owned),
        to: text(&post, "/to").map(number),
        wish: words.as_deref().and_then(Wish::of),
        text: words,
        files: found.into_iter().collect(),
        answers: text(&post, "/context/message_uuid").map(str::to_owned),
        ..Inbound::default()
    })
}
