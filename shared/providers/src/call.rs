//! Provider calls as data: what to say to whom, and nothing said yet. `send` alone carries them out.

use std::fmt;

use kernel::{Email, Secret};
use serde::{Deserialize, Serialize};

use crate::Body;

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
