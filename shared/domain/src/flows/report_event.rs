//! Taking in an event that a caller reports. One with a word of its caller's for it is taken in once: the row that remembers the
//! word is written first and names the event, so that a report that died half way is completed when it comes again.

use kernel::error::Faults;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::Context;
use crate::event::{Event, Report};
use crate::{Company, Contact, Deal, event};

/// Checks and writes an event; answers with the first one when its word was used before.
pub async fn report(context: &Context, scope: &TenantScope, mut event: Event) -> Result<Event> {
    event.check()?;
    check_references(scope, &event).await?;
    let Some(key) = event.key.clone() else {
        scope.create(&event).await?;
        return Ok(event);
    };
    let report = claim(context, scope, Report::of(&context.keys, &event, &key)?).await?;
    if report.event != event.id {
        if let Some(first) = scope.read_now::<Event>(report.event).await? {
            return Ok(first.row);
        }
        // Whoever reported it first died before it was written.
        event.id = report.event;
    }
    scope.create(&event).await?;
    Ok(event)
}

/// Refuses ids that name nothing of this tenant.
async fn check_references(scope: &TenantScope, event: &Event) -> Result<()> {
    let mut faults = Faults::default();
    if let Some(contact) = event.about.contact
        && scope.read_now::<Contact>(contact).await?.is_none()
    {
        faults.add("/contact", "unknown", "no such contact");
    }
    if let Some(company) = event.about.company
        && scope.read_now::<Company>(company).await?.is_none()
    {
        faults.add("/company_id", "unknown", "no such company");
    }
    if let Some(deal) = event.about.deal
        && scope.read_now::<Deal>(deal).await?.is_none()
    {
        faults.add("/deal_id", "unknown", "no such deal");
    }
    faults.check()
}

/// The row that remembers the word: ours, or the one of whoever was first.
async fn claim(context: &Context, scope: &TenantScope, report: event::Report) -> Result<event::Report> {
    if scope.create(&report).await? {
        return Ok(report);
    }
    let found = scope.find::<event::Report>(event::Report::at(&report.key)).await?;
    if found.row.expires_by(context.clock.now()) {
        scope.replace(&Stored { row: report.clone(), version: found.version }).await?;
        return Ok(report);
    }
    if found.row.request == report.request {
        Ok(found.row)
    } else {
        Err(Error::invalid("/key", "reused", "another event was reported under this key"))
    }
}
