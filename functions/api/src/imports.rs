//! Imports: files of contacts, companies or activities that are taken in a part at a time.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State as Shared;
use domain::contact::parse_consent_key;
use domain::flows::import::{self, NewImport};
use domain::import::{Counts, Encoding, Form, Import, Mode, Noun, RowFault, State};
use domain::unique::By;
use kernel::error::Faults;
use kernel::ids::{AttachmentId, ImportId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reply::words::{ImportModeWord, ImportObjectWord, ImportStateWord, LetterWord};
use crate::reply::{Reply, refused};
use crate::state::Api;

/// A file that is taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportView {
    #[schema(value_type = String, example = "imp_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: ImportId,
    #[schema(value_type = String)]
    attachment: AttachmentId,
    /// What rows are of.
    #[schema(value_type = ImportObjectWord)]
    object: Noun,
    #[schema(value_type = ImportStateWord)]
    state: State,
    /// Why it failed.
    why: Option<String>,
    #[schema(value_type = ImportModeWord)]
    mode: Mode,
    /// What rows are recognised by; null for activities.
    #[schema(value_type = Option<String>, example = "email")]
    by: Option<By>,
    dry_run: bool,
    side_effects: bool,
    /// What columns mean, by their names.
    #[schema(example = json!({"E-mail": "email", "Plan": "field.plan"}))]
    mapping: BTreeMap<String, String>,
    counts: CountsView,
    /// Bytes of the file that were read.
    bytes_read: u64,
    /// Size of the file.
    bytes: u64,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

/// What came of rows so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportCounts)]
pub(crate) struct CountsView {
    /// Rows that were looked at.
    rows: u64,
    /// What was made; of a dry run: would be.
    created: u64,
    /// What is as its row says, by a change or before.
    updated: u64,
    /// Rows that could not be taken.
    failed: u64,
    /// Everything that was wrong with those.
    errors: u64,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportError)]
pub(crate) struct RowFaultView {
    /// The line of the file that the row begins at, counted from 1.
    #[schema(example = 7)]
    line: u64,
    /// The column, when it is one's.
    #[schema(example = "E-mail")]
    column: Option<String>,
    #[schema(example = "email")]
    code: String,
    detail: String,
}

impl From<Import> for ImportView {
    fn from(row: Import) -> Self {
        let Counts { rows, created, updated, failed, faults } = row.counts;
        let named = row.header.into_iter().zip(row.columns);
        Self {
            created_at: row.id.made_at(),
            id: row.id,
            attachment: row.attachment,
            object: row.noun,
            state: row.state,
            why: row.why,
            mode: row.mode,
            by: row.by,
            dry_run: row.dry_run,
            side_effects: !row.silent,
            mapping: named.filter_map(|(name, word)| Some((name, word?))).collect(),
            counts: CountsView { rows, created, updated, failed, errors: faults },
            bytes_read: row.position,
            bytes: row.bytes,
            updated_at: row.updated_at,
        }
    }
}

impl From<RowFault> for RowFaultView {
    fn from(RowFault { line, column, code, detail, .. }: RowFault) -> Self {
        Self { line, column, code, detail }
    }
}

