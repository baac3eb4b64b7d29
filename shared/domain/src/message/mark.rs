//! Marks: the milestones of a message that analytics counts. A pure function of the row, so counters can always be recomputed.

use std::collections::BTreeMap;

use kernel::Time;
use kernel::ids::AccountId;
use providers::EventKind;
use serde::{Deserialize, Serialize};

use super::{Message, State};
use crate::price::Currency;
use crate::statistic::HOUR;

/// A milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Accepted by us.
    Accepted,
    /// Taken by the provider, or sent back by it at once.
    Sent,
    /// Taken by the recipient's server.
    Delivered,
    /// Came back.
    Bounced,
    /// Called spam.
    Complained,
    /// Opened by a person.
    Opened,
    /// Opened by a program.
    MachineOpened,
    /// A link followed by a person.
    Clicked,
    /// A link followed by a program.
    MachineClicked,
    /// Answered by its recipient.
    Replied,
    /// Led to an unsubscription.
    Unsubscribed,
    /// Every attempt failed, or the provider dropped it.
    Failed,
    /// Refused for good.
    Rejected,
    /// Called off.
    Cancelled,
    /// The provider's answer was lost.
    Unknown,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 15] = [
        Self::Accepted,
        Self::Sent,
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
        Self::Opened,
        Self::MachineOpened,
        Self::Clicked,
        Self::MachineClicked,
        Self::Replied,
        Self::Unsubscribed,
        Self::Failed,
        Self::Rejected,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Opened => "opened",
            Self::MachineOpened => "machine_opened",
            Self::Clicked => "clicked",
            Self::MachineClicked => "machine_clicked",
            Self::Replied => "replied",
            Self::Unsubscribed => "unsubscribed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// Where something is counted: the hour it happened in, and the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// First moment of the hour.
    pub hour: Time,
    /// The account that carried the message; none before one has.
    pub account: Option<AccountId>,
}

/// The first moment of the hour that a moment lies in.
pub(crate) const fn hour(at: Time) -> Time {
    Time::from_millis(at.millis() - at.millis().rem_euclid(HOUR))
}

impl Message {
    /// Every mark it has reached, with its moment; each mark once.
    pub fn marks(&self) -> BTreeMap<(Mark, Spot), i64> {
        let carried = self.carried();
        let account = carried.and_then(|attempt| attempt.account);
        let mut marks = BTreeMap::new();
        let mut put = |mark: Mark, at: Time, account: Option<AccountId>| {
            marks.insert((mark, Spot { hour: hour(at), account }), 1);
        };
        put(Mark::Accepted, self.id.made_at(), None);
        match self.state {
            State::Failed => put(Mark::Failed, self.state_at, None),
            State::Rejected => put(Mark::Rejected, self.state_at, None),
            State::Cancelled => put(Mark::Cancelled, self.state_at, None),
            // An event proves it, however late it comes.
            State::Unknown if carried.is_none() => put(Mark::Unknown, self.state_at, None),
            State::Accepted
            | State::Scheduled
            | State::Held
            | State::Queued
            | State::Sending
            | State::Sent
            | State::Bounced
            | State::Unknown => {}
        }
        // What the provider tells is counted once we know which account it speaks of: an event may overtake our own note.
        let Some(carried) = carried else { return marks };
        put(Mark::Sent, carried.at, account);
        let first = |kind: EventKind, machine: bool| {
            self.events.iter().filter(|entry| entry.kind == kind && entry.machine == machine).map(|entry| entry.at).min()
        };
        for (mark, kind, machine) in [
            (Mark::Delivered, EventKind::Delivered, false),
            (Mark::Complained, EventKind::Complained, false),
            (Mark::Opened, EventKind::Opened, false),
            (Mark::MachineOpened, EventKind::Opened, true),
            (Mark::Clicked, EventKind::Clicked, false),
            (Mark::MachineClicked, EventKind::Clicked, true),
            (Mark::Replied, EventKind::Replied, false),
            (Mark::Unsubscribed, EventKind::Unsubscribed, false),
        ] {
            if let Some(at) = first(kind, machine) {
                put(mark, at, account);
            }
        }
        // What was sent back at once has no event.
        let at_once = (self.state == State::Bounced).then_some(self.state_at);
        if let Some(at) = first(EventKind::Bounced, false).into_iter().chain(at_once).min() {
            put(Mark::Bounced, at, account);
        }
        if let Some(at) = first(EventKind::Rejected, false).into_iter().chain(first(EventKind::RenderingFailed, false)).min() {
            put(Mark::Failed, at, account);
        }
        marks
    }

    /// What it cost, where that is counted: with [`Mark::Sent`].
    pub fn costs(&self) -> BTreeMap<(Currency, Spot), i64> {
        let priced = self.carried().and_then(|attempt| attempt.cost.map(|cost| (attempt, cost)));
        let counted = priced.map(|(attempt, cost)| {
            let spot = Spot { hour: hour(attempt.at), account: attempt.account };
            ((cost.currency, spot), cost.amount.millionths())
        });
        counted.into_iter().collect()
    }
}

/// Whether a user agent is a program that opens mail or follows links on nobody's behalf: mail proxies that fetch images ahead,
/// link scanners of mail gateways, and plain HTTP libraries. Lower-case parts of their names.
pub fn is_machine(agent: &str) -> bool {
    const PARTS: &[&str] = &[
        "googleimageproxy",
        "yahoomailproxy",
        "barracuda",
        "mimecast",
        "proofpoint",
        "safelinks",
        "microsoft office existence discovery",
        "bitdefender",
        "symantec",
        "trend micro",
        "fortiguard",
        "zscaler",
        "urldefense",
        "slackbot",
        "whatsapp",
        "telegrambot",
        "twitterbot",
        "facebookexternalhit",
        "linkedinbot",
        "bingpreview",
        "skypeuripreview",
        "headlesschrome",
        "phantomjs",
        "python-requests",
        "python-urllib",
        "aiohttp",
        "go-http-client",
        "okhttp",
        "java/",
        "libwww-perl",
        "wget/",
        "curl/",
        "bot/",
        "crawler",
        "spider",
        "scanner",
        "preview",
    ];
    let agent = agent.trim().to_ascii_lowercase();
    // Apple's privacy relay and several gateways show nothing but the family name.
    agent.is_empty() || agent == "mozilla/5.0" || agent == "mozilla/4.0" || PARTS.iter().any(|part| agent.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_programs_are_told_apart() {
        let person =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert!(!is_machine(person));
        for program in [
            "",
            "Mozilla/5.0",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "Mozilla/5.0 (compatible; SomethingBot/1.0)",
            "python-requests/2.32",
        ] {
            assert!(is_machine(program), "{program}");
        }
    }

    #[test]
    fn words_are_distinct() {
        let mut words: Vec<_> = Mark::ALL.iter().map(|mark| mark.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Mark::ALL.len());
    }
}
