//! Versions of templates: what a template says. A version never changes; another one may go live.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, RawPathParams, State};
use domain::flows::edit_template::{self, Draft};
use domain::template::Pinned;
use domain::{Template, Version};
use http::request::Parts;
use kernel::ids::TemplateId;
use kernel::{Error, Keys, Locale, Result, Time, crypto};
use render::{Engine, Markup, Source, Type, Variable};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::TenantScope;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reply::words::{EngineWord, MarkupWord, VariableWord};
use crate::reply::{Reply, refused};
use crate::state::Api;
use crate::templates::TemplateView;

pub(crate) mod preview;

/// What a message says in one locale.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    /// The subject line.
    #[schema(example = "Parcel {{ number }}")]
    subject: Option<String>,
    /// The html part. This or `text` is needed.
    #[schema(example = "<p>Hello {{ contact.name }}, it left today.</p>")]
    html: Option<String>,
    /// The text part; made from the html part when not given.
    text: Option<String>,
    /// The language of all parts; told from the content when not given.
    #[schema(value_type = Option<EngineWord>)]
    engine: Option<Engine>,
    /// What the html part is written in; `html` when not given.
    #[schema(value_type = Option<MarkupWord>)]
    markup: Option<Markup>,
}

impl From<Content> for Source {
    fn from(Content { subject, html, text, engine, markup }: Content) -> Self {
        let told = || Engine::detect(&[&subject, &html, &text].map(|part| part.as_deref().unwrap_or_default()).join("\n"));
        Self { engine: engine.unwrap_or_else(told), subject, html, text, markup: markup.unwrap_or_default() }
    }
}

/// The same as a reply says it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContentView {
    subject: Option<String>,
    html: Option<String>,
    text: Option<String>,
    #[schema(value_type = EngineWord)]
    engine: Engine,
    #[schema(value_type = MarkupWord)]
    markup: Markup,
}

impl From<Source> for ContentView {
    fn from(Source { engine, subject, html, text, markup }: Source) -> Self {
        Self { subject, html, text, engine, markup }
    }
}

/// A variable that a template takes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariableField {
    /// The name under which the template reads it: letters, digits and underscores.
    #[schema(example = "number", pattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
    name: String,
    #[schema(value_type = VariableWord)]
    kind: Type,
    /// Whether a message without it is refused.
    #[serde(default)]
    #[schema(required = false)]
    required: bool,
    /// The value when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    default: Option<Value>,
    /// For the people who fill it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl From<VariableField> for Variable {
    fn from(VariableField { name, kind, required, default, description }: VariableField) -> Self {
        Self { name, kind, required, default, description }
    }
}

impl From<Variable> for VariableField {
    fn from(Variable { name, kind, required, default, description }: Variable) -> Self {
        Self { name, kind, required, default, description }
    }
}

/// A version to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVersion {
    /// Content by locale. The template's own locale must be there.
    #[schema(value_type = BTreeMap<String, Content>)]
    contents: BTreeMap<Locale, Content>,
    /// The variables it takes: at most 50.
    #[serde(default)]
    #[schema(required = false)]
    variables: Vec<VariableField>,
    /// What changed, in words.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// Whether it goes live at once.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    publish: bool,
}

const fn yes() -> bool {
    true
}

/// A version with all that it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    #[schema(value_type = String)]
    template: TemplateId,
    /// Counted from 1 without gaps.
    number: u32,
    /// Whether messages are made of it now.
    live: bool,
    #[schema(value_type = BTreeMap<String, ContentView>)]
    contents: BTreeMap<Locale, ContentView>,
    /// Locales whose content is older than the template's own locale's.
    #[schema(value_type = Vec<String>)]
    stale: Vec<Locale>,
    variables: Vec<VariableField>,
    /// Layouts that it names, at the versions that were live when it was added.
    layouts: BTreeMap<String, PinnedView>,
    note: Option<String>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// A layout's version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PinnedView {
    #[schema(value_type = String)]
    template: TemplateId,
    version: u32,
}

/// A version as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionLine {
    number: u32,
    live: bool,
    #[schema(value_type = Vec<String>)]
    locales: Vec<Locale>,
    /// Locales whose content is older than the template's own locale's.
    #[schema(value_type = Vec<String>)]
    stale: Vec<Locale>,
    note: Option<String>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl VersionView {
    fn of(version: Version, live: Option<u32>) -> Self {
        let pinned = |(name, Pinned { template, number })| (name, PinnedView { template, version: number });
        Self {
            template: version.template,
            number: version.number,
            live: live == Some(version.number),
            contents: version.contents.into_iter().map(|(locale, source)| (locale, source.into())).collect(),
            stale: version.stale,
            variables: version.variables.into_iter().map(Into::into).collect(),
            layouts: version.layouts.into_iter().map(pinned).collect(),
            note: version.note,
            created_at: version.created_at,
        }
    }
}

impl VersionLine {
    fn of(version: Version, live: Option<u32>) -> Self {
        Self {
            number: version.number,
            live: live == Some(version.number),
            locales: version.contents.into_keys().collect(),
            stale: version.stale,
            note: version.note,
            created_at: version.created_at,
        }
    }
}

/// The number of a version out of the path.
pub(crate) struct Number(u32);

impl FromRequestParts<Api> for Number {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let gone = Error::NotFound { kind: "version" };
        let params = RawPathParams::from_request_parts(parts, api).await.map_err(|_| gone.clone())?;
        let text = params.iter().find(|(name, _)| *name == "number").map(|(_, value)| value);
        Ok(Self(text.and_then(|text| text.parse().ok()).ok_or(gone)?))
    }
}

