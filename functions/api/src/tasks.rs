//! Tasks: what somebody is to do, until when, and who is reminded of it.

use axum::extract::State;
use domain::agenda::{self, Owner};
use domain::field::Object;
use domain::flows::{assign, keep_task};
use domain::task::{Kind, Priority, State as Doing};
use domain::{Agenda, Right, Task};
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TaskId, TeamId, UserId};
use kernel::{Error, Result, Time};
use serde::Deserialize;
use serde_json::Value;
use store::schema::Locator;
use store::{Listing, Page, Stored, TenantScope};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::expand::Expand;
use crate::failure::Failure;
use crate::fields::FieldFilters;
use crate::input::{Id, IfMatch, Input, Params, Repeatable};
use crate::operations::operations;
use crate::page::{Fielded, List, PageParams};
use crate::reply::words::{TaskKindWord, TaskPriorityWord, TaskStatusWord};
use crate::reply::{Gone, Reply, refused};
use crate::sought::Sought;
use crate::state::Api;

pub(crate) mod complete;
pub(crate) mod deeds;
mod draft;
mod expanded;
pub(crate) mod fields;
mod rounds;
pub(crate) mod view;

use draft::{activity, drafted};
use expanded::{Referred, Thing};
use fields::TaskFields;
use rounds::Rounds;
use view::TaskView;

/// Most rows of an agenda that one page looks at, however few of them its filters let through.
const EXAMINED: usize = 500;
/// Rows that a round counts for at least.
const ROUND: usize = 50;

/// Whose open tasks, by who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TaskList {
    /// Those that the caller is to do.
    Mine,
    /// Those that the caller gave to others.
    AssignedByMe,
}

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskFilters {
    /// The caller's own open tasks, or those that the caller gave to others. For users; a key names one by `assignee` or `assigner`.
    #[param(inline)]
    list: Option<TaskList>,
    /// Open tasks of this user; `none` for those that are nobody's.
    #[param(value_type = Option<String>)]
    assignee: Option<Sought<UserId>>,
    /// Open tasks that this user gave to others.
    #[param(value_type = Option<String>)]
    assigner: Option<UserId>,
    /// Open tasks of this team; `none` for those that are no team's.
    #[param(value_type = Option<String>)]
    team: Option<Sought<TeamId>>,
    /// Open tasks about this contact.
    #[param(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    /// Open tasks about this company.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// Open tasks about this deal.
    #[param(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// Open tasks that came of this activity.
    #[param(value_type = Option<String>)]
    activity_id: Option<ActivityId>,
    /// Whether the time they are due at has passed.
    overdue: Option<bool>,
    /// Tasks with this status. Completed and cancelled ones are listed newest first.
    #[param(value_type = Option<TaskStatusWord>)]
    status: Option<Doing>,
    #[param(value_type = Option<TaskKindWord>)]
    kind: Option<Kind>,
    #[param(value_type = Option<TaskPriorityWord>)]
    priority: Option<Priority>,
    /// Tasks with this tag.
    tag: Option<String>,
    /// Whether they ended after the moment that they were due at.
    late: Option<bool>,
    /// Made at this moment or later. With any of these bounds tasks are listed newest first, whether they are open or not.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Made before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Completed or cancelled at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    ended_since: Option<Time>,
    /// Completed or cancelled before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    ended_until: Option<Time>,
    /// What to bring along in `expanded`: `contact`, `company`, `deal`, `activity`, separated by commas.
    #[param(value_type = Option<String>, example = "contact,deal")]
    expand: Expand<Thing>,
}

/// Parameters of one task.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskParams {
    /// What to bring along in `expanded`: `contact`, `company`, `deal`, `activity`, separated by commas.
    #[param(value_type = Option<String>, example = "contact,deal")]
    expand: Expand<Thing>,
}

impl TaskFilters {
    /// The filters with the caller in the place of `list`.
    fn of(mut self, caller: &Caller<may::Read>) -> Result<Self> {
        match self.list {
            Some(TaskList::Mine) => self.assignee = Some(Sought(Some(caller.user(self.somebody()?, "?assignee")?))),
            Some(TaskList::AssignedByMe) => self.assigner = Some(caller.user(self.assigner, "?assigner")?),
            None => {}
        }
        Ok(self)
    }

    /// The user whose tasks they are said to be.
    fn somebody(&self) -> Result<Option<UserId>> {
        match self.assignee {
            Some(Sought(None)) => Err(Error::invalid("?assignee", "combination", "the caller's own tasks are not nobody's")),
            Some(Sought(user)) => Ok(user),
            None => Ok(None),
        }
    }

    /// What a page brings along does not make it another list.
    fn list(&self, fields: &FieldFilters) -> String {
        format!("tasks {:?} {fields:?}", Self { expand: Expand::default(), ..self.clone() })
    }

