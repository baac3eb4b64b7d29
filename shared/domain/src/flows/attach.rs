//! Files that come with a message. What is in the message is stored before the message is kept, under an id that follows from
//! the receipt and the message's own time: coming again, it is stored where it is. What the provider keeps is fetched by an errand that
//! is written together with the message.

use aws::Files;
use aws::files::whole;
use kernel::ids::{AttachmentId, ErrandId};
use kernel::{Clock, Ids, Result};
use providers::{FileSource, Inbound as Came, InboundFile};
use store::{TenantScope, Write};

use super::Context;
use crate::attachment::{self, ANYTHING, LARGEST, Origin, State};
use crate::errand::{Deed, Place};
use crate::{Account, Attachment, Errand, inbound};

/// Longest address of a file: one that is cut leads nowhere.
const ADDRESS: usize = 2048;
/// What a file is called that has no name.
const NAMELESS: &str = "file";

/// A file that came with a message.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Its row.
    pub(super) row: Attachment,
    bytes: Option<Vec<u8>>,
    errand: Option<Errand>,
}

/// The files of a message that has that receipt, as many as are kept.
pub(super) fn parts(context: &Context, account: &Account, receipt: &str, came: &Came) -> Vec<Part> {
    let part = |(number, file): (usize, &InboundFile)| part(context, account, id(context, receipt, number, came), file);
    came.files.iter().take(inbound::MOST).enumerate().map(part).collect()
}

/// Everything that the id is made of is the same when the message comes again, unless it is mail without a date that could be its own.
fn id(context: &Context, receipt: &str, number: usize, came: &Came) -> AttachmentId {
    let ids = Ids::derived(&context.keys, &format!("attachment\0{receipt}\0{number}"));
    AttachmentId::new(&ids, &Clock::manual(came.dated.unwrap_or(came.at)))
}

fn part(context: &Context, account: &Account, id: AttachmentId, file: &InboundFile) -> Part {
    let name = file.name.as_deref().and_then(|name| attachment::name(name).ok());
    let media_type = file.media_type.as_deref().and_then(|kind| attachment::media_type(kind).ok());
    let row = Attachment {
        id,
        name: name.unwrap_or_else(|| NAMELESS.to_owned()),
        media_type: media_type.unwrap_or_else(|| ANYTHING.to_owned()),
        bytes: file.bytes,
        state: State::Wanted,
        state_seq: 0,
        origin: Origin::Inbound,
        why: None,
    };
    let place = match &file.source {
        FileSource::Bytes(bytes) => {
            let row = Attachment { bytes: u64::try_from(bytes.len()).ok(), state: State::Ready, ..row };
            return Part { row, bytes: Some(bytes.clone()), errand: None };
        }
        FileSource::Url(url) => Place::Url(url.clone()),
        FileSource::Id(id) => Place::Id(id.clone()),
    };
    let lost = |why: &str| Part { row: row.clone().failed(why), bytes: None, errand: None };
    if file.bytes.is_some_and(|bytes| bytes > LARGEST) {
        return lost("it is larger than what is kept");
    }
    if place.as_str().len() > ADDRESS {
        return lost("its address is too long");
    }
    let errand = ErrandId::new(&context.ids, &context.clock);
    let errand = Errand::new(errand, account.id, Deed::Fetch { attachment: id, place });
    Part { row, bytes: None, errand: Some(errand) }
}

/// Stores what is in the callback. Nothing tells of it before the message is kept.
pub(super) async fn store(files: &Files, scope: &TenantScope, parts: &[Part]) -> Result<()> {
    for Part { row, bytes, .. } in parts {
        if let (Some(bytes), Some(size)) = (bytes, row.bytes) {
            files.write(&row.key(scope.tenant()), &row.media_type, size, whole(bytes.clone())).await?;
        }
    }
    Ok(())
}

/// The writes that tell of the files, and have the others fetched.
pub(super) fn writes(scope: &TenantScope, parts: &[Part]) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for Part { row, errand, .. } in parts {
        writes.push(scope.creating(row)?);
        if let Some(errand) = errand {
            writes.push(scope.creating(errand)?);
        }
    }
    Ok(writes)
}

#[cfg(test)]
mod tests {
    use kernel::{Keys, Secret, Time};

    use super::*;

    #[test]
    fn a_file_has_one_id_however_often_its_mail_is_fetched() {
        let clock = Clock::manual(Time::parse("2026-03-02T09:00:00Z").unwrap());
        let keys = Keys::derive(&Secret::new("the deployment secret of a file, for tests alone")).unwrap();
        let context = Context { clock, ids: Ids::seeded(1), keys };
        for date in ["Mon, 02 Mar 2026 08:59:00 GMT", "Mon, 02 Mar 2026 09:03:00 GMT", "Mon, 02 Feb 2026 08:59:00 GMT"] {
            let raw = format!("From: ada@example.com\r\nDate: {date}\r\nContent-Type: image/png\r\n\r\n123");
            let ids = [0, 60, 600].map(|seconds| {
                let mail = providers::collecting::mail(raw.as_bytes(), context.clock.now().plus_seconds(seconds));
                id(&context, "receipt", 0, &mail.inbound.unwrap())
            });
            assert_eq!((ids[0], ids[1]), (ids[1], ids[2]), "{date}");
        }
    }
}
