//! Accepting a message: everything that can be said at once is said here, then one conditional write, and nothing else.
//!
//! 1. Check the order's outline.
//! 2. Find contact and template, as the tenant sees them.
//! 3. Check the variables against the template.
//! 4. Find the files that go along, and look whether the channel can carry them.
//! 5. Write the message (and first its body, when there is one). The stream takes it from there.

use std::sync::Arc;

use aws::Files;
use kernel::error::Faults;
use kernel::ids::{AttachmentId, MessageId, UserId};
use kernel::{Error, Result};
use render::{Compiled, Limits, Source};
use serde_json::{Map, Value};
use store::{Stored, TenantScope, Write};

use super::catalog::Catalog;
use super::enclose;
use crate::message::{Hold, Made, Message, Recipient, State, Wait};
use crate::recall::Recall;
use crate::{Body, Channel, Contact, Template, Tenant};

mod about;
mod order;

use order::size;
pub use order::{Order, To, key_text};

/// What caller's data stays in the message's row, in bytes of JSON: more would make every step cost a second write unit.
const INLINE: usize = 200;

/// A message about to be written, and what does not fit its row.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The message.
    pub message: Message,
    /// Its body, if any.
    pub body: Option<Body>,
    /// Files that are known to be there and not noted yet.
    pub brought: Vec<AttachmentId>,
}

impl Accepted {
    /// The same, sent by a person.
    #[must_use]
    pub const fn sent_by(mut self, user: Option<UserId>) -> Self {
        self.message.sender = user;
        self
    }
}

/// A message about to be written, and what its text is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What would be written.
    pub accepted: Accepted,
    /// Its content; none when it speaks without text.
    pub compiled: Option<Arc<Compiled>>,
    /// The values that its content sees, but for the system's own.
    pub values: Value,
}

/// Checks an order and makes the message of it. Reads at most the contact and the files' rows; templates come from the catalog.
pub async fn prepare(catalog: &Catalog, files: &Files, scope: &TenantScope, order: Order, id: MessageId) -> Result<Accepted> {
    Ok(draft(catalog, files, scope, order, id).await?.accepted)
}

