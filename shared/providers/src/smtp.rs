//! Any server that takes mail by SMTP submission (RFC 6409). It has no callbacks: what becomes of a message is not known from
//! here once the server took it. Sources: RFC 5321 (reply codes), RFC 3463 and its registry (enhanced status codes), RFC 4954
//! (authentication), RFC 8314 (implicit TLS).

use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::bounce::{Cause, Code};
use crate::settings::{self, fault, is_host, is_loopback};
use crate::{
    Call, Callback, Channel, Event, Inbound, Look, Outgoing, Provider, Receiving, Reply, Security, Sending, Setup, SmtpCall,
    SmtpServer, Verdict, Verified, mail,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Smtp;

/// Seconds to wait when the server says that it is too busy.
const BUSY_WAIT: u32 = 60;

/// What an account must set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    host: String,
    port: u16,
    security: Option<Security>,
}

/// What an account may keep secret.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Credentials {
    username: Option<String>,
    password: Option<Secret>,
}

fn server(settings: &Value, credentials: &Value) -> Result<SmtpServer> {
    let given: Settings = settings::settings(settings)?;
    if !is_host(&given.host) {
        return Err(fault("/settings/host", "a host name or IP address is needed"));
    }
    if given.port == 0 {
        return Err(fault("/settings/port", "a port from 1 to 65535 is needed, usually 587 or 465"));
    }
    let security = given.security.ok_or_else(|| fault("/settings/security", "starttls, tls or none is needed"))?;
    if security == Security::None && !is_loopback(&given.host) {
        return Err(fault("/settings/security", "a connection may go unprotected to this machine only"));
    }
    let credentials: Credentials = settings::credentials(credentials)?;
    let sound = |text: &str| (1..=512).contains(&text.len()) && !text.contains(char::is_control);
    let login = match (credentials.username, credentials.password) {
        (None, None) => None,
        (Some(name), Some(password)) => {
            if !sound(&name) {
                return Err(fault("/credentials/username", "1 to 512 bytes without control characters"));
            }
            if !sound(password.reveal()) {
                return Err(fault("/credentials/password", "1 to 512 bytes without control characters"));
            }
            Some((name, password))
        }
        (Some(_), None) => return Err(fault("/credentials/password", "a username needs a password")),
        (None, Some(_)) => return Err(fault("/credentials/username", "a password needs a username")),
    };
    Ok(SmtpServer { host: given.host, port: given.port, security, login })
}

impl Provider for Smtp {
    fn id(&self) -> &'static str {
        "smtp"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        server(settings, credentials).map(|_| ())
    }
}

