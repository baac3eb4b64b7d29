//! Provider calls as data: what to say to whom, and nothing said yet. `send` alone carries them out.

use std::fmt;

use kernel::{Email, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A provider call. `Debug` shows no secret and no body.
#[derive(Clone)]
pub enum Call {
    /// SES v2 `SendEmail` with raw content.
    Ses(SesCall),
    /// One SMTP submission (RFC 6409).
    Smtp(SmtpCall),
    /// SNS `Publish` to a telephone number.
    Sns(SnsCall),
    /// A web request.
    Http(HttpCall),
    /// Kept on this machine for people to look at.
    Capture(CaptureCall),
    /// A look at an account that sends nothing and is no web request.
    Look(Look),
}

/// See [`Call::Ses`].
#[derive(Clone)]
pub struct SesCall {
    /// Another region than the function's own.
    pub region: Option<String>,
    /// Envelope and header sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    pub raw: Body,
    /// Configuration set that publishes events, when the account names its own.
    pub configuration_set: Option<String>,
    /// Message tags (name, value).
    pub tags: Vec<(String, String)>,
}

/// See [`Call::Look`].
#[derive(Clone)]
pub enum Look {
    /// SES v2 `GetAccount`.
    Ses {
        /// Another region than the function's own.
        region: Option<String>,
    },
    /// The greeting of an SMTP server, the protection of the connection, and the login.
    Smtp(SmtpServer),
    /// Whether there is an outbox on this machine.
    Outbox,
}

/// An SMTP server, and how to be let in.
#[derive(Clone)]
pub struct SmtpServer {
    /// Its name.
    pub host: String,
    /// Port: 587 with STARTTLS or 465 with TLS from the first byte.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Login, when the server wants one.
    pub login: Option<(String, Secret)>,
}

/// See [`Call::Smtp`].
#[derive(Clone)]
pub struct SmtpCall {
    /// The server.
    pub server: SmtpServer,
    /// Envelope sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    pub raw: Body,
}

/// Protection of an SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// STARTTLS required (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None; accepted for loopback hosts only.
    None,
}

/// See [`Call::Sns`].
#[derive(Clone)]
pub struct SnsCall {
    /// Another region than the function's own.
    pub region: Option<String>,
    /// The number, E.164.
    pub to: String,
    /// The text.
    pub text: String,
    /// Message attributes (name, value), all of type String but `AWS.SNS.SMS.MaxPrice`, which is a Number.
    pub attributes: Vec<(&'static str, String)>,
}

/// See [`Call::Capture`].
#[derive(Clone)]
pub struct CaptureCall {
    /// Envelope sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    pub raw: Body,
    /// See [`crate::Outgoing::tag`].
    pub tag: String,
}

/// See [`Call::Http`].
#[derive(Clone)]
pub struct HttpCall {
    /// Method.
    pub method: Method,
    /// Address. It may hold a token, so it is shown to nobody.
    pub url: Secret,
    /// Headers without secrets, beyond `content-length` and the login's.
    pub headers: Vec<(&'static str, String)>,
    /// How we say who we are.
    pub login: Login,
    /// Body.
    pub body: Body,
    /// Whether it must be HTTP/2, which is never tried otherwise.
    pub http2: bool,
}

/// Methods that providers are called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// The word in the request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// How a web request says who we are.
#[derive(Clone)]
pub enum Login {
    /// Not at all, or within the address.
    None,
    /// `Authorization: Bearer` (RFC 6750).
    Bearer(Secret),
    /// `Authorization: Basic` (RFC 7617).
    Basic(String, Secret),
    /// `Authorization` with a scheme of the provider's own (`Bot`, `vapid`), which stands in the value.
    Authorization(Secret),
    /// A header of the provider's own.
    Header(&'static str, Secret),
    /// Signed by AWS Signature Version 4 with the function's own role, for that service and region (none: the function's own).
    Aws {
        /// Name of the service in the signature.
        service: &'static str,
        /// Region, when it is not the function's own.
        region: Option<String>,
    },
}

/// A body in pieces, so that stored files are never in memory as a whole.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(pub Vec<Piece>);

/// One piece of a body.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of a stored file.
    Stored {
        /// Where they are kept.
        key: String,
        /// How many they are.
        bytes: u64,
    },
    /// Base64 (RFC 4648) of other pieces, as if they were one.
    Base64 {
        /// What is encoded.
        of: Body,
        /// Whether a line ends (CR LF) after every 76 characters, as MIME wants it.
        lines: bool,
    },
}

impl Body {
    /// These bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Piece::Bytes(bytes.into())])
    }

    /// JSON.
    pub fn json(value: &Value) -> Self {
        Self::bytes(value.to_string())
    }

