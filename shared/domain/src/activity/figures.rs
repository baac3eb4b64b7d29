//! What an activity adds to the counters: a pure function of its row, so what a change adds is the difference of the two rows'.

use store::Stored;

use super::{Activity, Status};
use crate::message::mark::hour;
use crate::statistic::{Counted, Counters, Done, Figure, Whose, difference, work};
use crate::visibility::Visibility;

/// How many of its tags an activity is counted under: each costs a counter row of its own.
pub const TAGS: usize = 5;

impl Activity {
    /// Everything that is counted of it. What is private counts nowhere, so that no number tells of it.
    pub fn counters(&self) -> Counters {
        if !self.is_counted() {
            return Counters::new();
        }
        let (made, at) = (hour(self.id.made_at()), hour(self.at()));
        let mut done = vec![(made, Done::Logged, 1), (at, Done::Status(self.status), 1)];
        done.extend(self.outcome.map(|outcome| (at, Done::Outcome(outcome), 1)));
        let seconds = self.duration.filter(|_| self.status == Status::Completed);
        done.extend(seconds.map(|seconds| (at, Done::Seconds, i64::from(seconds))));
        work::counters(
            self.whose(),
            done.into_iter().map(|(hour, done, amount)| (hour, Figure::Activity(self.form, done), amount)),
        )
    }

    /// Whether it is counted.
    pub fn is_counted(&self) -> bool {
        self.visibility != Visibility::Private
    }

    /// The tags that it is counted under.
    pub fn counted_tags(&self) -> &[String] {
        self.tags.get(..TAGS).unwrap_or(&self.tags)
    }

    fn whose(&self) -> Vec<Whose> {
        let user = self.assignee.or(self.owner).map(Whose::User);
        let tags = self.counted_tags().iter().cloned().map(Whose::Tag);
        std::iter::once(Whose::All).chain(user).chain(tags).collect()
    }
}

impl Counted for Activity {
    /// Going into the archive and coming back from there changes no number.
    fn added(before: Option<&Stored<Self>>, after: Option<&Stored<Self>>) -> Counters {
        let brought_back = before.is_none() && after.is_some_and(|after| after.version > 1);
        let put_away = after.is_none() && before.is_some_and(|before| before.row.archived);
        if brought_back || put_away {
            return Counters::new();
        }
        let of = |row: Option<&Stored<Self>>| row.map(|row| row.row.counters()).unwrap_or_default();
        difference(of(after), of(before))
    }
}
