//! What somebody asked by a tenant's form.

use aws::Files;
use domain::flows::sign_up;
use kernel::Result;
use kernel::ids::SignupId;
use store::TenantScope;
use store::batch::Done;

use crate::Automation;

/// Carries it out.
pub(crate) async fn carry_out(automation: &Automation, scope: &TenantScope, id: SignupId) -> Result<Done> {
    // A question has no files.
    sign_up::carry_out(&automation.context, &automation.catalog, &Files::None, scope, id).await?;
    Ok(Done::Settled)
}
