//! Attachments: files that go along with messages, or came with one. Clients bring and fetch the bytes by links that end soon.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::Attachment;
use domain::attachment::{self, Origin};
use domain::flows::enclose;
use kernel::ids::AttachmentId;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use store::Stored;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::reply::words::{AttachmentStateWord, OriginWord};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

/// How long a file may be brought by its link.
const UPLOAD_SECONDS: u32 = 3600;
/// How long it may be fetched by one.
const DOWNLOAD_SECONDS: u32 = 900;

/// A file that goes along with messages, or came with one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttachmentView {
    #[schema(value_type = String, example = "att_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: AttachmentId,
    #[schema(example = "invoice.pdf")]
    name: String,
    #[schema(example = "application/pdf")]
    media_type: String,
    /// Size; null as long as nobody knows.
    bytes: Option<u64>,
    #[schema(value_type = AttachmentStateWord)]
    state: attachment::State,
    #[schema(value_type = OriginWord)]
    origin: Origin,
    /// Why its bytes could not be had.
    why: Option<String>,
    /// How to bring its bytes: with the answer that announces it alone.
    upload: Option<UploadView>,
    /// Where its bytes are fetched, once they are there.
    download: Option<DownloadView>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// The one request that brings a file's bytes. It needs no credential; size, media type and headers must be as said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadView {
    #[schema(example = "PUT")]
    method: &'static str,
    url: String,
    /// Headers that the request must carry.
    #[schema(example = json!({"content-type": "application/pdf", "if-none-match": "*"}))]
    headers: BTreeMap<String, String>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// Where a file's bytes are fetched, without a credential.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DownloadView {
    url: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

impl From<Attachment> for AttachmentView {
    fn from(file: Attachment) -> Self {
        Self {
            created_at: file.id.made_at(),
            id: file.id,
            name: file.name,
            media_type: file.media_type,
            bytes: file.bytes,
            state: file.state,
            origin: file.origin,
            why: file.why,
            upload: None,
            download: None,
        }
    }
}

/// A file to bring.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAttachment {
    /// File name, without folders.
    #[schema(max_length = 200, example = "invoice.pdf")]
    name: String,
    /// Media type, without parameters.
    #[schema(max_length = 100, example = "application/pdf")]
    media_type: String,
    /// Size of the file, which is brought in one piece of exactly that.
    #[schema(minimum = 1, maximum = 26_214_400)]
    bytes: u64,
}

/// Announces a file, and says how to bring its bytes. What is not brought, and then ordered or looked at, within a day is deleted.
#[utoipa::path(post, path = "/v1/attachments", tag = "attachments", operation_id = "create_attachment", security(("key" = [])),
    params(Repeatable), request_body = NewAttachment,
    responses((status = 201, description = "The attachment, without its bytes.", body = AttachmentView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_attachment(
    State(api): State<Api>,
    caller: Caller<may::Send>,
    Input(body): Input<NewAttachment>,
) -> Result<Reply<AttachmentView>, Failure> {
    let id = AttachmentId::new(&caller.context.ids, &caller.context.clock);
    let file = Attachment::wanted(id, &body.name, &body.media_type, body.bytes)?;
    let key = file.key(caller.scope.tenant());
    let link = api.0.files.upload(&key, &file.media_type, body.bytes, UPLOAD_SECONDS).await?;
    caller.scope.create(&file).await?;
    let headers = link.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let upload = UploadView { method: "PUT", url: link.url, headers, expires_at: link.expires_at };
    let view = AttachmentView { upload: Some(upload), ..file.into() };
    Ok(Reply::created(view, &format!("/v1/attachments/{id}")).version(1))
}

/// Finds an attachment, with where to fetch its bytes once they are there.
#[utoipa::path(get, path = "/v1/attachments/{id}", tag = "attachments", operation_id = "find_attachment",
    security(("key" = [])), params(("id" = String, Path, description = "The attachment's id.")),
    responses((status = 200, description = "The attachment.", body = AttachmentView, headers(("etag" = String))),
        refused::Finding))]
async fn find_attachment(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<AttachmentId>,
) -> Result<Reply<AttachmentView>, Failure> {
    let Stored { row: mut file, mut version } = find(&caller, id).await?;
    if !enclose::is_there(&api.0.files, &caller.scope, &file).await? {
        return Ok(Reply::ok(AttachmentView::from(file)).version(version));
    }
    if file.state == attachment::State::Wanted {
        version = enclose::note(&caller.scope, id).await?;
        file.state = attachment::State::Ready;
    }
    let key = file.key(caller.scope.tenant());
    let link = api.0.files.download(&key, &file.name, &file.media_type, DOWNLOAD_SECONDS).await?;
    let download = DownloadView { url: link.url, expires_at: link.expires_at };
    Ok(Reply::ok(AttachmentView { download: Some(download), ..file.into() }).version(version))
}

/// The row, unless nobody brought the file in time.
async fn find<N>(caller: &Caller<N>, id: AttachmentId) -> Result<Stored<Attachment>> {
    let file = caller.scope.find::<Attachment>(id).await?;
    let forgotten = file.row.is_forgotten(caller.context.clock.now());
    if forgotten { Err(Error::NotFound { kind: AttachmentId::KIND }) } else { Ok(file) }
}

/// Deletes an attachment with its bytes. A message that takes it along and has not gone out cannot be sent any more.
#[utoipa::path(delete, path = "/v1/attachments/{id}", tag = "attachments", operation_id = "delete_attachment",
    security(("key" = [])), params(("id" = String, Path, description = "The attachment's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_attachment(
    State(api): State<Api>,
    caller: Caller<may::Delete>,
    Id(id): Id<AttachmentId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let file = find(&caller, id).await?;
    if_match.check(file.version)?;
    // The bytes go first: a row without them can be deleted again, bytes without a row would stay for ever.
    api.0.files.delete(&file.row.key(caller.scope.tenant())).await?;
    caller.scope.erase(&file).await?;
    Ok(Gone)
}

operations!(create_attachment, find_attachment, delete_attachment);
