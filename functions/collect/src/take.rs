//! Taking in one mail that was fetched.

use domain::flows::report::report;
use domain::flows::take_in::{Taken, take_in};
use kernel::{Error, Purpose, Reference, Result};
use net::words;
use providers::collecting::{self, LARGEST};

use crate::look::Desk;
use crate::seen::{Seen, Trouble};

/// Takes the mail in that the look has come to, unless it is too large.
pub async fn take(desk: &Desk<'_>, mail: &str, raw: &[u8], seen: &mut Seen) -> Result<(), Trouble> {
    seen.fetched += 1;
    seen.bytes = seen.bytes.saturating_add(raw.len());
    if raw.len() > LARGEST {
        seen.pass_over(mail, too_large(None));
        return Ok(());
    }
    keep(desk, raw, seen).await.map_err(|error| match error {
        // It is the mail that is no good: the account may be in order.
        Error::Invalid(faults) => Trouble::failed(words(&faults)),
        error => Trouble::Ours(error),
    })
}

/// Keeps what a mail tells of messages that were sent, or what somebody wrote.
async fn keep(desk: &Desk<'_>, raw: &[u8], seen: &mut Seen) -> Result<()> {
    let context = &desk.collector.context;
    let mail = collecting::mail(raw, context.clock.now());
    for event in &mail.events {
        let reference = event.tag.as_deref().and_then(|tag| Reference::verify(&context.keys, Purpose::Tag, tag));
        // Anybody can write a report: one about another tenant's message is nobody's here.
        if let Some(reference) = reference.filter(|reference| reference.tenant() == desk.scope.tenant()) {
            report(context, desk.scope, reference.message(), event).await?;
        }
    }
    let Some(came) = mail.inbound else { return Ok(()) };
    let taken = take_in(context, &desk.collector.files, desk.scope, desk.account, &came).await?;
    match taken {
        Taken::Kept(id) => {
            seen.taken += 1;
            tracing::info!(inbound.id = %id, "a mail was fetched: {id}");
        }
        Taken::Before(id) => tracing::info!(inbound.id = %id, "a mail was fetched again: {id}"),
        Taken::Unwanted(why) => tracing::info!(account.id = %desk.account.id, why, "a mail was kept out"),
        Taken::Nobody => tracing::info!(account.id = %desk.account.id, "a mail from what is no address"),
    }
    Ok(())
}

/// Why a mail of so many bytes is passed over. None: nobody knows how many.
pub fn too_large(bytes: Option<u64>) -> String {
    match bytes {
        Some(bytes) => format!("it is too large ({} MB)", bytes.div_ceil(1_000_000)),
        None => "it is too large".to_owned(),
    }
}
