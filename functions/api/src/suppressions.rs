//! Suppressions: addresses that must not be written to, and why.

use domain::flows::suppress;
use domain::suppression::Reason;
use domain::{Address, Channel, Contact, Suppression, address};
use kernel::ids::{ContactId, SuppressionId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Listing, Page, TenantScope};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::contacts::ContactView;
use crate::expand::{Expand, Things};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Params, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::{ChannelWord, ReasonWord};
use crate::reply::{Gone, Reply, refused};

/// An address that must not be written to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuppressionView {
    #[schema(value_type = String, example = "sup_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: SuppressionId,
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// In the form that it is found by: an email address in lower case, a telephone number in E.164.
    address: String,
    #[schema(value_type = ReasonWord)]
    reason: Reason,
    /// The contact that had the address then.
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// What brought it about: `api`, `preference_page`, `inbound`, a message's id.
    source: String,
    /// When it ends to hold, if ever.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// What `?expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expanded: Option<ExpandedSuppression>,
}

/// What an entry can bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Thing {
    Contact,
}

/// What an entry refers to, as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpandedSuppression {
    /// Null when it is gone or there never was one.
    contact: Option<ContactView>,
}

/// The entries' contacts, if they are wanted.
async fn contacts<'a>(
    scope: &TenantScope,
    expand: &Expand<Thing>,
    entries: impl Iterator<Item = &'a Suppression> + Send,
) -> Result<Things<ContactId, Contact>> {
    Things::read(scope, expand.wants(&Thing::Contact), entries.filter_map(|entry| entry.contact)).await
}

/// The view with what it refers to.
fn beside(contacts: &Things<ContactId, Contact>, entry: Suppression) -> SuppressionView {
    let mut view = SuppressionView::from(entry);
    view.expanded = contacts.view(view.contact).map(|contact| ExpandedSuppression { contact });
    view
}

impl From<Suppression> for SuppressionView {
    fn from(entry: Suppression) -> Self {
        Self {
            id: entry.id,
            channel: entry.channel,
            address: entry.address,
            reason: entry.reason,
            contact: entry.contact,
            source: entry.source,
            until: entry.until,
            created_at: entry.created_at,
            expanded: None,
        }
    }
}

/// An address to suppress.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSuppression {
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// In the channel's own form: email address, telephone number in international form, chat id.
    #[schema(max_length = 2048, example = "ada@example.com")]
    address: String,
    /// `manual` when not said.
    #[serde(default)]
    reason: GivenReason,
}

/// The reasons that can be given by hand: `manual` stops everything, `unsubscribe` stops what recipients can leave.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GivenReason {
    #[default]
    Manual,
    Unsubscribe,
}

impl From<GivenReason> for Reason {
    fn from(given: GivenReason) -> Self {
        match given {
            GivenReason::Manual => Self::Manual,
            GivenReason::Unsubscribe => Self::Unsubscribe,
        }
    }
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuppressionFilters {
    /// The entry of this address.
    address: Option<String>,
    /// Entries of this channel; with an address it is email when not said.
    #[param(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Entries with this reason.
    #[param(value_type = Option<ReasonWord>)]
    reason: Option<Reason>,
    /// Made at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Made before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// What to bring along in `expanded`: `contact`.
    #[param(value_type = Option<String>, example = "contact")]
    expand: Expand<Thing>,
}

/// Parameters of finding one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuppressionParams {
    /// What to bring along in `expanded`: `contact`.
    #[param(value_type = Option<String>, example = "contact")]
    expand: Expand<Thing>,
}

impl SuppressionFilters {
    fn list(&self) -> String {
        format!("suppressions {:?}", (&self.address, self.channel, self.reason, self.since, self.until))
    }

    /// Channel and key form of the address asked for.
    fn spot(&self) -> Result<Option<(Channel, String)>> {
        let Some(text) = &self.address else { return Ok(None) };
        let channel = self.channel.unwrap_or(Channel::Email);
        let key = address::parse(channel, text).and_then(|text| address::key(channel, &text));
        key.map(|key| Some((channel, key))).map_err(|error| error.under("?address"))
    }

    fn keeps(&self, entry: &Suppression) -> bool {
        self.channel.is_none_or(|channel| entry.channel == channel)
            && self.reason.is_none_or(|reason| entry.reason == reason)
            && self.since.is_none_or(|since| entry.created_at >= since)
            && self.until.is_none_or(|until| entry.created_at < until)
    }
}

