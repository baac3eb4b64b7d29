//! Contacts: people, how they are reached and what they allow.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::company::Member;
use domain::contact::{Consent, Handle, QuietHours};
use domain::field::Object;
use domain::flows::{keep_contact, recognise};
use domain::suppression::Reason;
use domain::{Channel, Contact};
use kernel::ids::{CompanyId, ContactId, UserId};
use kernel::{Email, Locale, Phone, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Listing, Page};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::fields::FieldFilters;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::page::{Fielded, List, PageParams};
use crate::reply::words::{ChannelWord, ReasonWord};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

pub(crate) mod consents;
pub(crate) mod engagement;
pub(crate) mod fields;
pub(crate) mod frequency;
pub(crate) mod preferences;
pub(crate) mod upsert;

use fields::{ContactFields, QuietHoursShape};

/// A person or mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactView {
    #[schema(value_type = String, example = "con_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: ContactId,
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    /// The company, when it is a known one. Null when that was deleted before the contact was changed last.
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The user who keeps it.
    #[schema(value_type = Option<String>)]
    owner: Option<UserId>,
    /// The preferred one first.
    emails: Vec<EmailView>,
    /// The preferred one first, in E.164.
    #[schema(value_type = Vec<String>)]
    phones: Vec<Phone>,
    /// Addresses on channels that have a form of their own, the preferred one of a channel first.
    handles: Vec<HandleView>,
    /// IANA time zone; the tenant's own when there is none.
    #[schema(value_type = Option<String>)]
    zone: Option<Zone>,
    /// Language tag; the tenant's own when there is none.
    #[schema(value_type = Option<String>)]
    locale: Option<Locale>,
    /// Nothing may be sent, whatever the channel and category.
    do_not_contact: bool,
    /// Recorded answers by `channel:category`.
    consents: BTreeMap<String, ConsentView>,
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<QuietHours>,
    tags: Vec<String>,
    /// Custom fields.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    /// What brought it about, when it was no request: `inbound`, `import`, `signup_form`.
    source: Option<String>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

/// An address of a contact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailView {
    #[schema(value_type = String, format = Email)]
    email: Email,
    /// Why it must not be written to.
    #[schema(value_type = Option<ReasonWord>)]
    suppressed: Option<Reason>,
}

/// An address of a contact on a channel that has a form of its own: chat id, device token, subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandleView {
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    address: String,
    /// Why it must not be written to.
    #[schema(value_type = Option<ReasonWord>)]
    suppressed: Option<Reason>,
}

/// A recorded answer to the question whether a category may be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentView {
    granted: bool,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Where it came from: `api`, `preference_page`, `one_click`, `double_opt_in`, `inbound`, `import`, `rule`.
    source: String,
}

impl From<Consent> for ConsentView {
    fn from(Consent { granted, at, source }: Consent) -> Self {
        Self { granted, at, source }
    }
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let emails = contact.emails.iter().map(|email| EmailView {
            email: email.clone(),
            suppressed: contact.suppression_of(Channel::Email, email.as_str()),
        });
        let emails = emails.collect();
        let handles = contact.handles.iter().map(|Handle { channel, address }| HandleView {
            channel: *channel,
            address: address.clone(),
            suppressed: contact.suppression_of(*channel, address),
        });
        let handles = handles.collect();
        Self {
            id: contact.id,
            first_name: contact.first_name,
            last_name: contact.last_name,
            company: contact.company,
            company_id: contact.company_id,
            owner: contact.owner,
            emails,
            phones: contact.phones,
            handles,
            zone: contact.zone,
            locale: contact.locale,
            do_not_contact: contact.do_not_contact,
            consents: contact.consents.into_iter().map(|(key, consent)| (key, consent.into())).collect(),
            quiet_hours: contact.quiet_hours,
            tags: contact.tags,
            fields: contact.fields,
            source: contact.source,
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactFilters {
    /// The one contact with this address.
    #[param(value_type = Option<String>)]
    email: Option<Email>,
    /// The one contact with this number.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// Contacts of this company. A page may be shorter than asked for.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// Contacts that this user keeps.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    /// Contacts with this tag.
    tag: Option<String>,
    /// Made at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Made before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

impl ContactFilters {
    fn list(&self) -> String {
        let email = self.email.as_ref().map(Email::key);
        format!("contacts {:?}", (email, &self.phone, self.company_id, self.owner, &self.tag, self.since, self.until))
    }

    /// The address that only one contact can have, in the form it is found by.
    fn address(&self) -> Option<(Channel, String)> {
        let email = self.email.as_ref().map(|email| (Channel::Email, email.key()));
        email.or_else(|| self.phone.as_ref().map(|phone| (Channel::Sms, phone.to_string())))
    }

    fn keeps(&self, contact: &Contact) -> bool {
        self.phone.as_ref().is_none_or(|phone| contact.phones.contains(phone))
            && self.company_id.is_none_or(|company| contact.company_id == Some(company))
            && self.owner.is_none_or(|owner| contact.owner == Some(owner))
            && self.tag.as_ref().is_none_or(|tag| contact.tags.contains(tag))
            && self.since.is_none_or(|since| contact.created_at >= since)
            && self.until.is_none_or(|until| contact.created_at < until)
    }
}

/// The contact that an address belongs to: found by the address's own row, whatever the number of contacts.
async fn owner_of(caller: &Caller<may::Read>, channel: Channel, key: &str) -> Result<Page<Contact>> {
    let owner = recognise::owner(&caller.context, &caller.scope, channel, key).await?;
    Ok(Page { rows: owner.into_iter().collect(), next: None })
}

/// A page of the contacts of a company, newest first: one query of its members, one batch read.
async fn members_of(caller: &Caller<may::Read>, company: CompanyId, asked: &Listing) -> Result<Page<Contact>> {
    let members = caller.scope.page_below::<Member>(&company.hex(), asked.limit, asked.after.as_ref()).await?;
    let ids: Vec<_> = members.rows.iter().map(|member| member.row.contact.into()).collect();
    let contacts = caller.scope.read_many::<Contact>(&ids).await?;
    Ok(Page { rows: contacts.into_iter().flatten().collect(), next: members.next })
}

/// Lists contacts, newest first.
#[utoipa::path(get, path = "/v1/contacts", tag = "contacts", operation_id = "list_contacts", security(("key" = [])),
    params(PageParams, ContactFilters, FieldFilters),
    responses((status = 200, description = "A page of contacts.", body = List<ContactView>), refused::Listing))]
async fn list_contacts(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Fielded(page, filters, fields): Fielded<ContactFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("{} {fields:?}", filters.list()));
    let wanted = fields.of(&api, &caller, Object::Contact).await?;
    let keeps = |contact: &Contact| filters.keeps(contact) && wanted.keeps(&contact.fields);
    let asked = page.listing(keys, &caller.scope, &list)?;
    let mut found = if let Some((channel, key)) = filters.address() {
        owner_of(&caller, channel, &key).await?
    } else if let Some(company) = filters.company_id {
        members_of(&caller, company, &asked).await?
    } else {
        let listing = Listing { since: filters.since, until: filters.until, ..asked };
        caller.scope.list(&listing, caller.context.clock.now(), keeps).await?
    };
    found.rows.retain(|contact| keeps(&contact.row));
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |contact| ContactView::from(contact.row))))
}

