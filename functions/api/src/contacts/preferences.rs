//! What a contact prefers: which channels, categories and campaigns, in which language, when, and how much.

use std::collections::{BTreeMap, BTreeSet};

use domain::contact::QuietHours;
use domain::flows::keep_contact;
use domain::preference::{Cap, Pending, Preferences};
use domain::{Category, Channel, Contact};
use kernel::error::Faults;
use kernel::ids::ContactId;
use kernel::{Error, Locale, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ConsentView;
use super::fields::{QuietHoursShape, record};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable, double_option, present, put, step};
use crate::operations::operations;
use crate::reply::{Reply, refused};

/// What a contact prefers. Refusals stop what can be left; consents are asked for as well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreferencesView {
    #[schema(value_type = String, example = "con_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    contact: ContactId,
    /// Nothing may be sent, whatever the channel and category.
    do_not_contact: bool,
    /// Channels that the contact can be reached by or has refused, and whether they may be used.
    #[schema(example = json!({"email": true, "sms": false}))]
    channels: BTreeMap<&'static str, bool>,
    /// Categories that the contact was asked about or has refused, and whether they are wanted by any channel at all.
    #[schema(example = json!({"newsletter": false}))]
    categories: BTreeMap<String, bool>,
    /// Campaigns that the contact has refused.
    #[schema(example = json!({"spring-sale": false}))]
    campaigns: BTreeMap<String, bool>,
    /// Recorded answers by `channel:category`.
    consents: BTreeMap<String, ConsentView>,
    /// Consents that the contact was asked for by email and has not confirmed, by `channel:category`.
    pending: BTreeMap<String, PendingView>,
    /// Language tag; the tenant's own when there is none.
    #[schema(value_type = Option<String>)]
    locale: Option<Locale>,
    /// IANA time zone; the tenant's own when there is none.
    #[schema(value_type = Option<String>)]
    zone: Option<Zone>,
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<QuietHours>,
    /// Most messages that can be left, over all channels.
    #[schema(value_type = Option<CapShape>)]
    cap: Option<Cap>,
}

/// A consent that waits for the contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingConsent)]
pub(crate) struct PendingView {
    /// When it was asked for last.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    asked_at: Time,
    /// Until when it can be confirmed.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// Most messages that can be left, over all channels.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FrequencyCap)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct CapShape {
    /// In any 24 hours.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    per_day: Option<u16>,
    /// In any seven days.
    #[schema(minimum = 1, maximum = 100, example = 3)]
    per_week: Option<u16>,
}

impl From<&Pending> for PendingView {
    fn from(pending: &Pending) -> Self {
        Self { asked_at: pending.at, expires_at: pending.until() }
    }
}

impl PreferencesView {
    pub(super) fn of(contact: Contact, now: Time) -> Self {
        let Preferences { refused, cap, pending } = &contact.preferences;
        let reached = contact.channels();
        let channels = reached.union(&refused.channels).map(|one| (one.as_str(), !refused.channels.contains(one))).collect();
        let asked = contact.consents.keys().filter_map(|key| Some(domain::contact::parse_consent_key(key).ok()?.1));
        let categories: BTreeSet<Category> = asked.chain(refused.categories.iter().cloned()).collect();
        let wanted = |category: Category| (category.to_string(), !refused.categories.contains(&category));
        let waits = pending.iter().filter(|(_, pending)| pending.until() > now);
        Self {
            contact: contact.id,
            do_not_contact: contact.do_not_contact,
            channels,
            categories: categories.into_iter().map(wanted).collect(),
            campaigns: refused.campaigns.iter().map(|campaign| (campaign.clone(), false)).collect(),
            pending: waits.map(|(key, pending)| (key.clone(), pending.into())).collect(),
            cap: *cap,
            consents: contact.consents.into_iter().map(|(key, consent)| (key, consent.into())).collect(),
            locale: contact.locale,
            zone: contact.zone,
            quiet_hours: contact.quiet_hours,
        }
    }
}