/// The entry of an address: found by the address's own row, whatever the number of entries.
async fn entry_of(caller: &Caller<may::Read>, channel: Channel, key: &str) -> Result<Page<Suppression>> {
    let at = Address::at(&caller.context.keys, channel, key);
    let address = caller.scope.read_now::<Address>(at).await?;
    let entry = match address.and_then(|address| address.row.suppressed(channel)) {
        Some(standing) => caller.scope.read_now::<Suppression>(standing.id).await?,
        None => None,
    };
    Ok(Page { rows: entry.into_iter().collect(), next: None })
}

/// Lists suppressed addresses, newest first.
#[utoipa::path(get, path = "/v1/suppressions", tag = "suppressions", operation_id = "list_suppressions", security(("key" = [])),
    params(PageParams, SuppressionFilters),
    responses((status = 200, description = "A page of entries.", body = List<SuppressionView>), refused::Listing))]
async fn list_suppressions(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<SuppressionFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, filters.list());
    let asked = page.listing(keys, &caller.scope, &list)?;
    let mut found = if let Some((channel, key)) = filters.spot()? {
        entry_of(&caller, channel, &key).await?
    } else {
        let listing = Listing { since: filters.since, until: filters.until, ..asked };
        caller.scope.list(&listing, caller.context.clock.now(), |entry| filters.keeps(entry)).await?
    };
    found.rows.retain(|entry| filters.keeps(&entry.row));
    let contacts = contacts(&caller.scope, &filters.expand, found.rows.iter().map(|entry| &entry.row)).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |entry| beside(&contacts, entry.row))))
}

/// Finds an entry.
#[utoipa::path(get, path = "/v1/suppressions/{id}", tag = "suppressions", operation_id = "find_suppression",
    security(("key" = [])), params(("id" = String, Path, description = "The entry's id."), SuppressionParams),
    responses((status = 200, description = "The entry.", body = SuppressionView, headers(("etag" = String))), refused::Finding))]
async fn find_suppression(
    caller: Caller<may::Read>,
    Id(id): Id<SuppressionId>,
    Params(params): Params<SuppressionParams>,
) -> Result<Reply<SuppressionView>, Failure> {
    let entry = caller.scope.find::<Suppression>(id).await?;
    let contacts = contacts(&caller.scope, &params.expand, std::iter::once(&entry.row)).await?;
    Ok(Reply::ok(beside(&contacts, entry.row)).version(entry.version))
}

/// Suppresses an address. One that is suppressed already keeps its entry, unless the new reason weighs more.
#[utoipa::path(post, path = "/v1/suppressions", tag = "suppressions", operation_id = "create_suppression",
    security(("key" = [])), params(Repeatable), request_body = NewSuppression,
    responses((status = 201, description = "The entry.", body = SuppressionView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_suppression(
    caller: Caller<may::WriteSuppressions>,
    Input(body): Input<NewSuppression>,
) -> Result<Reply<SuppressionView>, Failure> {
    let (channel, reason) = (body.channel, body.reason.into());
    let address = address::parse(channel, &body.address).map_err(|error| error.under("/address"))?;
    let entry =
        suppress::suppress(&caller.context, &caller.scope, channel, &address, reason, "api", &caller.evidence()).await?;
    let location = format!("/v1/suppressions/{}", entry.id);
    // Entries are made and lifted, never changed.
    Ok(Reply::created(entry.into(), &location).version(1))
}

/// Lifts a suppression: the address may be written to again.
#[utoipa::path(delete, path = "/v1/suppressions/{id}", tag = "suppressions", operation_id = "delete_suppression",
    security(("key" = [])), params(("id" = String, Path, description = "The entry's id."), IfMatch),
    responses((status = 204, description = "It is lifted."), refused::Deleting))]
async fn delete_suppression(
    caller: Caller<may::WriteSuppressions>,
    Id(id): Id<SuppressionId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    if_match.check(caller.scope.find::<Suppression>(id).await?.version)?;
    suppress::lift(&caller.context, &caller.scope, id, &caller.evidence()).await?;
    Ok(Gone)
}

operations!(list_suppressions, create_suppression, find_suppression, delete_suppression);
