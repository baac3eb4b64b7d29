//! How a user wants to be told: by which ways, and when not to be disturbed.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};

use super::About;
use crate::contact::QuietHours;
use crate::task::{Priority, Way};

/// See the module's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// The ways by which kinds are told in place of the usual ones. What is told by none is not told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ways: BTreeMap<About, BTreeSet<Way>>,
    /// When emails and text messages wait. The notification centre disturbs nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
}

impl Preferences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// By which ways the user is told of a task of that priority, where `usual` are those that hold for whoever says nothing. That
    /// nobody sees to an urgent task stands in the notification centre, whatever the user says.
    pub fn ways(&self, about: About, usual: &[Way], priority: Priority) -> BTreeSet<Way> {
        let wanted = self.ways.get(&about).cloned().unwrap_or_else(|| usual.iter().copied().collect());
        let always = (about == About::Escalated && priority == Priority::Urgent).then_some(Way::Notification);
        wanted.into_iter().chain(always).collect()
    }

    /// Until when emails and text messages wait, if they do.
    pub fn quiet_until(&self, now: Time, zone: &Zone) -> Option<Time> {
        self.quiet_hours.and_then(|hours| hours.until(now, zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts_in_place_of_what_is_usual_but_for_urgent_escalation() {
        let said =
            |about, ways: &[Way]| Preferences { ways: [(about, ways.iter().copied().collect())].into(), quiet_hours: None };
        let usual = &[Way::Notification, Way::Email];
        let ways = |preferences: &Preferences, about, priority| Vec::from_iter(preferences.ways(about, usual, priority));
        let quiet = said(About::Escalated, &[]);
        assert_eq!(ways(&quiet, About::Overdue, Priority::Urgent), [Way::Email, Way::Notification]);
        assert!(ways(&quiet, About::Escalated, Priority::High).is_empty());
        assert_eq!(ways(&quiet, About::Escalated, Priority::Urgent), [Way::Notification]);
        assert_eq!(ways(&said(About::Overdue, &[Way::Sms]), About::Overdue, Priority::Urgent), [Way::Sms]);
    }
}
