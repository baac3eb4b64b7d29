//! What a look has come to: how far it read, what it met, and why it ended early.

use domain::Mailbox;
use domain::mailbox::{PassedOver, Snag};
use kernel::Error;
use net::words;
use providers::collecting::{LARGEST, Watch};

/// Most mails of one look.
pub const MAILS: usize = 50;
/// Bytes of mails after which a look ends: one of the largest fits.
pub const BYTES: usize = LARGEST;

/// What a look has come to so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// How far the mailbox is read.
    pub mark: Option<String>,
    /// Whether there is more already.
    pub more: bool,
    /// Mails that were fetched.
    pub fetched: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// Mails that were taken in for the first time.
    pub taken: u32,
    /// The mail that is being read: what fails now fails at it.
    pub at: Option<String>,
    /// Mails that were passed over, and why.
    pub passed: Vec<(String, String)>,
    /// What is to be said: mails that were passed over, a beginning anew.
    pub notes: Vec<String>,
    /// The mail that looks before this one have failed at.
    snag: Option<Snag>,
    /// The mails that they have passed over.
    before: Option<PassedOver>,
    /// Until when the provider tells of new mail by itself.
    pub watch: Option<Watch>,
}

impl Seen {
    /// Nothing so far.
    pub fn of(mailbox: &Mailbox) -> Self {
        let (snag, before) = (mailbox.snag.clone(), mailbox.passed_over.clone());
        Self { mark: mailbox.mark.clone(), watch: mailbox.watch.clone(), snag, before, ..Self::default() }
    }

    /// A mail is come to, as its provider names it. Whether it is to be read: one that too many looks have failed at is passed over,
    /// and one that was passed over already stands on a page that is read again.
    pub fn comes_to(&mut self, mail: &str) -> bool {
        if self.before.as_ref().is_some_and(|before| before.has(mail)) {
            return false;
        }
        if let Some(snag) = self.snag.take_if(|snag| snag.gives_up(mail)) {
            self.pass_over(mail, format!("{} looks in a row failed at it: {}", snag.looks, snag.reason));
            return false;
        }
        self.at = Some(mail.to_owned());
        true
    }

    /// A mail is not taken in, and said.
    pub fn pass_over(&mut self, mail: &str, reason: String) {
        self.notes.push(format!("a mail was passed over: {reason}"));
        self.passed.push((mail.to_owned(), reason));
    }

    /// Whether the look has read as much as one look may.
    pub const fn is_enough(&self) -> bool {
        self.fetched >= MAILS || self.bytes >= BYTES
    }
}

/// Why a look ended early.
#[derive(Debug)]
pub enum Trouble {
    /// The provider refuses the account.
    Refused(String),
    /// There was no answer, or none that could be used.
    Failed {
        /// Seconds that the provider asks for.
        after: Option<u32>,
        /// For people.
        reason: String,
    },
    /// Something failed on our side, which is for the log alone.
    Ours(Error),
}

impl Trouble {
    /// No answer, or none that could be used.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { after: None, reason: reason.into() }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(faults) => Self::Refused(words(&faults)),
            error => Self::Ours(error),
        }
    }
}