/// Adds a version. It is compiled first, and pins the layouts it names.
#[utoipa::path(post, path = "/v1/templates/{id}/versions", tag = "templates", operation_id = "create_version",
    security(("key" = [])), params(("id" = String, Path, description = "The template's id."), Repeatable),
    request_body(content = NewVersion, example = json!({
        "contents": {"en": {"subject": "Parcel {{ number }}", "html": "<p>Hello {{ contact.name }}, it left today.</p>"}},
        "variables": [{"name": "number", "kind": "text", "required": true}]
    })),
    responses((status = 201, description = "The new version.", body = VersionView, headers(("location" = String))),
        refused::Changing))]
async fn create_version(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    Id(id): Id<TemplateId>,
    Input(body): Input<NewVersion>,
) -> Result<Reply<VersionView>, Failure> {
    let template = caller.scope.find::<Template>(id).await?;
    caller.reach.write(Some(id))?;
    let draft = Draft {
        contents: body.contents.into_iter().map(|(locale, content)| (locale, content.into())).collect(),
        variables: body.variables.into_iter().map(Into::into).collect(),
        note: body.note,
        publish: body.publish,
    };
    let (version, template) =
        edit_template::add_version(&caller.context, &api.0.catalog, &caller.scope, &template, draft).await?;
    api.0.catalog.forget(&caller.scope, id);
    let location = format!("/v1/templates/{id}/versions/{}", version.number);
    Ok(Reply::created(VersionView::of(version, template.row.live), &location))
}

/// Lists the versions of a template, newest first, without what they say.
#[utoipa::path(get, path = "/v1/templates/{id}/versions", tag = "templates", operation_id = "list_versions",
    security(("key" = [])), params(("id" = String, Path, description = "The template's id."), PageParams),
    responses((status = 200, description = "A page of versions.", body = List<VersionLine>), refused::Finding))]
async fn list_versions(
    caller: Caller<may::Read>,
    Id(id): Id<TemplateId>,
    Paged(page, _): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    let template = caller.scope.find::<Template>(id).await?.row;
    let place = Place { keys: &caller.context.keys, scope: &caller.scope, template: id };
    let before = page.after.as_deref().map(|after| place.open(after)).transpose()?.map(Version::sort);
    let found = caller.scope.below::<Version>(&id.hex(), None, before.as_deref(), false, page.limit()?).await?;
    let next = found.last().map(|last| last.row.number).filter(|last| *last > 1).map(|last| place.seal(last));
    let line = |version: store::Stored<Version>| json!(VersionLine::of(version.row, template.live));
    let data = found.into_iter().map(|version| page.sparse(line(version))).collect();
    Ok(Reply::ok(List { data, has_more: next.is_some(), next }))
}

/// Cursors of the list of a template's versions.
struct Place<'a> {
    keys: &'a Keys,
    scope: &'a TenantScope,
    template: TemplateId,
}

impl Place<'_> {
    fn seal(&self, number: u32) -> String {
        let material = format!("versions\0{}\0{}\0{number}", self.scope.tenant(), self.template);
        let mac = self.keys.cursor.sign(material.as_bytes());
        let sealed: Vec<u8> = number.to_be_bytes().into_iter().chain(mac.into_iter().take(12)).collect();
        crypto::encode(&sealed)
    }

    fn open(&self, cursor: &str) -> Result<u32> {
        let bytes = crypto::decode(cursor);
        let number = bytes.as_ref().and_then(|bytes| bytes.first_chunk()).map(|number| u32::from_be_bytes(*number));
        let genuine = |number: &u32| crypto::equal(self.seal(*number).as_bytes(), cursor.as_bytes());
        let refuse = || Error::invalid("?after", "cursor", "a cursor from an earlier page of this very list is needed");
        number.filter(genuine).ok_or_else(refuse)
    }
}

/// Finds a version.
#[utoipa::path(get, path = "/v1/templates/{id}/versions/{number}", tag = "templates", operation_id = "find_version",
    security(("key" = [])),
    params(("id" = String, Path, description = "The template's id."), ("number" = u32, Path, description = "The version's number.")),
    responses((status = 200, description = "The version.", body = VersionView), refused::Finding))]
async fn find_version(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<TemplateId>,
    Number(number): Number,
) -> Result<Reply<VersionView>, Failure> {
    let template = caller.scope.find::<Template>(id).await?;
    let version = api.0.catalog.version(&caller.scope, id, number).await?;
    Ok(Reply::ok(VersionView::of(Version::clone(&version), template.row.live)))
}

/// Puts a version live: a new one, or an older one again.
#[utoipa::path(post, path = "/v1/templates/{id}/versions/{number}/publish", tag = "templates", operation_id = "publish_version",
    security(("key" = [])),
    params(("id" = String, Path, description = "The template's id."), ("number" = u32, Path, description = "The version's number."),
        IfMatch, Repeatable),
    responses((status = 200, description = "The template with its live version.", body = TemplateView,
        headers(("etag" = String))), refused::Changing))]
async fn publish_version(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    Id(id): Id<TemplateId>,
    Number(number): Number,
    if_match: IfMatch,
) -> Result<Reply<TemplateView>, Failure> {
    let mut template = caller.scope.find::<Template>(id).await?;
    caller.reach.write(Some(id))?;
    if_match.check(template.version)?;
    api.0.catalog.version(&caller.scope, id, number).await?;
    if template.row.live != Some(number) {
        template.row.live = Some(number);
        template.row.updated_at = caller.context.clock.now();
        template.version = caller.scope.replace(&template).await?;
        api.0.catalog.forget(&caller.scope, id);
    }
    Ok(Reply::ok(template.row.into()).version(template.version))
}

operations!(list_versions, create_version, find_version, publish_version);
