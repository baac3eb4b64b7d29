//! Putting activities of past months into the archive: a step for each job.

use domain::flows::archive;
use kernel::Result;
use kernel::ids::ArchiveId;
use store::TenantScope;
use store::batch::Done;

use crate::Automation;

/// Takes the step that the job is about.
pub(crate) async fn work(automation: &Automation, scope: &TenantScope, id: ArchiveId, seq: u64) -> Result<Done> {
    let tenant = automation.catalog.tenant(scope).await?;
    archive::work(scope, &tenant, id, seq, automation.context.clock.now()).await?;
    Ok(Done::Settled)
}
