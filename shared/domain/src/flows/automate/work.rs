//! Tasks and activities that rules make. A draft is what one would be: a trial looks at it, an action writes it. What it names may be
//! gone since the rule was written, or since the event: a draft does without that, and says so.

use kernel::error::Fault;
use kernel::ids::{ActivityId, TaskId, UserId};
use kernel::{Error, Result};
use serde_json::Value;

use super::act::cause;
use super::{Desk, Scene, zone};
use crate::event::Occurrence;
use crate::flows::{accept, keep_task, log};
use crate::message::Recipient;
use crate::rule::action::told;
use crate::rule::work::{Assignee, CreateTask, LogActivity};
use crate::run::{Deed, Run};
use crate::task::{Actor, Kind, Priority, WORDS};
use crate::{Activity, Task, activity};

/// What an action would make.
#[derive(Clone, Debug)]
pub struct Draft<T> {
    /// It.
    pub made: T,
    /// What it does without.
    pub missing: Vec<String>,
}

/// An activity and its description.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The activity.
    pub activity: Activity,
    /// What there is to say of it.
    pub description: Option<String>,
}

/// What can refer to things that are gone.
pub(super) trait Referring {
    /// Takes out what stands at that place, and says whether anything did.
    fn take_out(&mut self, pointer: &str) -> bool;
}

impl Referring for Task {
    fn take_out(&mut self, pointer: &str) -> bool {
        match pointer {
            "/assignee" => self.assignee.take().is_some(),
            "/team" => self.team.take().is_some(),
            "/contact_id" => self.contact_id.take().is_some(),
            "/company_id" => self.company_id.take().is_some(),
            "/deal_id" => self.deal_id.take().is_some(),
            _ => false,
        }
    }
}

impl Referring for Logged {
    fn take_out(&mut self, pointer: &str) -> bool {
        match pointer {
            "/contact_id" => self.activity.contact.take().is_some(),
            "/company_id" => self.activity.company.take().is_some(),
            "/deal_id" => self.activity.deal.take().is_some(),
            _ => false,
        }
    }
}

impl<T: Referring> Draft<T> {
    /// Does without what is not there, if that is all that is wrong.
    fn does_without(&mut self, faults: &[Fault]) -> bool {
        let all = faults.iter().all(|fault| self.made.take_out(&fault.pointer));
        self.missing.extend(faults.iter().map(|fault| format!("there is {} any more", fault.detail)));
        all
    }

    /// What it does without, in a line.
    pub fn note(&self) -> Option<String> {
        Some(self.missing.join("; ")).filter(|note| !note.is_empty())
    }
}

impl Scene {
    /// What texts see: what a message of the same rule would, and the deal.
    fn values(&self) -> Value {
        let mut variables = self.occurrence.data.clone();
        variables.insert("event".to_owned(), told(&self.occurrence));
        if let Some(company) = &self.company {
            variables.entry("company").or_insert_with(|| company.variables());
        }
        if let Some(deal) = &self.deal {
            variables.entry("deal").or_insert_with(|| deal.variables());
        }
        let address = self.occurrence.about.address.clone().unwrap_or_default();
        accept::values(&variables, self.contact.as_ref(), &Recipient { address, name: None, contact: None })
    }

    /// The user who keeps the deal, else the contact.
    fn owner(&self) -> Option<UserId> {
        let deal = self.deal.as_ref().and_then(|deal| deal.owner);
        deal.or_else(|| self.contact.as_ref().and_then(|contact| contact.owner))
    }
}

async fn task(desk: Desk<'_>, create: &CreateTask, scene: &Scene, id: TaskId) -> Result<Draft<Task>> {
    let (title, description) = create.words().render(&scene.values(), WORDS)?;
    let mut task = Task::new(id, title, desk.context.clock.now());
    task.description = description;
    task.kind = create.kind.unwrap_or(Kind::Task);
    task.priority = create.priority.unwrap_or(Priority::Normal);
    task.due_at = create.due.after(scene.occurrence.occurred_at, &zone(desk, scene).await?);
    let about = &scene.occurrence.about;
    (task.contact_id, task.company_id, task.deal_id) = (about.contact, about.company, about.deal);
    task.follows = task.company_id.is_none();
    task.team = create.team;
    task.assignee = match create.assignee {
        Some(Assignee::User(user)) => Some(user),
        Some(Assignee::Owner) => scene.owner(),
        None => None,
    };
    let ownerless = create.assignee.is_some() && task.assignee.is_none();
    let missing = ownerless.then(|| "nobody keeps what the event is about".to_owned());
    Ok(Draft { made: task, missing: missing.into_iter().collect() })
}

