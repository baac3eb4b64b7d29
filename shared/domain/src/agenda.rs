//! Agendas: the open tasks of everybody who wants to see them, soonest first. A row below each owner, written with the task.

use kernel::Time;
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TaskId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use store::list::timed::timed;
use store::schema::{self, Entity, Locator, Row};

use crate::Task;

/// That an open task stands on somebody's agenda. What has ended stands on none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Agenda {
    /// Whose agenda, see [`Owner`].
    pub owner: String,
    /// The task.
    pub task: TaskId,
    /// When it is due, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
}

/// Whose agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Who is to do it.
    Assignee(UserId),
    /// Who gave it to somebody else.
    Assigner(UserId),
    /// The team that is to do it.
    Team(TeamId),
    /// The contact it is about.
    Contact(ContactId),
    /// The company it is about.
    Company(CompanyId),
    /// The deal it is about.
    Deal(DealId),
    /// The activity that it came of.
    Activity(ActivityId),
    /// The tenant.
    All,
}

impl Owner {
    /// The owner's part of the partition key.
    pub fn key(self) -> String {
        match self {
            Self::Assignee(user) => format!("for-{}", user.hex()),
            Self::Assigner(user) => format!("by-{}", user.hex()),
            Self::Team(team) => format!("team-{}", team.hex()),
            Self::Contact(contact) => format!("contact-{}", contact.hex()),
            Self::Company(company) => format!("company-{}", company.hex()),
            Self::Deal(deal) => format!("deal-{}", deal.hex()),
            Self::Activity(activity) => format!("activity-{}", activity.hex()),
            Self::All => "all".to_owned(),
        }
    }
}

/// Thirteen digits of milliseconds, so that text order is time order; what is due at no time comes last.
pub fn moment(due_at: Option<Time>) -> String {
    due_at.map_or_else(|| "9999999999999".to_owned(), timed)
}

/// The rows that a task has on agendas.
pub fn of(task: &Task) -> Vec<Agenda> {
    if !task.state.is_open() {
        return Vec::new();
    }
    let owners = [
        task.assignee.map(Owner::Assignee),
        task.assigner.map(Owner::Assigner),
        task.team.map(Owner::Team),
        task.contact_id.map(Owner::Contact),
        task.company_id.map(Owner::Company),
        task.deal_id.map(Owner::Deal),
        task.activity_id.map(Owner::Activity),
        Some(Owner::All),
    ];
    let row = |owner: Owner| Agenda { owner: owner.key(), task: task.id, due_at: task.due_at };
    owners.into_iter().flatten().map(row).collect()
}

impl Entity for Agenda {
    const ROW: Row = schema::AGENDA;

    fn locator(&self) -> Locator {
        Locator::Below(self.owner.clone(), format!("{}{}", moment(self.due_at), self.task.hex()))
    }
}
