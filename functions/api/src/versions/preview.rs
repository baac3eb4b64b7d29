//! Templates as a recipient would see them: with sample data, with what is missing, and with what mail filters may dislike.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use domain::flows::accept::{self, Order, To};
use domain::flows::edit_template;
use domain::message::Recipient;
use domain::reach::Use;
use domain::{Category, Channel, Contact, Right, Template, Version};
use kernel::ids::{ContactId, MessageId, TemplateId};
use kernel::{Email, Error, Fault, Locale, Result};
use render::{Compiled, Limits, Rendered, Source, Strictness};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Content;
use crate::caller::{Caller, Need, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What to look at, and with which data.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// The version; the live one when not said, else the newest.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// The locale; the contact's when not said.
    #[schema(value_type = Option<String>)]
    locale: Option<Locale>,
    /// Values for the template.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    variables: Map<String, Value>,
    /// The contact it is for; a sample person when not said.
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
}

/// What to try, with which data, and whom to send it to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrialRequest {
    /// A draft in place of a stored version.
    content: Option<Content>,
    /// The version; the live one when not said, else the newest.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// The locale; the contact's when not said.
    #[schema(value_type = Option<String>)]
    locale: Option<Locale>,
    /// Values for the template.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    variables: Map<String, Value>,
    /// The contact it is for; a sample person when not said.
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// Sends what is shown to this address, tagged `test`, when nothing is missing.
    #[schema(value_type = Option<String>, format = Email)]
    send_to: Option<Email>,
}

/// A message as its recipient would see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewView {
    /// Whether a message with this data would be accepted: nothing is missing and nothing failed.
    ok: bool,
    #[schema(value_type = String)]
    template: TemplateId,
    /// None for a draft.
    version: Option<u32>,
    /// The locale that was found.
    #[schema(value_type = String, example = "en")]
    locale: Locale,
    subject: Option<String>,
    html: Option<String>,
    text: Option<String>,
    /// Variables that are used and have no value, by their dotted names.
    missing: Vec<String>,
    /// What failed while rendering, and variables of another kind than declared.
    faults: Vec<FaultView>,
    /// What mail clients and filters may dislike.
    hints: Vec<HintView>,
    bytes: BytesView,
    /// The test message, when one was sent.
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
}

/// Something that would keep a message from being accepted or from reading well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaultView {
    /// `subject`, `html`, `text`, a layout's name, or the JSON pointer of a variable.
    place: String,
    /// The line in that part.
    line: Option<usize>,
    /// Stable word for programs.
    #[schema(example = "undefined")]
    code: String,
    detail: String,
}

/// Something that the author may want to change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HintView {
    /// Stable word for programs.
    #[schema(example = "html_clipped")]
    code: String,
    detail: String,
}

/// Sizes of the parts.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct BytesView {
    subject: usize,
    html: usize,
    text: usize,
}

/// A template's edition, stored or a draft, ready to render.
struct Subject {
    template: TemplateId,
    version: Option<u32>,
    locale: Locale,
    category: Category,
    variables: Vec<render::Variable>,
    compiled: Arc<Compiled>,
}

/// The data that it is rendered with.
struct Data {
    values: Value,
    faults: Vec<FaultView>,
}

async fn contact<N: Need>(caller: &Caller<N>, id: Option<ContactId>) -> Result<Option<Contact>> {
    let Some(id) = id else { return Ok(None) };
    let found = caller.scope.read::<Contact>(id).await?;
    found.map(|contact| Some(contact.row)).ok_or_else(|| Error::invalid("/contact", "unknown", "no such contact"))
}

/// The number that is looked at when none is asked for.
fn number(template: &Template, asked: Option<u32>) -> Result<u32> {
    let newest = Some(template.latest).filter(|latest| *latest > 0);
    asked.or(template.live).or(newest).ok_or_else(|| Error::invalid("/version", "unpublished", "there is no version yet"))
}

async fn stored<N: Need>(
    api: &Api,
    caller: &Caller<N>,
    template: Template,
    asked: Option<u32>,
    locale: Option<&Locale>,
) -> Result<Subject> {
    let number = number(&template, asked)?;
    let (id, category) = (template.id, template.category.clone());
    let edition =
        api.0.catalog.edition(&caller.scope, Arc::new(template), number, locale).await.map_err(|error| match error {
            Error::NotFound { .. } => Error::invalid("/version", "unknown", "no such version"),
            other => other,
        })?;
    let variables = edition.version.variables.clone();
    Ok(Subject { template: id, version: Some(number), locale: edition.locale, category, variables, compiled: edition.compiled })
}

