//! A mailbox on any server that speaks IMAP: it is read, and nothing is sent through it. Sources: RFC 9051 and RFC 3501 (IMAP4), RFC
//! 8314 (implicit TLS), RFC 2595 (STARTTLS).

pub mod response;

use kernel::{Result, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::collecting::Reads;
use crate::settings::{self, fault, is_host, is_loopback};
use crate::{Channel, Provider, Security};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Imap;

/// The mailbox that every account has.
const INBOX: &str = "INBOX";
/// Most minutes between two looks.
const LONGEST: u16 = 60;

/// What an account must set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    host: String,
    /// 993 with TLS from the first byte and 143 otherwise, when it is left out.
    #[serde(default)]
    port: Option<u16>,
    /// `tls` when it is left out.
    #[serde(default)]
    security: Option<Security>,
    username: String,
    /// As the server spells it; `INBOX` when it is left out.
    #[serde(default)]
    mailbox: Option<String>,
    /// Minutes between two looks; 1 when it is left out.
    #[serde(default)]
    minutes: Option<u16>,
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    password: Secret,
}

/// An IMAP server, who reads there, and what.
#[derive(Clone)]
pub struct ImapServer {
    /// Its name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who.
    pub username: String,
    /// The login's secret half.
    pub password: Secret,
    /// The mailbox's name, as the server spells it.
    pub mailbox: String,
}

impl std::fmt::Debug for ImapServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImapServer({}:{})", self.host, self.port)
    }
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        if !is_host(&given.host) {
            return Err(fault("/settings/host", "a host name or IP address is needed"));
        }
        if given.port == Some(0) {
            return Err(fault("/settings/port", "a port from 1 to 65535 is needed, usually 993 or 143"));
        }
        if given.security == Some(Security::None) && !is_loopback(&given.host) {
            return Err(fault("/settings/security", "a connection may go unprotected to this machine only"));
        }
        if !is_quotable(&given.username) {
            return Err(fault("/settings/username", "1 to 255 printable ASCII characters are needed"));
        }
        if !given.mailbox.as_deref().is_none_or(is_quotable) {
            return Err(fault("/settings/mailbox", "1 to 255 printable ASCII characters are needed, as the server spells it"));
        }
        if !given.minutes.is_none_or(|minutes| (1..=LONGEST).contains(&minutes)) {
            return Err(fault("/settings/minutes", "a number from 1 to 60 is needed"));
        }
        Ok(given)
    }

    fn port(&self) -> u16 {
        let usual = match self.security() {
            Security::Tls => 993,
            Security::Starttls | Security::None => 143,
        };
        self.port.unwrap_or(usual)
    }

    fn security(&self) -> Security {
        self.security.unwrap_or(Security::Tls)
    }

    fn mailbox(&self) -> &str {
        self.mailbox.as_deref().unwrap_or(INBOX)
    }
}

/// What can stand between quotation marks (RFC 9051 section 4.3).
fn is_quotable(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The account's server.
pub(crate) fn server(settings: &Value, credentials: &Value) -> Result<ImapServer> {
    let given = Settings::read(settings)?;
    let secret: Credentials = settings::credentials(credentials)?;
    if !is_quotable(secret.password.reveal()) {
        return Err(fault("/credentials/password", "1 to 255 printable ASCII characters are needed"));
    }
    let (port, security, mailbox) = (given.port(), given.security(), given.mailbox().to_owned());
    Ok(ImapServer { host: given.host, port, security, username: given.username, password: secret.password, mailbox })
}

impl Provider for Imap {
    fn id(&self) -> &'static str {
        "imap"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        server(settings, credentials).map(drop)
    }

    fn sends(&self) -> bool {
        false
    }

    fn reads(&self, settings: &Value) -> Option<Reads> {
        let given = Settings::read(settings).ok()?;
        let mailbox = format!("{}:{} {} {}", given.host, given.port(), given.username, given.mailbox());
        Some(Reads { minutes: given.minutes.unwrap_or(1), mailbox })
    }
}

/// How far a mailbox was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// UIDs of another validity are those of other mails.
    pub validity: u32,
    /// The highest UID that was looked at.
    pub last: u32,
}

impl Mark {
    /// Reads what [`Mark`]'s `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (validity, last) = text.split_once(':')?;
        Some(Self { validity: validity.parse().ok()?, last: last.parse().ok()? })
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.validity, self.last)
    }
}

/// A text between quotation marks.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use kernel::Error;
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_checked_and_have_their_usual_values() {
        let good = json!({"host": "imap.example.com", "username": "help@shop.example"});
        let secret = json!({"password": "hunter2 \"\\"});
        let found = server(&good, &secret).unwrap();
        assert_eq!((found.port, found.security, found.mailbox.as_str()), (993, Security::Tls, "INBOX"));
        let reads = Imap.reads(&good).unwrap();
        assert_eq!((reads.minutes, reads.mailbox.as_str()), (1, "imap.example.com:993 help@shop.example INBOX"));
        assert!(!format!("{found:?}").contains("hunter2"));
        let change = |name: &str, value: Value| {
            let mut changed = good.clone();
            changed[name] = value;
            changed
        };
        let starttls = server(&change("security", json!("starttls")), &secret).unwrap();
        assert_eq!((starttls.port, starttls.security), (143, Security::Starttls));
        for (settings, credentials, pointer) in [
            (json!({}), secret.clone(), "/settings/host"),
            (change("host", json!("a b")), secret.clone(), "/settings/host"),
            (change("port", json!(0)), secret.clone(), "/settings/port"),
            (change("security", json!("none")), secret.clone(), "/settings/security"),
            (change("username", json!("a\r\nb")), secret.clone(), "/settings/username"),
            (change("mailbox", json!("")), secret.clone(), "/settings/mailbox"),
            (change("minutes", json!(61)), secret.clone(), "/settings/minutes"),
            (change("minutes", json!(0)), secret.clone(), "/settings/minutes"),
            (change("odd", json!(1)), secret.clone(), "/settings/odd"),
            (good.clone(), json!({}), "/credentials/password"),
            (good.clone(), json!({"password": "hunter2\n"}), "/credentials/password"),
            (good.clone(), json!({"password": "hünter2"}), "/credentials/password"),
        ] {
            let Err(Error::Invalid(faults)) = Imap.check(&settings, &credentials) else { unreachable!("{settings}") };
            assert_eq!(faults[0].pointer, pointer, "{settings}");
            assert!(!format!("{faults:?}").contains("hunter2"));
        }
        let home = json!({"host": "127.0.0.1", "port": 1143, "security": "none", "username": "ada"});
        assert!(Imap.check(&home, &secret).is_ok());
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_no_text_leaves_its_quotation_marks() {
        let mark = Mark { validity: 4_294_967_295, last: 7 };
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        for odd in ["", "1", "1:", "x:1", "1:4294967296", "-1:1"] {
            assert_eq!(Mark::parse(odd), None, "{odd}");
        }
        assert_eq!(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
    }
}
