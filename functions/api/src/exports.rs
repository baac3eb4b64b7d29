//! Exports: all contacts, companies or activities as files that an import understands.

use axum::extract::State as Shared;
use domain::export::{Export, State};
use domain::flows::export;
use domain::import::Noun;
use kernel::ids::ExportId;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Repeatable};
use crate::operations::operations;
use crate::reply::words::{ExportStateWord, ImportObjectWord};
use crate::reply::{Reply, refused};
use crate::state::Api;

/// How long a file may be fetched by its link.
const DOWNLOAD_SECONDS: u32 = 900;

/// All contacts, companies or activities as files of CSV.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportView {
    #[schema(value_type = String, example = "exp_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: ExportId,
    /// What rows are of.
    #[schema(value_type = ImportObjectWord)]
    object: Noun,
    #[schema(value_type = ExportStateWord)]
    state: State,
    /// Rows in the files so far.
    rows: u64,
    /// The files that are there, each with a header. Cells that a program of tables would take for a formula have a `'` before them,
    /// which an import takes away again.
    files: Vec<ExportFileView>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When the files go.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// A file of an export.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportFile)]
pub(crate) struct ExportFileView {
    rows: u64,
    /// Size.
    bytes: u64,
    /// Where it is fetched, without a credential.
    url: String,
    /// When the link ends; ask again for another.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// What to export.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportOrder {
    /// What rows are of.
    #[serde(default)]
    #[schema(value_type = ImportObjectWord, required = false)]
    object: Noun,
}

async fn view(api: &Api, caller: &Caller<may::Export>, row: Export) -> Result<ExportView> {
    let mut files = Vec::with_capacity(row.parts.len());
    for (at, part) in row.parts.iter().enumerate() {
        let key = Export::key(caller.scope.tenant(), row.id, &part.name);
        let name = format!("{}-{}.csv", row.noun.plural(), at + 1);
        let link = api.0.files.download(&key, &name, "text/csv", DOWNLOAD_SECONDS).await?;
        files.push(ExportFileView { rows: part.rows, bytes: part.bytes, url: link.url, expires_at: link.expires_at });
    }
    Ok(ExportView {
        id: row.id,
        object: row.noun,
        state: row.state,
        rows: row.parts.iter().map(|part| part.rows).sum(),
        files,
        created_at: row.id.made_at(),
        expires_at: row.ends(),
    })
}

/// Exports all contacts, companies or activities into files of CSV, which are there for seven days. Of activities those that
/// everybody of the tenant may see.
#[utoipa::path(post, path = "/v1/exports", tag = "imports", operation_id = "create_export", security(("key" = [])),
    params(Repeatable), request_body = ExportOrder,
    responses((status = 202, description = "The export, which is under way.", body = ExportView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_export(
    Shared(api): Shared<Api>,
    caller: Caller<may::Export>,
    Input(body): Input<ExportOrder>,
) -> Result<Reply<ExportView>, Failure> {
    let export = export::order(&caller.context, &caller.scope, body.object, caller.evidence().actor).await?;
    let location = format!("/v1/exports/{}", export.id);
    Ok(Reply::accepted(view(&api, &caller, export).await?, &location).version(1))
}

/// Finds an export, with links to the files that are there.
#[utoipa::path(get, path = "/v1/exports/{id}", tag = "imports", operation_id = "find_export", security(("key" = [])),
    params(("id" = String, Path, description = "The export's id.")),
    responses((status = 200, description = "The export.", body = ExportView, headers(("etag" = String))), refused::Finding))]
async fn find_export(
    Shared(api): Shared<Api>,
    caller: Caller<may::Export>,
    Id(id): Id<ExportId>,
) -> Result<Reply<ExportView>, Failure> {
    let export = caller.scope.find::<Export>(id).await?;
    Ok(Reply::ok(view(&api, &caller, export.row).await?).version(export.version))
}

operations!(create_export, find_export);
