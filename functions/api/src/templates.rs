//! Templates and layouts: names, what they are for, and which version is live.

use axum::extract::State;
use domain::flows::edit_template;
use domain::name;
use domain::template::Use;
use domain::{Category, Channel, Template};
use kernel::error::Faults;
use kernel::ids::TemplateId;
use kernel::{Locale, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable, double_option, present, put};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::{ChannelWord, UseWord};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

/// A named piece of content. What it says is in its versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateView {
    #[schema(value_type = String, example = "tpl_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: TemplateId,
    /// Its word, unique within the tenant: messages may name it by this.
    #[schema(example = "shipped")]
    name: String,
    /// What it is for, in words.
    description: Option<String>,
    #[schema(value_type = UseWord)]
    r#use: Use,
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// Category of its messages when they do not say.
    #[schema(value_type = String, example = "transactional")]
    category: Category,
    /// The locale to fall back to.
    #[schema(value_type = String, example = "en")]
    locale: Locale,
    /// Whether messages may be made of it.
    active: bool,
    /// The version that is live; none before the first is published.
    live: Option<u32>,
    /// The newest version, 0 before the first.
    latest: u32,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Template> for TemplateView {
    fn from(template: Template) -> Self {
        let Template { id, name, description, r#use, channel, category, locale, active, live, latest, created_at, updated_at } =
            template;
        Self { id, name, description, r#use, channel, category, locale, active, live, latest, created_at, updated_at }
    }
}

/// A template to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTemplate {
    /// A word, unique within the tenant.
    #[schema(example = "shipped", pattern = "^[a-z][a-z0-9_-]{0,63}$")]
    name: String,
    /// What it is for, in words.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Whether messages are made of it, or other templates extend or include it; `message` when not said.
    #[serde(default)]
    #[schema(value_type = UseWord, required = false)]
    r#use: Use,
    #[schema(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Category of its messages when they do not say; `transactional` when not said.
    #[schema(value_type = Option<String>, example = "transactional")]
    category: Option<Category>,
    /// The locale to fall back to; the tenant's when not said.
    #[schema(value_type = Option<String>, example = "en")]
    locale: Option<Locale>,
    /// Whether messages may be made of it; true when not said.
    active: Option<bool>,
}

/// What changes of a template. What is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateChange {
    /// Another word: messages that name the old one are refused from then on.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, pattern = "^[a-z][a-z0-9_-]{0,63}$")]
    name: Option<String>,
    /// Null removes it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    category: Option<Category>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    locale: Option<Locale>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    active: Option<bool>,
}

fn check(template: &Template) -> Result<()> {
    let mut faults = Faults::default();
    faults.take("/name", name::slug(&template.name));
    if let Some(description) = &template.description {
        faults.longer("/description", description, 500);
    }
    faults.check()
}

impl NewTemplate {
    fn into_template(self, id: TemplateId, locale: Locale, now: Time) -> Result<Template> {
        let template = Template {
            id,
            name: self.name,
            description: self.description.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            r#use: self.r#use,
            channel: self.channel.unwrap_or(Channel::Email),
            category: self.category.unwrap_or_default(),
            locale: self.locale.unwrap_or(locale),
            active: self.active.unwrap_or(true),
            live: None,
            latest: 0,
            created_at: now,
            updated_at: now,
        };
        check(&template).map(|()| template)
    }
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TemplateFilters {
    /// Templates for this use.
    #[param(value_type = Option<UseWord>)]
    r#use: Option<Use>,
    /// Templates that are switched on, or off.
    active: Option<bool>,
    /// The template of this name.
    name: Option<String>,
    /// Templates of this category.
    #[param(value_type = Option<String>)]
    category: Option<Category>,
}

impl TemplateFilters {
    fn keeps(&self, template: &Template) -> bool {
        self.r#use.is_none_or(|wanted| wanted == template.r#use)
            && self.active.is_none_or(|wanted| wanted == template.active)
            && self.name.as_ref().is_none_or(|wanted| *wanted == template.name)
            && self.category.as_ref().is_none_or(|wanted| *wanted == template.category)
    }
}

/// Lists templates, newest first.
#[utoipa::path(get, path = "/v1/templates", tag = "templates", operation_id = "list_templates", security(("key" = [])),
    params(PageParams, TemplateFilters),
    responses((status = 200, description = "A page of templates.", body = List<TemplateView>), refused::Listing))]
