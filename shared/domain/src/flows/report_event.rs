//! Taking in an event that a caller reports. One with a word of its caller's for it is taken in once: the row that remembers the
//! word is written first and names the event, so that a report that died half way is completed when it comes again.

use std::collections::{HashMap, HashSet};

use kernel::error::Faults;
use kernel::ids::{CompanyId, ContactId, DealId};
use kernel::{Error, Result};
use store::schema::Locator;
use store::{Stored, TenantScope};

use super::Context;
use super::log::there;
use crate::event::{About, Event, Report};
use crate::{Company, Contact, Deal};

/// What events are about and is there: read once for all of them.
#[derive(Debug, Default)]
pub struct Known {
    contacts: HashSet<ContactId>,
    companies: HashSet<CompanyId>,
    deals: HashMap<DealId, Deal>,
}

impl Known {
    /// Reads what events are about, in one batch for each kind.
    pub async fn read(scope: &TenantScope, events: &[&About]) -> Result<Self> {
        let deals: HashSet<DealId> = events.iter().filter_map(|about| about.deal).collect();
        let at: Vec<Locator> = deals.into_iter().map(Locator::from).collect();
        let deals = scope.read_many_now::<Deal>(&at).await?.into_iter().flatten();
        Ok(Self {
            contacts: there::<_, Contact>(scope, events.iter().filter_map(|about| about.contact).collect()).await?,
            companies: there::<_, Company>(scope, events.iter().filter_map(|about| about.company).collect()).await?,
            deals: deals.map(|deal| (deal.row.id, deal.row)).collect(),
        })
    }

    /// What an event is about, with whose the deal is where it names nobody. Ids that name nothing of this tenant are refused.
    pub fn settle(&self, about: &About) -> Result<About> {
        let mut faults = Faults::default();
        if about.contact.is_some_and(|id| !self.contacts.contains(&id)) {
            faults.add("/contact", "unknown", "no such contact");
        }
        if about.company.is_some_and(|id| !self.companies.contains(&id)) {
            faults.add("/company_id", "unknown", "no such company");
        }
        let deal = about.deal.and_then(|id| self.deals.get(&id));
        if about.deal.is_some() && deal.is_none() {
            faults.add("/deal_id", "unknown", "no such deal");
        }
        faults.check()?;
        let nobody = about.contact.is_none() && about.address.is_none();
        Ok(About {
            contact: about.contact.or_else(|| deal.filter(|_| nobody)?.contact_id),
            company: about.company.or_else(|| deal?.company_id),
            ..about.clone()
        })
    }
}

/// Checks and writes an event; answers with the first one when its word was used before, whatever has become of what that was about.
pub async fn report(context: &Context, scope: &TenantScope, known: &Known, mut event: Event) -> Result<Event> {
    let report = event.key.as_ref().map(|key| Report::of(&context.keys, &event, key)).transpose()?;
    if let Some(report) = &report
        && let Some(first) = told_before(context, scope, report).await?
    {
        return Ok(first);
    }
    event.check()?;
    event.about = known.settle(&event.about)?;
    if let Some(report) = report {
        let report = claim(context, scope, report).await?;
        if report.event != event.id {
            if let Some(first) = scope.read_now::<Event>(report.event).await? {
                return Ok(first.row);
            }
            // Whoever reported it first died before it was written.
            event.id = report.event;
        }
    }
    scope.create(&event).await?;
    Ok(event)
}

/// The event that was reported under the same word before, if it is there.
async fn told_before(context: &Context, scope: &TenantScope, report: &Report) -> Result<Option<Event>> {
    match scope.read_now::<Report>(Report::at(&report.key)).await? {
        Some(found) if !found.row.expires_by(context.clock.now()) => {
            let first = same(found.row, report)?.event;
            Ok(scope.read_now::<Event>(first).await?.map(|event| event.row))
        }
        Some(_) | None => Ok(None),
    }
}

/// The row that was found, if it remembers the same report.
fn same(found: Report, report: &Report) -> Result<Report> {
    if found.request == report.request {
        Ok(found)
    } else {
        Err(Error::invalid("/key", "reused", "another event was reported under this key"))
    }
}

/// The row that remembers the word: ours, or the one of whoever was first.
async fn claim(context: &Context, scope: &TenantScope, report: Report) -> Result<Report> {
    if scope.create(&report).await? {
        return Ok(report);
    }
    let found = scope.find::<Report>(Report::at(&report.key)).await?;
    if found.row.expires_by(context.clock.now()) {
        scope.replace(&Stored { row: report.clone(), version: found.version }).await?;
        return Ok(report);
    }
    same(found.row, &report)
}
