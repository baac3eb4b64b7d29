//! Activities: what somebody did, or is going to do, with a contact. Who may not see one is told that there is none.

use axum::extract::State;
use domain::activity::{Direction, Form, Outcome, Priority, Status};
use domain::entry::{Noun, SHARDS};
use domain::field::Object;
use domain::flows::retrieve::Found;
use domain::flows::{log, retrieve};
use domain::{Activity, Entry, Right, Team};
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TeamId, UserId};
use kernel::{Error, Result, Time};
use serde::Deserialize;
use serde_json::Value;
use store::{Listing, Page, Stored, TenantScope};
use utoipa::IntoParams;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::fields::FieldFilters;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::page::{Fielded, List, PageParams};
use crate::reply::{Gone, Reply, refused};
use crate::sought::Sought;
use crate::state::Api;

pub(crate) mod batch;
pub(crate) mod fields;
pub(crate) mod view;
pub(crate) mod words;

use fields::ActivityFields;
use view::ActivityView;
use words::{ActivityStatusWord, ActivityTypeWord, DirectionWord, OutcomeWord, PriorityWord};

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityFilters {
    /// Activities with this contact, in the order of when they were or are to be.
    #[param(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    /// Activities with this company, in the same order.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// Activities for this deal, in the same order.
    #[param(value_type = Option<String>)]
    deal_id: Option<DealId>,
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<ActivityTypeWord>)]
    form: Option<Form>,
    #[param(value_type = Option<ActivityStatusWord>)]
    status: Option<Status>,
    #[param(value_type = Option<OutcomeWord>)]
    outcome: Option<Outcome>,
    #[param(value_type = Option<DirectionWord>)]
    direction: Option<Direction>,
    #[param(value_type = Option<PriorityWord>)]
    priority: Option<Priority>,
    /// Activities that this user did, or is to do.
    #[param(value_type = Option<String>)]
    assignee: Option<UserId>,
    /// Activities that are this user's.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    /// Activities of this user: its assignee's, or its owner's when it has no assignee; `none` for those that have neither.
    #[param(value_type = Option<String>)]
    user: Option<Sought<UserId>>,
    /// Activities of those who are in this team now.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// Activities with this tag.
    tag: Option<String>,
    /// Those that are counted, and are counted under the tag: nothing private, and of its tags the first five.
    counted: Option<bool>,
    /// Done, or to be, at this moment or later, in the order of that.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    at_since: Option<Time>,
    /// Done, or to be, before this moment, in the order of that; up to now when `at_since` alone is said. Without `at_since`, and
    /// without a contact, company or deal, the list begins with the tenant: what was done before that, as imported history may be,
    /// needs `at_since`.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    at_until: Option<Time>,
    /// Written down at this moment or later; of a contact's, done or to be then.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Written down before this moment; of a contact's, done or to be then.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

impl ActivityFilters {
    /// Digits of the id whose timeline has them.
    fn timeline(&self) -> Option<String> {
        let contact = self.contact_id.map(|id| id.hex());
        contact.or_else(|| self.deal_id.map(|id| id.hex())).or_else(|| self.company_id.map(|id| id.hex()))
    }

    /// Whether it is asked when activities were or are to be.
    const fn is_timed(&self) -> bool {
        self.at_since.is_some() || self.at_until.is_some()
    }

    /// The bounds of the list: of when activities were or are to be, where that orders it, else of when they were written down.
    fn bounded(&self, asked: Listing) -> Listing {
        match (self.timeline(), self.is_timed()) {
            (Some(_), _) => {
                let since = [self.at_since, self.since].into_iter().flatten().max();
                let until = [self.at_until, self.until].into_iter().flatten().min();
                Listing { since, until, ..asked }
            }
            (None, true) => Listing { since: self.at_since, until: self.at_until, ..asked },
            (None, false) => Listing { since: self.since, until: self.until, ..asked },
        }
    }

    /// The team whose members' activities are asked for. One that is not there has none.
    async fn team(&self, api: &Api, scope: &TenantScope) -> Result<Option<Team>> {
        match self.team {
            Some(id) => Ok(api.0.catalog.team(scope, id).await?),
            None => Ok(None),
        }
    }