/// What changes of preferences. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreferenceFields {
    /// Nothing may be sent, whatever the channel and category.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    do_not_contact: Option<bool>,
    /// Whether channels may be used for what can be left: false refuses, true and null take that back.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>, example = json!({"sms": false}))]
    channels: Option<Option<BTreeMap<String, Option<bool>>>>,
    /// Whether categories are wanted at all: false refuses them on every channel, true and null take that back.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>, example = json!({"newsletter": false}))]
    categories: Option<Option<BTreeMap<String, Option<bool>>>>,
    /// Whether campaigns are wanted: false refuses, true and null take that back.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>, example = json!({"spring-sale": false}))]
    campaigns: Option<Option<BTreeMap<String, Option<bool>>>>,
    /// Answers to record, by `channel:category`; null forgets one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>, example = json!({"email:newsletter": true}))]
    consents: Option<Option<BTreeMap<String, Option<bool>>>>,
    /// Language tag.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "de-AT")]
    locale: Option<Option<Locale>>,
    /// IANA time zone.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Option<Zone>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<Option<QuietHours>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<CapShape>)]
    cap: Option<Option<Cap>>,
}

impl PreferenceFields {
    /// Carries the change out; [`Contact::check`] judges the result.
    fn apply(self, contact: &mut Contact, now: Time) -> Result<()> {
        put(&mut contact.do_not_contact, self.do_not_contact);
        put(&mut contact.locale, self.locale);
        put(&mut contact.zone, self.zone);
        put(&mut contact.quiet_hours, self.quiet_hours);
        put(&mut contact.preferences.cap, self.cap);
        contact.updated_at = now;
        let mut faults = Faults::default();
        let refused = &mut contact.preferences.refused;
        refuse(&mut refused.channels, self.channels, "/channels", &mut faults, |word| {
            Channel::parse(word).ok_or_else(|| Error::invalid("", "channel", "a channel such as email is needed"))
        });
        refuse(&mut refused.categories, self.categories, "/categories", &mut faults, Category::parse);
        refuse(&mut refused.campaigns, self.campaigns, "/campaigns", &mut faults, |word| Ok(word.to_owned()));
        match self.consents {
            Some(Some(answers)) => drop(faults.take("", record(contact, answers, now))),
            Some(None) => contact.consents.clear(),
            None => {}
        }
        faults.check()
    }
}

/// What a change says of one kind of refusals.
fn refuse<T: Ord>(
    refused: &mut BTreeSet<T>,
    wishes: Option<Option<BTreeMap<String, Option<bool>>>>,
    at: &str,
    faults: &mut Faults,
    read: impl Fn(&str) -> Result<T>,
) {
    let Some(wishes) = wishes else { return };
    let Some(wishes) = wishes else { return refused.clear() };
    for (word, wanted) in wishes {
        let Some(thing) = faults.take(&format!("{at}{}", step(&word)), read(&word)) else { continue };
        if wanted == Some(false) {
            refused.insert(thing);
        } else {
            refused.remove(&thing);
        }
    }
}

/// Tells what a contact prefers.
#[utoipa::path(get, path = "/v1/contacts/{id}/preferences", tag = "contacts", operation_id = "find_preferences",
    security(("key" = [])), params(("id" = String, Path, description = "The contact's id.")),
    responses((status = 200, description = "The preferences.", body = PreferencesView, headers(("etag" = String))),
        refused::Finding))]
async fn find_preferences(caller: Caller<may::Read>, Id(id): Id<ContactId>) -> Result<Reply<PreferencesView>, Failure> {
    let contact = caller.scope.find::<Contact>(id).await?;
    Ok(Reply::ok(PreferencesView::of(contact.row, caller.context.clock.now())).version(contact.version))
}

/// Changes what a contact prefers. What it changes of the contact's consents is kept for ever.
#[utoipa::path(patch, path = "/v1/contacts/{id}/preferences", tag = "contacts", operation_id = "update_preferences",
    security(("key" = [])), params(("id" = String, Path, description = "The contact's id."), IfMatch, Repeatable),
    request_body = PreferenceFields,
    responses((status = 200, description = "The changed preferences.", body = PreferencesView, headers(("etag" = String))),
        refused::Changing))]
async fn update_preferences(
    caller: Caller<may::WriteContacts>,
    Id(id): Id<ContactId>,
    if_match: IfMatch,
    Input(body): Input<PreferenceFields>,
) -> Result<Reply<PreferencesView>, Failure> {
    let mut contact = caller.scope.find::<Contact>(id).await?;
    if_match.check(contact.version)?;
    let (before, now) = (contact.row.clone(), caller.context.clock.now());
    body.apply(&mut contact.row, now)?;
    let version = keep_contact::declare(&caller.context, &caller.scope, &before, &contact, &caller.evidence()).await?;
    Ok(Reply::ok(PreferencesView::of(contact.row, now)).version(version))
}

operations!(find_preferences, update_preferences);