/// Finds a contact.
#[utoipa::path(get, path = "/v1/contacts/{id}", tag = "contacts", operation_id = "find_contact", security(("key" = [])),
    params(("id" = String, Path, description = "The contact's id.")),
    responses((status = 200, description = "The contact.", body = ContactView, headers(("etag" = String))), refused::Finding))]
async fn find_contact(caller: Caller<may::Read>, Id(id): Id<ContactId>) -> Result<Reply<ContactView>, Failure> {
    let contact = caller.scope.find::<Contact>(id).await?;
    Ok(Reply::ok(contact.row.into()).version(contact.version))
}

/// Makes a contact.
#[utoipa::path(post, path = "/v1/contacts", tag = "contacts", operation_id = "create_contact", security(("key" = [])),
    params(Repeatable), request_body = ContactFields,
    responses((status = 201, description = "The new contact.", body = ContactView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_contact(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<ContactFields>,
) -> Result<Reply<ContactView>, Failure> {
    let id = ContactId::new(&caller.context.ids, &caller.context.clock);
    let now = caller.context.clock.now();
    let mut contact = Contact::blank(id, now);
    body.apply(&mut contact, now)?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    keep_contact::create(&caller.context, &caller.scope, &definitions, &mut contact, &caller.evidence()).await?;
    Ok(Reply::created(contact.into(), &format!("/v1/contacts/{id}")).version(1))
}

/// Changes a contact.
#[utoipa::path(patch, path = "/v1/contacts/{id}", tag = "contacts", operation_id = "update_contact", security(("key" = [])),
    params(("id" = String, Path, description = "The contact's id."), IfMatch, Repeatable), request_body = ContactFields,
    responses((status = 200, description = "The changed contact.", body = ContactView, headers(("etag" = String))),
        refused::Changing))]
async fn update_contact(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<ContactId>,
    if_match: IfMatch,
    Input(body): Input<ContactFields>,
) -> Result<Reply<ContactView>, Failure> {
    let mut contact = caller.scope.find::<Contact>(id).await?;
    if_match.check(contact.version)?;
    let before = contact.row.clone();
    body.apply(&mut contact.row, caller.context.clock.now())?;
    let (definitions, evidence) = (api.0.catalog.definitions(&caller.scope).await?, caller.evidence());
    let (context, scope) = (&caller.context, &caller.scope);
    let version = keep_contact::replace(context, scope, &definitions, &before, &mut contact, &evidence).await?;
    Ok(Reply::ok(contact.row.into()).version(version))
}

/// Deletes a contact. Its suppressed addresses stay suppressed. What timelines tell of it alone is taken off them within seconds: its
/// messages, its answers about consent. What such a message comes to days later is told again, without words or address.
#[utoipa::path(delete, path = "/v1/contacts/{id}", tag = "contacts", operation_id = "delete_contact", security(("key" = [])),
    params(("id" = String, Path, description = "The contact's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_contact(
    State(api): State<Api>,
    caller: Caller<may::Delete>,
    Id(id): Id<ContactId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let contact = caller.scope.find::<Contact>(id).await?;
    if_match.check(contact.version)?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    keep_contact::delete(&caller.context, &caller.scope, &definitions, &contact).await?;
    Ok(Gone)
}

operations!(list_contacts, create_contact, find_contact, update_contact, delete_contact);