    /// The agenda to look into: that of the narrowest of those named.
    fn owner(&self) -> Owner {
        let named = [
            self.activity_id.map(Owner::Activity),
            self.deal_id.map(Owner::Deal),
            self.contact_id.map(Owner::Contact),
            self.assignee.and_then(|sought| sought.0).map(Owner::Assignee),
            self.assigner.map(Owner::Assigner),
            self.company_id.map(Owner::Company),
            self.team.and_then(|sought| sought.0).map(Owner::Team),
        ];
        named.into_iter().flatten().next().unwrap_or(Owner::All)
    }

    /// Whether tasks are asked for that need not be open.
    fn looks_back(&self) -> bool {
        let bounds = [self.since, self.until, self.ended_since, self.ended_until];
        bounds.iter().any(Option::is_some) || self.late.is_some() || self.status.is_some_and(|status| !status.is_open())
    }

    /// The bounds of when tasks were made. None ends before it is made.
    fn bounded(&self, asked: Listing) -> Listing {
        Listing { since: self.since, until: [self.until, self.ended_until].into_iter().flatten().min(), ..asked }
    }

    /// Whether it ended when it is asked for.
    fn ended(&self, task: &Task) -> bool {
        self.ended_since.is_none_or(|since| task.ended_at.is_some_and(|at| at >= since))
            && self.ended_until.is_none_or(|until| task.ended_at.is_some_and(|at| at < until))
    }

    fn keeps(&self, task: &Task, now: Time) -> bool {
        fn fits<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let late = task.state.is_open() && task.due_at.is_some_and(|due| due <= now);
        fits(self.assignee.as_ref(), Some(&Sought(task.assignee)))
            && fits(self.assigner.as_ref(), task.assigner.as_ref())
            && fits(self.team.as_ref(), Some(&Sought(task.team)))
            && fits(self.contact_id.as_ref(), task.contact_id.as_ref())
            && fits(self.company_id.as_ref(), task.company_id.as_ref())
            && fits(self.deal_id.as_ref(), task.deal_id.as_ref())
            && fits(self.activity_id.as_ref(), task.activity_id.as_ref())
            && fits(self.status.as_ref(), Some(&task.state))
            && fits(self.kind.as_ref(), Some(&task.kind))
            && fits(self.priority.as_ref(), Some(&task.priority))
            && self.tag.as_ref().is_none_or(|tag| task.tags.contains(tag))
            && self.overdue.is_none_or(|overdue| overdue == late)
            && self.late.is_none_or(|late| task.ended_late() == late)
            && self.ended(task)
    }
}

/// One page of an agenda: a query, and a batch read of the tasks that it names.
async fn open_tasks(
    scope: &TenantScope,
    filters: &TaskFilters,
    listing: &Listing,
    now: Time,
    keeps: impl Fn(&Task) -> bool + Send,
) -> Result<Page<Task>> {
    let owner = filters.owner().key();
    // What is due at this very moment is overdue.
    let before = (filters.overdue == Some(true)).then(|| agenda::moment(Some(now.plus_millis(1))));
    let (mut rows, mut after, mut examined) = (Vec::new(), listing.after.clone(), 0);
    loop {
        let wanted = listing.limit.saturating_sub(rows.len());
        let page = scope.page_ahead::<Agenda>(&owner, wanted, after.as_ref(), before.clone()).await?;
        let at: Vec<Locator> = page.rows.iter().map(|row| row.row.task.into()).collect();
        let found = scope.read_many::<Task>(&at).await?;
        rows.extend(found.into_iter().flatten().filter(|task| keeps(&task.row)));
        // A small round counts like a larger one: a page is a few requests, however little its filters let through.
        examined += at.len().max(ROUND);
        after = page.next;
        if after.is_none() || rows.len() >= listing.limit || examined >= EXAMINED {
            return Ok(Page { rows, next: after });
        }
    }
}

/// Lists tasks: open ones, soonest due first; or, asked for by when they were made or ended, or by that they have, newest first.
#[utoipa::path(get, path = "/v1/tasks", tag = "tasks", operation_id = "list_tasks", security(("key" = [])),
    params(PageParams, TaskFilters, FieldFilters),
    responses((status = 200, description = "A page of tasks.", body = List<TaskView>), refused::Listing))]
