//! Accepting a message: everything that can be said at once is said here, then one conditional write, and nothing else.
//!
//! 1. Check the order's outline.
//! 2. Find contact and template, as the tenant sees them.
//! 3. Check the variables against the template.
//! 4. Write the message (and first its body, when there is one). The stream takes it from there.

use kernel::error::Faults;
use kernel::ids::{AccountId, ContactId, MessageId};
use kernel::{Email, Error, Locale, Result, Time};
use render::{Compiled, Limits, Source};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{Stored, TenantScope};

use super::catalog::Catalog;
use crate::message::{Hold, Made, Message, Recipient, State, Wait};
use crate::{Body, Category, Channel, Contact};

/// What a caller asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Whom it is for.
    pub to: To,
    /// The medium; the template's when not said.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Id or name of the template.
    #[serde(default)]
    pub template: Option<String>,
    /// Another version than the live one.
    #[serde(default)]
    pub version: Option<u32>,
    /// Content instead of a template.
    #[serde(default)]
    pub content: Option<Source>,
    /// Another locale than the contact's.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// Values for the template.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// Data of the caller's that comes back with the message and its events.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Further mail headers.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<Email>,
    /// Visible further recipients.
    #[serde(default)]
    pub cc: Vec<Email>,
    /// Hidden further recipients.
    #[serde(default)]
    pub bcc: Vec<Email>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Another category than the template's.
    #[serde(default)]
    pub category: Option<Category>,
    /// Not before then.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    pub send_at: Option<Time>,
    /// The one account to use.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// Render and decide, but call no provider.
    #[serde(default)]
    pub sandbox: bool,
    /// Whether opens and clicks are tracked.
    #[serde(default = "yes")]
    pub track: bool,
}

const fn yes() -> bool {
    true
}

/// Whom a message is for: a contact, or a bare address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// The contact.
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// The address, when it is for no contact.
    #[serde(default)]
    pub email: Option<Email>,
    /// The name shown beside the address.
    #[serde(default)]
    pub name: Option<String>,
}

/// Most further recipients, tags, headers and metadata entries.
const MOST: usize = 20;
/// SES and most others take at most fifty recipients in one call.
const RECIPIENTS: usize = 49;
/// How far ahead a message may be scheduled.
const AHEAD_DAYS: i64 = 366;
/// What caller's data stays in the message's row, in bytes of JSON: more would make every step cost a second write unit.
const INLINE: usize = 200;
/// Most caller's data of one message, in bytes of JSON.
const DATA: usize = 256 * 1024;

