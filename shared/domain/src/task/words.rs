//! Closed sets of words of tasks.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// The word in rows and in the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

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

impl State {
    /// Whether there is still something to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}
