//! A mailbox of Microsoft 365 or Outlook.com, by Microsoft Graph. Sources: Microsoft Graph reference ("user: sendMail", "Send mail
//! in MIME format", "Get change notifications delivered through webhooks", "Error responses"), Microsoft identity platform
//! ("OAuth 2.0 authorization code flow").
//!
//! The account's person consents to sending, and to reading where that is switched on. Graph gives a message no id, and what becomes of
//! it is told by mail, to the mailbox itself. Posts come when the mailbox is subscribed to: they name what changed, but not what it says.

mod mailbox;
#[cfg(test)]
mod tests;

use kernel::{Email, Error, Result, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::json::{list, text};
use crate::oauth::{Client, Consent};
use crate::settings::{self, fault, visible};
use crate::{
    Answer, Body, Call, Callback, Channel, Event, HttpCall, HttpReply, Inbound, Method, Outgoing, Piece, Provider, Reads,
    Receiving, Reply, Sending, Setup, Verdict, Verified, proof,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Graph;

/// The tenants of all mailboxes.
const COMMON: &str = "common";
/// Most characters of a subscription's `clientState`.
const STATE: usize = 128;
/// Most characters of a validation token that is given back.
const VALIDATION: usize = 1024;

/// What an account may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The Entra tenant, by its id or a domain of its, or `common`, `organizations`, `consumers`; `common` when left out.
    #[serde(default)]
    tenant: Option<String>,
    /// The mailbox, which is offered to the person who consents.
    #[serde(default)]
    mailbox: Option<Email>,
    /// Whether mail that comes in is read.
    #[serde(default)]
    receive: bool,
}

/// What sending takes; the second is for the probe.
const SEND: &[&str] = &["https://graph.microsoft.com/Mail.Send", "https://graph.microsoft.com/User.Read", "offline_access"];
/// What sending and reading take.
const SEND_AND_READ: &[&str] = &[
    "https://graph.microsoft.com/Mail.Send",
    "https://graph.microsoft.com/Mail.Read",
    "https://graph.microsoft.com/User.Read",
    "offline_access",
];

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        let plain = |tenant: &str| {
            (1..=253).contains(&tenant.len())
                && tenant.starts_with(|first: char| first.is_ascii_alphanumeric())
                && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        };
        if !given.tenant.as_deref().is_none_or(plain) {
            return Err(fault("/settings/tenant", "the id of a tenant, a domain or common is needed"));
        }
        Ok(given)
    }

    /// The tenant's id, when that is how it is given.
    fn tenant_id(&self) -> Option<&str> {
        let is_id = |tenant: &&str| tenant.len() == 36 && tenant.bytes().filter(|byte| *byte == b'-').count() == 4;
        self.tenant.as_deref().filter(is_id)
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    client_id: String,
    /// Apps that are registered as public have none.
    #[serde(default)]
    client_secret: Option<Secret>,
    /// What came of the consent.
    #[serde(default)]
    refresh_token: Option<Secret>,
    /// The word that subscriptions were made with; without it no post is believed.
    #[serde(default)]
    client_state: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        if let Some(state) = &given.client_state {
            visible(state, "/credentials/client_state")?;
            if state.reveal().len() > STATE {
                return Err(fault("/credentials/client_state", "1 to 128 visible ASCII characters are needed"));
            }
        }
        Ok(given)
    }
}

/// What is to be consented to.
fn consent(settings: &Settings, credentials: &Value) -> Result<Consent> {
    let given = Credentials::read(credentials)?;
    let client = Client::read(&given.client_id, given.client_secret.as_ref(), given.refresh_token.as_ref())?;
    let base = format!("https://login.microsoftonline.com/{}/oauth2/v2.0", settings.tenant.as_deref().unwrap_or(COMMON));
    Ok(Consent {
        page: format!("{base}/authorize"),
        tokens: format!("{base}/token"),
        scopes: if settings.receive { SEND_AND_READ } else { SEND },
        further: &[("response_mode", "query")],
        client,
        mailbox: settings.mailbox.as_ref().map(ToString::to_string),
        refresh_token: given.refresh_token,
    })
}