/// The same with what its text is made of.
pub async fn draft(catalog: &Catalog, files: &Files, scope: &TenantScope, order: Order, id: MessageId) -> Result<Draft> {
    let now = id.made_at();
    order.check(now)?;
    let contact = match order.to.contact {
        Some(contact) => {
            // One made a moment ago may be missing from a cheap read: that it is unknown is said by a sure one alone.
            let found = match scope.read::<Contact>(contact).await? {
                None => scope.read_now::<Contact>(contact).await?,
                found => found,
            };
            Some(found.ok_or_else(|| gone("/to/contact", "contact"))?.row)
        }
        None => None,
    };
    let template = match &order.template {
        Some(name) => Some(catalog.template(scope, name).await.map_err(|error| missing(error, "/template", "template"))?),
        None => None,
    };
    let channel = channel(&order, template.as_deref())?;
    order.check_for(channel)?;
    let recipient = recipient(&order, contact.as_ref(), channel)?;
    if let Some(account) = order.account {
        let known = catalog.account(scope, account).await?;
        let known = known.ok_or_else(|| gone("/account", "account"))?;
        if !known.sends() {
            return Err(Error::invalid("/account", "account", "nothing is sent through this account: its mailbox is read"));
        }
    }
    let locale = order.locale.clone().or_else(|| contact.as_ref().and_then(|contact| contact.locale.clone()));
    let mut category = order.category.clone();
    let mut variables = order.variables;
    if let Some(deal) = order.deal_id {
        about::deal(scope, deal, &mut variables).await?;
    }
    let mut made = None;
    let mut content = None;
    let enclosing = !order.attachments.is_empty();
    match (template, &order.content) {
        (Some(template), _) => {
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
            try_out(channel, enclosing, "/variables", &edition.compiled, &values, |fault| {
                Error::invalid("/variables", "template", format!("with these values the template cannot be sent: {fault}"))
            })?;
            made = Some(Made { id: edition.template.id, number });
            category = category.or_else(|| Some(edition.template.category.clone()));
            content = Some((edition.compiled, values));
        }
        (None, Some(source)) => {
            let compiled = compile(channel, source)?;
            let values = values(&variables, contact.as_ref(), &recipient);
            complete(&compiled, &values)?;
            try_out(channel, enclosing, "/content", &compiled, &values, |fault| {
                Error::Invalid(super::edit_template::faults_under("/content", &[fault]))
            })?;
            content = Some((Arc::new(compiled), values));
        }
        // It speaks without text: this was checked.
        (None, None) => {}
    }
    let enclose::Found { files: enclosed, brought } = enclose::find(files, scope, now, channel, &order.attachments).await?;
    let later = order.send_at.filter(|at| *at > now);
    let headers: Vec<(String, String)> = order.headers.into_iter().collect();
    let given = size(&variables) + size(&order.metadata);
    let apart = order.content.is_some() || !headers.is_empty() || given > INLINE || !order.extras.is_empty() || enclosing;
    let source = order.content.as_ref().map_or(0, length).saturating_add(length(&enclosed));
    if source.saturating_add(given) > crate::body::LIMIT {
        let pointer = if order.content.is_some() { "/content" } else { "/variables" };
        let limit = crate::body::LIMIT;
        return Err(Error::invalid(
            pointer,
            "too_long",
            format!("content, variables and metadata take at most {limit} bytes together"),
        ));
    }
    let windowed = channel.capabilities().window_hours.is_some() && order.extras.provider_template.is_none();
    let body = apart.then(|| Body {
        message: id,
        source: order.content,
        variables: variables.clone(),
        metadata: order.metadata.clone(),
        headers,
        extras: order.extras,
        attachments: enclosed,
        at: now,
    });
    let message = Message {
        state: if later.is_some() { State::Scheduled } else { State::Accepted },
        cc: order.cc,
        bcc: order.bcc,
        reply_to: order.reply_to,
        template: made,
        locale: order.locale,
        deal: order.deal_id,
        company: contact.as_ref().and_then(|contact| contact.company_id),
        variables: if apart { Map::new() } else { variables },
        metadata: if apart { Map::new() } else { order.metadata },
        body: apart,
        tags: order.tags,
        category: category.unwrap_or_default(),
        campaign: order.campaign,
        cancel_key: order.cancel_key,
        throttle: order.throttle,
        send_at: order.send_at,
        sandbox: order.sandbox,
        untracked: !order.track,
        windowed,
        watched: catalog.watches_messages(scope).await?,
        pinned: order.account,
        hold: later.map(|until| Hold { why: Wait::Schedule, until }),
        ..Message::new(id, channel, recipient)
    };
    let (compiled, values) = content.unzip();
    Ok(Draft { accepted: Accepted { message, body, brought }, compiled, values: values.unwrap_or_default() })
}

/// Bytes of JSON.
fn length(thing: &impl serde::Serialize) -> usize {
    serde_json::to_string(thing).map_or(usize::MAX, |text| text.len())
}

/// Writes what [`prepare`] made. Writing it twice is writing it once: the id is the key.
pub async fn write(scope: &TenantScope, accepted: &Accepted) -> Result<()> {
    for id in &accepted.brought {
        enclose::note(scope, *id).await?;
    }
    if let Some(body) = &accepted.body {
        scope.create(body).await?;
    }
    if let Some(recall) = Recall::of(&accepted.message) {
        scope.create(&recall).await?;
    }
    scope.create(&accepted.message).await?;
    Ok(())
}

/// The same as writes of a transaction. Its files, if any, must be known to be there.
pub(super) fn writes(scope: &TenantScope, accepted: &Accepted) -> Result<Vec<Write>> {
    let recall = Recall::of(&accepted.message);
    let body = accepted.body.as_ref().map(|body| scope.creating(body));
    let recall = recall.as_ref().map(|recall| scope.creating(recall));
    body.into_iter().chain(recall).chain([scope.creating(&accepted.message)]).collect()
}

fn gone(pointer: &str, kind: &str) -> Error {
    Error::invalid(pointer, "unknown", format!("no such {kind}"))
}

fn missing(error: Error, pointer: &str, kind: &str) -> Error {
    if matches!(error, Error::NotFound { .. }) { gone(pointer, kind) } else { error }
}

