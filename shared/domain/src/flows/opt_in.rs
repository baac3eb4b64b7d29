//! Double opt-in: a contact is asked by a message whether it wants something, and has consented once it follows the link in it and
//! says so there. Question, message and the note that an answer is awaited are written together.

use aws::Files;
use kernel::ids::{ContactId, MessageId};
use kernel::{Aim, Error, Locale, Result, Time};
use render::Source;
use serde_json::{Map, Value};
use store::{Stored, TenantScope};

use super::accept::{self, Order, To};
use super::catalog::Catalog;
use super::{Context, keep_contact};
use crate::consent::Evidence;
use crate::contact::{Consent, consent_key, parse_consent_key};
use crate::preference::Pending;
use crate::template::shipped;
use crate::{Category, Channel, Contact};

/// How often a question is tried to be written against other writers of the contact.
const TRIES: usize = 8;
/// The template that asks, which a tenant may have changed or deleted.
pub const TEMPLATE: &str = "confirm-consent";

/// What is to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Whom.
    pub contact: ContactId,
    /// By which medium, and for messages by which: email or text message.
    pub channel: Channel,
    /// What for.
    pub categories: &'a [Category],
    /// In another language than the contact's.
    pub locale: Option<&'a Locale>,
    /// Where this deployment is called from outside, without a slash at the end.
    pub origin: &'a str,
    /// How it is known that the contact may want it.
    pub evidence: &'a Evidence,
    /// The id that the message is to have, of whoever may ask once more after a crash.
    pub message: Option<MessageId>,
}

/// What a link of such a question is about: `email:news,offers`.
fn subject(channel: Channel, categories: &[&Category]) -> String {
    let words: Vec<&str> = categories.iter().map(|category| category.as_str()).collect();
    format!("{}:{}", channel.as_str(), words.join(","))
}

/// Reads what a link is about.
pub fn read_subject(subject: &str) -> Result<(Channel, Vec<Category>)> {
    let (channel, categories) = subject.split_once(':').unwrap_or_default();
    let keys = categories.split(',').map(|category| parse_consent_key(&format!("{channel}:{category}")));
    let (channels, categories): (Vec<Channel>, Vec<Category>) = keys.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let channel = channels.first().copied().ok_or_else(|| Error::invalid("", "consent", "a channel is needed"))?;
    Ok((channel, categories))
}

/// Asks, and answers with the contact as it is then. Who has consented, or was asked within a day, is not asked.
pub async fn ask(
    context: &Context,
    catalog: &Catalog,
    files: &Files,
    scope: &TenantScope,
    question: &Question<'_>,
) -> Result<Stored<Contact>> {
    for _ in 0..TRIES {
        let mut contact = scope.find::<Contact>(question.contact).await?;
        let now = context.clock.now();
        let open = |category: &&Category| {
            let granted = contact.row.consent(question.channel, category).is_some_and(|consent| consent.granted);
            let waits = contact.row.preferences.pending.get(&consent_key(question.channel, category));
            !granted && waits.is_none_or(|pending| pending.is_stale(now))
        };
        let categories: Vec<&Category> = question.categories.iter().filter(open).collect();
        if categories.is_empty() {
            return Ok(contact);
        }
        if contact.row.address(question.channel).is_none() {
            return Err(Error::invalid("/channel", "no_address", "the contact has no address on this channel"));
        }
        let before = contact.row.clone();
        let pending = Pending { at: now };
        let link = link(context, scope, question, &subject(question.channel, &categories), pending.until(), catalog).await?;
        contact.row.preferences.pending.retain(|_, pending| pending.until() > now);
        for category in &categories {
            contact.row.preferences.pending.insert(consent_key(question.channel, category), pending);
        }
        contact.row.updated_at = now;
        let id = question.message.unwrap_or_else(|| MessageId::new(&context.ids, &context.clock));
        let locale = question.locale.or(contact.row.locale.as_ref());
        let order = order(catalog, scope, question, locale, &categories, link).await?;
        let message = accept::prepare(catalog, files, scope, order, id).await.map_err(unfit)?;
        let mut writes = keep_contact::changing(context, scope, &before, &contact, question.evidence)?;
        writes.extend(accept::writes(scope, &message)?);
        if scope.transact(writes).await?.is_none() {
            return Ok(Stored { version: contact.version.saturating_add(1), ..contact });
        }
    }
    Err(Error::unavailable("a contact is being changed too fast"))
}

/// The link that the contact confirms by.
async fn link(
    context: &Context,
    scope: &TenantScope,
    question: &Question<'_>,
    key: &str,
    until: Time,
    catalog: &Catalog,
) -> Result<String> {
    let token = context.keys.pass_for(Aim::Confirm, scope.tenant(), question.contact, until, key);
    let tenant = catalog.tenant(scope).await?;
    Ok(format!("{}/p/{}/confirm/{token}", question.origin, tenant.slug))
}

