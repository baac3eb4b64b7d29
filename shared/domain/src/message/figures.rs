//! What a message adds to the counters. Like the marks a pure function of the row: what one change of the row adds or takes away is
//! the difference of what the two rows count.

use kernel::ids::AccountId;
use providers::EventKind;
use store::Stored;

use super::mark::{Spot, hour};
use super::{Mark, Message, Try, Verdict};
use crate::statistic::{Amounts, Counted, Counters, Dimension, Figure, Measure, Way, difference, place, spread};

/// How many of its tags a message is counted under: each costs a counter row of its own.
pub const TAGS: usize = 5;

impl Verdict {
    /// Whether it says something of the account or its provider rather than of the message.
    const fn is_vain(self) -> bool {
        match self {
            Self::Sent | Self::Rejected | Self::Undeliverable => false,
            Self::Retry | Self::Limited | Self::Misconfigured | Self::Unknown => true,
        }
    }
}

impl Message {
    /// Everything that is counted of it.
    pub fn figures(&self) -> Amounts {
        let mut amounts = Amounts::new();
        let mut add = |spot: Spot, figure: Figure, amount: i64| *amounts.entry((spot, figure)).or_default() += amount;
        let marks = self.marks();
        for ((mark, spot), count) in &marks {
            add(*spot, Figure::Mark(*mark), *count);
        }
        for ((currency, spot), amount) in self.costs() {
            add(spot, Figure::Cost(currency), amount);
        }
        // A call without a duration was none: nobody was asked.
        for Try { account, at, ms, verdict, .. } in &self.tries {
            let (Some(account), Some(ms)) = (account, ms) else { continue };
            let spot = Spot { hour: hour(*at), account: Some(*account) };
            add(spot, Figure::Measure(Measure::Calls), 1);
            add(spot, Figure::Measure(Measure::Vain), i64::from(verdict.is_vain()));
            add(spot, Figure::Measure(Measure::Millis), i64::from(*ms));
        }
        if let Some(waited) = self.waited {
            let spot = Spot { hour: hour(self.id.made_at()), account: self.pinned };
            add(spot, Figure::wait(waited / 1000), 1);
            add(spot, Figure::Measure(Measure::Waited), waited / 1000);
        }
        let Some(carried) = self.carried() else { return amounts };
        for entry in self.events.iter().filter(|entry| !entry.machine) {
            let measure = match entry.kind {
                EventKind::Opened => Measure::Opens,
                EventKind::Clicked => Measure::Clicks,
                EventKind::Sent
                | EventKind::Delayed
                | EventKind::Delivered
                | EventKind::Bounced
                | EventKind::Complained
                | EventKind::Rejected
                | EventKind::RenderingFailed
                | EventKind::Replied
                | EventKind::Unsubscribed => continue,
            };
            add(Spot { hour: hour(entry.at), account: carried.account }, Figure::Measure(measure), 1);
        }
        let sent = Spot { hour: hour(carried.at), account: carried.account };
        for (mark, measure) in
            [(Mark::Opened, Measure::SentOpened), (Mark::Clicked, Measure::SentClicked), (Mark::Replied, Measure::SentReplied)]
        {
            if marks.keys().any(|(reached, _)| *reached == mark) {
                add(sent, Figure::Measure(measure), 1);
            }
        }
        amounts
    }

    /// The tags that it is counted under.
    pub fn counted_tags(&self) -> &[String] {
        self.tags.get(..TAGS).unwrap_or(&self.tags)
    }
}

impl Message {
    /// The values that it is counted under, for what belongs to that account.
    pub fn values(&self, account: Option<AccountId>) -> Vec<(Dimension, String)> {
        let way = Way { channel: self.channel, account, category: Some(self.category.clone()) };
        let mut values =
            vec![(Dimension::All, way.value()), (Dimension::Template, place::template(self.template.map(|made| made.id)))];
        let mut tags: Vec<String> = self.counted_tags().iter().map(|tag| place::tag(tag)).collect();
        tags.sort_unstable();
        tags.dedup();
        values.extend(tags.into_iter().map(|tag| (Dimension::Tag, tag)));
        values.extend(self.sender.map(|user| (Dimension::User, place::user(user))));
        values
    }
}

impl Counted for Message {
    /// What happened stays counted when a message is gone.
    fn added(before: Option<&Stored<Self>>, after: Option<&Stored<Self>>) -> Counters {
        let Some(after) = after else { return Counters::new() };
        let before = before.map(|before| before.row.figures()).unwrap_or_default();
        spread(difference(after.row.figures(), before), |account| after.row.values(account))
    }
}