async fn draft<N: Need>(api: &Api, caller: &Caller<N>, template: Template, source: Source) -> Result<Subject> {
    let (catalog, scope, locale) = (&api.0.catalog, &caller.scope, template.locale.clone());
    let known: Option<Arc<Version>> = match template.live.unwrap_or(template.latest) {
        0 => None,
        number => Some(catalog.version(scope, template.id, number).await?),
    };
    let contents = BTreeMap::from([(locale.clone(), source.clone())]);
    let checked = edit_template::check(&caller.context, catalog, scope, &template, contents, Vec::new(), None).await;
    let version = checked.map_err(|error| moved(error, &format!("/contents/{locale}"), "/content"))?;
    let layouts = catalog.layouts(scope, &version, &locale).await?;
    let compiled = Compiled::new(&source, &layouts, &Limits::default())
        .map_err(|faults| Error::Invalid(edit_template::faults_under("/content", &faults)))?;
    let variables = known.map(|version| version.variables.clone()).unwrap_or_default();
    Ok(Subject {
        template: template.id,
        version: None,
        locale,
        category: template.category,
        variables,
        compiled: Arc::new(compiled),
    })
}

/// The same faults below another place of the body.
fn moved(error: Error, from: &str, to: &str) -> Error {
    let Error::Invalid(faults) = error else { return error };
    let shift = |fault: Fault| match fault.pointer.strip_prefix(from) {
        Some(rest) => Fault { pointer: format!("{to}{rest}"), ..fault },
        None => fault,
    };
    Error::Invalid(faults.into_iter().map(shift).collect())
}

impl Data {
    async fn of<N: Need>(
        api: &Api,
        caller: &Caller<N>,
        subject: &Subject,
        mut given: Map<String, Value>,
        contact: Option<&Contact>,
    ) -> Result<Self> {
        let mut faults = Vec::new();
        match accept::checked(&subject.variables, given.clone()) {
            Ok(checked) => given = checked,
            Err(Error::Invalid(misfits)) => {
                faults.extend(misfits.into_iter().map(FaultView::from));
                for variable in &subject.variables {
                    if let Some(default) = &variable.default {
                        given.entry(variable.name.clone()).or_insert_with(|| default.clone());
                    }
                }
            }
            Err(error) => return Err(error),
        }
        let sample =
            || json!({"first_name": "Ada", "last_name": "Lovelace", "name": "Ada Lovelace", "email": "ada@example.com"});
        let person = given.get("contact").cloned().unwrap_or_else(sample);
        let nobody = Recipient { address: "ada@example.com".to_owned(), name: None, contact: None };
        let mut values = accept::values(&given, contact, &nobody);
        let tenant = api.0.catalog.tenant(&caller.scope).await?;
        if let Value::Object(values) = &mut values {
            if contact.is_none() {
                values.insert("contact".to_owned(), person);
            }
            values.insert("tenant".to_owned(), json!({"name": tenant.name, "slug": tenant.slug}));
            values.insert("message".to_owned(), json!({"id": "msg_00000000000070008000000000000000"}));
            let leave = subject.category.can_be_left().then_some("https://example.com/unsubscribe");
            values.insert("unsubscribe_url".to_owned(), json!(leave));
        }
        Ok(Self { values, faults })
    }
}

impl From<Fault> for FaultView {
    fn from(Fault { pointer, code, detail }: Fault) -> Self {
        Self { place: pointer, line: None, code: code.to_owned(), detail }
    }
}

impl From<render::Fault> for FaultView {
    fn from(render::Fault { part, line, kind, message }: render::Fault) -> Self {
        let code = json!(kind).as_str().unwrap_or_default().to_owned();
        Self { place: part, line: Some(line).filter(|line| *line > 0), code, detail: message }
    }
}

/// Renders leniently, so that there is something to look at, and notes what a strict rendering says.
fn look(subject: Subject, data: Data, strict: bool) -> PreviewView {
    let Data { values, mut faults } = data;
    let missing = accept::missing_of(&subject.compiled, &values);
    let rendered = match subject.compiled.render(&values, Strictness::Send) {
        Ok(rendered) => rendered,
        Err(fault) => {
            faults.push(fault.into());
            Rendered::default()
        }
    };
    if strict
        && faults.is_empty()
        && let Err(fault) = subject.compiled.render(&values, Strictness::Preview)
    {
        faults.push(fault.into());
    }
    let hints = render::lint(&rendered, subject.category.can_be_left()).into_iter();
    let size = |part: &Option<String>| part.as_ref().map_or(0, String::len);
    PreviewView {
        ok: missing.is_empty() && faults.is_empty(),
        template: subject.template,
        version: subject.version,
        locale: subject.locale,
        bytes: BytesView { subject: size(&rendered.subject), html: size(&rendered.html), text: size(&rendered.text) },
        hints: hints.map(|hint| HintView { code: hint.code, detail: hint.message }).collect(),
        subject: rendered.subject,
        html: rendered.html,
        text: rendered.text,
        missing,
        faults,
        message: None,
    }
}