impl Order {
    /// Checks what can be checked without reading anything.
    fn check(&self, now: Time) -> Result<()> {
        let mut faults = Faults::default();
        match (&self.to.contact, &self.to.email) {
            (Some(_), Some(_)) | (None, None) => faults.add("/to", "recipient", "either a contact or an email is needed"),
            (Some(_), None) | (None, Some(_)) => {}
        }
        if self.channel.is_some_and(|channel| channel != Channel::Email) {
            faults.add("/channel", "channel", "messages are sent by email");
        }
        if let Some(name) = &self.to.name {
            faults.take("/to/name", crate::name::title(name));
        }
        match (&self.template, &self.content) {
            (Some(_), Some(_)) | (None, None) => faults.add("/template", "content", "either a template or content is needed"),
            (None, Some(_)) if self.version.is_some() => {
                faults.add("/version", "content", "a version belongs to a template");
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        if self.cc.len() + self.bcc.len() > RECIPIENTS {
            faults.add("/cc", "too_many", format!("at most {RECIPIENTS} further recipients"));
        }
        for (pointer, count) in
            [("/tags", self.tags.len()), ("/metadata", self.metadata.len()), ("/headers", self.headers.len())]
        {
            if count > MOST {
                faults.add(pointer, "too_many", format!("at most {MOST}"));
            }
        }
        for (at, tag) in self.tags.iter().enumerate() {
            let pointer = format!("/tags/{at}");
            faults.take(&pointer, crate::name::title(tag));
            faults.longer(&pointer, tag, 50);
        }
        for (name, value) in &self.headers {
            let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
            faults.take(&pointer, providers::mail::check_header(name, value));
        }
        for (pointer, data) in [("/variables", &self.variables), ("/metadata", &self.metadata)] {
            if size(data) > DATA {
                faults.add(pointer, "too_long", format!("at most {DATA} bytes"));
            }
        }
        if let Some(at) = self.send_at {
            if at < now.plus_seconds(-60) {
                faults.add("/send_at", "past", "the time lies in the past");
            } else if at > now.plus_seconds(AHEAD_DAYS * 86_400) {
                faults.add("/send_at", "too_far", format!("at most {AHEAD_DAYS} days ahead"));
            }
        }
        faults.check()
    }
}

fn size(data: &Map<String, Value>) -> usize {
    if data.is_empty() { 0 } else { serde_json::to_string(data).map_or(usize::MAX, |text| text.len()) }
}

/// A message about to be written, and what does not fit its row.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The message.
    pub message: Message,
    /// Its body, if any.
    pub body: Option<Body>,
}

/// Checks an order and makes the message of it. Reads at most the contact; templates come from the catalog.
pub async fn prepare(catalog: &Catalog, scope: &TenantScope, order: Order, id: MessageId) -> Result<Accepted> {
    let now = id.made_at();
    order.check(now)?;
    let contact = match order.to.contact {
        Some(contact) => Some(scope.read::<Contact>(contact).await?.ok_or_else(|| gone("/to/contact", "contact"))?.row),
        None => None,
    };
    let recipient = recipient(&order, contact.as_ref())?;
    if let Some(account) = order.account {
        let known = catalog.account(scope, account).await?;
        known.ok_or_else(|| gone("/account", "account"))?;
    }
    let locale = order.locale.clone().or_else(|| contact.as_ref().and_then(|contact| contact.locale.clone()));
    let mut category = order.category.clone();
    let mut variables = order.variables;
    let mut made = None;
    match (&order.template, &order.content) {
        (Some(name), _) => {
            let template = catalog.template(scope, name).await.map_err(|error| missing(error, "/template", "template"))?;
            if template.r#use != crate::template::Use::Message || !template.active {
                return Err(Error::invalid("/template", "inactive", "the template is switched off, or is a layout"));
            }
            let live = template.live;
            let number =
                order.version.or(live).ok_or_else(|| Error::invalid("/template", "unpublished", "no version is live"))?;
            let edition = catalog
                .edition(scope, template, number, locale.as_ref())
                .await
                .map_err(|error| missing(error, "/version", "version"))?;
            variables = checked(&edition.version.variables, variables)?;
            let values = values(&variables, contact.as_ref(), &recipient);
            complete(&edition.compiled, &values)?;
            edition.compiled.trial(&values).map_err(|fault| {
                Error::invalid("/variables", "template", format!("with these values the template cannot be sent: {fault}"))
            })?;
            made = Some(Made { id: edition.template.id, number });
            category = category.or_else(|| Some(edition.template.category.clone()));
        }
        (None, Some(source)) => {
            let compiled = compile(source)?;
            let values = values(&variables, contact.as_ref(), &recipient);
            complete(&compiled, &values)?;
            compiled
                .trial(&values)
                .map_err(|fault| Error::Invalid(super::edit_template::faults_under("/content", &[fault])))?;
        }
        (None, None) => return Err(Error::invalid("/template", "content", "either a template or content is needed")),
    }
    let later = order.send_at.filter(|at| *at > now);
    let headers: Vec<(String, String)> = order.headers.into_iter().collect();
    let brought = size(&variables) + size(&order.metadata);
    let apart = order.content.is_some() || !headers.is_empty() || brought > INLINE;
    let content =
        order.content.as_ref().map_or(0, |source| serde_json::to_string(source).map_or(usize::MAX, |text| text.len()));
    if content.saturating_add(brought) > crate::body::LIMIT {
        let pointer = if order.content.is_some() { "/content" } else { "/variables" };
        let limit = crate::body::LIMIT;
        return Err(Error::invalid(
            pointer,
            "too_long",
            format!("content, variables and metadata take at most {limit} bytes together"),
        ));
    }
    let body = apart.then(|| Body {
        message: id,
        source: order.content,
        variables: variables.clone(),
        metadata: order.metadata.clone(),
        headers,
        at: now,
    });
    let message = Message {
        id,
        state: if later.is_some() { State::Scheduled } else { State::Accepted },
        state_at: now,
        state_seq: 1,
        channel: order.channel.unwrap_or(Channel::Email),
        to: recipient,
        cc: order.cc,
        bcc: order.bcc,
        reply_to: order.reply_to,
        template: made,
        locale: order.locale,
        variables: if apart { Map::new() } else { variables },
        metadata: if apart { Map::new() } else { order.metadata },
        body: apart,
        tags: order.tags,
        category: category.unwrap_or_default(),
        send_at: order.send_at,
        sandbox: order.sandbox,
        untracked: !order.track,
        pinned: order.account,
        hold: later.map(|until| Hold { why: Wait::Schedule, until }),
        attempt: 0,
        grants: 0,
        owner: None,
        lease: None,
        gate: None,
        tries: Vec::new(),
        evidence: None,
        events: Vec::new(),
    };
    Ok(Accepted { message, body })
}