    /// `application/x-www-form-urlencoded`.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::bytes(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    /// Text in which each mark, which stands there once, gives way to a piece. The marks come in the order of the text; one that
    /// is not found takes its piece with it.
    pub fn spliced(text: &[u8], holes: Vec<(String, Piece)>) -> Self {
        let mut pieces = Vec::with_capacity(holes.len() * 2 + 1);
        let mut rest = text;
        for (mark, piece) in holes {
            let found = rest.windows(mark.len().max(1)).position(|window| window == mark.as_bytes());
            if let Some((before, after)) = found.and_then(|at| Some((rest.get(..at)?, rest.get(at + mark.len()..)?))) {
                pieces.push(Piece::Bytes(before.to_vec()));
                pieces.push(piece);
                rest = after;
            }
        }
        pieces.push(Piece::Bytes(rest.to_vec()));
        Self(pieces)
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        let piece = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Piece::Stored { bytes, .. } => *bytes,
            Piece::Base64 { of, lines } => {
                let letters = of.len().div_ceil(3).saturating_mul(4);
                // A line end between lines, none after the last.
                letters.saturating_add(if *lines { letters.div_ceil(76).saturating_sub(1).saturating_mul(2) } else { 0 })
            }
        };
        self.0.iter().map(piece).fold(0, u64::saturating_add)
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, when no stored file is part of it.
    pub fn whole(&self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Bytes(bytes) => all.extend_from_slice(bytes),
                Piece::Stored { .. } => return None,
                Piece::Base64 { of, lines } => all.extend(encode(&of.whole()?, *lines)),
            }
        }
        Some(all)
    }
}

/// Base64 with or without line ends.
fn encode(bytes: &[u8], lines: bool) -> Vec<u8> {
    use base64::Engine as _;
    let letters = base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes();
    if lines { letters.chunks(76).collect::<Vec<_>>().join(b"\r\n".as_slice()) } else { letters }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

impl HttpCall {
    /// A question: GET, without a body.
    pub(crate) fn question(url: Secret, login: Login) -> Self {
        Self { method: Method::Get, url, headers: Vec::new(), login, body: Body::default(), http2: false }
    }

    /// A request that is answered in JSON, whose body, when it has one, is JSON as well.
    pub(crate) fn json(method: Method, url: Secret, login: Login, body: Body) -> Self {
        let mut headers = vec![("accept", "application/json".to_owned())];
        if !body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        Self { method, url, headers, login, body, http2: false }
    }

    /// The host, which is all that may be shown of the address.
    pub fn host(&self) -> String {
        let address = url::Url::parse(self.url.reveal()).ok();
        address.and_then(|address| address.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// Whether an address that came from elsewhere leads to one of those hosts and nowhere else, so that a login may go along.
pub(crate) fn leads_to(address: &str, hosts: &[&str]) -> bool {
    url::Url::parse(address).is_ok_and(|address| {
        address.scheme() == "https"
            && address.port().is_none()
            && address.username().is_empty()
            && address.password().is_none()
            && address.host_str().is_some_and(|host| hosts.contains(&host))
    })
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ses(call) => write!(f, "Ses({} bytes to {:?})", call.raw.len(), call.to),
            Self::Smtp(call) => write!(f, "Smtp({:?}, {} bytes to {:?})", call.server, call.raw.len(), call.to),
            Self::Sns(call) => write!(f, "Sns({} bytes)", call.text.len()),
            Self::Http(call) => call.fmt(f),
            Self::Capture(call) => write!(f, "Capture({} bytes to {:?})", call.raw.len(), call.to),
            Self::Look(Look::Ses { .. }) => f.write_str("Look(SES)"),
            Self::Look(Look::Smtp(server)) => write!(f, "Look({server:?})"),
            Self::Look(Look::Outbox) => f.write_str("Look(outbox)"),
        }
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Http({} {}, {} bytes)", self.method.as_str(), self.host(), self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_knows_its_length_before_it_is_read() {
        for size in [0, 1, 2, 3, 56, 57, 58, 113, 114, 115, 1000] {
            for lines in [false, true] {
                let of = Body::bytes(vec![7; size]);
                let body = Body(vec![
                    Piece::Bytes(b"x".to_vec()),
                    Piece::Base64 { of: Body(vec![Piece::Base64 { of, lines }]), lines },
                ]);
                assert_eq!(body.len(), body.whole().unwrap().len() as u64, "{size} {lines}");
            }
        }
    }

    #[test]
    fn marks_give_way_to_pieces() {
        let stored = Piece::Stored { key: "k".to_owned(), bytes: 5 };
        let body = Body::spliced(
            b"{\"a\":\"@1\",\"b\":\"@2\"}",
            vec![("@1".to_owned(), stored.clone()), ("@2".to_owned(), stored.clone())],
        );
        let bytes = |text: &str| Piece::Bytes(text.as_bytes().to_vec());
        assert!(body.0 == [bytes("{\"a\":\""), stored.clone(), bytes("\",\"b\":\""), stored.clone(), bytes("\"}")]);
        assert_eq!(body.len(), 19 - 4 + 10);
        assert!(body.whole().is_none());
        assert_eq!(Body::spliced(b"abc", vec![("@".to_owned(), stored)]).whole().unwrap(), b"abc");
    }

    #[test]
    fn a_login_goes_to_its_own_hosts_alone() {
        assert!(leads_to("https://api.example.com/a?b=c", &["files.example.com", "api.example.com"]));
        for evil in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://ada@api.example.com/",
            "https://:secret@api.example.com/",
            "https://api.example.com.evil.example/",
            "https://api.example.com@evil.example/",
            "https:///a",
            "api.example.com",
            "",
        ] {
            assert!(!leads_to(evil, &["api.example.com"]), "{evil}");
        }
    }
}