/// Shows a version as its recipient would see it.
#[utoipa::path(post, path = "/v1/templates/{id}/preview", tag = "templates", operation_id = "preview_template",
    security(("key" = [])), params(("id" = String, Path, description = "The template's id."), Repeatable),
    request_body(content = PreviewRequest, example = json!({"variables": {"number": "4711"}})),
    responses((status = 200, description = "What it looks like.", body = PreviewView), refused::Changing))]
async fn preview_template(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<TemplateId>,
    Input(body): Input<PreviewRequest>,
) -> Result<Reply<PreviewView>, Failure> {
    let template = caller.scope.find::<Template>(id).await?.row;
    let contact = contact(&caller, body.contact).await?;
    let locale = body.locale.or_else(|| contact.as_ref().and_then(|contact| contact.locale.clone()));
    let subject = stored(&api, &caller, template, body.version, locale.as_ref()).await?;
    let data = Data::of(&api, &caller, &subject, body.variables, contact.as_ref()).await?;
    Ok(Reply::ok(look(subject, data, false)))
}

/// Tries a version or a draft: renders it strictly, and sends it if asked to.
#[utoipa::path(post, path = "/v1/templates/{id}/test", tag = "templates", operation_id = "test_template",
    security(("key" = [])), params(("id" = String, Path, description = "The template's id."), Repeatable),
    request_body(content = TrialRequest, example = json!({
        "content": {"subject": "Parcel {{ number }}", "html": "<p>Hello {{ contact.first_name }}</p>"}, "variables": {"number": "4711"}
    })),
    responses((status = 200, description = "What it looks like and what is wrong with it.", body = PreviewView),
        refused::Changing))]
async fn test_template(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    Id(id): Id<TemplateId>,
    Input(body): Input<TrialRequest>,
) -> Result<Reply<PreviewView>, Failure> {
    let template = caller.scope.find::<Template>(id).await?.row;
    let contact = contact(&caller, body.contact).await?;
    let locale = body.locale.or_else(|| contact.as_ref().and_then(|contact| contact.locale.clone()));
    let subject = match body.content {
        Some(content) => draft(&api, &caller, template, content.into()).await?,
        None => stored(&api, &caller, template, body.version, locale.as_ref()).await?,
    };
    let data = Data::of(&api, &caller, &subject, body.variables, contact.as_ref()).await?;
    let mut view = look(subject, data, true);
    if let Some(address) = body.send_to {
        view.message = Some(send(&api, &caller, &view, address).await?);
    }
    Ok(Reply::ok(view))
}

/// Sends what is shown, word for word.
async fn send(api: &Api, caller: &Caller<may::WriteTemplates>, view: &PreviewView, address: Email) -> Result<MessageId> {
    caller.role.check(Right::Send)?;
    // Of which template is what the path says, and a test belongs to no campaign.
    let tried = Use { channel: Channel::Email, template: Some(view.template), campaign: None };
    caller.reach.order(tried).map_err(|_| Error::OutOfReach(Vec::new()))?;
    if !view.ok {
        let absent = |name: &String| {
            let pointer = format!("/variables/{}", name.replace('.', "/"));
            Fault::new(pointer, "missing", format!("the template uses {name}, which has no value"))
        };
        let failed = |fault: &FaultView| Fault::new("/send_to", "template", format!("{}: {}", fault.place, fault.detail));
        return Err(Error::Invalid(view.missing.iter().map(absent).chain(view.faults.iter().map(failed)).collect()));
    }
    // What was rendered is not a template any more.
    let plain = |part: &Option<String>| part.as_ref().map(|part| format!("{{% raw %}}{part}{{% endraw %}}"));
    let content =
        Source { subject: plain(&view.subject), html: plain(&view.html), text: plain(&view.text), ..Source::default() };
    let mut metadata = Map::from_iter([("template".to_owned(), json!(view.template))]);
    metadata.extend(view.version.map(|version| ("version".to_owned(), json!(version))));
    let order = Order {
        to: To { email: Some(address), ..To::default() },
        content: Some(content),
        tags: vec!["test".to_owned()],
        metadata,
        track: true,
        ..Order::default()
    };
    let id = MessageId::new(&caller.context.ids, &caller.context.clock);
    let made = accept::prepare(&api.0.catalog, &api.0.files, &caller.scope, order, id).await;
    let made = made.map_err(|error| moved(error, "/content", "/send_to"))?;
    accept::write(&caller.scope, &made).await?;
    Ok(id)
}

operations!(preview_template, test_template);
