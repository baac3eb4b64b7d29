//! What an answer says of the account it came through, whatever it says of the message.

use domain::Account;
use domain::account::Cause;
use domain::flows::breaker::Sign;
use providers::{Reply, Verdict};
use store::TenantScope;

use crate::Sender;

/// Tells the breaker what a call came to. The message does not depend on it.
pub async fn note(sender: &Sender, scope: &TenantScope, account: &Account, reply: &Reply, verdict: &Verdict) {
    // What we could not read says nothing of the account.
    if matches!(reply, Reply::Unread { .. }) {
        return;
    }
    tell(sender, scope, account, sign(reply, verdict)).await;
}

/// Tells the breaker why there is no access token, without which nothing is called.
pub async fn note_no_token(sender: &Sender, scope: &TenantScope, account: &Account, verdict: &Verdict) {
    match verdict {
        Verdict::Misconfigured { reason } => tell(sender, scope, account, Sign::Fails(Cause::Refused, reason)).await,
        Verdict::Retry { reason, .. } => tell(sender, scope, account, Sign::Fails(Cause::Silent, reason)).await,
        Verdict::Sent { .. }
        | Verdict::Limited { .. }
        | Verdict::Rejected { .. }
        | Verdict::Undeliverable { .. }
        | Verdict::Unknown { .. } => {}
    }
}

async fn tell(sender: &Sender, scope: &TenantScope, account: &Account, sign: Sign<'_>) {
    match sender.breaker.note(scope, account, sign).await {
        Ok(false) => {}
        Ok(true) => {
            sender.catalog.look_again(scope);
            tracing::warn!(account.id = %account.id, ?sign, "account {} changed its health", account.id);
        }
        Err(error) => tracing::warn!(account.id = %account.id, ?error, "the health of account {} is not noted", account.id),
    }
}

fn sign<'a>(reply: &Reply, verdict: &'a Verdict) -> Sign<'a> {
    match verdict {
        Verdict::Misconfigured { reason } => Sign::Fails(Cause::Refused, reason),
        Verdict::Retry { reason, .. } | Verdict::Unknown { reason } if silent(reply) => Sign::Fails(Cause::Silent, reason),
        Verdict::Sent { .. }
        | Verdict::Retry { .. }
        | Verdict::Limited { .. }
        | Verdict::Rejected { .. }
        | Verdict::Undeliverable { .. }
        | Verdict::Unknown { .. } => Sign::Works,
    }
}

/// Whether the provider as a whole seems not to work, by what is no word about this message: nobody answers, an HTTP status of the
/// 500s, or SMTP's 421 (RFC 5321 section 3.8).
fn silent(reply: &Reply) -> bool {
    match reply {
        Reply::Unreached { .. } | Reply::Lost { .. } => true,
        Reply::Refused { status, .. } => *status >= 500 || *status == 421,
        Reply::Answered(answer) => answer.status >= 500,
        Reply::Accepted { .. } | Reply::Unread { .. } => false,
    }
}