async fn list_tasks(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Fielded(page, filters, fields): Fielded<TaskFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let filters = filters.of(&caller)?;
    let (keys, list, now) = (&caller.context.keys, filters.list(&fields), caller.context.clock.now());
    let listing = page.listing(keys, &caller.scope, &list)?;
    let wanted = fields.of(&api, &caller, Object::Task).await?;
    let keeps = |task: &Task| filters.keeps(task, now) && wanted.keeps(&task.fields);
    let found = if filters.looks_back() {
        caller.scope.list::<Task>(&filters.bounded(listing), now, keeps).await?
    } else {
        open_tasks(&caller.scope, &filters, &listing, now, keeps).await?
    };
    let viewer = caller.viewer(&api).await?;
    let tasks = found.rows.iter().map(|task| &task.row);
    let referred = Referred::read(&caller.scope, (&viewer, now), &filters.expand, tasks).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |task| referred.beside(task.row))))
}

/// Finds a task.
#[utoipa::path(get, path = "/v1/tasks/{id}", tag = "tasks", operation_id = "find_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), TaskParams),
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Finding))]
async fn find_task(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<TaskId>,
    Params(params): Params<TaskParams>,
) -> Result<Reply<TaskView>, Failure> {
    let task = caller.scope.find::<Task>(id).await?;
    let (viewer, now) = (caller.viewer(&api).await?, caller.context.clock.now());
    let referred = Referred::read(&caller.scope, (&viewer, now), &params.expand, std::iter::once(&task.row)).await?;
    let version = task.row.edits;
    Ok(Reply::ok(referred.beside(task.row)).version(version))
}

/// Makes a task.
#[utoipa::path(post, path = "/v1/tasks", tag = "tasks", operation_id = "create_task", security(("key" = [])),
    params(Repeatable), request_body = TaskFields,
    responses((status = 201, description = "The new task.", body = TaskView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_task(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<TaskFields>,
) -> Result<Reply<TaskView>, Failure> {
    let base = Task::new(TaskId::new(&caller.context.ids, &caller.context.clock), String::new(), caller.context.clock.now());
    let draft = drafted(&api, &caller, base, body).await?;
    let made = keep_task::create(&api.0.catalog, &caller.scope, caller.actor(), draft).await?;
    let location = format!("/v1/tasks/{}", made.id);
    let version = made.edits;
    Ok(Reply::created(made.into(), &location).version(version))
}

/// Changes a task.
#[utoipa::path(patch, path = "/v1/tasks/{id}", tag = "tasks", operation_id = "update_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable), request_body = TaskFields,
    responses((status = 200, description = "The changed task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn update_task(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
    Input(body): Input<TaskFields>,
) -> Result<Reply<TaskView>, Failure> {
    let mut rounds = Rounds::begin(&caller.scope, id, if_match).await?;
    loop {
        let task = rounds.next(&caller.scope).await?;
        if let Some(changed) = change(&api, &caller, task, body.clone()).await? {
            return Ok(TaskView::reply(changed));
        }
    }
}

/// Carries a change out; none when somebody else was quicker.
async fn change(
    api: &Api,
    caller: &Caller<may::WriteContacts>,
    mut task: Stored<Task>,
    mut body: TaskFields,
) -> Result<Option<Task>> {
    let (scope, now) = (&caller.scope, caller.context.clock.now());
    let before = task.row.clone();
    let assign = body.take_assign()?;
    if let Some(id) = body.activity().filter(|id| before.activity_id != Some(*id)) {
        activity(api, caller, id).await?;
    }
    draft::apply(api, scope, body, &mut task.row).await?;
    task.row.check(&*api.0.catalog.definitions(scope).await?, Some(&before), now)?;
    let begins = before.recurring != task.row.recurring;
    if let Some(recurring) = task.row.recurring.as_ref().filter(|_| begins) {
        recurring.check(now)?;
    }
    keep_task::check_references(&api.0.catalog, scope, &before, &mut task.row).await?;
    let turn = match assign {
        Some(assign) => assign::give(&api.0.catalog, scope, &assign, &mut task.row, begins).await?,
        None => None,
    };
    task.row.changed(&before, caller.actor(), now)?;
    let written = keep_task::replace(scope, &before, &task, turn).await?;
    Ok(written.then_some(task.row))
}

/// Deletes a task. Whoever made it may do so; others need the right to delete.
#[utoipa::path(delete, path = "/v1/tasks/{id}", tag = "tasks", operation_id = "delete_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_task(caller: Caller<may::WriteContacts>, Id(id): Id<TaskId>, if_match: IfMatch) -> Result<Gone, Failure> {
    let mut rounds = Rounds::begin(&caller.scope, id, if_match).await?;
    loop {
        let task = rounds.next(&caller.scope).await?;
        if caller.credential.user.is_none() || caller.credential.user != task.row.creator {
            caller.role.check(Right::Delete)?;
        }
        if keep_task::delete(&caller.scope, &task).await? {
            return Ok(Gone);
        }
    }
}

operations!(list_tasks, create_task, find_task, update_task, delete_task);
