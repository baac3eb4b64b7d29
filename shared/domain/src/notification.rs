//! Notifications: what a user is told within the product.

use kernel::Time;
use kernel::ids::{NotificationId, TaskId, UserId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::task::Way;
use crate::words::words;

mod preferences;

pub use preferences::Preferences;

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

words! {
    /// What happened.
    About {
        /// A task was given to the user or the user's team.
        Assigned = "assigned",
        /// A task was delegated to the user.
        Delegated = "delegated",
        /// A task was handed over.
        Transferred = "transferred",
        /// A text mentions the user.
        Mentioned = "mentioned",
        /// A task that the user gave or made is done.
        Completed = "completed",
        /// A task was called off.
        Cancelled = "cancelled",
        /// A task was taken up again.
        Reopened = "reopened",
        /// As the task asks for.
        Reminder = "reminder",
        /// A task was not done in time.
        Overdue = "overdue",
        /// Nobody has seen to a task.
        Escalated = "escalated",
    }
}

impl About {
    /// By which ways users are told that say nothing else; of a reminder the task says it.
    pub const fn usual(self) -> Option<&'static [Way]> {
        match self {
            Self::Reminder => None,
            Self::Escalated => Some(&[Way::Notification, Way::Email]),
            Self::Assigned
            | Self::Delegated
            | Self::Transferred
            | Self::Mentioned
            | Self::Completed
            | Self::Cancelled
            | Self::Reopened
            | Self::Overdue => Some(&[Way::Notification]),
        }
    }
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

/// That a notification was not read yet: a row beside it, which goes when it is read, and expires with it. So what is unread is
/// counted by looking, and nothing stays counted that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Who is told.
    pub user: UserId,
    /// The notification.
    pub notification: NotificationId,
}

impl Unread {
    /// Those that are kept at that moment have ids beyond this.
    pub fn oldest(now: Time) -> String {
        format!("{:012x}", now.plus_seconds(-KEPT_DAYS * 86_400).plus_millis(1).millis().max(0))
    }
}

impl Entity for Unread {
    const ROW: Row = schema::UNREAD;

    fn locator(&self) -> Locator {
        Locator::Below(self.user.hex(), self.notification.hex())
    }

    fn expires(&self) -> Option<Time> {
        Some(self.notification.made_at().plus_seconds(KEPT_DAYS * 86_400))
    }
}
