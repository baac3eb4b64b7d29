//! Timelines: what happened with a contact, a company or a deal, or at all, newest first. Entries are written from the table's stream, so they follow what
//! happens by seconds.

use std::sync::Arc;

use axum::extract::State;
use domain::activity::Direction;
use domain::entry::{Entry, Noun, SHARDS};
use domain::{Channel, Company, Contact, Deal, Tenant, Viewer};
use kernel::ids::{CompanyId, ContactId, DealId, UserId};
use kernel::{Result, Time};
use serde::Deserialize;
use serde_json::Value;
use store::{Listing, Page};
use utoipa::IntoParams;

use crate::activities::words::DirectionWord;
use crate::caller::{Caller, may};
use crate::expand::Expand;
use crate::failure::Failure;
use crate::input::Id;
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::{ChannelWord, sets};
use crate::reply::{Reply, refused};
use crate::state::Api;

mod view;

use view::{EntryView, Subjects};

sets! {
    NounWord = "EntryKind", "What an entry of a timeline tells of.", Noun::ALL;
}

/// What an entry can bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Companion {
    Subject,
}

/// Filters of a timeline.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineFilters {
    /// Entries that tell of this.
    #[param(value_type = Option<NounWord>)]
    kind: Option<Noun>,
    /// Entries with this `type`.
    #[serde(rename = "type")]
    #[param(rename = "type", example = "call")]
    word: Option<String>,
    #[param(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    #[param(value_type = Option<DirectionWord>)]
    direction: Option<Direction>,
    /// Entries of what this user did, or is to do.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Happened at this moment or later. The combined timeline begins with the tenant when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Happened before this moment. The combined timeline ends now when not said; the others show what is to be as well.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// What to bring along in `expanded`: `subject`, which is what the entry tells of.
    #[param(value_type = Option<String>, example = "subject")]
    expand: Expand<Companion>,
}

impl TimelineFilters {
    fn keeps(&self, entry: &Entry) -> bool {
        self.kind.is_none_or(|kind| entry.noun == kind)
            && self.word.as_ref().is_none_or(|word| entry.word.as_ref() == Some(word))
            && self.channel.is_none_or(|channel| entry.channel == Some(channel))
            && self.direction.is_none_or(|direction| entry.direction == Some(direction))
            && self.user.is_none_or(|user| entry.user == Some(user))
    }
}

/// A timeline that somebody looks at.
struct Look<'a> {
    caller: &'a Caller<may::Read>,
    /// Digits of the id whose timeline it is; none for the combined one.
    owner: Option<String>,
    page: PageParams,
    filters: TimelineFilters,
    viewer: Viewer,
    tenant: Arc<Tenant>,
}

impl<'a> Look<'a> {
    async fn new(
        api: &Api,
        caller: &'a Caller<may::Read>,
        owner: Option<String>,
        Paged(page, filters): Paged<TimelineFilters>,
    ) -> Result<Self> {
        let (viewer, tenant) = (caller.viewer(api).await?, api.0.catalog.tenant(&caller.scope).await?);
        Ok(Self { caller, owner, page, filters, viewer, tenant })
    }

    /// What a page brings along does not make it another list.
    fn list(&self) -> String {
        let filters = TimelineFilters { expand: Expand::default(), ..self.filters.clone() };
        format!("timeline {:?} {filters:?}", self.owner)
    }

    async fn entries(&self, asked: Listing) -> Result<Page<Entry>> {
        let listing = Listing { since: self.filters.since, until: self.filters.until, ..asked };
        let mail = self.tenant.mail_visibility;
        let keep = |entry: &Entry| entry.seen_by(&self.viewer, mail) && self.filters.keeps(entry);
        let scope = &self.caller.scope;
        match &self.owner {
            Some(owner) => scope.page_by_time(owner, &listing, keep).await,
            None => scope.page_by_month(SHARDS, &listing, self.caller.context.clock.now(), keep).await,
        }
    }

    async fn reply(self) -> Result<Reply<List<Value>>> {
        let (scope, keys, list) = (&self.caller.scope, &self.caller.context.keys, self.list());
        let asked = self.page.listing(keys, scope, &list)?;
        let found = self.entries(asked).await?;
        let wanted = self.filters.expand.wants(&Companion::Subject);
        let entries = found.rows.iter().map(|found| &found.row);
        let subjects = Subjects::read(scope, wanted, (&self.viewer, self.caller.context.clock.now()), entries).await?;
        Ok(Reply::ok(self.page.shape(keys, scope, &list, found, |entry| subjects.beside(entry.row))))
    }
}

/// Lists what happened, newest first. An entry follows what it tells of by seconds.
#[utoipa::path(get, path = "/v1/timeline", tag = "timelines", operation_id = "list_timeline", security(("key" = [])),
    params(PageParams, TimelineFilters),
    responses((status = 200, description = "A page of entries.", body = List<EntryView>), refused::Listing))]
async fn list_timeline(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    paged: Paged<TimelineFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    Ok(Look::new(&api, &caller, None, paged).await?.reply().await?)
}

/// Lists what happened with a contact, newest first. An entry follows what it tells of by seconds.
#[utoipa::path(get, path = "/v1/contacts/{id}/timeline", tag = "timelines", operation_id = "list_contact_timeline",
    security(("key" = [])),
    params(("id" = String, Path, description = "The contact's id."), PageParams, TimelineFilters),
    responses((status = 200, description = "A page of entries.", body = List<EntryView>), refused::Finding))]
async fn list_contact_timeline(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<ContactId>,
    paged: Paged<TimelineFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    caller.scope.find::<Contact>(id).await?;
    Ok(Look::new(&api, &caller, Some(id.hex()), paged).await?.reply().await?)
}

/// Lists what happened with a company, newest first: activities, messages with who belonged to it then, and what became of its deals.
#[utoipa::path(get, path = "/v1/companies/{id}/timeline", tag = "timelines", operation_id = "list_company_timeline",
    security(("key" = [])),
    params(("id" = String, Path, description = "The company's id."), PageParams, TimelineFilters),
    responses((status = 200, description = "A page of entries.", body = List<EntryView>), refused::Finding))]
async fn list_company_timeline(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<CompanyId>,
    paged: Paged<TimelineFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    caller.scope.find::<Company>(id).await?;
    Ok(Look::new(&api, &caller, Some(id.hex()), paged).await?.reply().await?)
}

/// Lists what happened for a deal, newest first: activities, messages about it, and what became of it.
#[utoipa::path(get, path = "/v1/deals/{id}/timeline", tag = "timelines", operation_id = "list_deal_timeline",
    security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id."), PageParams, TimelineFilters),
    responses((status = 200, description = "A page of entries.", body = List<EntryView>), refused::Finding))]
async fn list_deal_timeline(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<DealId>,
    paged: Paged<TimelineFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    caller.scope.find::<Deal>(id).await?;
    Ok(Look::new(&api, &caller, Some(id.hex()), paged).await?.reply().await?)
}

operations!(list_timeline, list_contact_timeline, list_company_timeline, list_deal_timeline);
