//! What people do to a task, and who is told of it.

use std::collections::BTreeSet;

use kernel::ids::UserId;
use kernel::{Error, Result, Time};

use super::{Actor, Did, State, Task, Whom, mentions};
use crate::notification::About;

impl Whom {
    fn word(self) -> String {
        match self {
            Self::User(user) => user.to_string(),
            Self::Team(team) => team.to_string(),
            Self::Role(role) => role.as_str().to_owned(),
        }
    }
}

impl Task {
    /// Notes that it was made, and tells who is to do it.
    pub fn begin(&mut self, by: Actor) {
        let now = self.created_at;
        self.creator = by.user;
        self.assigner = by.user.filter(|user| self.assignee.is_some_and(|assignee| assignee != *user));
        self.note(by, now, Did::Created, self.holder().map(Whom::word), None);
        self.tell(About::Assigned, self.holder().into_iter().collect(), by, now);
        self.mention(None, by, now);
    }

    /// Tells those whom its words mention and did not mention before.
    fn mention(&mut self, before: Option<&Self>, by: Actor, now: Time) {
        let named = |task: &Self| -> BTreeSet<UserId> {
            [&task.description, &task.outcome].into_iter().flatten().flat_map(|text| mentions(text)).collect()
        };
        let known = before.map(named).unwrap_or_default();
        let news = named(self).into_iter().filter(|user| !known.contains(user)).map(Whom::User).collect();
        self.tell(About::Mentioned, news, by, now);
    }

    /// People see another version from now on.
    const fn edited(&mut self, now: Time) {
        self.edits = self.edits.saturating_add(1);
        self.updated_at = now;
    }

    /// Notes what a change of its fields came to. What has ended is given to nobody else.
    pub fn changed(&mut self, before: &Self, by: Actor, now: Time) -> Result<()> {
        self.edited(now);
        if before.holder() == self.holder() {
            self.note(by, now, Did::Changed, None, None);
        } else {
            self.must_be_open()?;
            self.assigner = by.user.filter(|user| self.assignee != Some(*user)).or(self.assigner);
            self.is_no_more_seen_to(now);
            self.note(by, now, Did::Assigned, self.holder().map(Whom::word), None);
            self.tell(About::Assigned, self.holder().into_iter().collect(), by, now);
        }
        self.mention(Some(before), by, now);
        Ok(())
    }

    /// It is done. Once more changes nothing, and says so.
    pub fn complete(&mut self, by: Actor, now: Time, outcome: Option<String>) -> Result<bool> {
        if self.state == State::Completed {
            return Ok(false);
        }
        self.must_be_open()?;
        let before = self.clone();
        self.outcome = outcome.clone();
        self.end(State::Completed, Did::Completed, About::Completed, by, now, outcome);
        self.mention(Some(&before), by, now);
        Ok(true)
    }

    /// It is called off. Once more changes nothing, and says so.
    pub fn cancel(&mut self, by: Actor, now: Time, reason: Option<String>) -> Result<bool> {
        if self.state == State::Cancelled {
            return Ok(false);
        }
        self.must_be_open()?;
        let holder = self.assignee.map(Whom::User);
        self.end(State::Cancelled, Did::Cancelled, About::Cancelled, by, now, reason);
        self.tell(About::Cancelled, holder.into_iter().filter(|whom| !self.watchers().contains(whom)).collect(), by, now);
        Ok(true)
    }

    fn end(&mut self, state: State, did: Did, about: About, by: Actor, now: Time, note: Option<String>) {
        self.enter(state, now);
        self.edited(now);
        self.note(by, now, did, None, note);
        self.tell(about, self.watchers(), by, now);
    }

    /// It is taken up again. One that is open stays as it is.
    pub fn reopen(&mut self, by: Actor, now: Time, reason: Option<String>) -> bool {
        if self.state.is_open() {
            return false;
        }
        self.enter(State::Pending, now);
        self.edited(now);
        self.pass_over(now);
        self.note(by, now, Did::Reopened, None, reason);
        self.tell(About::Reopened, self.holder().into_iter().collect(), by, now);
        true
    }

    /// Somebody sees to it.
    pub fn acknowledge(&mut self, by: Actor, now: Time) -> Result<bool> {
        self.must_be_open()?;
        if self.acknowledged_at.is_some() {
            return Ok(false);
        }
        self.acknowledged_at = Some(now);
        self.edited(now);
        self.note(by, now, Did::Acknowledged, None, None);
        Ok(true)
    }

    /// Gives it to a user; who does so keeps it in sight. Once more changes nothing, and says so.
    pub fn delegate(&mut self, by: Actor, now: Time, to: UserId, note: Option<String>) -> Result<bool> {
        let handed_over = self.hand_over(Whom::User(to), Did::Delegated, About::Delegated, by, now, note)?;
        if handed_over {
            self.assigner = by.user.filter(|user| *user != to).or(self.assigner);
        }
        Ok(handed_over)
    }

    /// Hands it over to a user or team; who has had it is done with it. Once more changes nothing, and says so.
    pub fn transfer(&mut self, by: Actor, now: Time, to: Whom, reason: Option<String>) -> Result<bool> {
        self.hand_over(to, Did::Transferred, About::Transferred, by, now, reason)
    }

    fn hand_over(&mut self, to: Whom, did: Did, about: About, by: Actor, now: Time, note: Option<String>) -> Result<bool> {
        self.must_be_open()?;
        if self.holder() == Some(to) {
            return Ok(false);
        }
        let before = self.assignee.map(Whom::User);
        match to {
            Whom::User(user) => self.assignee = Some(user),
            Whom::Team(team) => (self.assignee, self.team) = (None, Some(team)),
            Whom::Role(_) => return Err(Error::invalid("/role", "role", "a task belongs to a user or team")),
        }
        self.is_no_more_seen_to(now);
        self.edited(now);
        self.note(by, now, did, Some(to.word()), note);
        let told: Vec<Whom> = [Some(to), before.filter(|_| did == Did::Transferred)].into_iter().flatten().collect();
        self.tell(about, told, by, now);
        Ok(true)
    }

    /// Whoever saw to it has it no more.
    fn is_no_more_seen_to(&mut self, now: Time) {
        if self.acknowledged_at.is_some() {
            self.pass_over(now);
        }
    }
}
