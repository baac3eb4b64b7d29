//! Text messages by any gateway that takes web requests: address, login and body are templates that the account sets. The host is
//! fixed when the account is set up; which machines it may lead to is checked where the connection is made.

mod hook;
mod settings;
mod template;
#[cfg(test)]
mod tests;

use kernel::{Error, Result, Secret};
use serde_json::{Map, Value};

use self::settings::{Answers, Credentials, Shape, read};
use self::template::{Name, Template, Values, percent};
use crate::json::id;
use crate::sms::{digits, short_text};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, HttpReply, Inbound, Outgoing, Provider, Receiving, Reply, Sending, Setup,
    Verdict, Verified, proof, xml,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct SmsGateway;

/// Most characters of a text.
const TEXT: usize = 1600;
/// The parameter of an address for callbacks that shows the secret.
const KEY: &str = "key";

impl Provider for SmsGateway {
    fn id(&self) -> &'static str {
        "sms_gateway"
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        read(settings, credentials).map(|_| ())
    }
}

impl Sending for SmsGateway {
    /// Nothing is known of what a gateway does with a repetition.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let (settings, secrets) = read(setup.settings, setup.credentials)?;
        let (direct, text) = short_text(message, TEXT)?;
        let callback = setup.callback_for(&message.tag).zip(secrets.callback_secret.as_ref());
        let callback = callback.map(|(address, secret)| format!("{address}&{KEY}={}", percent(secret.reveal())));
        let told = [
            (Name::To, Some(direct.to.clone())),
            (Name::ToDigits, Some(digits(&direct.to).to_owned())),
            (Name::From, settings.from.clone()),
            (Name::Text, Some(text.to_owned())),
            (Name::Id, Some(message.id.clone())),
            (Name::Tag, Some(message.tag.clone())),
            (Name::Callback, callback),
        ];
        let told = told.into_iter().filter_map(|(name, value)| Some((name, Secret::new(value?))));
        let kept = [(Name::Username, &secrets.username), (Name::Password, &secrets.password), (Name::Token, &secrets.token)];
        let kept = kept.into_iter().filter_map(|(name, secret)| Some((name, secret.clone()?)));
        let values: Values = told.chain(kept).collect();
        let (media_type, body) = match &settings.body {
            None => (None, Body::default()),
            Some(Shape::Json(shape)) => (Some("application/json"), Body::json(&filled(shape, &values))),
            Some(Shape::Form(fields)) => {
                let fields = fields.iter().map(|(name, text)| (name, plain(text, &values, str::to_owned)));
                (Some("application/x-www-form-urlencoded"), Body::form(fields))
            }
            Some(Shape::Xml(text)) => (Some("application/xml; charset=utf-8"), Body::bytes(plain(text, &values, xml::escape))),
        };
        Ok(Call::Http(HttpCall {
            method: settings.method.method(),
            url: Secret::new(settings::address(&settings.url)?.fill(&values, percent)),
            headers: media_type.map(|kind| ("content-type", kind.to_owned())).into_iter().collect(),
            login: secrets.login(&settings.login)?,
            body,
            http2: false,
        }))
    }

    /// By the status alone: see [`Sending::verdict_for`].
    fn verdict(&self, reply: &Reply) -> Verdict {
        match Verdict::common(reply) {
            Ok(verdict) => verdict,
            Err(answer) if answer.is_success() => Verdict::Sent { id: String::new() },
            Err(answer) => refusal(answer, answer.words()),
        }
    }

    fn verdict_for(&self, reply: &Reply, setup: &Setup<'_>) -> Verdict {
        let answers = read(setup.settings, setup.credentials).ok().and_then(|(settings, _)| settings.answers);
        match (answers, Verdict::common(reply)) {
            (Some(answers), Err(answer)) => meaning(answer, &answers),
            (_, Ok(verdict)) => verdict,
            (None, Err(_)) => self.verdict(reply),
        }
    }

    /// Nothing is known that could be asked without an effect.
    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for SmsGateway {
    /// The address that a gateway is given shows the account's secret.
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let known = Credentials::read(setup.credentials)?.callback_secret.ok_or(Error::Unauthenticated)?;
        proof::shared_secret(callback, callback.parameter(KEY).as_deref(), known.reveal())
    }

    fn events(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Event> {
        let report = read(setup.settings, setup.credentials).ok().and_then(|(settings, _)| settings.report);
        report.and_then(|report| hook::event(verified, &report)).into_iter().collect()
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let arrival = read(setup.settings, setup.credentials).ok().and_then(|(settings, _)| settings.inbound);
        arrival.and_then(|arrival| hook::message(verified, &arrival)).into_iter().collect()
    }
}

/// A text with its values. Settings were checked, so there is none that does not parse.
fn plain(text: &str, values: &Values, write: fn(&str) -> String) -> String {
    Template::parse(text).map(|template| template.fill(values, write)).unwrap_or_default()
}

/// JSON with the values in its texts; numbers and names stay as they are.
fn filled(shape: &Value, values: &Values) -> Value {
    match shape {
        Value::String(text) => Value::String(plain(text, values, str::to_owned)),
        Value::Array(rows) => rows.iter().map(|row| filled(row, values)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), filled(field, values)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => shape.clone(),
    }
}

/// What an answer means by its code. One that was taken for good but shows no code says nothing of the message.
fn meaning(answer: &HttpReply, answers: &Answers) -> Verdict {
    let body = answer.json();
    let text = String::from_utf8_lossy(&answer.body);
    // A page is somebody else's answer, such as a proxy's: there is no code in it.
    let word = || text.split([' ', ':', ',', ';', '|', '\r', '\n']).find(|word| !word.is_empty());
    let first = || word().filter(|word| !word.starts_with('<')).map(str::to_owned);
    let code = if body.is_null() { first() } else { id(&body, &answers.code).or_else(|| flag(&body, &answers.code)) };
    let reason = answer.words();
    let Some(code) = code else {
        return if answer.is_success() { Verdict::Unknown { reason } } else { refusal(answer, reason) };
    };
    let known = |codes: &[String]| codes.iter().any(|one| one.eq_ignore_ascii_case(&code));
    let after = answer.retry_after();
    if answer.is_success() && known(&answers.accepted) {
        let id = answers.id.as_deref().and_then(|pointer| id(&body, pointer));
        Verdict::Sent { id: id.unwrap_or_default() }
    } else if known(&answers.rejected) {
        Verdict::Rejected { reason }
    } else if known(&answers.undeliverable) {
        Verdict::Undeliverable { gone: false, reason }
    } else if known(&answers.misconfigured) {
        Verdict::Misconfigured { reason }
    } else if known(&answers.limited) {
        Verdict::Limited { after, reason }
    } else if answer.is_success() {
        Verdict::Retry { after, reason }
    } else {
        refusal(answer, reason)
    }
}

/// A code that is true or false.
fn flag(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_bool).map(|flag| flag.to_string())
}

/// A refusal by its status. Where the gateway is not found, the account's address is wrong.
fn refusal(answer: &HttpReply, reason: String) -> Verdict {
    match answer.status {
        400 | 422 => Verdict::Rejected { reason },
        404 | 405 => Verdict::Misconfigured { reason },
        _ => Verdict::by_status(answer, reason),
    }
}
