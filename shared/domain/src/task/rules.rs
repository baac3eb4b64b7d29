//! What a task must be like.

use std::collections::BTreeSet;

use kernel::error::Faults;
use kernel::ids::UserId;
use kernel::{Result, Time};

use super::{Reminder, Task, Whom};
use crate::field::{Definitions, Object};

/// Longest description, outcome and reason, in bytes.
pub const WORDS: usize = 4_096;
/// Most tags.
const MOST: usize = 20;
/// Most steps of a checklist.
const ITEMS: usize = 50;
/// Most reminders.
const REMINDERS: usize = 5;
/// Most steps of an escalation.
const STEPS: usize = 10;
/// How long after its due moment a task is escalated at most, and before it somebody is reminded at most, in minutes: a year.
const FAR: u32 = 366 * 24 * 60;

impl Task {
    /// Checks what the types do not, and tidies up. `before` is the task as it was, if it is not new: reminders that it had may have
    /// passed, and fields that it had are not judged again.
    pub fn check(&mut self, definitions: &Definitions, before: Option<&Self>, now: Time) -> Result<()> {
        let mut faults = Faults::default();
        if let Some(title) = faults.take("/title", crate::name::title(&self.title)) {
            self.title = title;
        }
        for (pointer, text) in [("/description", &self.description), ("/outcome", &self.outcome)] {
            faults.longer(pointer, text.as_deref().unwrap_or_default(), WORDS);
        }
        self.check_words(&mut faults);
        self.check_reminders(now, before.map_or(&[], |before| &before.reminders), &mut faults);
        self.check_escalation(&mut faults);
        definitions.judge(Object::Task, before.map(|before| &before.fields), &mut self.fields, &mut faults);
        if self.recurring.is_some() && self.due_at.is_none() {
            faults.add("/due_at", "required", "a task that comes again is due at some time");
        }
        faults.check()
    }

    fn check_words(&self, faults: &mut Faults) {
        let counts = [
            ("/tags", self.tags.len(), MOST),
            ("/checklist", self.checklist.len(), ITEMS),
            ("/reminders", self.reminders.len(), REMINDERS),
            ("/escalation", self.escalation.len(), STEPS),
        ];
        for (pointer, count, most) in counts {
            if count > most {
                faults.add(pointer, "too_many", format!("at most {most}"));
            }
        }
        for (at, tag) in self.tags.iter().enumerate() {
            faults.take(&format!("/tags/{at}"), crate::name::title(tag));
            faults.longer(&format!("/tags/{at}"), tag, 50);
        }
        for (at, item) in self.checklist.iter().enumerate() {
            faults.take(&format!("/checklist/{at}/text"), crate::name::title(&item.text));
        }
    }

    fn check_reminders(&self, now: Time, known: &[Reminder], faults: &mut Faults) {
        for (at, reminder) in self.reminders.iter().enumerate() {
            let pointer = |field: &str| format!("/reminders/{at}{field}");
            if reminder.by.is_empty() {
                faults.add(pointer("/by"), "required", "one of email, sms and notification at least");
            }
            match (reminder.before, reminder.at) {
                (Some(_), Some(_)) | (None, None) => faults.add(pointer(""), "moment", "either before or at is needed"),
                (Some(before), None) if before > FAR => {
                    faults.add(pointer("/before"), "range", format!("at most {FAR} minutes"))
                }
                (Some(_), None) if self.due_at.is_none() => {
                    faults.add(pointer("/before"), "due", "the task is due at no time that this could be before");
                }
                (None, Some(moment)) if self.due_at.is_some_and(|due| moment > due) => {
                    faults.add(pointer("/at"), "after_due", "the task is due before that");
                }
                (None, Some(moment)) if moment <= now && !known.contains(reminder) => {
                    faults.add(pointer("/at"), "past", "the time lies in the past");
                }
                (Some(_), None) | (None, Some(_)) => {}
            }
        }
    }

    fn check_escalation(&self, faults: &mut Faults) {
        let mut seen: Vec<Whom> = Vec::new();
        let mut last = None;
        for (at, step) in self.escalation.iter().enumerate() {
            if step.after_minutes > FAR {
                faults.add(format!("/escalation/{at}/after_minutes"), "range", format!("at most {FAR}"));
            }
            if last.is_some_and(|last| step.after_minutes <= last) {
                faults.add(format!("/escalation/{at}/after_minutes"), "order", "each step is later than the one before");
            }
            last = Some(step.after_minutes);
            if seen.contains(&step.to) {
                faults.add(format!("/escalation/{at}/to"), "cycle", "an earlier step has told them already");
            }
            seen.push(step.to);
        }
    }
}

/// The users that a text mentions: `@` and a user's id.
pub fn mentions(text: &str) -> BTreeSet<UserId> {
    let ids = text.split('@').skip(1).filter_map(|rest| rest.get(..UserId::PREFIX.len() + 33));
    ids.filter_map(UserId::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_an_at_sign_and_an_id() {
        let id = "usr_0195527c0d7b7c3e8a51d2b0f3a94c11";
        let found = mentions(&format!("ask @{id}, or @usr_1, or {id}, ä@ and @{id}"));
        assert_eq!(found.into_iter().map(|id| id.to_string()).collect::<Vec<_>>(), [id]);
        assert!(mentions("@usr_0195527c0d7b7c3e8a51d2b0f3a94c1é").is_empty());
    }
}
