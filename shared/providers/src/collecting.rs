//! Mailboxes that are read: what a provider says of mail that it keeps until somebody fetches it. Pure, like the other views; `collect`
//! carries the requests out.

use kernel::{Result, Time};
use serde::{Deserialize, Serialize};

use crate::bounce::report;
use crate::gmail::Gmail;
use crate::graph::Graph;
use crate::imap::Imap;
use crate::{Event, HttpCall, HttpReply, ImapServer, Inbound, Provider, Setup, letter};

/// Most bytes of a mail that is fetched.
pub const LARGEST: usize = 30 * 1024 * 1024;

/// That the mailbox of an account is read, by its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Minutes between two looks.
    pub minutes: u16,
    /// Which mailbox: what was read of another says nothing of it.
    pub mailbox: String,
}

/// By what a mailbox is read.
pub enum Collecting {
    /// IMAP.
    Imap,
    /// Web requests.
    Web(&'static dyn MailApi),
}

/// By what mailboxes of that provider are read.
pub fn collecting(id: &str) -> Option<Collecting> {
    let apis: [&'static dyn MailApi; 2] = [&Gmail, &Graph];
    let api = apis.into_iter().find(|api| api.id() == id);
    api.map(Collecting::Web).or_else(|| (Imap.id() == id).then_some(Collecting::Imap))
}

/// The server and login of an account of IMAP's.
pub fn imap_server(setup: &Setup<'_>) -> Result<ImapServer> {
    crate::imap::server(setup.settings, setup.credentials)
}

/// A web API of mailboxes. Where reading stands is a mark: a word of the provider's that later questions are asked with.
pub trait MailApi: Provider + Sync {
    /// The question where the mailbox stands at that moment: what came before is not asked for.
    fn start(&self, setup: &Setup<'_>, now: Time) -> Result<HttpCall>;
    /// The question what came since that mark: at most so many mails.
    fn since(&self, mark: &str, most: usize, setup: &Setup<'_>) -> Result<HttpCall>;
    /// As much of a mark as a later look may ask with.
    fn kept<'m>(&self, mark: &'m str) -> &'m str {
        mark
    }
    /// What came, by the answer to either; `mark` is the one that was asked with.
    fn news(&self, mark: &str, reply: &HttpReply) -> std::result::Result<News, Refusal>;
    /// The question for one mail as it was sent.
    fn mail(&self, id: &str, setup: &Setup<'_>) -> Result<HttpCall>;
    /// The mail in the body of the answer. None: there is none in it.
    fn raw(&self, body: Vec<u8>) -> Option<Vec<u8>>;
    /// The request that has the provider tell of new mail, or go on telling. None where the account is not set up for that.
    fn watch(&self, watch: Option<&Watch>, setup: &Setup<'_>, now: Time) -> Result<Option<HttpCall>>;
    /// What came of it.
    fn watched(&self, reply: &HttpReply) -> std::result::Result<Watch, Refusal>;
    /// What an answer that is no success means.
    fn refusal(&self, reply: &HttpReply) -> Refusal;
}

/// What came since a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The provider's ids of the mails, the oldest first.
    pub mails: Vec<String>,
    /// The mark to ask with next.
    pub mark: String,
    /// Whether there is more already.
    pub more: bool,
}

/// Until when a provider tells of new mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The provider's id, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Until then.
    pub ends: Time,
}

/// Why a mailbox could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The mark is too old for the provider: reading begins anew.
    Forgotten,
    /// The access token is of no use any more.
    Token,
    /// What was asked for is not there.
    Gone,
    /// The account is not in order: login, rights, mailbox.
    Account(String),
    /// Later it may work, not before so many seconds when the provider says that.
    Later {
        /// Seconds.
        after: Option<u32>,
        /// For people.
        reason: String,
    },
}

/// What a mail is about.
#[derive(Debug)]
pub struct Mail {
    /// What it tells of messages that were sent, when it is a report about one.
    pub events: Vec<Event>,
    /// What somebody wrote, when it is no report and names a sender.
    pub inbound: Option<Inbound>,
}

/// Reads a mail that was fetched at that moment. A report is nobody's words.
pub fn mail(raw: &[u8], now: Time) -> Mail {
    let events = report::events(raw, now);
    let inbound = if events.is_empty() { letter::read(raw, None, now) } else { None };
    Mail { events, inbound }
}