    /// Whether it was written down when it is asked for, where the list is in another order.
    fn written(&self, row: &Activity) -> bool {
        let at = row.id.made_at();
        self.timeline().is_some() || (self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until))
    }

    /// Whether it was, or is to be, when it is asked for.
    fn falls(&self, row: &Activity) -> bool {
        self.at_since.is_none_or(|since| row.at() >= since) && self.at_until.is_none_or(|until| row.at() < until)
    }

    fn keeps(&self, row: &Activity, team: Option<&Team>) -> bool {
        let person = row.assignee.or(row.owner);
        let in_team = || person.is_some_and(|person| team.is_some_and(|team| team.has(person)));
        let tags = if self.counted == Some(true) { row.counted_tags() } else { &row.tags };
        self.contact_id.is_none_or(|contact| row.contact == Some(contact))
            && self.company_id.is_none_or(|company| row.company == Some(company))
            && self.deal_id.is_none_or(|deal| row.deal == Some(deal))
            && self.form.is_none_or(|form| row.form == form)
            && self.status.is_none_or(|status| row.status == status)
            && self.outcome.is_none_or(|outcome| row.outcome == Some(outcome))
            && self.direction.is_none_or(|direction| row.direction == Some(direction))
            && self.priority.is_none_or(|priority| row.priority == priority)
            && self.assignee.is_none_or(|assignee| row.assignee == Some(assignee))
            && self.owner.is_none_or(|owner| row.owner == Some(owner))
            && self.user.is_none_or(|user| person == user.0)
            && (self.team.is_none() || in_team())
            && self.tag.as_ref().is_none_or(|tag| tags.contains(tag))
            && self.counted.is_none_or(|counted| row.is_counted() == counted)
            && self.falls(row)
            && self.written(row)
    }
}

/// One page of the activities with a contact or company, or for a deal, or of all by their time: one query of its timeline, or four
/// of the combined one, and one batch of reads.
async fn page_of(
    scope: &TenantScope,
    owner: Option<&str>,
    listing: &Listing,
    now: Time,
    keeps: impl Fn(&Activity) -> bool + Send,
) -> Result<Page<Activity>> {
    let told = |entry: &Entry| entry.noun == Noun::Activity && entry.withdrawn.is_none();
    let page = match owner {
        Some(owner) => scope.page_by_time::<Entry>(owner, listing, told).await?,
        None => scope.page_by_month::<Entry>(SHARDS, listing, now, told).await?,
    };
    let ids: Vec<ActivityId> = page.rows.iter().filter_map(|entry| ActivityId::parse(&entry.row.subject)).collect();
    let rows = retrieve::read_many(scope, &ids, now).await?.into_iter().flatten().filter(|found| keeps(&found.row));
    Ok(Page { rows: rows.collect(), next: page.next })
}

/// Lists activities, newest first. With `contact_id`, `company_id`, `deal_id`, `at_since` or `at_until`, a page may be shorter than
/// asked for when other filters leave some out.
#[utoipa::path(get, path = "/v1/activities", tag = "activities", operation_id = "list_activities", security(("key" = [])),
    params(PageParams, ActivityFilters, FieldFilters),
    responses((status = 200, description = "A page of activities.", body = List<ActivityView>), refused::Listing))]
async fn list_activities(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Fielded(page, filters, fields): Fielded<ActivityFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, viewer) = (&caller.context.keys, caller.viewer(&api).await?);
    let list = format!("activities {filters:?} {fields:?}");
    let wanted = fields.of(&api, &caller, Object::Activity).await?;
    let asked = page.listing(keys, &caller.scope, &list)?;
    let listing = filters.bounded(asked);
    let (now, team) = (caller.context.clock.now(), filters.team(&api, &caller.scope).await?);
    let keeps = |row: &Activity| row.seen_by(&viewer) && filters.keeps(row, team.as_ref()) && wanted.keeps(&row.fields);
    let found = match (filters.timeline(), filters.is_timed()) {
        (None, false) => retrieve::page(&caller.scope, &listing, now, keeps).await?,
        (owner, _) => page_of(&caller.scope, owner.as_deref(), &listing, now, keeps).await?,
    };
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |row| ActivityView::from(row.row))))
}

/// The activity, if the caller may see it.
pub(crate) async fn find<N: Send + Sync>(api: &Api, caller: &Caller<N>, id: ActivityId) -> Result<Found> {
    let viewer = caller.viewer(api).await?;
    let found = retrieve::find(&caller.scope, id, caller.context.clock.now()).await?;
    if found.activity.row.seen_by(&viewer) { Ok(found) } else { Err(Error::NotFound { kind: ActivityId::KIND }) }
}

