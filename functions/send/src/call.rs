//! One call of one message through one account: composed, made, and what its answer means. An error means that no provider was called.

use domain::flows::release::enter;
use domain::flows::{connect, report};
use domain::message::{State, Try, Verdict as Meaning, Wait};
use domain::suppression::Reason;
use domain::{Contact, Message, Tenant};
use kernel::{Error, Result, Time};
use net::veil::Veil;
use net::words;
use providers::{Reply, Sending, Setup, Verdict};
use store::schema::attr;
use store::{Change, TenantScope};

use crate::compose::compose;
use crate::cost::cost;
use crate::deliver::record;
use crate::tokens::{self, Found};
use crate::turn::{Chosen, again, hold, unknown};
use crate::{Sender, health};

/// How long a message waits at least while another process asks for its account's token.
const TOKEN_SECONDS: i64 = 5;

/// Makes it; answers with the change that settles the attempt.
pub(crate) async fn call(
    sender: &Sender,
    scope: &TenantScope,
    tenant: &Tenant,
    contact: Option<&Contact>,
    message: &Message,
    mut chosen: Chosen<'_>,
) -> Result<Change> {
    let now = sender.context.clock.now();
    let account = chosen.account;
    let provider = account.sending()?;
    let passed = chosen.passed.clone();
    let refuse = |note: &str| -> Result<Change> {
        let refused = record(message, Some(account.id), now, Meaning::Rejected, None, note);
        let refused = Try { passed: passed.clone(), ..refused };
        Ok(enter(State::Rejected, now).append(attr::TRIES, store::scope::value(&refused)?))
    };
    let outgoing = match compose(sender, scope, tenant, contact, message, account.from.as_ref()).await {
        Ok(outgoing) => outgoing,
        // What cannot be rendered now never will be: the version and the variables do not change.
        Err(Error::Invalid(faults)) => return refuse(&words(&faults)),
        Err(error) => return Err(error),
    };
    chosen.cost = cost(account, &outgoing);
    let credentials = connect::open(&sender.vault, tenant, account).await?;
    let callback = account.callback(&sender.public_url);
    let bare = Setup { settings: &account.settings, credentials: &credentials, token: None, callback: &callback };
    let token = match tokens::find(sender, scope, tenant, account, &bare).await? {
        Found::Token(token) => token,
        Found::Refused(verdict) => {
            health::note_no_token(sender, scope, account, &verdict).await;
            return conclude(sender, scope, message, &chosen, Made { at: now, ms: None }, &verdict);
        }
        Found::Busy => return hold(State::Held, Wait::Token, now, now.plus_seconds(TOKEN_SECONDS)),
    };
    let setup = Setup { token: token.as_ref(), ..bare };
    let call = match provider.call(&outgoing, &setup) {
        Ok(call) => call,
        Err(Error::Invalid(faults)) => return refuse(&words(&faults)),
        Err(error) => return Err(error),
    };
    let asked = sender.context.clock.now();
    let reply = sender.carrier.send(account, &outgoing, &call, &sender.context.clock).await;
    let made = Made { at: now, ms: u32::try_from(sender.context.clock.now().since(asked).max(0)).ok() };
    let verdict = Veil::of(&setup).and(&call).over(judge(provider, &setup, chosen.candidates.len() == 1, &reply));
    health::note(sender, scope, account, &reply, &verdict).await;
    if matches!(verdict, Verdict::Undeliverable { gone: true, .. }) {
        close(sender, scope, message).await;
    }
    if let Some(token) = &token
        && (provider.token_refused(&reply) || matches!(verdict, Verdict::Misconfigured { .. }))
    {
        // The token may have been withdrawn before its end: the next call asks for another.
        tokens::refuse(sender, scope, account, token).await;
    }
    // From here on the provider may have it: an answer that cannot be noted is as good as a lost one.
    Ok(conclude(sender, scope, message, &chosen, made, &verdict).unwrap_or_else(|_| unknown(Some(account), now)))
}

/// The address is of no use any more. This comes before the attempt is settled, so that a crash in between does not forget it;
/// where it fails, the next message to the address finds out again.
async fn close(sender: &Sender, scope: &TenantScope, message: &Message) {
    // Of several recipients it is not known which one it was.
    if !message.cc.is_empty() || !message.bcc.is_empty() {
        return;
    }
    if let Err(error) = report::close(&sender.context, scope, message, None, Reason::HardBounce).await {
        tracing::warn!(message.id = %message.id, ?error, "the address of message {} could not be suppressed", message.id);
    }
}

/// When an attempt was made, and how long its call took, if there was one.
#[derive(Clone, Copy)]
struct Made {
    at: Time,
    ms: Option<u32>,
}

/// The change that settles an attempt that was made and answered.
fn conclude(
    sender: &Sender,
    scope: &TenantScope,
    message: &Message,
    chosen: &Chosen<'_>,
    made: Made,
    verdict: &Verdict,
) -> Result<Change> {
    let Chosen { account, candidates, passed, cost } = chosen;
    let (meaning, id, note, after) = match verdict {
        Verdict::Sent { id } => (Meaning::Sent, Some(id.as_str()), "", None),
        Verdict::Retry { after, reason } => (Meaning::Retry, None, reason.as_str(), *after),
        Verdict::Limited { after, reason } => (Meaning::Limited, None, reason.as_str(), *after),
        Verdict::Rejected { reason } => (Meaning::Rejected, None, reason.as_str(), None),
        Verdict::Undeliverable { reason, .. } => (Meaning::Undeliverable, None, reason.as_str(), None),
        Verdict::Misconfigured { reason } => (Meaning::Misconfigured, None, reason.as_str(), None),
        Verdict::Unknown { reason } => (Meaning::Unknown, None, reason.as_str(), None),
    };
    // A message whose answer was lost may turn out to have been sent.
    let cost = cost.filter(|_| matches!(meaning, Meaning::Sent | Meaning::Unknown));
    let made =
        Try { ms: made.ms, cost, passed: passed.clone(), ..record(message, Some(account.id), made.at, meaning, id, note) };
    let done = sender.context.clock.now();
    let change = match meaning {
        Meaning::Sent => enter(State::Sent, done),
        Meaning::Rejected => enter(State::Rejected, done),
        Meaning::Undeliverable => enter(State::Bounced, done),
        Meaning::Unknown => unknown(Some(account), done),
        Meaning::Retry | Meaning::Limited | Meaning::Misconfigured => {
            again(sender, scope, message, account, candidates, done, after)?
        }
    };
    Ok(change.append(attr::TRIES, store::scope::value(&made)?))
}

/// What the answer means; a lost answer of a provider that recognises repetitions is simply no answer, unless another account
/// would take the next turn.
fn judge(provider: &dyn Sending, setup: &Setup<'_>, alone: bool, reply: &Reply) -> Verdict {
    match provider.verdict_for(reply, setup) {
        Verdict::Unknown { reason } if alone && provider.repeatable() => Verdict::Retry { after: None, reason },
        verdict @ (Verdict::Sent { .. }
        | Verdict::Retry { .. }
        | Verdict::Limited { .. }
        | Verdict::Rejected { .. }
        | Verdict::Undeliverable { .. }
        | Verdict::Misconfigured { .. }
        | Verdict::Unknown { .. }) => verdict,
    }
}
