//! What a task adds to the counters: a pure function of its row, so what a change adds is the difference of the two rows'.

use store::Stored;

use super::{State, Task};
use crate::message::mark::hour;
use crate::statistic::{Counted, Counters, Figure, Handled, Whose, difference, work};

impl Task {
    /// Everything that is counted of it.
    pub fn counters(&self) -> Counters {
        let ended = self.ended_at.map(hour);
        let became = |state: State, handled: Handled| ended.filter(|_| self.state == state).map(|hour| (hour, handled));
        let late = became(State::Completed, Handled::Late).filter(|_| self.ended_late());
        let all = [
            Some((hour(self.id.made_at()), Handled::Created)),
            became(State::Completed, Handled::Completed),
            late,
            became(State::Cancelled, Handled::Cancelled),
        ];
        let whose = [Some(Whose::All), self.assignee.map(Whose::User), self.team.map(Whose::Team)];
        work::counters(
            whose.into_iter().flatten().collect(),
            all.into_iter().flatten().map(|(hour, handled)| (hour, Figure::Task(self.kind, handled), 1)),
        )
    }

    /// Whether it ended after the moment that it was due at.
    pub fn ended_late(&self) -> bool {
        self.due_at.zip(self.ended_at).is_some_and(|(due, ended)| ended > due)
    }
}

impl Counted for Task {
    fn added(before: Option<&Stored<Self>>, after: Option<&Stored<Self>>) -> Counters {
        let of = |row: Option<&Stored<Self>>| row.map(|row| row.row.counters()).unwrap_or_default();
        difference(of(after), of(before))
    }
}
