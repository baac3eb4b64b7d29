//! What a task has to tell, told.

use aws::Files;
use domain::flows::ring::Bells;
use kernel::Result;
use kernel::ids::TaskId;
use store::TenantScope;
use store::batch::Done;

use crate::Automation;

/// Tells what the task has to tell in the state of that number.
pub(crate) async fn ring(automation: &Automation, scope: &TenantScope, task: TaskId, seq: u64) -> Result<Done> {
    let Automation { context, catalog, .. } = automation;
    // What is told has no files.
    let bells = Bells { context, catalog, files: &Files::None, scope };
    bells.ring(task, seq).await?;
    Ok(Done::Settled)
}