/// A task that nothing is said of yet.
fn blank(task: &Task) -> Task {
    Task::new(task.id, String::new(), task.created_at)
}

/// The task that an action would make.
pub(super) async fn try_task(desk: Desk<'_>, create: &CreateTask, scene: &Scene) -> Result<Draft<Task>> {
    let id = TaskId::new(&desk.context.ids, &desk.context.clock);
    let mut draft = task(desk, create, scene, id).await?;
    let base = blank(&draft.made);
    draft.made.check(&*desk.catalog.definitions(desk.scope).await?, None, base.created_at)?;
    loop {
        match keep_task::check_references(desk.catalog, desk.scope, &base, &mut draft.made).await {
            Err(Error::Invalid(faults)) if draft.does_without(&faults) => {}
            checked => return checked.map(|()| draft),
        }
    }
}

/// Makes the task of the action of that number.
pub(super) async fn create_task(
    desk: Desk<'_>,
    run: &Run,
    number: usize,
    create: &CreateTask,
    occurrence: &Occurrence,
) -> Result<Deed> {
    let scene = super::scene(desk, occurrence.clone()).await?;
    let (ids, clock) = run.ids(&desk.context.keys, number);
    let mut draft = task(desk, create, &scene, TaskId::new(&ids, &clock)).await?;
    draft.made.cause = Some(cause(run, number));
    loop {
        let task = keep_task::Draft { task: draft.made.clone(), base: blank(&draft.made), assign: None };
        match keep_task::create(desk.catalog, desk.scope, Actor::default(), task).await {
            Err(Error::Invalid(faults)) if draft.does_without(&faults) => {}
            made => return made.map(|task| Deed::done(number, task.id).noting(draft.note().as_deref())),
        }
    }
}

/// The activity that an action would write down.
async fn activity(desk: Desk<'_>, log: &LogActivity, scene: &Scene, id: ActivityId) -> Result<Draft<Logged>> {
    let now = desk.context.clock.now();
    let (subject, description) = log.words().render(&scene.values(), activity::DESCRIPTION)?;
    let mut activity = Activity::blank(id, log.form, subject, now);
    let about = &scene.occurrence.about;
    (activity.contact, activity.company, activity.deal) = (about.contact, about.company, about.deal);
    activity.follows = activity.company.is_none();
    activity.status = log.status.unwrap_or(activity::Status::Completed);
    activity.outcome = log.outcome;
    activity.scheduled_at = log.due.after(scene.occurrence.occurred_at, &zone(desk, scene).await?);
    activity.settle(now);
    activity.check(description.as_deref(), &*desk.catalog.definitions(desk.scope).await?, None)?;
    let mut draft = Draft { made: Logged { activity, description }, missing: Vec::new() };
    loop {
        match log::Known::read(desk.scope, &[&draft.made.activity]).await?.check(&mut draft.made.activity) {
            Err(Error::Invalid(faults)) if draft.does_without(&faults) => {}
            checked => return checked.map(|()| draft),
        }
    }
}

/// The same, of a trial.
pub(super) async fn try_activity(desk: Desk<'_>, log: &LogActivity, scene: &Scene) -> Result<Draft<Logged>> {
    activity(desk, log, scene, ActivityId::new(&desk.context.ids, &desk.context.clock)).await
}

/// Writes the activity of the action of that number down.
pub(super) async fn log_activity(
    desk: Desk<'_>,
    run: &Run,
    number: usize,
    log: &LogActivity,
    occurrence: &Occurrence,
) -> Result<Deed> {
    let scene = super::scene(desk, occurrence.clone()).await?;
    let (ids, clock) = run.ids(&desk.context.keys, number);
    let draft = activity(desk, log, &scene, ActivityId::new(&ids, &clock)).await?;
    let note = draft.note();
    let Logged { mut activity, description } = draft.made;
    activity.cause = Some(cause(run, number));
    log::create(desk.scope, &mut activity, description).await?;
    Ok(Deed::done(number, activity.id).noting(note.as_deref()))
}