async fn order(
    catalog: &Catalog,
    scope: &TenantScope,
    question: &Question<'_>,
    locale: Option<&Locale>,
    categories: &[&Category],
    link: String,
) -> Result<Order> {
    let names: Vec<&str> = categories.iter().map(|category| category.as_str()).collect();
    let variables =
        Map::from_iter([("category".to_owned(), Value::from(names.join(", "))), ("confirm_url".to_owned(), Value::from(link))]);
    let to = To { contact: Some(question.contact), ..To::default() };
    let (channel, category) = (Some(question.channel), Some(Category::default()));
    let order = Order { to, variables, channel, locale: locale.cloned(), category, ..Order::default() };
    let language = match locale {
        Some(locale) => locale.language().to_owned(),
        None => catalog.tenant(scope).await?.locale.language().to_owned(),
    };
    if question.channel != Channel::Email {
        let text = Some(question_by_text(&language).to_owned());
        return Ok(Order { content: Some(Source { text, ..Source::default() }), ..order });
    }
    match catalog.template(scope, TEMPLATE).await {
        Ok(template) if template.active && template.live.is_some() => {
            Ok(Order { template: Some(TEMPLATE.to_owned()), ..order })
        }
        Ok(_) | Err(Error::NotFound { .. }) => Ok(Order { content: shipped::content(TEMPLATE, &language), ..order }),
        Err(error) => Err(error),
    }
}

/// The question where there is no room for more. The link counts for most of it.
fn question_by_text(language: &str) -> &'static str {
    match language {
        "de" => "{{ tenant.name }}: Bitte bestätigen Sie, dass Sie {{ category }} von uns erhalten möchten: {{ confirm_url }}",
        "es" => "{{ tenant.name }}: Confirme que desea recibir {{ category }} de nosotros: {{ confirm_url }}",
        "fr" => "{{ tenant.name }} : Confirmez que vous souhaitez recevoir {{ category }} de notre part : {{ confirm_url }}",
        "it" => "{{ tenant.name }}: Confermi che desidera ricevere {{ category }} da noi: {{ confirm_url }}",
        "nl" => "{{ tenant.name }}: Bevestig dat u {{ category }} van ons wilt ontvangen: {{ confirm_url }}",
        "pt" => "{{ tenant.name }}: Confirme que deseja receber {{ category }} da nossa parte: {{ confirm_url }}",
        _ => "{{ tenant.name }}: Please confirm that you want to get {{ category }} from us: {{ confirm_url }}",
    }
}

/// What is wrong with the message is wrong with the tenant's template, not with the request.
fn unfit(error: Error) -> Error {
    let Error::Invalid(faults) = error else { return error };
    let words = faults.into_iter().map(|fault| fault.detail).collect::<Vec<_>>().join("; ");
    Error::conflict(format!("The template {TEMPLATE} cannot be sent: {words}."))
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The contact has consented, now or before.
    Yes,
    /// Nobody waits for this answer any more.
    Late,
}

/// Takes the contact's yes to what it was asked for.
pub async fn confirm(
    context: &Context,
    scope: &TenantScope,
    contact: ContactId,
    channel: Channel,
    categories: &[Category],
    evidence: &Evidence,
) -> Result<Confirmed> {
    for _ in 0..TRIES {
        let Some(mut contact) = scope.read_now::<Contact>(contact).await? else { return Ok(Confirmed::Late) };
        let now = context.clock.now();
        let granted = |category: &&Category| contact.row.consent(channel, category).is_some_and(|consent| consent.granted);
        let awaited = |category: &&Category| {
            let pending = contact.row.preferences.pending.get(&consent_key(channel, category));
            !granted(category) && pending.is_some_and(|pending| pending.until() > now)
        };
        let said: Vec<&Category> = categories.iter().filter(awaited).collect();
        if said.is_empty() {
            let before = categories.iter().any(|category| granted(&category));
            return Ok(if before { Confirmed::Yes } else { Confirmed::Late });
        }
        let before = contact.row.clone();
        for category in said {
            let consent = Consent { granted: true, at: now, source: evidence.source.clone() };
            contact.row.record_consent(channel, category, consent);
            contact.row.wants_again(channel, category);
        }
        contact.row.updated_at = now;
        match keep_contact::declare(context, scope, &before, &contact, evidence).await {
            Ok(_) => return Ok(Confirmed::Yes),
            Err(Error::Stale { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("a contact is being changed too fast"))
}
