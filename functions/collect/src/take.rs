//! Taking in one mail that was fetched.

use domain::flows::report::report;
use domain::flows::take_in::{Taken, take_in};
use kernel::{Purpose, Reference, Result};
use providers::collecting;

use crate::look::{Desk, Seen};

/// Takes a mail in: what it tells of messages that were sent, or what somebody wrote.
pub async fn take(desk: &Desk<'_>, raw: &[u8], seen: &mut Seen) -> Result<()> {
    let context = &desk.collector.context;
    seen.fetched += 1;
    seen.bytes = seen.bytes.saturating_add(raw.len());
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

/// What is said of a mail that is not fetched for its size.
pub fn too_large(bytes: Option<u64>) -> String {
    match bytes {
        Some(bytes) => format!("a mail of {} MB was passed over: it is too large", bytes.div_ceil(1_000_000)),
        None => "a mail was passed over: it is too large".to_owned(),
    }
}
