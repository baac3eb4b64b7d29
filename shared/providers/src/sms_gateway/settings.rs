//! What an account of a gateway sets and keeps secret.

use std::collections::BTreeMap;

use kernel::{Result, Secret};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::hook::{Arrival, Report};
use super::template::{Name, Template, Values, percent};
use crate::settings::{credentials, fault, settings, visible_if_any};
use crate::{Login, Method, sms};

/// Most bytes of the address, and of the body.
const ADDRESS: usize = 2048;
const BODY: usize = 16 * 1024;
/// Most objects within each other.
const DEPTH: usize = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verb {
    Get,
    #[default]
    Post,
    Put,
}

impl Verb {
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Get => Method::Get,
            Self::Post => Method::Post,
            Self::Put => Method::Put,
        }
    }
}

/// The body's form, with templates wherever a text stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shape {
    Json(Value),
    Form(BTreeMap<String, String>),
    Xml(String),
}

/// How the account says who it is, beside what stands in address and body.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    #[default]
    None,
    /// User name and password.
    Basic,
    /// The token.
    Bearer,
    /// `Authorization` with a scheme of the gateway's own before the token.
    Scheme(String),
    /// The token in a header.
    Header(Header),
}

/// Headers that gateways take a token in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Header {
    #[serde(rename = "x-api-key")]
    XApiKey,
    #[serde(rename = "api-key")]
    ApiKey,
    #[serde(rename = "apikey")]
    Apikey,
    #[serde(rename = "x-auth-token")]
    XAuthToken,
    #[serde(rename = "x-access-token")]
    XAccessToken,
    #[serde(rename = "authkey")]
    Authkey,
}

impl Header {
    const fn as_str(self) -> &'static str {
        match self {
            Self::XApiKey => "x-api-key",
            Self::ApiKey => "api-key",
            Self::Apikey => "apikey",
            Self::XAuthToken => "x-auth-token",
            Self::XAccessToken => "x-access-token",
            Self::Authkey => "authkey",
        }
    }
}

/// How the gateway's answers read. An answer that is no JSON has one code: its first word.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Answers {
    /// Where the code stands, as a JSON pointer.
    pub(super) code: String,
    /// Where the gateway's id of the message stands, as a JSON pointer.
    pub(super) id: Option<String>,
    /// Codes by what they mean. A code that is on no list may be tried again.
    pub(super) accepted: Vec<String>,
    pub(super) rejected: Vec<String>,
    pub(super) undeliverable: Vec<String>,
    pub(super) misconfigured: Vec<String>,
    pub(super) limited: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) url: String,
    #[serde(default)]
    pub(super) method: Verb,
    /// The sender, for `{from}`.
    #[serde(default)]
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) body: Option<Shape>,
    #[serde(default)]
    pub(super) login: Way,
    /// Without it, the status alone says whether a message was taken.
    #[serde(default)]
    pub(super) answers: Option<Answers>,
    #[serde(default)]
    pub(super) report: Option<Report>,
    #[serde(default)]
    pub(super) inbound: Option<Arrival>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Credentials {
    pub(super) username: Option<Secret>,
    pub(super) password: Option<Secret>,
    pub(super) token: Option<Secret>,
    /// What callbacks must show as `key`; without it none is believed.
    pub(super) callback_secret: Option<Secret>,
}

impl Credentials {
    pub(super) fn read(value: &Value) -> Result<Self> {
        let given: Self = credentials(value)?;
        for (secret, name) in [
            (&given.username, "username"),
            (&given.password, "password"),
            (&given.token, "token"),
            (&given.callback_secret, "callback_secret"),
        ] {
            visible_if_any(secret.as_ref(), &format!("/credentials/{name}"))?;
        }
        Ok(given)
    }

    fn of(&self, name: &str) -> Result<Secret> {
        let secret = match name {
            "username" => &self.username,
            "password" => &self.password,
            _ => &self.token,
        };
        secret.clone().ok_or_else(|| fault(&format!("/credentials/{name}"), "the settings want it"))
    }

    pub(super) fn login(&self, way: &Way) -> Result<Login> {
        Ok(match way {
            Way::None => Login::None,
            Way::Basic => {
                let name = self.of("username")?.reveal().to_owned();
                // The name ends at the first colon (RFC 7617 section 2).
                if name.contains(':') {
                    return Err(fault("/credentials/username", "a user name without colon is needed"));
                }
                Login::Basic(name, self.of("password")?)
            }
            Way::Bearer => Login::Bearer(self.of("token")?),
            Way::Scheme(scheme) => Login::Authorization(Secret::new(format!("{scheme} {}", self.of("token")?.reveal()))),
            Way::Header(header) => Login::Header(header.as_str(), self.of("token")?),
        })
    }
}

