//! The next message of a series, accepted like any other.

use aws::Files;
use domain::flows::repeat;
use kernel::Result;
use kernel::ids::SeriesId;
use store::TenantScope;
use store::batch::Done;

use crate::Automation;

/// Makes the message that the series has for now.
pub(crate) async fn repeat(automation: &Automation, scope: &TenantScope, series: SeriesId, seq: u64) -> Result<Done> {
    // Files of a series were known to be there when it was made.
    repeat::repeat(&automation.context, &automation.catalog, &Files::None, scope, series, seq).await?;
    Ok(Done::Settled)
}
