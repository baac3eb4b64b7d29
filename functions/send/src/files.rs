//! Deleting files that nobody brought or made use of: whoever may delete what is stored does it here.

use domain::Attachment;
use kernel::ids::AttachmentId;
use kernel::{Error, Result};
use store::TenantScope;
use store::batch::Done;

use crate::Sender;

/// Deletes the bytes of a file that is given up, and then its row: a row without them is found again, bytes without a row would stay
/// for ever. One that is given up is never taken back, so nothing can come in between.
pub(crate) async fn delete(sender: &Sender, scope: &TenantScope, id: AttachmentId) -> Result<Done> {
    let found = scope.read_now::<Attachment>(id).await?.filter(|found| found.row.is_given_up());
    let Some(file) = found else { return Ok(Done::Settled) };
    sender.files.delete(&file.row.key(scope.tenant())).await?;
    match scope.erase(&file).await {
        // A second job was as fast.
        Ok(()) | Err(Error::NotFound { .. }) => Ok(Done::Settled),
        Err(error) => Err(error),
    }
}