/// Finds an activity.
#[utoipa::path(get, path = "/v1/activities/{id}", tag = "activities", operation_id = "find_activity", security(("key" = [])),
    params(("id" = String, Path, description = "The activity's id.")),
    responses((status = 200, description = "The activity.", body = ActivityView, headers(("etag" = String))), refused::Finding))]
async fn find_activity(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<ActivityId>,
) -> Result<Reply<ActivityView>, Failure> {
    let Found { activity, description, .. } = find(&api, &caller, id).await?;
    Ok(Reply::ok(ActivityView::described(activity.row, description)).version(activity.version))
}

/// Writes an activity down.
#[utoipa::path(post, path = "/v1/activities", tag = "activities", operation_id = "create_activity", security(("key" = [])),
    params(Repeatable), request_body = ActivityFields,
    responses((status = 201, description = "The new activity.", body = ActivityView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_activity(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<ActivityFields>,
) -> Result<Reply<ActivityView>, Failure> {
    let id = ActivityId::new(&caller.context.ids, &caller.context.clock);
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let (mut activity, description) = body.make(id, caller.credential.user, &definitions, caller.context.clock.now())?;
    log::Known::read(&caller.scope, &[&activity]).await?.check(&mut activity)?;
    log::create(&caller.scope, &mut activity, description.clone()).await?;
    Ok(Reply::created(ActivityView::described(activity, description), &format!("/v1/activities/{id}")).version(1))
}

/// Changes an activity. Who sees it and whose it is: its owner, or whoever may delete.
#[utoipa::path(patch, path = "/v1/activities/{id}", tag = "activities", operation_id = "update_activity", security(("key" = [])),
    params(("id" = String, Path, description = "The activity's id."), IfMatch, Repeatable), request_body = ActivityFields,
    responses((status = 200, description = "The changed activity.", body = ActivityView, headers(("etag" = String))),
        refused::Changing))]
async fn update_activity(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<ActivityId>,
    if_match: IfMatch,
    Input(body): Input<ActivityFields>,
) -> Result<Reply<ActivityView>, Failure> {
    let (scope, now) = (&caller.scope, caller.context.clock.now());
    let found = find(&api, &caller, id).await?;
    if_match.check(found.activity.version)?;
    let mut row = found.activity.row.clone();
    let description = body.apply(&mut row, now)?.unwrap_or_else(|| found.description.clone());
    let definitions = api.0.catalog.definitions(scope).await?;
    row.check(description.as_deref(), &definitions, Some(&found.activity.row.fields))?;
    // Its owner may delete it, and to hide it from others is as much.
    let theirs = |one: &Activity| (one.owner, one.visibility, one.team);
    if theirs(&row) != theirs(&found.activity.row) && !owns(&caller, &found) {
        caller.role.check(Right::Delete)?;
    }
    log::Known::read(scope, &[&row]).await?.trusting(&found.activity.row).check(&mut row)?;
    let text = row.describe(description.clone());
    let Stored { row: before, version } = retrieve::bring_back(scope, found, now).await?;
    let activity = Stored { row: Activity { archived: false, ..row }, version };
    let version = log::replace(scope, &before, &activity, text).await?;
    Ok(Reply::ok(ActivityView::described(activity.row, description)).version(version))
}

/// Deletes an activity: one's own, or any with the right to delete.
#[utoipa::path(delete, path = "/v1/activities/{id}", tag = "activities", operation_id = "delete_activity", security(("key" = [])),
    params(("id" = String, Path, description = "The activity's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_activity(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<ActivityId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let found = find(&api, &caller, id).await?;
    if !owns(&caller, &found) {
        caller.role.check(Right::Delete)?;
    }
    if_match.check(found.activity.version)?;
    let activity = retrieve::bring_back(&caller.scope, found, caller.context.clock.now()).await?;
    log::delete(&caller.scope, &activity).await?;
    Ok(Gone)
}

fn owns(caller: &Caller<may::WriteContacts>, found: &Found) -> bool {
    let owner = found.activity.row.owner;
    owner.is_some() && owner == caller.credential.user
}

operations!(list_activities, create_activity, find_activity, update_activity, delete_activity);
