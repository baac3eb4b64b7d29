//! Rules: what happened is taken up, and the runs that it makes are carried out.

use aws::Files;
use domain::event::Occurrence;
use domain::flows::automate::{self, Desk};
use kernel::Result;
use kernel::ids::{EventId, RunId};
use store::TenantScope;
use store::batch::Done;

use crate::Automation;

impl Automation {
    /// Rules send no files, so there need be none.
    const fn desk<'a>(&'a self, scope: &'a TenantScope) -> Desk<'a> {
        Desk { context: &self.context, catalog: &self.catalog, files: &Files::None, scope }
    }
}

/// Takes up an event that was reported.
pub(crate) async fn reported(automation: &Automation, scope: &TenantScope, event: EventId) -> Result<Done> {
    automate::reported(automation.desk(scope), event).await?;
    Ok(Done::Settled)
}

/// Takes up an event of the house's own.
pub(crate) async fn told(automation: &Automation, scope: &TenantScope, news: &str) -> Result<Done> {
    automate::happened(automation.desk(scope), Occurrence::of_news(news)?).await?;
    Ok(Done::Settled)
}

/// Carries out a run whose state has that number.
pub(crate) async fn carry_out(automation: &Automation, scope: &TenantScope, run: RunId, seq: u64) -> Result<Done> {
    Box::pin(automate::carry_out(automation.desk(scope), run, seq)).await?;
    Ok(Done::Settled)
}
