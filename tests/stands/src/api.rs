//! A provider's web API as its documentation describes it, as far as messages go out by it: where requests go, what proves who asks,
//! what a body must hold, and what is answered. Put together from the documentation, not from the code under test.

use kernel::crypto;
use serde_json::Value;

/// The text of every message that is tried.
pub const WORDS: &str = "Your order is on its way.";
/// The subject of every mail that is tried.
pub const SUBJECT: &str = "Order 4711";
/// The sender of every mail that is tried.
pub const SENDER: &str = "hello@acme.example";
/// The recipient of every mail that is tried.
pub const RECIPIENT: &str = "ada@example.com";

/// A web API.
pub struct Api {
    /// Where access tokens are asked for, when they are.
    pub tokens: Option<Door>,
    /// Where messages go.
    pub messages: Door,
    /// Whether it speaks HTTP/2 alone.
    pub http2: bool,
    /// Settings and credentials of somebody whom it does not know. None where the process's own role is the login.
    pub stranger: Option<(Value, Value)>,
    /// Whether a provider that knows nobody is out of use for the account.
    pub refuses_accounts: bool,
    /// Too many requests, and the seconds that are asked for.
    pub limited: (Said, i64),
    /// A message that it will never take.
    pub refused: Said,
    /// It does not work.
    pub down: Said,
    /// What becomes of a message when a success cannot be read: `unknown`, or `sent` where the status alone says it.
    pub garbled: &'static str,
}

/// An address, and what happens there.
pub struct Door {
    /// Method and address, such as `POST https://api.example.com/send`; a star stands for what the login is in. Without a host
    /// where the address is the process's own affair.
    pub line: String,
    /// Whether it is the account that asks.
    pub login: Check,
    /// Whether the body is as it should be.
    pub takes: Check,
    /// The answer to whoever the login is not of.
    pub unknown: Said,
    /// The answer to a request that is done.
    pub taken: Said,
}

/// A request as the API sees it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Method and address; the address begins with the path where the API has no host.
    pub line: &'a str,
    /// Headers in lower case.
    pub headers: &'a [(String, String)],
    /// Body.
    pub body: &'a [u8],
}

