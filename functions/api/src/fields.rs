//! Fields: what a tenant's own fields of contacts, companies, deals, activities and tasks hold.

use axum::extract::State;
use domain::Field;
use domain::field::{Holds, Object};
use domain::flows::keep_field;
use kernel::ids::FieldId;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable, present, put};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::{FieldKindWord, ObjectWord};
use crate::reply::{Reply, refused};
use crate::state::Api;

mod filter;

pub(crate) use filter::FieldFilters;

/// The definition of a custom field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldView {
    #[schema(value_type = String, example = "fld_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: FieldId,
    /// What it is a field of.
    #[schema(value_type = ObjectWord)]
    object: Object,
    /// The word that values stand under in `fields`.
    key: String,
    /// Its name for people.
    label: String,
    /// What it holds.
    #[schema(value_type = FieldKindWord)]
    kind: Holds,
    /// What values are chosen from, of `select` and `multi_select`.
    options: Vec<String>,
    /// Whether a new thing must have it; nobody can take it away then.
    required: bool,
    /// Whether no two things have the same value.
    unique: bool,
    /// Whether it is out of use: values stay, and are judged no more.
    archived: bool,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Field> for FieldView {
    fn from(field: Field) -> Self {
        let Field { id, object, key, label, holds, options, required, unique, archived, created_at, updated_at } = field;
        Self { id, object, key, label, kind: holds, options, required, unique, archived, created_at, updated_at }
    }
}

/// A custom field to define. Object, key, kind and uniqueness are fixed for ever.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewField {
    /// What it is a field of.
    #[schema(value_type = ObjectWord)]
    object: Object,
    /// The word that values stand under in `fields`.
    #[schema(example = "customer_number", pattern = "^[a-z][a-z0-9_-]{0,63}$")]
    key: String,
    /// Its name for people; the key when not said.
    #[schema(max_length = 200)]
    label: Option<String>,
    /// What it holds.
    #[schema(value_type = FieldKindWord)]
    kind: Holds,
    /// What values are chosen from, of `select` and `multi_select`.
    #[serde(default)]
    #[schema(required = false, max_items = 100)]
    options: Vec<String>,
    /// Whether a new thing must have it; nobody can take it away then.
    #[serde(default)]
    #[schema(required = false)]
    required: bool,
    /// Whether no two things have the same value: of contacts and companies; text, number, url and email. Values that were there
    /// before count from their next change. At most five for each object.
    #[serde(default)]
    #[schema(required = false)]
    unique: bool,
}

/// What changes of a definition. What is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    label: Option<String>,
    /// All options. Values that are none of them any more stay until they are changed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    options: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    required: Option<bool>,
    /// Out of use: values stay, and are judged no more.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    archived: Option<bool>,
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DefinitionFilters {
    /// Fields of this noun.
    #[param(value_type = Option<ObjectWord>)]
    object: Option<Object>,
    /// Fields out of use, or in use.
    archived: Option<bool>,
}

impl DefinitionFilters {
    fn keeps(&self, field: &Field) -> bool {
        self.object.is_none_or(|object| field.object == object)
            && self.archived.is_none_or(|archived| field.archived == archived)
    }
}

/// Lists the definitions of custom fields, newest first.
#[utoipa::path(get, path = "/v1/fields", tag = "fields", operation_id = "list_fields", security(("key" = [])),
    params(PageParams, DefinitionFilters),
    responses((status = 200, description = "A page of definitions.", body = List<FieldView>), refused::Listing))]
async fn list_fields(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<DefinitionFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, FieldView>(&caller, &format!("fields {filters:?}"), |field: &Field| filters.keeps(field)).await
}

/// Finds the definition of a custom field.
#[utoipa::path(get, path = "/v1/fields/{id}", tag = "fields", operation_id = "find_field", security(("key" = [])),
    params(("id" = String, Path, description = "The field's id.")),
    responses((status = 200, description = "The definition.", body = FieldView, headers(("etag" = String))), refused::Finding))]
async fn find_field(caller: Caller<may::Read>, Id(id): Id<FieldId>) -> Result<Reply<FieldView>, Failure> {
    let field = caller.scope.find::<Field>(id).await?;
    Ok(Reply::ok(field.row.into()).version(field.version))
}

/// Defines a custom field. Values are judged when they are written: what was there before stays until it is changed.
#[utoipa::path(post, path = "/v1/fields", tag = "fields", operation_id = "create_field", security(("key" = [])),
    params(Repeatable), request_body = NewField,
    responses((status = 201, description = "The new definition.", body = FieldView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_field(
    State(api): State<Api>,
    caller: Caller<may::ManageFields>,
    Input(body): Input<NewField>,
) -> Result<Reply<FieldView>, Failure> {
    let now = caller.context.clock.now();
    let field = Field {
        id: FieldId::new(&caller.context.ids, &caller.context.clock),
        object: body.object,
        label: body.label.unwrap_or_else(|| body.key.clone()).trim().to_owned(),
        key: body.key,
        holds: body.kind,
        options: body.options,
        required: body.required,
        unique: body.unique,
        archived: false,
        created_at: now,
        updated_at: now,
    };
    let catalog = &api.0.catalog;
    catalog.forget_definitions(&caller.scope);
    let definitions = catalog.definitions(&caller.scope).await?;
    keep_field::create(&caller.scope, &definitions, &field).await?;
    catalog.forget_definitions(&caller.scope);
    let path = format!("/v1/fields/{}", field.id);
    Ok(Reply::created(field.into(), &path).version(1))
}

/// Changes the definition of a custom field. One that is not wanted any more is archived: it is never deleted.
#[utoipa::path(patch, path = "/v1/fields/{id}", tag = "fields", operation_id = "update_field", security(("key" = [])),
    params(("id" = String, Path, description = "The field's id."), IfMatch, Repeatable), request_body = FieldChange,
    responses((status = 200, description = "The changed definition.", body = FieldView, headers(("etag" = String))),
        refused::Changing))]
async fn update_field(
    State(api): State<Api>,
    caller: Caller<may::ManageFields>,
    Id(id): Id<FieldId>,
    if_match: IfMatch,
    Input(body): Input<FieldChange>,
) -> Result<Reply<FieldView>, Failure> {
    let mut field = caller.scope.find::<Field>(id).await?;
    if_match.check(field.version)?;
    put(&mut field.row.label, body.label.map(|label| label.trim().to_owned()));
    put(&mut field.row.options, body.options);
    put(&mut field.row.required, body.required);
    put(&mut field.row.archived, body.archived);
    field.row.updated_at = caller.context.clock.now();
    let version = keep_field::replace(&caller.scope, &field).await?;
    api.0.catalog.forget_definitions(&caller.scope);
    Ok(Reply::ok(field.row.into()).version(version))
}

operations!(list_fields, create_field, find_field, update_field);
