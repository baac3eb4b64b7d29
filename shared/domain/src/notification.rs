//! Notifications: what a user is told within the product.

use kernel::Time;
use kernel::ids::{NotificationId, TaskId, UserId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// How long one is kept.
pub const KEPT_DAYS: i64 = 90;

/// One thing that a user is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Who is told.
    pub user: UserId,
    /// What happened.
    pub about: About,
    /// The task that it is about.
    pub task: TaskId,
    /// The task's title then.
    pub title: String,
    /// Who did it, if a user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Whether the user has said that it was read.
    pub read: bool,
    /// When it happened.
    pub at: Time,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A task was given to the user or the user's team.
    Assigned,
    /// A task was delegated to the user.
    Delegated,
    /// A task was handed over.
    Transferred,
    /// A text mentions the user.
    Mentioned,
    /// A task that the user gave or made is done.
    Completed,
    /// A task was called off.
    Cancelled,
    /// A task was taken up again.
    Reopened,
    /// As the task asks for.
    Reminder,
    /// A task was not done in time.
    Overdue,
    /// Nobody has seen to a task.
    Escalated,
}

impl About {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Assigned,
        Self::Delegated,
        Self::Transferred,
        Self::Mentioned,
        Self::Completed,
        Self::Cancelled,
        Self::Reopened,
        Self::Reminder,
        Self::Overdue,
        Self::Escalated,
    ];
}

impl Notification {
    /// Where the one of that id is, below its user.
    pub fn at(user: UserId, id: NotificationId) -> Locator {
        Locator::Below(user.hex(), id.hex())
    }
}

impl Entity for Notification {
    const ROW: Row = schema::NOTIFICATION;

    fn locator(&self) -> Locator {
        Self::at(self.user, self.id)
    }

    fn expires(&self) -> Option<Time> {
        Some(self.at.plus_seconds(KEPT_DAYS * 86_400))
    }
}

/// How many notifications a user has not read. Counted in the transactions that make and read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Who.
    pub user: UserId,
    /// How many.
    pub unread: i64,
}

impl Unread {
    /// Where a user's row is.
    pub fn at(user: UserId) -> Locator {
        Locator::Natural(user.hex())
    }
}

impl Entity for Unread {
    const ROW: Row = schema::UNREAD;

    fn locator(&self) -> Locator {
        Self::at(self.user)
    }
}
