//! One look into a mailbox: see [`domain::flows::look`] for the writes around it.

use domain::account::{Check, Checked};
use domain::flows::look::{self, Left};
use domain::flows::{connect, entrust};
use domain::mailbox::{Looked, PassedOver, Sight, Snag};
use domain::message::cut;
use domain::{Account, Errand, Mailbox, Tenant};
use kernel::ids::AccountId;
use kernel::{Error, Result, Time};
use net::veil::Veil;
use providers::Setup;
use providers::collecting::{Collecting, collecting};
use store::TenantScope;
use store::batch::Done;

use crate::seen::{Seen, Trouble};
use crate::{Collector, imap, web};

/// Most bytes of what is said about a mailbox.
const NOTE: usize = 300;
/// What people are told of a failure that is not theirs.
const OURS: &str = "it could not be read on, for a reason that lies with us";

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
    let mut seen = Seen::of(&mailbox);
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
    veiled(&Veil::of(&setup), seen, read)
}

/// What people are shown of it, without secrets.
pub fn veiled(veil: &Veil, seen: &mut Seen, read: Result<(), Trouble>) -> Result<(), Trouble> {
    seen.notes = std::mem::take(&mut seen.notes).into_iter().map(|note| veil.words(note)).collect();
    for (_, reason) in &mut seen.passed {
        *reason = veil.words(std::mem::take(reason));
    }
    read.map_err(|trouble| match trouble {
        Trouble::Refused(reason) => Trouble::Refused(veil.words(reason)),
        Trouble::Failed { after, reason } => Trouble::Failed { after, reason: veil.words(reason) },
        Trouble::Ours(error) => Trouble::Ours(error),
    })
}

fn left(collector: &Collector, mailbox: &Mailbox, mut seen: Seen, trouble: Option<Trouble>) -> Left {
    let now = collector.context.clock.now();
    let snag = snag(mailbox, &seen, trouble.as_ref());
    let (result, after, why) = match trouble {
        None => (Sight::Read, None, None),
        Some(Trouble::Refused(reason)) => (Sight::Refused, None, Some(reason)),
        Some(Trouble::Failed { after, reason }) => (Sight::Failed, after, Some(reason)),
        Some(Trouble::Ours(error)) => {
            tracing::warn!(account.id = %mailbox.account, ?error, "the mailbox of account {} could not be read", mailbox.account);
            (Sight::Failed, None, Some(OURS.to_owned()))
        }
    };
    let got_on = seen.fetched > 0 && seen.mark != mailbox.mark;
    let failures = match result {
        Sight::Read => 0,
        Sight::Refused | Sight::Failed if got_on => 1,
        Sight::Refused | Sight::Failed => mailbox.failures.saturating_add(1),
    };
    let at_once = seen.more && result == Sight::Read;
    let next_at = if at_once { now } else { mailbox.next(result, failures, now, after) };
    let passed_over = passed_over(mailbox, &seen, now);
    seen.notes.extend(why);
    let note = Some(cut(&seen.notes.join("; "), NOTE)).filter(|note| !note.is_empty());
    let looked = Looked { at: now, result, note, taken: seen.taken };
    Left { mark: seen.mark, looked, failures, snag, passed_over, watch: seen.watch, next_at }
}

/// The mail that looks fail at. A look that ended elsewhere says nothing of it, and neither does a table that does not answer.
fn snag(mailbox: &Mailbox, seen: &Seen, trouble: Option<&Trouble>) -> Option<Snag> {
    let reason = match trouble? {
        Trouble::Ours(Error::Unavailable(_)) => return mailbox.snag.clone(),
        Trouble::Ours(_) => OURS,
        Trouble::Refused(reason) | Trouble::Failed { reason, .. } => reason.as_str(),
    };
    let Some(mail) = &seen.at else { return mailbox.snag.clone() };
    Some(Snag::met(mailbox.snag.as_ref(), mail, reason))
}

/// The mails that were passed over, with those of this look.
fn passed_over(mailbox: &Mailbox, seen: &Seen, now: Time) -> Option<PassedOver> {
    let mut all = mailbox.passed_over.clone().unwrap_or_default();
    seen.passed.iter().for_each(|(mail, reason)| all.add(now, mail, reason));
    Some(all).filter(|all| all.count > 0)
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