/// The medium: what was said, else the template's, else what the address is one of.
fn channel(order: &Order, template: Option<&Template>) -> Result<Channel> {
    let own = template.map(|template| template.channel);
    if let (Some(wanted), Some(own)) = (order.channel, own)
        && wanted != own
    {
        return Err(Error::invalid("/template", "channel", format!("the template is for {}", own.as_str())));
    }
    let by_address = if order.to.phone.is_some() { Some(Channel::Sms) } else { Some(Channel::Email) };
    let by_address = by_address.filter(|_| order.to.address.is_none());
    order.channel.or(own).or(by_address).ok_or_else(|| Error::invalid("/channel", "required", "an address is one of a channel"))
}

fn recipient(order: &Order, contact: Option<&Contact>, channel: Channel) -> Result<Recipient> {
    let To { email, phone, address, name, .. } = &order.to;
    let bare = |address: String| Recipient { address, name: name.clone(), contact: None };
    let misplaced =
        |pointer: &str, kind: &str| Error::invalid(pointer, "channel", format!("{kind} is no address of {}", channel.as_str()));
    match (contact, email, phone, address) {
        (Some(contact), ..) => {
            let address = contact.address(channel).ok_or_else(|| {
                Error::invalid("/to/contact", "no_address", format!("the contact has no address for {}", channel.as_str()))
            })?;
            Ok(Recipient { address, name: name.clone().or_else(|| contact.full_name()), contact: Some(contact.id) })
        }
        (None, Some(email), ..) if channel == Channel::Email => Ok(bare(email.to_string())),
        (None, Some(_), ..) => Err(misplaced("/to/email", "an email address")),
        (None, None, Some(phone), _) if channel.by_phone() => Ok(bare(phone.to_string())),
        (None, None, Some(_), _) => Err(misplaced("/to/phone", "a telephone number")),
        (None, None, None, Some(address)) => {
            crate::address::parse(channel, address).map(bare).map_err(|error| error.under("/to/address"))
        }
        (None, None, None, None) => Err(Error::invalid("/to", "recipient", "a recipient is needed")),
    }
}

/// Renders with these values, and refuses what would be refused at sending.
fn try_out(
    channel: Channel,
    enclosing: bool,
    pointer: &str,
    compiled: &Compiled,
    values: &Value,
    refuse: impl Fn(render::Fault) -> Error,
) -> Result<()> {
    if channel == Channel::Email {
        return compiled.trial(values).map_err(refuse);
    }
    let rendered = compiled.render(values, render::Strictness::Send).map_err(refuse)?;
    crate::extras::fits(channel, enclosing, pointer, rendered.subject.as_deref(), rendered.text.as_deref().unwrap_or_default())
}

/// Compiles content that a caller brought along.
fn compile(channel: Channel, source: &Source) -> Result<Compiled> {
    let mut faults = Faults::default();
    crate::extras::check_source(channel, source, "/content", &mut faults);
    if source.html.is_none() && source.text.is_none() {
        faults.add("/content", "required", "html or text is needed");
    }
    faults.check()?;
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

/// The values that a template sees: the caller's variables, the contact with its company, and the system's own.
pub fn values(variables: &Map<String, Value>, contact: Option<&Contact>, recipient: &Recipient) -> Value {
    let mut values = variables.clone();
    let person =
        contact.map_or_else(|| serde_json::json!({ "email": recipient.address, "name": recipient.name }), Contact::variables);
    if let Some(company) = person.get("company").filter(|_| contact.is_some() && !values.contains_key("company")) {
        values.insert("company".to_owned(), company.clone());
    }
    values.insert("contact".to_owned(), person);
    Value::Object(values)
}

/// Links by which a recipient decides about further messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// To leave this kind of message.
    pub leave: Option<String>,
    /// To see and change all preferences, of a contact.
    pub preferences: Option<String>,
}

/// The same with the system's own.
pub fn with_own(mut values: Value, tenant: &Tenant, message: MessageId, ways: &Ways) -> Value {
    if let Value::Object(values) = &mut values {
        values.insert("tenant".to_owned(), serde_json::json!({ "name": tenant.name, "slug": tenant.slug }));
        values.insert("message".to_owned(), serde_json::json!({ "id": message }));
        let link = |url: &Option<String>| url.as_deref().map_or(Value::Null, Value::from);
        values.insert("unsubscribe_url".to_owned(), link(&ways.leave));
        values.insert("preferences_url".to_owned(), link(&ways.preferences));
    }
    values
}

/// Names that the sender fills in.
const SYSTEM: &[&str] = &["message", "preferences_url", "tenant", "unsubscribe_url"];

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
