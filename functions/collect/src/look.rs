//! One look into a mailbox: see [`domain::flows::look`] for the writes around it.

use domain::account::{Check, Checked};
use domain::flows::look::{self, Left};
use domain::flows::{connect, entrust};
use domain::mailbox::{Looked, Sight};
use domain::message::cut;
use domain::{Account, Errand, Mailbox, Tenant};
use kernel::ids::AccountId;
use kernel::{Error, Result};
use net::veil::Veil;
use net::words;
use providers::Setup;
use providers::collecting::{Collecting, Watch, collecting};
use store::TenantScope;
use store::batch::Done;

use crate::{Collector, imap, web};

/// Most mails of one look.
pub const MAILS: usize = 50;
/// Bytes of mails after which a look ends.
pub const BYTES: usize = 30 * 1024 * 1024;
/// Most bytes of what is said about a mailbox.
const NOTE: usize = 300;

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
    /// What is to be said: mails that were passed over, a beginning anew.
    pub notes: Vec<String>,
    /// Until when the provider tells of new mail by itself.
    pub watch: Option<Watch>,
}

impl Seen {
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

/// What a look works with.
pub struct Desk<'a> {
    /// What reading mailboxes needs.
    pub collector: &'a Collector,
    /// The tenant's rows.
    pub scope: &'a TenantScope,
    /// The tenant.
    pub tenant: &'a Tenant,
    /// The account.
    pub account: &'a Account,
    /// The account as its provider sees it.
    pub setup: &'a Setup<'a>,
}

/// Looks into the mailbox of the account, unless the job is void or somebody else looks. What fails is told by the mailbox and tried again
/// when its time has come, not by the queue.
pub async fn carry_out(collector: &Collector, scope: &TenantScope, id: AccountId, seq: u64) -> Result<Done> {
    let Some(mailbox) = look::begin(&collector.context, scope, id, seq).await? else { return Ok(Done::Settled) };
    let mut seen = Seen { mark: mailbox.mark.clone(), watch: mailbox.watch.clone(), ..Seen::default() };
    let trouble = read(collector, scope, &mailbox, &mut seen).await.err();
    let left = left(collector, &mailbox, seen, trouble);
    tell(collector, scope, &mailbox, &left.looked).await?;
    look::end(&collector.context, scope, &mailbox, &left).await?;
    Ok(Done::Settled)
}

async fn read(collector: &Collector, scope: &TenantScope, mailbox: &Mailbox, seen: &mut Seen) -> Result<(), Trouble> {
    let account = scope.find::<Account>(mailbox.account).await?.row;
    let tenant = scope.find::<Tenant>(scope.tenant()).await?.row;
    let credentials = connect::open(&collector.vault, &tenant, &account).await?;
    let callback = account.callback(&collector.public_url);
    let setup = Setup { settings: &account.settings, credentials: &credentials, token: None, callback: &callback };
    let desk = Desk { collector, scope, tenant: &tenant, account: &account, setup: &setup };
    let read = match collecting(&account.provider) {
        Some(Collecting::Imap) => imap::read(&desk, seen).await,
        Some(Collecting::Web(api)) => web::read(&desk, api, seen).await,
        None => Err(Trouble::Refused(format!("mailboxes of {} are not read", account.provider))),
    };
    let veil = Veil::of(&setup);
    seen.notes = std::mem::take(&mut seen.notes).into_iter().map(|note| veil.words(note)).collect();
    read.map_err(|trouble| match trouble {
        Trouble::Refused(reason) => Trouble::Refused(veil.words(reason)),
        Trouble::Failed { after, reason } => Trouble::Failed { after, reason: veil.words(reason) },
        Trouble::Ours(error) => Trouble::Ours(error),
    })
}

fn left(collector: &Collector, mailbox: &Mailbox, mut seen: Seen, trouble: Option<Trouble>) -> Left {
    let now = collector.context.clock.now();
    let (result, after, why) = match trouble {
        None => (Sight::Read, None, None),
        Some(Trouble::Refused(reason)) => (Sight::Refused, None, Some(reason)),
        Some(Trouble::Failed { after, reason }) => (Sight::Failed, after, Some(reason)),
        Some(Trouble::Ours(error)) => {
            tracing::warn!(account.id = %mailbox.account, ?error, "the mailbox of account {} could not be read", mailbox.account);
            (Sight::Failed, None, Some("it could not be read on, for a reason that lies with us".to_owned()))
        }
    };
    seen.notes.extend(why);
    let failures = if result == Sight::Read { 0 } else { mailbox.failures.saturating_add(1) };
    let at_once = seen.more && result == Sight::Read;
    let next_at = if at_once { now } else { mailbox.next(result, failures, now, after) };
    let note = Some(cut(&seen.notes.join("; "), NOTE)).filter(|note| !note.is_empty());
    Left { mark: seen.mark, looked: Looked { at: now, result, note, taken: seen.taken }, failures, watch: seen.watch, next_at }
}

/// Tells the check of the account that waits for it, if one does, what the look said.
async fn tell(collector: &Collector, scope: &TenantScope, mailbox: &Mailbox, looked: &Looked) -> Result<()> {
    let Some(errand) = mailbox.errand else { return Ok(()) };
    let Some(errand) = scope.read_now::<Errand>(errand).await? else { return Ok(()) };
    let now = collector.context.clock.now();
    let (state, note) = match looked.result {
        Sight::Read => (Checked::Passed, None),
        Sight::Refused | Sight::Failed => {
            (Checked::Failed, Some(format!("the mailbox cannot be read: {}", looked.note.as_deref().unwrap_or_default())))
        }
    };
    let check = Check { errand: errand.row.id, state, at: Some(now), note };
    entrust::report(scope, &errand.row, |account| account.checked(check.clone(), now), || async { Ok(Vec::new()) }).await
}
