//! Telling people what a task has to tell: what others did to it, its alarms, and the turn of the task that comes after it.
//!
//! Whatever is made here has an id that follows from the task and the moment it is about, and is written on the condition that it is not
//! there. So a job that comes again, or two at once, make nothing twice; the task is settled last, and until then everything is told anew.

use aws::Files;
use kernel::ids::{MessageId, NotificationId, TaskId, UserId};
use kernel::{Clock, Error, Ids, Result, Time, Zone};
use serde_json::{Map, Value, json};
use store::{Listing, TenantScope};

use super::accept::{self, Order, To};
use super::catalog::Catalog;
use super::{Context, keep_task};
use crate::notification::{About, Notification, Unread};
use crate::task::alarm::{Alarm, Bell};
use crate::task::{Did, State, Step, Way, Whom};
use crate::template::shipped;
use crate::{Channel, Recurring, Role, Task, User};

/// Most users of a role that are told.
const ROLE: usize = 100;
/// Most pages of users that are looked at for them: those of ten thousand users.
const PAGES: usize = 20;
/// How often a task that is changed meanwhile is looked at again before the job is left to come again.
const ROUNDS: usize = 5;
/// The template of reminders by email.
const TEMPLATE: &str = "task-reminder";

/// What telling needs.
#[derive(Debug)]
pub struct Bells<'a> {
    /// Time, ids and keys.
    pub context: &'a Context,
    /// Teams and templates.
    pub catalog: &'a Catalog,
    /// Stored files, which messages may name.
    pub files: &'a Files,
    /// The tenant's rows.
    pub scope: &'a TenantScope,
}

/// One thing that users are told.
struct Word<'a> {
    about: About,
    /// What tells it from everything else that a task has to tell.
    label: String,
    at: Time,
    by: Option<UserId>,
    ways: &'a [Way],
}

