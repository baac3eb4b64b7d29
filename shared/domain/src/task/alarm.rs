//! When a task rings: reminders, the moment when it is overdue, the steps of its escalation, and the turn of the task that comes after
//! it. All of it follows from the task as it is, so that a change of the task moves its alarms.

use kernel::Time;
use serde::{Deserialize, Serialize};

use super::{State, Step, Task};

/// One alarm: what rings, and when. What rang once does not ring again unless it is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alarm {
    /// When.
    pub at: Time,
    /// What.
    pub bell: Bell,
}

/// What rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bell {
    /// Every reminder of that moment.
    Reminder,
    /// The task is overdue.
    Overdue,
    /// Every step of that moment.
    Escalation,
    /// The next task is to be made.
    Turn,
}

impl Bell {
    /// The word in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Overdue => "overdue",
            Self::Escalation => "escalation",
            Self::Turn => "turn",
        }
    }
}

/// Most alarms that a task remembers to have rung: those that it still has are among them.
const REMEMBERED: usize = 64;

impl Task {
    /// The moment that a step of the escalation is counted to.
    pub fn step_at(&self, step: &Step) -> Time {
        self.due_at.unwrap_or(self.created_at).plus_seconds(i64::from(step.after_minutes) * 60)
    }

    /// The moments of its reminders: of those that hang on a due moment, none when there is none.
    pub fn reminder_at(&self, reminder: &super::Reminder) -> Option<Time> {
        let before = reminder.before.map(|minutes| i64::from(minutes) * -60);
        reminder.at.or_else(|| Some(self.due_at?.plus_seconds(before?)))
    }

    /// All of its alarms, whether they rang or not.
    fn alarms(&self) -> Vec<Alarm> {
        let alarm = |bell: Bell| move |at: Time| Alarm { at, bell };
        let reminders = self.reminders.iter().filter_map(|reminder| self.reminder_at(reminder)).map(alarm(Bell::Reminder));
        let steps = self.escalation.iter().filter(|_| self.acknowledged_at.is_none());
        let steps = steps.map(|step| self.step_at(step)).map(alarm(Bell::Escalation));
        let turn = self.recurring.as_ref().filter(|_| self.next.is_none()).map(|recurring| recurring.at);
        let overdue = self.due_at.map(alarm(Bell::Overdue));
        reminders.chain(overdue).chain(steps).chain(turn.map(alarm(Bell::Turn))).collect()
    }

    /// When it rings next.
    pub fn next_alarm(&self) -> Option<Time> {
        if !self.state.is_open() {
            return None;
        }
        self.alarms().into_iter().filter(|alarm| !self.rung.contains(alarm)).map(|alarm| alarm.at).min()
    }

    /// The alarms that are ringing, in the order of their moments.
    pub fn ringing_alarms(&self) -> Vec<Alarm> {
        let Some(until) = self.ringing else { return Vec::new() };
        let mut alarms = self.alarms();
        match self.state {
            State::Pending | State::InProgress => alarms.retain(|alarm| alarm.at <= until && !self.rung.contains(alarm)),
            State::Completed => alarms.retain(|alarm| alarm.bell == Bell::Turn),
            State::Cancelled => alarms.clear(),
        }
        alarms.sort_unstable();
        alarms.dedup();
        alarms
    }

    /// What was to ring while it was seen to or done stays silent when it is not any more: nobody is told of everything at once.
    pub(super) fn pass_over(&mut self, now: Time) {
        self.acknowledged_at = None;
        let silent = |alarm: &Alarm| alarm.at <= now && matches!(alarm.bell, Bell::Reminder | Bell::Escalation);
        let passed: Vec<Alarm> = self.alarms().into_iter().filter(silent).collect();
        self.rung.extend(passed);
    }

    /// Whether there is anything that people are to be told, or a task to be made.
    pub fn has_to_tell(&self) -> bool {
        self.ringing.is_some() || !self.notices.is_empty()
    }