/// A file of rows to take in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportOrder {
    /// The file, which was brought as an attachment: CSV with a header.
    #[schema(value_type = String, example = "att_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    attachment: AttachmentId,
    /// What rows are of.
    #[serde(default)]
    #[schema(value_type = ImportObjectWord, required = false)]
    object: Noun,
    /// What columns mean, by their names; others are left out. All can be `tags`, `fields` and `field.name`.
    ///
    /// Contacts: `first_name`, `last_name`, `company`, `company_id` or `company.domain` of one that is here, `owner` by the id of a user,
    /// `emails`, `phones`, `handles`, `locale`, `zone`, `do_not_contact` of which a no changes nothing, `refused` as `channel.email`, `category.news` or `campaign.spring`, `quiet_hours`,
    /// `cap` as `2/day` and `5/week`, `consents`, `consent.channel:category`.
    ///
    /// Companies: `name`, `domains`, `phone`, `website`, `address`, `owner`.
    ///
    /// Activities: `type`, `subject`, `description`, `status`, `direction`, `duration` in seconds, `scheduled_at`, `completed_at`, `location`,
    /// `outcome`, `priority`, `assignee`, `owner`, `team` and `deal_id` by their ids, `visibility`; and with whom it was by what is here
    /// already, of several the first that is: `contact.email`, `contact.phone`, `contact.field.name`, `company.domain`,
    /// `company.field.name`.
    #[schema(example = json!({"E-mail": "email", "Plan": "field.plan", "News?": "consent.email:newsletter"}))]
    mapping: BTreeMap<String, String>,
    /// When not said, `upsert`; of activities `create`, and nothing else.
    #[schema(value_type = Option<ImportModeWord>)]
    mode: Option<Mode>,
    /// What rows are recognised by. Contacts: `email`, `phone`; companies: `domain`; both: `field.` and the key of a field whose
    /// values are unique. The first of these when not said. Activities are not recognised.
    #[schema(example = "email")]
    by: Option<String>,
    /// Judge everything and write nothing of it. Rows are judged by what is here, not by each other: of two rows about one person both
    /// count as new.
    #[serde(default)]
    #[schema(required = false)]
    dry_run: bool,
    /// Whether anything else happens because of what is made or changed.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    side_effects: bool,
    /// What stands between cells: one character of ASCII.
    #[serde(default = "comma")]
    #[schema(required = false, default = ",", min_length = 1, max_length = 1)]
    delimiter: String,
    /// What stands between several values of one cell: one character of ASCII.
    #[serde(default = "semicolon")]
    #[schema(required = false, default = ";", min_length = 1, max_length = 1)]
    separator: String,
    #[serde(default)]
    #[schema(value_type = LetterWord, required = false)]
    encoding: Encoding,
    /// Consents that every row brings, as `channel:category`. Who has said no is not made to say yes.
    #[serde(default)]
    #[schema(required = false, max_items = 20, example = json!(["email:newsletter"]))]
    consents: Vec<String>,
    /// Where the consents in the file come from: kept with each of them as its proof.
    #[schema(max_length = 200, example = "Sign-ups at the fair in March 2026")]
    consent_source: Option<String>,
}

const fn yes() -> bool {
    true
}

fn comma() -> String {
    ",".to_owned()
}

fn semicolon() -> String {
    ";".to_owned()
}

/// Most consents that every row can bring.
const CONSENTS: usize = 20;

impl ImportOrder {
    fn read(self, caller: &Caller<may::WriteContacts>) -> Result<NewImport> {
        let mut faults = Faults::default();
        let delimiter = faults.take("/delimiter", mark(&self.delimiter)).unwrap_or(b',');
        let separator = faults.take("/separator", mark(&self.separator)).unwrap_or(b';');
        if self.consents.len() > CONSENTS {
            faults.add("/consents", "too_many", format!("at most {CONSENTS}"));
        }
        let mut consents = BTreeSet::new();
        for (at, key) in self.consents.iter().enumerate() {
            consents.extend(faults.take(&format!("/consents/{at}"), parse_consent_key(key)));
        }
        if let Some(source) = &self.consent_source {
            faults.take("/consent_source", domain::name::title(source));
        }
        faults.check()?;
        Ok(NewImport {
            noun: self.object,
            attachment: self.attachment,
            form: Form { delimiter, separator, encoding: self.encoding },
            mapping: self.mapping,
            mode: self.mode,
            by: self.by,
            dry_run: self.dry_run,
            silent: !self.side_effects,
            consents,
            consent_source: self.consent_source,
            actor: caller.evidence().actor,
            user: caller.credential.user,
        })
    }
}

/// One character that is neither a letter, digit nor quote, and ends no line.
fn mark(text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' || *byte == b'\t' => Ok(*byte),
        _ => Err(Error::invalid("", "mark", "one mark such as , or ; or a tab is needed")),
    }
}

/// Takes a file of contacts, companies or activities in. Header and columns are judged at once; what came of its rows is told by its counts and errors.
#[utoipa::path(post, path = "/v1/imports", tag = "imports", operation_id = "create_import", security(("key" = [])),
    params(Repeatable), request_body = ImportOrder,
    responses((status = 202, description = "The import, which is under way.", body = ImportView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_import(
    Shared(api): Shared<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<ImportOrder>,
) -> Result<Reply<ImportView>, Failure> {
    let order = body.read(&caller)?;
    let import = import::order(&caller.context, &api.0.catalog, &api.0.files, &caller.scope, order).await?;
    let location = format!("/v1/imports/{}", import.id);
    Ok(Reply::accepted(import.into(), &location).version(1))
}

/// Lists imports, newest first.
#[utoipa::path(get, path = "/v1/imports", tag = "imports", operation_id = "list_imports", security(("key" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of imports.", body = List<ImportView>), refused::Listing))]
async fn list_imports(
    caller: Caller<may::Read>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, ImportView>(&caller, "imports", |_: &Import| true).await
}

/// Finds an import.
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "imports", operation_id = "find_import", security(("key" = [])),
    params(("id" = String, Path, description = "The import's id.")),
    responses((status = 200, description = "The import.", body = ImportView, headers(("etag" = String))), refused::Finding))]