impl Sending for Smtp {
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let letter = message.mail()?;
        Ok(Call::Smtp(SmtpCall {
            server: server(setup.settings, setup.credentials)?,
            from: letter.from.email.clone(),
            to: mail::recipients(letter),
            raw: mail::build(message)?,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let (status, code, text, after) = match reply {
            Reply::Accepted { id } => return Verdict::Sent { id: id.clone() },
            Reply::Unreached { text } | Reply::Unread { text } => {
                return Verdict::Retry { after: None, reason: text.clone() };
            }
            Reply::Lost { text } => return Verdict::Unknown { reason: text.clone() },
            Reply::Refused { status, code, text, after } => (*status, code, text, *after),
            Reply::Answered(answer) => return Verdict::by_status(answer, answer.words()),
        };
        let enhanced = Code::parse(code).or_else(|| Code::parse(text.split_whitespace().next()?));
        let reason = if code.is_empty() { format!("{status} {text}") } else { format!("{status} {code} {text}") };
        match status {
            421 | 454 => return Verdict::Limited { after: after.or(Some(BUSY_WAIT)), reason },
            530 | 534 | 535 | 538 => return Verdict::Misconfigured { reason },
            _ => {}
        }
        // Where the two disagree the enhanced code is the more exact one.
        match enhanced.map_or(status / 100, |enhanced| enhanced.class) {
            5 => match Cause::of(Some(status), enhanced, text) {
                Cause::Account => Verdict::Misconfigured { reason },
                Cause::Address => Verdict::Undeliverable { gone: true, reason },
                Cause::Full => Verdict::Undeliverable { gone: false, reason },
                Cause::Passing | Cause::Size | Cause::Content | Cause::Policy | Cause::Other => Verdict::Rejected { reason },
            },
            _ => Verdict::Retry { after, reason },
        }
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        server(setup.settings, setup.credentials).map(|server| Some(Call::Look(Look::Smtp(server))))
    }
}

impl Receiving for Smtp {
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
    use serde_json::json;

    use super::*;

    fn word(status: u16, code: &str, text: &str) -> &'static str {
        match Smtp.verdict(&Reply::Refused { status, code: code.to_owned(), text: text.to_owned(), after: None }) {
            Verdict::Sent { .. } => "sent",
            Verdict::Retry { .. } => "retry",
            Verdict::Limited { .. } => "busy",
            Verdict::Rejected { .. } => "rejected",
            Verdict::Undeliverable { gone: true, .. } => "gone",
            Verdict::Undeliverable { gone: false, .. } => "undeliverable",
            Verdict::Misconfigured { .. } => "misconfigured",
            Verdict::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn replies_are_told_apart() {
        for (status, code, text, expected) in [
            (421, "4.7.0", "Try again later, closing connection", "busy"),
            (421, "", "", "busy"),
            (454, "", "Throttling failure: Maximum sending rate exceeded.", "busy"),
            (450, "4.2.1", "greylisted", "retry"),
            (451, "", "local error", "retry"),
            (452, "4.2.2", "mailbox full", "retry"),
            (450, "5.1.1", "no such user", "gone"),
            (550, "4.2.2", "mailbox full", "retry"),
            (530, "5.7.0", "Must issue a STARTTLS command first", "misconfigured"),
            (534, "5.7.9", "", "misconfigured"),
            (535, "5.7.8", "Username and Password not accepted", "misconfigured"),
            (538, "", "", "misconfigured"),
            (550, "5.1.1", "no such user", "gone"),
            (550, "", "5.1.1 no such user", "gone"),
            (550, "", "no such user here", "gone"),
            (550, "", "relay not permitted", "misconfigured"),
            (553, "5.1.8", "bad sender", "misconfigured"),
            (552, "5.3.4", "message too big", "rejected"),
            (552, "", "message exceeds fixed maximum size", "rejected"),
            (550, "5.4.5", "Daily user sending limit exceeded", "misconfigured"),
            (554, "5.7.1", "spam message rejected", "rejected"),
            (554, "5.7.1", "<a@b.example>: Relay access denied", "misconfigured"),
            (554, "", "Message rejected: Email address is not verified.", "misconfigured"),
            (554, "", "Transaction failed", "rejected"),
            (550, "5.7.26", "unauthenticated", "misconfigured"),
            (550, "5.7.13", "user account disabled", "gone"),
            (552, "5.2.2", "mailbox full", "undeliverable"),
            (556, "", "domain accepts no mail", "gone"),
            (550, "", "sender address rejected: domain does not exist", "rejected"),
            (550, "5.7.509", "DMARC", "misconfigured"),
            (503, "", "AUTH not available", "misconfigured"),
            (503, "5.5.1", "bad sequence of commands", "misconfigured"),
            (501, "5.1.3", "bad address syntax", "gone"),
            (521, "", "host accepts no mail", "rejected"),
            (554, "5.6.0", "content", "rejected"),
            (250, "", "odd", "retry"),
            (999, "x.y.z", "", "retry"),
        ] {
            assert_eq!(word(status, code, text), expected, "{status} {code} {text}");
        }
        assert_eq!(Smtp.verdict(&Reply::Lost { text: "reset".into() }), Verdict::Unknown { reason: "reset".into() });
    }

    #[test]
    fn settings_are_checked() {
        let good = json!({"host": "mail.example.com", "port": 587, "security": "starttls"});
        let login = json!({"username": "shop", "password": "hunter2"});
        assert!(Smtp.check(&good, &json!({})).is_ok());
        assert!(Smtp.check(&good, &login).is_ok());
        assert!(Smtp.check(&json!({"host": "127.0.0.1", "port": 2525, "security": "none"}), &Value::Null).is_ok());
        assert!(Smtp.check(&json!({"host": "::1", "port": 2525, "security": "none"}), &Value::Null).is_ok());
        for (settings, credentials, pointer) in [
            (json!({}), json!({}), "/settings/host"),
            (json!(null), json!({}), "/settings/host"),
            (json!({"host": "a b", "port": 587, "security": "tls"}), json!({}), "/settings/host"),
            (json!({"host": "mail.example.com\r\n", "port": 587, "security": "tls"}), json!({}), "/settings/host"),
            (json!({"host": "mail.example.com", "port": 0, "security": "tls"}), json!({}), "/settings/port"),
            (json!({"host": "mail.example.com", "port": 70000, "security": "tls"}), json!({}), "/settings/port"),
            (json!({"host": "mail.example.com", "port": 587}), json!({}), "/settings/security"),
            (json!({"host": "mail.example.com", "port": 587, "security": "maybe"}), json!({}), "/settings/security"),
            (json!({"host": "mail.example.com", "port": 25, "security": "none"}), json!({}), "/settings/security"),
            (json!({"host": "127.0.0.1.example.com", "port": 25, "security": "none"}), json!({}), "/settings/security"),
            (good.clone(), json!({"username": "shop"}), "/credentials/password"),
            (good.clone(), json!({"password": "hunter2"}), "/credentials/username"),
            (good.clone(), json!({"username": "shop", "password": ["hunter2"]}), "/credentials/password"),
            (good.clone(), json!({"username": "sh\nop", "password": "hunter2"}), "/credentials/username"),
            (good, json!({"username": "shop", "password": ""}), "/credentials/password"),
        ] {
            let Err(Error::Invalid(faults)) = Smtp.check(&settings, &credentials) else { unreachable!("{settings}") };
            assert_eq!(faults[0].pointer, pointer, "{settings}");
            assert!(!format!("{faults:?}").contains("hunter2"));
        }
    }
}