impl Provider for Graph {
    fn id(&self) -> &'static str {
        "graph"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        consent(&Settings::read(settings)?, credentials).map(|_| ())
    }

    fn consent(&self, settings: &Value, credentials: &Value) -> Result<Option<Consent>> {
        consent(&Settings::read(settings)?, credentials).map(Some)
    }

    fn reads(&self, settings: &Value) -> Option<Reads> {
        mailbox::reads(&Settings::read(settings).ok()?)
    }
}

impl Sending for Graph {
    /// Graph knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let mail = crate::mail::build_with_hidden(message)?;
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new("https://graph.microsoft.com/v1.0/me/sendMail"),
            headers: vec![("content-type", "text/plain".to_owned())],
            login: setup.bearer()?,
            body: Body(vec![Piece::Base64 { of: mail, lines: false }]),
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        match Verdict::common(reply) {
            Ok(verdict) => verdict,
            Err(answer) => verdict(answer),
        }
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let own = Secret::new("https://graph.microsoft.com/v1.0/me?$select=id");
        Ok(Some(Call::Http(HttpCall::question(own, setup.bearer()?))))
    }
}

impl Receiving for Graph {
    /// Graph asks of a new subscription's address whether it wants to be posted to. What is given back is plain text and no markup.
    fn handshake(&self, callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Option<Answer>> {
        let query = callback.query();
        let shown = query.into_iter().find(|(name, _)| name == "validationToken").map(|(_, value)| value);
        let Some(shown) = shown.filter(|_| callback.method == "POST") else { return Ok(None) };
        let plain = |one: char| matches!(one, ' '..='~') && !matches!(one, '<' | '>' | '"' | '\'' | '&');
        if shown.is_empty() || shown.len() > VALIDATION || !shown.chars().all(plain) {
            return Err(Error::Unauthenticated);
        }
        Ok(Some(Answer::with("text/plain", shown)))
    }

    /// Every notification of the post must show the word, and name the account's own tenant.
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let settings = Settings::read(setup.settings)?;
        consent(&settings, setup.credentials)?;
        let known = Credentials::read(setup.credentials)?.client_state.ok_or_else(refuse)?;
        let post: Value = serde_json::from_slice(callback.body).map_err(|_| refuse())?;
        let mut proven = Err(refuse());
        for notification in list(&post, "/value") {
            let tenant = text(notification, "/tenantId");
            if settings.tenant_id().zip(tenant).is_some_and(|(own, named)| !own.eq_ignore_ascii_case(named)) {
                return Err(refuse());
            }
            proven = Ok(proof::shared_secret(callback, text(notification, "/clientState"), known.reveal())?);
        }
        proven
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn pushes(&self, _verified: &Verified) -> bool {
        true
    }

    /// A post names mails only; they are fetched.
    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }

    /// 202, as Graph wants it.
    fn answer(&self, _verified: &Verified) -> Answer {
        Answer { status: 202, ..Answer::done() }
    }
}

fn verdict(answer: &HttpReply) -> Verdict {
    let body = answer.json();
    let code = text(&body, "/error/code").unwrap_or_default();
    if answer.is_success() && body.get("error").is_none() {
        return Verdict::Sent { id: String::new() };
    }
    let words = text(&body, "/error/message").unwrap_or_default();
    let reason = match code {
        "" => answer.words(),
        code => crate::event::cut(&format!("{} {code}: {words}", answer.status), 300),
    };
    match answer.status {
        // The access token: if there is something wrong with the account, then no other one is given.
        401 => Verdict::Retry { after: None, reason },
        400 | 404 if code == "MailboxNotEnabledForRESTAPI" => Verdict::Misconfigured { reason },
        // The sender's mailbox is full.
        507 => Verdict::Misconfigured { reason },
        400 | 404 | 422 => Verdict::Rejected { reason },
        _ => Verdict::by_status(answer, reason),
    }
}