/// Writes what [`prepare`] made. Writing it twice is writing it once: the id is the key.
pub async fn write(scope: &TenantScope, accepted: &Accepted) -> Result<()> {
    if let Some(body) = &accepted.body {
        scope.create(body).await?;
    }
    scope.create(&accepted.message).await?;
    Ok(())
}

fn gone(pointer: &str, kind: &str) -> Error {
    Error::invalid(pointer, "unknown", format!("no such {kind}"))
}

fn missing(error: Error, pointer: &str, kind: &str) -> Error {
    if matches!(error, Error::NotFound { .. }) { gone(pointer, kind) } else { error }
}

fn recipient(order: &Order, contact: Option<&Contact>) -> Result<Recipient> {
    let channel = order.channel.unwrap_or(Channel::Email);
    match (contact, &order.to.email) {
        (Some(contact), _) => {
            let address = contact.address(channel).ok_or_else(|| {
                Error::invalid("/to/contact", "no_address", format!("the contact has no address for {}", channel.as_str()))
            })?;
            let name = order.to.name.clone().or_else(|| contact.full_name());
            Ok(Recipient { address, name, contact: Some(contact.id) })
        }
        (None, Some(email)) => Ok(Recipient { address: email.to_string(), name: order.to.name.clone(), contact: None }),
        (None, None) => Err(Error::invalid("/to", "recipient", "either a contact or an email is needed")),
    }
}

/// Compiles content that a caller brought along.
fn compile(source: &Source) -> Result<Compiled> {
    if source.subject.is_none() {
        return Err(Error::invalid("/content/subject", "required", "an email needs a subject"));
    }
    if source.html.is_none() && source.text.is_none() {
        return Err(Error::invalid("/content", "required", "html or text is needed"));
    }
    let faults = match Compiled::new(source, &std::collections::BTreeMap::new(), &Limits::default()) {
        Ok(compiled) => return Ok(compiled),
        Err(faults) => faults,
    };
    Err(Error::Invalid(super::edit_template::faults_under("/content", &faults)))
}

/// Checks variables against the version's schema and fills in defaults.
pub fn checked(schema: &[render::Variable], variables: Map<String, Value>) -> Result<Map<String, Value>> {
    let schema = render::Schema { variables: schema.to_vec(), closed: false };
    match render::check_variables(&schema, &Value::Object(variables)) {
        Ok(Value::Object(variables)) => Ok(variables),
        Ok(_) => Ok(Map::new()),
        Err(faults) => Err(Error::Invalid(
            faults.into_iter().map(|fault| kernel::Fault::new(fault.pointer, "variable", fault.reason)).collect(),
        )),
    }
}

/// The values that a template sees: the caller's variables, the contact, and the system's own.
pub fn values(variables: &Map<String, Value>, contact: Option<&Contact>, recipient: &Recipient) -> Value {
    let mut values = variables.clone();
    let person =
        contact.map_or_else(|| serde_json::json!({ "email": recipient.address, "name": recipient.name }), Contact::variables);
    values.insert("contact".to_owned(), person);
    Value::Object(values)
}

/// Names that the sender fills in.
const SYSTEM: &[&str] = &["message", "tenant", "unsubscribe_url"];

/// What the template uses, nobody gave, and the sender does not fill in.
pub fn missing_of(compiled: &Compiled, values: &Value) -> Vec<String> {
    let mut missing = compiled.missing(values);
    missing.retain(|name| !SYSTEM.contains(&name.split('.').next().unwrap_or_default()));
    missing
}

/// Refuses when the template uses a variable that nobody gave.
fn complete(compiled: &Compiled, values: &Value) -> Result<()> {
    let missing: Vec<_> = missing_of(compiled, values)
        .into_iter()
        .map(|name| {
            let pointer = format!("/variables/{}", name.replace('.', "/"));
            kernel::Fault::new(pointer, "missing", format!("the template uses {name}, which has no value"))
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Invalid(missing)) }
}

/// The message of that id, or the answer that there is none.
pub async fn find(scope: &TenantScope, id: MessageId) -> Result<Stored<Message>> {
    scope.find::<Message>(id).await
}
