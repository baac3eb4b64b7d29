//! Ordering an import: everything that can be wrong with it at once is said at once.

use std::collections::{BTreeMap, BTreeSet};

use aws::Files;
use futures_util::StreamExt;
use kernel::error::Faults;
use kernel::ids::{AttachmentId, ImportId, UserId};
use kernel::{Error, Result};
use store::TenantScope;

use crate::field::Definitions;
use crate::flows::catalog::Catalog;
use crate::flows::recognise::Sign;
use crate::flows::{Context, enclose};
use crate::import::activity::tells_with_whom;
use crate::import::contact::brings_consents;
use crate::import::reader::{Reader, Record, Unread};
use crate::import::{Counts, Form, Import, Mode, Noun, State, target};
use crate::unique::By;
use crate::{Attachment, Category, Channel};

/// Most bytes of a column's name.
const NAME: usize = 100;

/// What is ordered.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// What rows are of.
    pub noun: Noun,
    /// The file.
    pub attachment: AttachmentId,
    /// How it is written.
    pub form: Form,
    /// What columns mean, by their names. Columns that are not named are left out.
    pub mapping: BTreeMap<String, String>,
    /// What may happen; anything that can, when nobody says.
    pub mode: Option<Mode>,
    /// What contacts or companies are recognised by; the usual, when nobody says.
    pub by: Option<String>,
    /// Judge everything and write nothing of it.
    pub dry_run: bool,
    /// Nothing else is to happen because of it.
    pub silent: bool,
    /// Consents that every row brings.
    pub consents: BTreeSet<(Channel, Category)>,
    /// Where the consents in it come from.
    pub consent_source: Option<String>,
    /// The user or API key that orders it.
    pub actor: Option<String>,
    /// The user who does.
    pub user: Option<UserId>,
}

/// Judges an order and writes the import. The stream takes it from there.
pub async fn order(context: &Context, catalog: &Catalog, files: &Files, scope: &TenantScope, new: NewImport) -> Result<Import> {
    let definitions = catalog.definitions(scope).await?;
    let (mode, by) = way(context, scope, &definitions, &new)?;
    let file = scope.read_now::<Attachment>(new.attachment).await?.map(|file| file.row);
    let file = file.filter(|file| !file.is_forgotten(context.clock.now()));
    let file = file.ok_or_else(|| Error::invalid("/attachment", "unknown", "no such attachment"))?;
    let is_there = enclose::is_there(files, scope, &file).await?;
    let bytes = file.bytes.filter(|_| is_there);
    let bytes = bytes.ok_or_else(|| Error::invalid("/attachment", "not_uploaded", "its bytes are not there"))?;
    let (header, position, line) = header(files, &file.key(scope.tenant()), new.form).await?;
    let columns = columns(&new, by.as_ref(), &header)?;
    if file.state == crate::attachment::State::Wanted {
        enclose::note(scope, file.id).await?;
    }
    let import = Import {
        id: ImportId::new(&context.ids, &context.clock),
        noun: new.noun,
        attachment: new.attachment,
        bytes,
        form: new.form,
        columns,
        header,
        mode,
        by,
        dry_run: new.dry_run,
        silent: new.silent,
        consents: new.consents,
        consent_source: new.consent_source,
        actor: new.actor,
        user: new.user,
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

/// What may happen, and what things are recognised by. An activity is made and nothing else: no two are the same.
fn way(context: &Context, scope: &TenantScope, definitions: &Definitions, new: &NewImport) -> Result<(Mode, Option<By>)> {
    let mut faults = Faults::default();
    let object = new.noun.object();
    let by = match (new.noun, &new.by) {
        (Noun::Activity, Some(_)) => {
            faults.add("/by", "object", "activities are recognised by nothing");
            None
        }
        (Noun::Contact | Noun::Company, Some(word)) => faults.take("/by", By::parse(object, word)),
        (_, None) => new.noun.usual(),
    };
    if let Some(by) = &by {
        faults.take("/by", Sign { context, scope, definitions, object, by }.check());
    }
    if new.noun == Noun::Activity && new.mode.is_some_and(|mode| mode != Mode::Create) {
        faults.add("/mode", "object", "activities are made, and never changed");
    }
    for (pointer, given) in [("/consents", !new.consents.is_empty()), ("/consent_source", new.consent_source.is_some())] {
        if given && new.noun != Noun::Contact {
            faults.add(pointer, "object", "contacts alone consent");
        }
    }
    faults.check()?;
    let usual = if new.noun == Noun::Activity { Mode::Create } else { Mode::default() };
    Ok((new.mode.unwrap_or(usual), by))
}

/// The names of the columns, and where the first row begins.
async fn header(files: &Files, key: &str, form: Form) -> Result<(Vec<String>, u64, u64)> {
    let mut reader = Reader::new(form, 0, 1);
    let mut parts = files.read_from(key, 0);
    let mut found: Option<Record> = None;
    while let Some(part) = parts.next().await {
        let part = part.map_err(Error::unavailable)?;
        let mut rest = part.as_ref();
        while found.is_none() && !rest.is_empty() {
            let (used, record) = reader.read(rest);
            rest = rest.get(used..).unwrap_or_default();
            found = record;
        }
        if found.is_some() {
            rest = rest.get(reader.end_line(rest)..).unwrap_or_default();
            // The other half of its line end may be the next that comes.
            if !rest.is_empty() || !reader.is_between() {
                break;
            }
        }
    }
    let found = found.or_else(|| reader.finish());
    let (position, line) = reader.at();
    match found.map(|record| record.cells) {
        None => Err(Error::invalid("/attachment", "empty", "the file has no header")),
        Some(Err(Unread::Encoding)) => Err(Error::invalid("/encoding", "encoding", "line 1 of the file is not written in it")),
        Some(Err(Unread::Quote)) => Err(Error::invalid("/attachment", "quote", "a quote is opened in line 1 and never closed")),
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

/// What each column fills.
fn columns(new: &NewImport, by: Option<&By>, header: &[String]) -> Result<Vec<Option<String>>> {
    let mut faults = Faults::default();
    let (mut columns, mut filled) = (vec![None; header.len()], BTreeSet::new());
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
        let word = faults.take(&pointer, target::word(new.noun, word));
        if let Some(word) = &word
            && !target::adds(word)
            && !filled.insert(word.clone())
        {
            faults.add(pointer, "duplicate", "another column fills it already");
        }
        if let (Some(place), Some(word)) = (place, word) {
            *place = Some(word);
        }
    }
    let unjudged = new.mapping.len() != columns.iter().flatten().count();
    if !unjudged {
        complete(new, by, &columns, &mut faults);
    }
    faults.check()?;
    Ok(columns)
}

/// Notes what the columns do not say and must.
fn complete(new: &NewImport, by: Option<&By>, columns: &[Option<String>], faults: &mut Faults) {
    let has = |wanted: &dyn Fn(&str) -> bool| columns.iter().flatten().any(|word| wanted(word));
    if let Some(by) = by
        && !has(&|word| target::fills(word, &by.place()))
    {
        faults.add("/by", "required", "a column must say what rows are recognised by");
    }
    if new.noun == Noun::Activity {
        for (what, said) in [
            ("the type", has(&|word| word == "type")),
            ("the subject", has(&|word| word == "subject")),
            ("with whom it was", has(&tells_with_whom)),
        ] {
            if !said {
                faults.add("/mapping", "required", format!("a column must say {what}"));
            }
        }
    }
    if new.consent_source.is_none() && (!new.consents.is_empty() || has(&brings_consents)) {
        faults.add("/consent_source", "required", "whoever brings consents says where they come from");
    }
}
