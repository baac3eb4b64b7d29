//! Files on their way into a message: found, known to be there, and fit for the channel.
//!
//! Nobody tells us that a file was brought. So whoever asks for it first looks whether it is there, and notes that; from then on its
//! row is enough.

use aws::Files;
use kernel::error::Faults;
use kernel::ids::AttachmentId;
use kernel::{Error, Result, Time};
use store::schema::attr;
use store::{Change, Cond, Outcome, TenantScope};

use crate::attachment::enclosed::check;
use crate::attachment::{Enclosed, Enclosing, Origin, State};
use crate::{Attachment, Channel};

/// Files that a message may take along.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What the message keeps of them.
    pub files: Vec<Enclosed>,
    /// Those that were brought and not noted yet: nothing is written before all is judged.
    pub brought: Vec<AttachmentId>,
}

/// Finds the files of an order with one read, and looks for the bytes of those that were not seen before.
pub async fn find(store: &Files, scope: &TenantScope, now: Time, channel: Channel, asked: &[Enclosing]) -> Result<Found> {
    let locators: Vec<_> = asked.iter().map(|one| one.id.into()).collect();
    let rows = if asked.is_empty() { Vec::new() } else { scope.read_many_now::<Attachment>(&locators).await? };
    let (mut found, mut faults) = (Found::default(), Faults::default());
    for (at, (one, row)) in asked.iter().zip(rows).enumerate() {
        let pointer = format!("/attachments/{at}/id");
        let Some(row) = row.map(|row| row.row).filter(|row| !row.is_forgotten(now)) else {
            faults.add(pointer, "unknown", "no such attachment");
            continue;
        };
        let is_there = is_there(store, scope, &row).await?;
        let Some(bytes) = row.bytes.filter(|_| is_there) else {
            faults.add(pointer, "not_uploaded", "its bytes are not there");
            continue;
        };
        if row.state == State::Wanted {
            found.brought.push(row.id);
        }
        let Attachment { id, name, media_type, .. } = row;
        found.files.push(Enclosed { id, name, media_type, bytes, inline: one.inline.clone() });
    }
    faults.check()?;
    let mut faults = Faults::default();
    check(channel, &found.files, &mut faults);
    faults.check()?;
    Ok(found)
}

/// Whether the bytes of a file are there. Size and type were part of the link that they were brought by.
pub async fn is_there(store: &Files, scope: &TenantScope, file: &Attachment) -> Result<bool> {
    match (file.state, file.origin) {
        (State::Ready, _) => Ok(true),
        (State::Wanted, Origin::Upload) => {
            let size = store.size(&file.key(scope.tenant())).await?;
            Ok(size.is_some() && size == file.bytes)
        }
        (State::Wanted, Origin::Inbound) | (State::Failed, _) => Ok(false),
    }
}

/// Notes that a file is there: it is kept from now on. Twice is once.
pub async fn note(scope: &TenantScope, id: AttachmentId) -> Result<u64> {
    let change = Change::new().set(attr::STATE, State::Ready.value()).not_due();
    let known = Cond::In(attr::STATE, vec![State::Wanted.value(), State::Ready.value()]);
    match scope.change::<Attachment>(id, change, known).await? {
        Outcome::Done(row) => Ok(row.version),
        Outcome::Refused(_) => Err(Error::conflict("an attachment was deleted by another request")),
    }
}
