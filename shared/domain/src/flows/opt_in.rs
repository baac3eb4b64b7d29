//! Double opt-in: a contact is asked by email whether it wants something, and has consented once it follows the link in the email and
//! says so there. Question, message and the note that an answer is awaited are written together.

use aws::Files;
use kernel::ids::{ContactId, MessageId};
use kernel::{Aim, Error, Result, Time};
use serde_json::{Map, Value};
use store::{Stored, TenantScope};

use super::accept::{self, Order, To};
use super::catalog::Catalog;
use super::{Context, keep_contact};
use crate::consent::Evidence;
use crate::contact::{Consent, consent_key};
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
    /// What for.
    pub category: &'a Category,
    /// Where this deployment is called from outside, without a slash at the end.
    pub origin: &'a str,
    /// How it is known that the contact may want it.
    pub evidence: &'a Evidence,
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
        let granted = contact.row.consent(Channel::Email, question.category).is_some_and(|consent| consent.granted);
        let key = consent_key(Channel::Email, question.category);
        let waits = contact.row.preferences.pending.get(&key).is_some_and(|pending| !pending.is_stale(now));
        if granted || waits {
            return Ok(contact);
        }
        if contact.row.address(Channel::Email).is_none() {
            return Err(Error::invalid("/channel", "no_address", "the contact has no email address"));
        }
        let before = contact.row.clone();
        let pending = Pending { at: now };
        let link = link(context, scope, question, &key, pending.until(), catalog).await?;
        contact.row.preferences.pending.retain(|_, pending| pending.until() > now);
        contact.row.preferences.pending.insert(key, pending);
        contact.row.updated_at = now;
        let id = MessageId::new(&context.ids, &context.clock);
        let order = order(catalog, scope, question, link).await?;
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

async fn order(catalog: &Catalog, scope: &TenantScope, question: &Question<'_>, link: String) -> Result<Order> {
    let variables = Map::from_iter([
        ("category".to_owned(), Value::from(question.category.as_str())),
        ("confirm_url".to_owned(), Value::from(link)),
    ]);
    let to = To { contact: Some(question.contact), ..To::default() };
    let order = Order { to, variables, channel: Some(Channel::Email), category: Some(Category::default()), ..Order::default() };
    match catalog.template(scope, TEMPLATE).await {
        Ok(template) if template.active && template.live.is_some() => {
            Ok(Order { template: Some(TEMPLATE.to_owned()), ..order })
        }
        Ok(_) | Err(Error::NotFound { .. }) => Ok(Order { content: shipped::content(TEMPLATE), ..order }),
        Err(error) => Err(error),
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
    category: &Category,
    evidence: &Evidence,
) -> Result<Confirmed> {
    let key = consent_key(Channel::Email, category);
    for _ in 0..TRIES {
        let Some(mut contact) = scope.read_now::<Contact>(contact).await? else { return Ok(Confirmed::Late) };
        let now = context.clock.now();
        if contact.row.consent(Channel::Email, category).is_some_and(|consent| consent.granted) {
            return Ok(Confirmed::Yes);
        }
        if contact.row.preferences.pending.get(&key).is_none_or(|pending| pending.until() <= now) {
            return Ok(Confirmed::Late);
        }
        let before = contact.row.clone();
        let consent = Consent { granted: true, at: now, source: evidence.source.clone() };
        contact.row.record_consent(Channel::Email, category, consent);
        contact.row.wants_again(Channel::Email, category);
        contact.row.updated_at = now;
        match keep_contact::declare(context, scope, &before, &contact, evidence).await {
            Ok(_) => return Ok(Confirmed::Yes),
            Err(Error::Stale { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("a contact is being changed too fast"))
}