async fn list_templates(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<TemplateFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, TemplateView>(&caller, &format!("templates {filters:?}"), |template: &Template| filters.keeps(template))
        .await
}

/// Finds a template.
#[utoipa::path(get, path = "/v1/templates/{id}", tag = "templates", operation_id = "find_template", security(("key" = [])),
    params(("id" = String, Path, description = "The template's id.")),
    responses((status = 200, description = "The template.", body = TemplateView, headers(("etag" = String))), refused::Finding))]
async fn find_template(caller: Caller<may::Read>, Id(id): Id<TemplateId>) -> Result<Reply<TemplateView>, Failure> {
    let template = caller.scope.find::<Template>(id).await?;
    Ok(Reply::ok(template.row.into()).version(template.version))
}

/// Makes a template. It says nothing until a version is added.
#[utoipa::path(post, path = "/v1/templates", tag = "templates", operation_id = "create_template", security(("key" = [])),
    params(Repeatable),
    request_body(content = NewTemplate, example = json!({"name": "shipped", "description": "Tells that a parcel is on its way."})),
    responses((status = 201, description = "The new template.", body = TemplateView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_template(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    Input(body): Input<NewTemplate>,
) -> Result<Reply<TemplateView>, Failure> {
    caller.reach.write(None)?;
    let id = TemplateId::new(&caller.context.ids, &caller.context.clock);
    let tenant = api.0.catalog.tenant(&caller.scope).await?;
    let template = body.into_template(id, tenant.locale.clone(), caller.context.clock.now())?;
    edit_template::create(&caller.scope, &template).await?;
    Ok(Reply::created(template.into(), &format!("/v1/templates/{id}")).version(1))
}

/// Changes a template. Its content changes by a new version.
#[utoipa::path(patch, path = "/v1/templates/{id}", tag = "templates", operation_id = "update_template", security(("key" = [])),
    params(("id" = String, Path, description = "The template's id."), IfMatch, Repeatable), request_body = TemplateChange,
    responses((status = 200, description = "The changed template.", body = TemplateView, headers(("etag" = String))),
        refused::Changing))]
async fn update_template(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    Id(id): Id<TemplateId>,
    if_match: IfMatch,
    Input(body): Input<TemplateChange>,
) -> Result<Reply<TemplateView>, Failure> {
    let mut template = caller.scope.find::<Template>(id).await?;
    caller.reach.write(Some(id))?;
    if_match.check(template.version)?;
    let name = template.row.name.clone();
    body.apply(&mut template.row, caller.context.clock.now())?;
    let version = edit_template::replace(&caller.scope, &name, &template).await?;
    api.0.catalog.forget(&caller.scope, id);
    Ok(Reply::ok(template.row.into()).version(version))
}

impl TemplateChange {
    fn apply(self, template: &mut Template, now: Time) -> Result<()> {
        let description = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        put(&mut template.name, self.name);
        put(&mut template.description, self.description.map(description));
        put(&mut template.category, self.category);
        put(&mut template.locale, self.locale);
        put(&mut template.active, self.active);
        template.updated_at = now;
        check(template)
    }
}

/// Deletes a template and frees its name. Messages that were made of it can still be sent and shown.
#[utoipa::path(delete, path = "/v1/templates/{id}", tag = "templates", operation_id = "delete_template", security(("key" = [])),
    params(("id" = String, Path, description = "The template's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_template(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    Id(id): Id<TemplateId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let template = caller.scope.find::<Template>(id).await?;
    caller.reach.write(Some(id))?;
    if_match.check(template.version)?;
    edit_template::delete(&caller.scope, &template).await?;
    api.0.catalog.forget(&caller.scope, id);
    Ok(Gone)
}

operations!(list_templates, create_template, find_template, update_template, delete_template);