    /// Notes that these rang and that everything was told.
    pub fn settle(&mut self, rung: &[Alarm]) {
        self.rung.extend(rung);
        while self.rung.len() > REMEMBERED {
            self.rung.pop_first();
        }
        self.ringing = None;
        self.notices.clear();
    }
}

#[cfg(test)]
mod tests {
    use kernel::ids::{TaskId, TeamId};

    use super::super::{Reminder, Way, Whom};
    use super::*;

    fn sample() -> Task {
        let now = Time::parse("2026-03-02T09:00:00Z").unwrap();
        let mut task = Task::new(TaskId::from_bytes([1; 16]), "Call".to_owned(), now);
        task.due_at = Some(now.plus_seconds(7_200));
        task.reminders = vec![Reminder { before: Some(60), at: None, by: vec![Way::Notification] }];
        task.escalation = vec![Step { after_minutes: 30, to: Whom::Team(TeamId::from_bytes([2; 16])) }];
        task
    }

    fn ring(task: &mut Task) -> Option<(Time, Vec<Bell>)> {
        let at = task.next_alarm()?;
        task.ringing = Some(at);
        let alarms = task.ringing_alarms();
        task.settle(&alarms);
        Some((at, alarms.into_iter().map(|alarm| alarm.bell).collect()))
    }

    #[test]
    fn alarms_ring_one_after_the_other_and_once() {
        let mut task = sample();
        let start = task.created_at;
        assert_eq!(ring(&mut task), Some((start.plus_seconds(3_600), vec![Bell::Reminder])));
        assert_eq!(ring(&mut task), Some((start.plus_seconds(7_200), vec![Bell::Overdue])));
        assert_eq!(ring(&mut task), Some((start.plus_seconds(9_000), vec![Bell::Escalation])));
        assert_eq!(ring(&mut task), None);
    }

    #[test]
    fn a_moved_task_rings_anew_and_a_late_clock_rings_everything_once() {
        let mut task = sample();
        ring(&mut task);
        task.due_at = Some(task.created_at.plus_seconds(10_800));
        assert_eq!(task.next_alarm(), Some(task.created_at.plus_seconds(7_200)));
        task.ringing = Some(task.created_at.plus_seconds(86_400));
        let bells: Vec<Bell> = task.ringing_alarms().into_iter().map(|alarm| alarm.bell).collect();
        assert_eq!(bells, [Bell::Reminder, Bell::Overdue, Bell::Escalation]);
    }

    #[test]
    fn steps_that_passed_while_somebody_saw_to_it_do_not_ring_when_it_is_handed_on() {
        let actor = super::super::Actor::default();
        let [ours, theirs] = [2, 3].map(|number| Whom::Team(TeamId::from_bytes([number; 16])));
        let mut task = sample();
        task.escalation.push(Step { after_minutes: 120, to: theirs });
        let due = task.due_at.unwrap();
        while task.next_alarm().is_some_and(|at| at <= due) {
            ring(&mut task);
        }
        task.acknowledge(actor, due.plus_seconds(60)).unwrap();
        assert_eq!(task.next_alarm(), None);
        assert!(task.transfer(actor, due.plus_seconds(3_600), ours, None).unwrap());
        assert_eq!(ring(&mut task), Some((due.plus_seconds(7_200), vec![Bell::Escalation])), "the step that is still to come");
        assert!(!task.transfer(actor, due.plus_seconds(7_300), ours, None).unwrap(), "it is there already");
    }

    #[test]
    fn what_is_seen_to_is_not_escalated_and_what_has_ended_is_silent() {
        let mut task = sample();
        task.acknowledged_at = Some(task.created_at);
        ring(&mut task);
        ring(&mut task);
        assert_eq!(ring(&mut task), None);
        let mut task = sample();
        task.enter(State::Cancelled, task.created_at);
        assert_eq!(task.next_alarm(), None);
        task.ringing = Some(task.created_at.plus_seconds(86_400));
        assert!(task.ringing_alarms().is_empty());
    }
}