/// Reads both and checks them against each other.
pub(super) fn read(settings_value: &Value, credentials_value: &Value) -> Result<(Settings, Credentials)> {
    let given: Settings = settings(settings_value)?;
    let secrets = Credentials::read(credentials_value)?;
    if given.from.as_deref().is_some_and(|from| !sms::is_sender(from)) {
        return Err(fault("/settings/from", "a number, a short code, or a name of up to 11 characters"));
    }
    check_template(&address(&given.url)?, &given, &secrets, "/settings/url")?;
    let mut bytes = 0;
    let mut check = |text: &str, pointer: &str| {
        bytes += text.len();
        let template = Template::parse(text).ok_or_else(|| fault(pointer, "a brace stands alone, or a name is not known"))?;
        if bytes > BODY {
            return Err(fault("/settings/body", "at most 16 KB"));
        }
        check_template(&template, &given, &secrets, pointer)
    };
    match &given.body {
        Some(_) if given.method == Verb::Get => return Err(fault("/settings/body", "a GET has no body")),
        None => {}
        Some(Shape::Json(value)) => check_json(value, "/settings/body/json", DEPTH, &mut check)?,
        Some(Shape::Form(fields)) => {
            for (name, text) in fields {
                check(text, &format!("/settings/body/form/{}", name.replace('~', "~0").replace('/', "~1")))?;
            }
        }
        Some(Shape::Xml(text)) => check(text, "/settings/body/xml")?,
    }
    if let Way::Scheme(scheme) = &given.login
        && !((1..=32).contains(&scheme.len()) && scheme.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_".contains(&one)))
    {
        return Err(fault("/settings/login/scheme", "1 to 32 letters, digits, hyphens and underscores"));
    }
    secrets.login(&given.login)?;
    Ok((given, secrets))
}

/// The address as a template. Its host is fixed: nothing is filled in before the path. Nor does a text stand in the path, where
/// two points would lead elsewhere.
pub(super) fn address(text: &str) -> Result<Template> {
    let refuse = |detail: &str| Err(fault("/settings/url", detail));
    let odd = |one: char| one.is_control() || one.is_whitespace() || matches!(one, '\\' | '#');
    let Some(after) = text.strip_prefix("https://").filter(|_| text.len() <= ADDRESS && !text.contains(odd)) else {
        return refuse("an https address of at most 2048 characters is needed, without spaces and fragment");
    };
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    let path = rest.split('?').next().unwrap_or_default();
    let read = |part: &str| Template::parse(part).ok_or(());
    let (Ok(whole), Ok(path)) = (read(text), read(path)) else {
        return refuse("a brace stands alone, or a name is not known");
    };
    // Without a host of its own, the first part of the path would become one.
    let fixed = !authority.is_empty() && !authority.contains(['{', '}', '@']);
    if !fixed || Url::parse(&whole.fill(&Values::new(), percent)).is_err() {
        return refuse("a fixed host is needed, without user name");
    }
    if path.names().any(|name| matches!(name, Name::Text | Name::Callback)) {
        return refuse("a text goes into the query or the body, not into the path");
    }
    Ok(whole)
}

/// What a template names must be there.
fn check_template(template: &Template, given: &Settings, secrets: &Credentials, pointer: &str) -> Result<()> {
    for name in template.names() {
        match name {
            Name::From if given.from.is_none() => return Err(fault("/settings/from", "a sender is needed: it is named")),
            Name::Username => drop(secrets.of("username")?),
            Name::Password => drop(secrets.of("password")?),
            Name::Token => drop(secrets.of("token")?),
            Name::Callback if secrets.callback_secret.is_none() => {
                let detail = format!("a secret for callbacks is needed: {pointer} names their address");
                return Err(fault("/credentials/callback_secret", &detail));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_json(value: &Value, pointer: &str, depth: usize, check: &mut impl FnMut(&str, &str) -> Result<()>) -> Result<()> {
    if depth == 0 {
        return Err(fault(pointer, "at most 8 objects within each other"));
    }
    match value {
        Value::String(text) => check(text, pointer),
        Value::Array(rows) => rows
            .iter()
            .enumerate()
            .try_for_each(|(number, row)| check_json(row, &format!("{pointer}/{number}"), depth - 1, check)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            check_json(field, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), depth - 1, check)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
