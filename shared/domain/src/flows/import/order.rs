//! Ordering an import: everything that can be wrong with it at once is said at once.

use std::collections::{BTreeMap, BTreeSet};

use aws::Files;
use futures_util::StreamExt;
use kernel::error::Faults;
use kernel::ids::{AttachmentId, ImportId};
use kernel::{Error, Result};
use store::TenantScope;

use crate::flows::{Context, enclose};
use crate::import::reader::{Reader, Record, Unread};
use crate::import::{By, Counts, Form, Import, Mode, State, Target};
use crate::{Attachment, Category, Channel};

/// Most bytes of a column's name.
const NAME: usize = 100;

/// What is ordered.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// The file.
    pub attachment: AttachmentId,
    /// How it is written.
    pub form: Form,
    /// What columns mean, by their names. Columns that are not named are left out.
    pub mapping: BTreeMap<String, String>,
    /// What may happen to contacts.
    pub mode: Mode,
    /// What a contact is recognised by.
    pub by: By,
    /// Judge everything and write no contact.
    pub dry_run: bool,
    /// Nothing else is to happen because of it.
    pub silent: bool,
    /// Consents that every row brings.
    pub consents: BTreeSet<(Channel, Category)>,
    /// Where the consents in it come from.
    pub consent_source: Option<String>,
    /// The user or API key that orders it.
    pub actor: Option<String>,
}

/// Judges an order and writes the import. The stream takes it from there.
pub async fn order(context: &Context, files: &Files, scope: &TenantScope, new: NewImport) -> Result<Import> {
    let file = scope.read_now::<Attachment>(new.attachment).await?.map(|file| file.row);
    let file = file.filter(|file| !file.is_forgotten(context.clock.now()));
    let file = file.ok_or_else(|| Error::invalid("/attachment", "unknown", "no such attachment"))?;
    let is_there = enclose::is_there(files, scope, &file).await?;
    let bytes = file.bytes.filter(|_| is_there);
    let bytes = bytes.ok_or_else(|| Error::invalid("/attachment", "not_uploaded", "its bytes are not there"))?;
    let (header, position, line) = header(files, &file.key(scope.tenant()), new.form).await?;
    let columns = columns(&new, &header)?;
    if file.state == crate::attachment::State::Wanted {
        enclose::note(scope, file.id).await?;
    }
    let import = Import {
        id: ImportId::new(&context.ids, &context.clock),
        attachment: new.attachment,
        bytes,
        form: new.form,
        columns,
        header,
        mode: new.mode,
        by: new.by,
        dry_run: new.dry_run,
        silent: new.silent,
        consents: new.consents,
        consent_source: new.consent_source,
        actor: new.actor,
        state: State::Queued,
        state_seq: 1,
        why: None,
        position,
        line,
        counts: Counts::default(),
        updated_at: context.clock.now(),
    };
    scope.create(&import).await?;
    Ok(import)
}

/// The names of the columns, and where the first row begins.
async fn header(files: &Files, key: &str, form: Form) -> Result<(Vec<String>, u64, u64)> {
    let mut reader = Reader::new(form, 0, 1);
    let mut parts = files.read_from(key, 0);
    let mut found: Option<Record> = None;
    while found.is_none() {
        let Some(part) = parts.next().await else { break };
        let part = part.map_err(Error::unavailable)?;
        let mut rest = part.as_ref();
        while found.is_none() && !rest.is_empty() {
            let (used, record) = reader.read(rest);
            rest = rest.get(used..).unwrap_or_default();
            found = record;
        }
    }
    let found = found.or_else(|| reader.finish());
    let (position, line) = reader.at();
    match found.map(|record| record.cells) {
        None => Err(Error::invalid("/attachment", "empty", "the file has no header")),
        Some(Err(Unread::Encoding)) => Err(Error::invalid("/encoding", "encoding", "line 1 of the file is not written in it")),
        Some(Err(Unread::TooLong)) => {
            Err(Error::invalid("/attachment", "too_long", "line 1 of the file has more than 64 KiB or 200 columns"))
        }
        Some(Ok(header)) if header.iter().any(|name| name.len() > NAME) => {
            let words = format!("line 1 of the file has a name of more than {NAME} bytes");
            Err(Error::invalid("/attachment", "too_long", words))
        }
        Some(Ok(header)) => Ok((header, position, line)),
    }
}

/// What each column means.
fn columns(new: &NewImport, header: &[String]) -> Result<Vec<Option<Target>>> {
    let mut faults = Faults::default();
    let mut columns = vec![None; header.len()];
    for (name, word) in &new.mapping {
        let pointer = format!("/mapping/{}", name.replace('~', "~0").replace('/', "~1"));
        let mut places = header.iter().enumerate().filter(|(_, column)| *column == name).map(|(at, _)| at);
        let place = match (places.next(), places.next()) {
            (Some(at), None) => columns.get_mut(at),
            (Some(_), Some(_)) => {
                faults.add(pointer.clone(), "duplicate", "line 1 of the file has several columns of this name");
                None
            }
            (None, _) => {
                let words = format!("line 1 of the file has no such column, but {}", header.join(", "));
                faults.add(pointer.clone(), "unknown", crate::message::cut(&words, 500));
                None
            }
        };
        let target = faults.take(&pointer, Target::parse(word));
        if let (Some(place), Some(target)) = (place, target) {
            *place = Some(target);
        }
    }
    let has = |wanted: &dyn Fn(&Target) -> bool| columns.iter().flatten().any(wanted);
    let recognised = match new.by {
        By::Email => has(&|target| *target == Target::Emails),
        By::Phone => has(&|target| *target == Target::Phones),
    };
    let unjudged = new.mapping.len() != columns.iter().flatten().count();
    if !recognised && !unjudged {
        faults.add("/by", "required", "a column must say what contacts are recognised by");
    }
    if new.consent_source.is_none() && (!new.consents.is_empty() || has(&Target::consents)) {
        faults.add("/consent_source", "required", "whoever brings consents says where they come from");
    }
    faults.check()?;
    Ok(columns)
}