impl Bells<'_> {
    /// Tells everything that the task has to tell in the state of that number. A past state has nothing to tell any more.
    pub async fn ring(&self, id: TaskId, seq: u64) -> Result<()> {
        for _ in 0..ROUNDS {
            let Some(mut task) = self.scope.read_now::<Task>(id).await? else { return Ok(()) };
            if task.row.state_seq != seq || !task.row.has_to_tell() {
                return Ok(());
            }
            for notice in &task.row.notices {
                let label = format!("notice {}", notice.number);
                let ways = notice.what.usual().unwrap_or_default();
                let word = Word { about: notice.what, label, at: notice.at, by: notice.by, ways };
                self.tell(&task.row, &notice.to, &word).await?;
            }
            let alarms = task.row.ringing_alarms();
            for alarm in &alarms {
                self.sound(&mut task.row, alarm).await?;
            }
            task.row.settle(&alarms);
            match self.scope.replace(&task).await {
                // Somebody changed it meanwhile: there may be more to tell, or less.
                Err(Error::Stale { .. }) => {}
                Err(Error::NotFound { .. }) | Ok(_) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Err(Error::unavailable("a task is changed all the time"))
    }

    async fn sound(&self, task: &mut Task, alarm: &Alarm) -> Result<()> {
        let word = |about: About, asked| {
            let label = format!("{} {}", alarm.bell.as_str(), alarm.at.millis());
            // A task may have been due before it was made.
            let at = alarm.at.max(task.created_at);
            Word { about, label, at, by: None, ways: about.usual().unwrap_or(asked) }
        };
        match alarm.bell {
            Bell::Reminder => {
                let due = task.reminders.iter().filter(|reminder| task.reminder_at(reminder) == Some(alarm.at));
                let ways: Vec<Way> = due.flat_map(|reminder| reminder.by.iter().copied()).collect();
                self.tell(task, &holders(task), &word(About::Reminder, &ways)).await.map(drop)
            }
            Bell::Overdue => {
                let mut to = holders(task);
                to.extend(task.watchers());
                self.tell_somebody(task, &to, &word(About::Overdue, &[])).await
            }
            Bell::Escalation => {
                let due = |step: &&Step| task.step_at(step) == alarm.at;
                let to: Vec<Whom> = task.escalation.iter().filter(due).map(|step| step.to).collect();
                self.tell_somebody(task, &to, &word(About::Escalated, &[])).await
            }
            Bell::Turn => self.make_next(task).await,
        }
    }

    /// Makes the task that comes after this one. Times that have passed already are passed over: one task, not all of them.
    async fn make_next(&self, task: &mut Task) -> Result<()> {
        let Some(mut recurring) = task.recurring.clone() else { return Ok(()) };
        let now = task.ringing.unwrap_or(recurring.at);
        let assignee = self.assignee(task).await?;
        recurring.move_to(self.zone(assignee.as_ref()).await?);
        let Some(next) = recurring.next(now) else { return Ok(()) };
        let label = format!("task after {}", task.id);
        // An id is of a moment that has been: lists look no further than now.
        let id = TaskId::new(&Ids::derived(&self.context.keys, &label), &Clock::manual(task.created_at));
        let assignee = assignee.map(|user| user.id);
        keep_task::create_next(self.scope, &following(task, id, next, assignee, self.context.clock.now())).await?;
        task.next = Some(id);
        Ok(())
    }

    /// Who has the task, as they are now; nobody when they are gone.
    async fn assignee(&self, task: &Task) -> Result<Option<User>> {
        let Some(assignee) = task.assignee else { return Ok(None) };
        Ok(self.scope.read_now::<User>(assignee).await?.map(|user| user.row))
    }

    /// The wall clock of a user: their own, else the tenant's.
    async fn zone(&self, user: Option<&User>) -> Result<Zone> {
        match user.and_then(|user| user.zone.clone()) {
            Some(zone) => Ok(zone),
            None => Ok(self.catalog.tenant(self.scope).await?.zone.clone()),
        }
    }

    /// Tells users; the owners, when none of those is there any more: somebody is to hear of what nobody sees to.
    async fn tell_somebody(&self, task: &Task, to: &[Whom], word: &Word<'_>) -> Result<()> {
        if to.is_empty() || self.tell(task, to, word).await? {
            return Ok(());
        }
        self.tell(task, &[Whom::Role(Role::Owner)], word).await.map(drop)
    }

    /// Tells users, each once, and says whether there is any. Who did it is not told.
    async fn tell(&self, task: &Task, to: &[Whom], word: &Word<'_>) -> Result<bool> {
        let mut told: Vec<UserId> = word.by.into_iter().collect();
        let mut found = false;
        for whom in to {
            for user in self.users(*whom).await? {
                found = true;
                if told.contains(&user.id) {
                    continue;
                }
                told.push(user.id);
                for way in user.preferences.ways(word.about, word.ways, task.priority) {
                    match way {
                        Way::Notification => self.notify(task, &user, word).await?,
                        Way::Email | Way::Sms => self.write_to(task, &user, word, way).await?,
                    }
                }
            }
        }
        Ok(found)
    }

    async fn users(&self, whom: Whom) -> Result<Vec<User>> {
        match whom {
            Whom::User(user) => Ok(self.scope.read_now::<User>(user).await?.map(|user| user.row).into_iter().collect()),
            Whom::Team(team) => {
                let Some(team) = self.catalog.team(self.scope, team).await? else { return Ok(Vec::new()) };
                let leads = team.leads();
                let members = self.catalog.members(self.scope, &team).await?;
                Ok(members.iter().filter(|member| leads.is_empty() || leads.contains(&member.id)).cloned().collect())
            }
            Whom::Role(role) => self.of_role(role).await,
        }
    }

    async fn of_role(&self, role: Role) -> Result<Vec<User>> {
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let listing = Listing { limit: ROLE, after, since: None, until: None };
            let page = self.scope.list::<User>(&listing, self.context.clock.now(), |user| user.role == role).await?;
            found.extend(page.rows.into_iter().map(|user| user.row));
            after = page.next;
            if after.is_none() || found.len() >= ROLE {
                break;
            }
        }
        found.truncate(ROLE);
        Ok(found)
    }

    /// The ids of what is made for one user of one word.
    fn ids(&self, task: &Task, user: &User, word: &Word<'_>, way: Way) -> (Ids, Clock) {
        let label = format!("{} {} {} {}", task.id, word.label, user.id, way.as_str());
        (Ids::derived(&self.context.keys, &label), Clock::manual(word.at))
    }

    /// The notification and the row that says that it is unread are written together. Neither is anybody else's, so that however
    /// much one user is told at once, nothing is in anything's way.
    async fn notify(&self, task: &Task, user: &User, word: &Word<'_>) -> Result<()> {
        let (ids, clock) = self.ids(task, user, word, Way::Notification);
        let notification = Notification {
            id: NotificationId::new(&ids, &clock),
            user: user.id,
            about: word.about,
            task: task.id,
            title: task.title.clone(),
            by: word.by,
            read: false,
            at: word.at,
        };
        let unread = Unread { user: user.id, notification: notification.id };
        let writes = vec![self.scope.creating(&notification)?, self.scope.hanging(&unread)?];
        self.scope.transact(writes).await.map(drop)
    }

    /// Sends a message to the user's own address, like any other: the gate decides. Who has no such address gets none, and who is not
    /// to be disturbed gets it later.
    async fn write_to(&self, task: &Task, user: &User, word: &Word<'_>, way: Way) -> Result<()> {
        let zone = self.zone(Some(user)).await?;
        let due = task.due_at.map(|at| zone.local(at).strftime("%Y-%m-%d %H:%M").to_string());
        let Some(mut order) = order(task, user, word, way, due.as_deref()) else { return Ok(()) };
        order.send_at = user.preferences.quiet_until(self.context.clock.now(), &zone);
        let (ids, clock) = self.ids(task, user, word, way);
        let id = MessageId::new(&ids, &clock);
        let accepted = match accept::prepare(self.catalog, self.files, self.scope, order.clone(), id).await {
            // The tenant's template is gone, switched off or wants more than it is given: ours says it then.
            Err(Error::Invalid(_)) if order.template.is_some() => {
                order.template = None;
                order.content = shipped::content(TEMPLATE, "en");
                accept::prepare(self.catalog, self.files, self.scope, order, id).await
            }
            other => other,
        };
        match accepted {
            Ok(accepted) => accept::write(self.scope, &accepted).await,
            Err(Error::Invalid(faults)) => {
                tracing::warn!(?faults, task = %task.id, "a reminder cannot be written");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Who has the task; who made it, when nobody has it.
fn holders(task: &Task) -> Vec<Whom> {
    task.holder().map_or_else(|| task.watchers(), |holder| vec![holder])
}

fn order(task: &Task, user: &User, word: &Word<'_>, way: Way, due: Option<&str>) -> Option<Order> {
    let mut variables = Map::new();
    variables.insert("title".to_owned(), json!(task.title));
    variables.insert("about".to_owned(), serde_json::to_value(word.about).unwrap_or_default());
    for (name, value) in [("due", due), ("description", task.description.as_deref())] {
        variables.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    }
    let order = Order { variables, locale: user.locale.clone(), tags: vec![TEMPLATE.to_owned()], ..Order::default() };
    match way {
        Way::Email => Some(Order {
            to: To { email: Some(user.email.clone()), name: Some(user.name.clone()), ..To::default() },
            channel: Some(Channel::Email),
            template: Some(TEMPLATE.to_owned()),
            ..order
        }),
        Way::Sms => {
            let text = "{{ title }}{% if due %} ({{ due }}){% endif %}".to_owned();
            Some(Order {
                to: To { phone: Some(user.phone.clone()?), ..To::default() },
                channel: Some(Channel::Sms),
                content: Some(render::Source { text: Some(text), ..render::Source::default() }),
                ..order
            })
        }
        Way::Notification => None,
    }
}

/// The task that comes next: what is to be done again, without what was done. Who is gone is given none: it is the team's, or nobody's.
fn following(task: &Task, id: TaskId, next: Recurring, assignee: Option<UserId>, now: Time) -> Task {
    let mut following = Task::new(id, task.title.clone(), now);
    following.kind = task.kind;
    following.description.clone_from(&task.description);
    following.priority = task.priority;
    following.due_at = Some(next.at);
    (following.assignee, following.team) = (assignee, task.team);
    (following.creator, following.assigner) = (task.creator, task.assigner);
    (following.contact_id, following.company_id) = (task.contact_id, task.company_id);
    (following.deal_id, following.activity_id) = (task.deal_id, task.activity_id);
    following.follows = task.follows;
    following.tags.clone_from(&task.tags);
    following.fields.clone_from(&task.fields);
    following.checklist.clone_from(&task.checklist);
    following.checklist.iter_mut().for_each(|item| item.done = false);
    following.reminders = task.reminders.iter().filter(|reminder| reminder.at.is_none()).cloned().collect();
    following.escalation.clone_from(&task.escalation);
    following.recurring = Some(next);
    following.state = State::Pending;
    let gone = task.assignee.filter(|_| assignee.is_none()).map(|user| format!(", without {user}, who is gone"));
    let note = format!("follows {}{}", task.id, gone.unwrap_or_default());
    following.note(crate::task::Actor::default(), now, Did::Created, None, Some(note));
    following
}