/// What is wrong with a request, if anything.
pub type Check = Box<dyn Fn(&Request<'_>) -> Result<(), String> + Send + Sync>;

/// An answer.
#[derive(Clone, Debug)]
pub struct Said {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
}

/// What an API makes of a request.
#[derive(Debug)]
pub enum Judgement<'a> {
    /// It is refused, in these words.
    Unknown(&'a Said),
    /// A token is given.
    Token(&'a Said),
    /// The message can be taken.
    Message,
    /// It is none of what the documentation describes, and why.
    Odd(String),
}

impl Api {
    /// Judges a request.
    pub fn judge(&self, request: &Request<'_>) -> Judgement<'_> {
        let door = self.tokens.iter().chain([&self.messages]).find(|door| door.is_at(request.line));
        let Some(door) = door else { return Judgement::Odd(format!("nothing is at {}", request.line)) };
        if (door.login)(request).is_err() {
            return Judgement::Unknown(&door.unknown);
        }
        match (door.takes)(request) {
            Err(why) => Judgement::Odd(why),
            Ok(()) if std::ptr::eq(door, &self.messages) => Judgement::Message,
            Ok(()) => Judgement::Token(&door.taken),
        }
    }

    /// The names of its hosts.
    pub fn hosts(&self) -> Vec<String> {
        let doors = self.tokens.iter().chain([&self.messages]);
        let host = |door: &Door| Some(door.line.split_once("://")?.1.split('/').next()?.to_owned());
        doors.filter_map(host).collect()
    }
}

impl Door {
    /// Whether a request of that method and address comes to it.
    pub fn is_at(&self, line: &str) -> bool {
        match self.line.split_once('*') {
            Some((start, end)) => line.starts_with(start) && line.ends_with(end),
            None => self.line == line,
        }
    }
}

impl Request<'_> {
    /// The header, when it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.next().filter(|_| found.next().is_none())
    }
}

/// An answer with a body in JSON, or in plain words.
pub fn said(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Said {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Said { status, headers, body: body.as_str().map_or_else(|| body.to_string(), str::to_owned) }
}

/// All of them.
pub fn all_of(checks: Vec<Check>) -> Check {
    Box::new(move |request| checks.iter().try_for_each(|check| check(request)))
}

/// Anybody.
pub fn anyone() -> Check {
    Box::new(|_| Ok(()))
}

/// That header, once.
pub fn header(name: &'static str, value: impl Into<String>) -> Check {
    let value = value.into();
    Box::new(move |request| held(request.header(name) == Some(&value), || format!("{name} is not {value}")))
}

/// `Authorization: Bearer`.
pub fn bearer(token: &str) -> Check {
    header("authorization", format!("Bearer {token}"))
}

/// `Authorization: Basic`.
pub fn basic(user: &str, password: &str) -> Check {
    use base64::Engine as _;
    let proof = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    header("authorization", format!("Basic {proof}"))
}

/// The address to the letter.
pub fn address(line: &'static str) -> Check {
    Box::new(move |request| held(request.line == line, || "the address is another".to_owned()))
}

/// A signature of AWS's (version 4) for that service and region.
pub fn signed_by_role(service: &'static str, region: &'static str) -> Check {
    Box::new(move |request| {
        let proof = request.header("authorization").unwrap_or_default();
        let scope = format!("/{region}/{service}/aws4_request, SignedHeaders=");
        let whole = proof.starts_with("AWS4-HMAC-SHA256 Credential=local/") && proof.contains(&scope);
        held(whole && proof.contains(", Signature=") && request.header("x-amz-date").is_some(), || "no signature".to_owned())
    })
}

/// JSON in which those values stand; null stands for any text that is not empty.
pub fn json(fields: Vec<(&'static str, Value)>) -> Check {
    Box::new(move |request| {
        let kind = request.header("content-type").unwrap_or_default();
        held(kind.starts_with("application/json"), || format!("{kind} is not JSON"))?;
        stands(&read(request.body)?, &fields)
    })
}

/// Fails where a value of those is missing or another.
pub fn stands(body: &Value, fields: &[(&'static str, Value)]) -> Result<(), String> {
    fields.iter().try_for_each(|(pointer, expected)| {
        let found = body.pointer(pointer);
        let text = found.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let fits = found == Some(expected) || (expected.is_null() && text);
        held(fits, || format!("{pointer} is {found:?}, not {expected}"))
    })
}

/// The body as JSON.
pub fn read(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// A form in which each of those fields stands once; an empty value stands for any that is not empty.
pub fn form(fields: Vec<(&'static str, String)>) -> Check {
    Box::new(move |request| {
        let kind = request.header("content-type").unwrap_or_default();
        held(kind.starts_with("application/x-www-form-urlencoded"), || format!("{kind} is no form"))?;
        let found: Vec<(String, String)> = url::form_urlencoded::parse(request.body).into_owned().collect();
        fields.iter().try_for_each(|(name, expected)| {
            let values: Vec<&String> = found.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
            let fits = matches!(values.as_slice(), [one] if *one == expected || (expected.is_empty() && !one.is_empty()));
            held(fits, || format!("{name} is {values:?}, not {expected}"))
        })
    })
}

/// Fails unless the bytes are the mail that is tried.
pub fn is_mail(raw: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(raw);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("no header")?;
    for field in
        [format!("Subject: {SUBJECT}"), "MIME-Version: 1.0".to_owned(), format!("<{SENDER}>"), format!("<{RECIPIENT}>")]
    {
        held(head.contains(&field), || format!("no {field} in {head}"))?;
    }
    held(body.contains(WORDS), || "the text is missing".to_owned())
}

/// A token (RFC 7519) whose signature fits: its claims, which must be those.
pub fn token(text: &str, fits: impl Fn(&[u8], &[u8]) -> bool, head: &Value) -> Result<Value, String> {
    let mut parts = text.rsplitn(2, '.');
    let signature = parts.next().and_then(crypto::decode).ok_or("no signature")?;
    let signed = parts.next().ok_or("no claims")?;
    held(fits(signed.as_bytes(), &signature), || "the signature does not fit".to_owned())?;
    let (first, claims) = signed.split_once('.').ok_or("no header")?;
    let part = |text: &str| crypto::decode(text).ok_or_else(|| "no base64".to_owned()).and_then(|bytes| read(&bytes));
    held(part(first)? == *head, || format!("the header is not {head}"))?;
    part(claims)
}

/// Fails unless it holds.
pub fn held(fits: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if fits { Ok(()) } else { Err(why()) }
}
