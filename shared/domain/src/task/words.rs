//! Closed sets of words of tasks.

use crate::words::words;

words! {
    /// What a task is.
    Kind {
        /// Something to do.
        Task = "task",
        /// Something to think of.
        Reminder = "reminder",
        /// To come back to somebody.
        FollowUp = "follow_up",
        /// To meet somebody.
        Appointment = "appointment",
    }
}

words! {
    /// How far a task is.
    State {
        /// Nobody has begun.
        Pending = "pending",
        /// Somebody is at it.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

words! {
    /// How much a task matters.
    Priority {
        /// Little.
        Low = "low",
        /// As usual.
        Normal = "normal",
        /// Much.
        High = "high",
        /// More than everything else.
        Urgent = "urgent",
    }
}

words! {
    /// How somebody is reminded.
    Way {
        /// By email to the user's address.
        Email = "email",
        /// By text message to the user's number.
        Sms = "sms",
        /// In the notification centre.
        Notification = "notification",
    }
}

words! {
    /// What happened to a task.
    Did {
        /// It was made.
        Created = "created",
        /// It was changed.
        Changed = "changed",
        /// It was given to somebody.
        Assigned = "assigned",
        /// It was given to somebody, and the giver keeps it in sight.
        Delegated = "delegated",
        /// It was handed over.
        Transferred = "transferred",
        /// Somebody sees to it.
        Acknowledged = "acknowledged",
        /// It was done.
        Completed = "completed",
        /// It was called off.
        Cancelled = "cancelled",
        /// It was taken up again.
        Reopened = "reopened",
    }
}

impl Did {
    /// Whether timelines tell of it. That it was made they tell of every task.
    pub const fn is_told(self) -> bool {
        match self {
            Self::Assigned | Self::Delegated | Self::Transferred | Self::Completed | Self::Cancelled | Self::Reopened => true,
            Self::Created | Self::Changed | Self::Acknowledged => false,
        }
    }
}

impl State {
    /// Whether there is still something to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}