async fn find_import(caller: Caller<may::Read>, Id(id): Id<ImportId>) -> Result<Reply<ImportView>, Failure> {
    let import = caller.scope.find::<Import>(id).await?;
    Ok(Reply::ok(import.row.into()).version(import.version))
}

/// Lists what is wrong with rows, in the order of the file. The first thousand are kept, for 90 days; all are counted.
#[utoipa::path(get, path = "/v1/imports/{id}/errors", tag = "imports", operation_id = "list_import_errors",
    security(("key" = [])), params(("id" = String, Path, description = "The import's id."), PageParams),
    responses((status = 200, description = "A page of errors.", body = List<RowFaultView>), refused::Finding))]
async fn list_import_errors(
    caller: Caller<may::Read>,
    Id(id): Id<ImportId>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("errors of {id}"));
    let listing = page.listing(keys, &caller.scope, &list)?;
    caller.scope.find::<Import>(id).await?;
    let found = caller.scope.page_below::<RowFault>(&id.hex(), listing.limit, listing.after.as_ref()).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |row| RowFaultView::from(row.row))))
}

/// Has an import wait. The part under way is carried out again when it goes on, which makes nothing twice.
#[utoipa::path(post, path = "/v1/imports/{id}/pause", tag = "imports", operation_id = "pause_import", security(("key" = [])),
    params(("id" = String, Path, description = "The import's id."), Repeatable),
    responses((status = 200, description = "The import, which waits.", body = ImportView, headers(("etag" = String))),
        refused::Changing))]
async fn pause_import(caller: Caller<may::WriteContacts>, Id(id): Id<ImportId>) -> Result<Reply<ImportView>, Failure> {
    Ok(turn(&caller, id, &[State::Queued], State::Paused).await?)
}

/// Has an import go on that waits.
#[utoipa::path(post, path = "/v1/imports/{id}/resume", tag = "imports", operation_id = "resume_import", security(("key" = [])),
    params(("id" = String, Path, description = "The import's id."), Repeatable),
    responses((status = 200, description = "The import, which is under way.", body = ImportView, headers(("etag" = String))),
        refused::Changing))]
async fn resume_import(caller: Caller<may::WriteContacts>, Id(id): Id<ImportId>) -> Result<Reply<ImportView>, Failure> {
    Ok(turn(&caller, id, &[State::Paused], State::Queued).await?)
}

/// Calls an import off. What it has done stays.
#[utoipa::path(post, path = "/v1/imports/{id}/cancel", tag = "imports", operation_id = "cancel_import", security(("key" = [])),
    params(("id" = String, Path, description = "The import's id."), Repeatable),
    responses((status = 200, description = "The import, which has ended.", body = ImportView, headers(("etag" = String))),
        refused::Changing))]
async fn cancel_import(caller: Caller<may::WriteContacts>, Id(id): Id<ImportId>) -> Result<Reply<ImportView>, Failure> {
    Ok(turn(&caller, id, &[State::Queued, State::Paused], State::Cancelled).await?)
}

/// How often a turn is tried against parts that end meanwhile.
const TRIES: usize = 8;

/// Brings an import from one of these states to another; one that is there already stays.
async fn turn(caller: &Caller<may::WriteContacts>, id: ImportId, from: &[State], to: State) -> Result<Reply<ImportView>> {
    for _ in 0..TRIES {
        let mut import = caller.scope.find::<Import>(id).await?;
        if import.row.state == to {
            return Ok(Reply::ok(import.row.into()).version(import.version));
        }
        if !from.contains(&import.row.state) {
            let state = serde_json::to_value(import.row.state).unwrap_or_default();
            return Err(Error::conflict(format!("The import is {}.", state.as_str().unwrap_or_default())));
        }
        import.row.state = to;
        import.row.state_seq = import.row.state_seq.saturating_add(1);
        import.row.updated_at = caller.context.clock.now();
        match caller.scope.replace(&import).await {
            Ok(version) => return Ok(Reply::ok(import.row.into()).version(version)),
            Err(Error::Stale { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("an import is being changed too fast"))
}

operations!(list_imports, create_import, find_import, list_import_errors, pause_import, resume_import, cancel_import);
