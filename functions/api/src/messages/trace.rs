//! Why a message was or was not sent: everything that was decided and that happened, and one sentence that sums it up.

use domain::gate::{Answer, Check, Decision, Why};
use domain::message::{Hold, Message, Obstacle, Outcome, State, Status, Try, Verdict, Wait};
use kernel::Time;
use kernel::ids::{AccountId, MessageId};
use providers::{BounceClass, EventKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{CostView, EventView, HoldView};
use crate::reply::words::{CheckWord, StatusWord, VerdictWord};

/// What was decided about a message and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceView {
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = StatusWord)]
    status: Status,
    /// One sentence: why it was sent, or why not.
    #[schema(example = "The recipient's server took it at 2026-03-01T09:30:02.000Z.")]
    why: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Time,
    gate: GateView,
    hold: Option<HoldView>,
    /// Every call of a provider, oldest first.
    tries: Vec<TryView>,
    /// Every time that it went on to another account than the one that would have carried it, oldest first.
    failovers: Vec<FailoverView>,
    /// What providers and recipients told since, oldest first.
    events: Vec<EventView>,
}

/// The decision whether it may go out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateView {
    /// When it was made last; none before the first time.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
    decision: DecisionWord,
    /// Until when, of a hold.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Why, of a hold or stop.
    reason: Option<&'static str>,
    checks: Vec<CheckView>,
}

/// What the gate decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionWord {
    /// Nothing yet.
    Open,
    /// Send.
    Go,
    /// Not yet.
    Hold,
    /// Never.
    Stop,
}

/// One check of the gate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckView {
    #[schema(value_type = CheckWord)]
    check: Check,
    /// What it asks.
    question: &'static str,
    result: ResultWord,
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResultWord {
    /// Nothing against it.
    Passed,
    /// It decided.
    Failed,
    /// An earlier one decided, or nothing was decided yet.
    NotReached,
}

/// One call of a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TryView {
    /// The attempt's number.
    number: u32,
    /// Through which account; none in sandbox.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Milliseconds until it was answered; null when nobody was called.
    latency_ms: Option<u32>,
    #[schema(value_type = VerdictWord)]
    verdict: Verdict,
    /// The provider's id for it.
    provider_id: Option<String>,
    /// The provider's words.
    note: Option<String>,
    /// What it costs, when a provider took it or may have.
    cost: Option<CostView>,
}

/// A message went on to another account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailoverView {
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// The account that would have carried it.
    #[schema(value_type = String)]
    from: AccountId,
    /// The account that was tried instead.
    #[schema(value_type = String)]
    to: AccountId,
    /// Why: what the try through the first came to, or what stood in the way of one.
    #[schema(example = "pace")]
    why: &'static str,
}

/// The failovers of a message, by its tries.
fn failovers(tries: &[Try]) -> Vec<FailoverView> {
    let mut found = Vec::new();
    let mut before: Option<(AccountId, Verdict)> = None;
    for attempt in tries {
        let Some(to) = attempt.account else { continue };
        if let Some((from, verdict)) = before.filter(|(from, _)| *from != to) {
            found.push(FailoverView { at: attempt.at, from, to, why: word(verdict) });
        }
        let passed = attempt.passed.iter().filter(|passed| before.is_none_or(|(from, _)| from != passed.account));
        found.extend(passed.map(|passed| FailoverView { at: attempt.at, from: passed.account, to, why: obstacle(passed.why) }));
        before = Some((to, attempt.verdict));
    }
    found
}

const fn obstacle(why: Obstacle) -> &'static str {
    match why {
        Obstacle::Outage => "outage",
        Obstacle::Pace => "pace",
        Obstacle::DayLimit => "day_limit",
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Sent => "sent",
        Verdict::Retry => "retry",
        Verdict::Limited => "limited",
        Verdict::Rejected => "rejected",
        Verdict::Undeliverable => "undeliverable",
        Verdict::Misconfigured => "misconfigured",
        Verdict::Unknown => "unknown",
    }
}

impl TraceView {
    pub(crate) fn of(message: Message) -> Self {
        Self {
            why: why(&message),
            id: message.id,
            status: message.status(),
            accepted_at: message.id.made_at(),
            gate: GateView::of(message.gate.as_ref()),
            hold: message.hold.map(HoldView::from),
            failovers: failovers(&message.tries),
            tries: message.tries.into_iter().map(Into::into).collect(),
            events: message.events.into_iter().map(Into::into).collect(),
        }
    }
}

impl GateView {
    fn of(answer: Option<&Answer>) -> Self {
        let (decision, until, reason) = match answer.map(|answer| answer.decision) {
            None => (DecisionWord::Open, None, None),
            Some(Decision::Go) => (DecisionWord::Go, None, None),
            Some(Decision::Hold(until)) => (DecisionWord::Hold, Some(until), Some("it is the recipient's quiet time")),
            Some(Decision::Stop(why)) => (DecisionWord::Stop, None, Some(reason(why))),
        };
        let checks = match answer {
            Some(answer) => answer.checks(),
            None => Check::ALL.into_iter().map(|check| (check, None)).collect(),
        };
        let checks = checks.into_iter().map(CheckView::from).collect();
        Self { at: answer.map(|answer| answer.time), decision, until, reason, checks }
    }
}

impl From<(Check, Option<bool>)> for CheckView {
    fn from((check, passed): (Check, Option<bool>)) -> Self {
        let question = match check {
            Check::Tenant => "May the tenant send?",
            Check::Account => "Is there an enabled account for the channel?",
            Check::Recipient => "Is the contact still there?",
            Check::DoNotContact => "May the contact be contacted at all?",
            Check::Suppression => "May the address be written to?",
            Check::OptIn => "Has the contact opted in to the category, or does it need no opt-in?",
            Check::Window => "Has the recipient written lately enough for free text, or does it need no window?",
            Check::Preference => "Has the contact refused neither channel nor category nor campaign, or can it not be left?",
            Check::QuietHours => "Is it outside the recipient's quiet time, or does the category keep none?",
            Check::Cap => "Has the contact had fewer than it wants in a day or week, or can it not be left?",
            Check::Throttle => "Has the recipient had fewer of its like than the order allows?",
        };
        let result = match passed {
            Some(true) => ResultWord::Passed,
            Some(false) => ResultWord::Failed,
            None => ResultWord::NotReached,
        };
        Self { check, question, result }
    }
}

impl From<Try> for TryView {
    fn from(Try { n, account, at, ms, verdict, id, note, cost, passed: _ }: Try) -> Self {
        Self { number: n, account, at, latency_ms: ms, verdict, provider_id: id, note, cost: cost.map(Into::into) }
    }
}

const fn reason(why: Why) -> &'static str {
    match why {
        Why::TenantInactive => "the tenant is switched off",
        Why::NoAccount => "no enabled account carries the channel",
        Why::NoRecipient => "the contact is gone",
        Why::DoNotContact => "the contact asked not to be contacted",
        Why::HardBounce => "the mailbox does not exist: an earlier message came back for good",
        Why::Complaint => "the recipient called an earlier message spam",
        Why::Unsubscribed => "the recipient left this kind of mail",
        Why::Suppressed => "the address was suppressed by hand",
        Why::NoOptIn => "the recipient has not opted in to this category",
        Why::OptedOut => "the recipient has opted out of this category",
        Why::ChannelRefused => "the recipient wants nothing by this channel",
        Why::CategoryRefused => "the recipient wants nothing of this category",
        Why::CampaignRefused => "the recipient wants nothing of this campaign",
        Why::CapReached => "the recipient has had as much as it wants in this time",
        Why::Throttled => "the recipient has had as many of its like as the order allows",
        Why::WindowClosed => {
            "the channel takes free text only within some hours after the recipient wrote, and the recipient has not"
        }
    }
}

fn why(message: &Message) -> String {
    let told = |kind: EventKind| message.events.iter().find(|entry| entry.kind == kind);
    let text = |kind: EventKind| {
        told(kind).and_then(|entry| entry.detail.text.clone()).map(|text| format!(": {text}")).unwrap_or_default()
    };
    match message.evidence {
        Some(Outcome::Delivered) => match told(EventKind::Delivered) {
            Some(entry) => format!("The recipient's server took it at {}.", entry.at),
            None => "The recipient's server took it.".to_owned(),
        },
        Some(Outcome::Bounced) => {
            let class = match told(EventKind::Bounced).and_then(|entry| entry.detail.class) {
                Some(BounceClass::Hard) => "it came back for good",
                Some(BounceClass::Soft) => "it came back, and may work another time",
                Some(BounceClass::Block) => "the recipient's server refused the sender",
                None => "it came back",
            };
            format!("It was sent, and {class}{}.", text(EventKind::Bounced))
        }
        Some(Outcome::Complained) => "It was sent, and the recipient called it spam.".to_owned(),
        Some(Outcome::Failed) => {
            let kind = if told(EventKind::Rejected).is_some() { EventKind::Rejected } else { EventKind::RenderingFailed };
            format!("The provider dropped it after taking it{}.", text(kind))
        }
        None => why_so_far(message),
    }
}

/// As long as no provider has told how it ended.
fn why_so_far(message: &Message) -> String {
    let last = message.tries.last();
    let note = || last.and_then(|attempt| attempt.note.clone()).map(|note| format!(": {note}")).unwrap_or_default();
    let until = message.hold.map(|hold| hold.until.to_string()).unwrap_or_default();
    match message.state {
        State::Accepted => "It is stored, and will be decided on in a moment.".to_owned(),
        State::Scheduled => format!("It waits until {until}, as it was asked to."),
        State::Held => match message.hold {
            Some(Hold { why: Wait::QuietHours, .. }) => {
                format!("It waits until {until}, when the recipient's quiet hours end.")
            }
            Some(Hold { why: Wait::Outage, .. }) => {
                format!("No account's provider works at present; it is looked at again at {until}.")
            }
            Some(Hold { why: Wait::Token, .. }) => {
                format!("Its account is being given an access token; it is looked at again at {until}.")
            }
            Some(hold @ Hold { why: Wait::Pace | Wait::DayLimit, .. }) => in_line(&hold),
            Some(_) | None => format!("The last try did not succeed{}; the next is due at {until}.", note()),
        },
        State::Queued if message.hold.is_some() => message.hold.as_ref().map(in_line).unwrap_or_default(),
        State::Queued => "Its time has come: it waits for a sender.".to_owned(),
        State::Sending => "A sender has it and is about to call a provider, or waits for the answer.".to_owned(),
        State::Sent if message.sandbox => {
            "It is a rehearsal: everything was decided and rendered, and no provider was called.".to_owned()
        }
        State::Sent => "A provider took it; the recipient's server has not been heard of.".to_owned(),
        State::Bounced => format!("The recipient cannot be reached{}.", note()),
        State::Failed if message.tries.is_empty() => "No account was left to try.".to_owned(),
        State::Failed => format!("Every try failed; the last{}.", note()),
        State::Rejected => match message.gate.map(|answer| answer.decision) {
            Some(Decision::Stop(why)) => format!("It was not sent, because {}.", reason(why)),
            Some(Decision::Go | Decision::Hold(_)) | None => format!("It was refused for good{}.", note()),
        },
        State::Cancelled => "It was called off before it was sent.".to_owned(),
        State::Unknown => match message.hold {
            Some(Hold { why: Wait::Resend, .. }) => {
                format!(
                    "The provider's answer was lost; unless the provider tells what became of it, it is sent again at {until}."
                )
            }
            Some(_) => format!("The provider's answer was lost; until {until} the provider may tell what became of it."),
            None => "The provider's answer was lost, and nobody knows whether it was sent: sending it again is your decision."
                .to_owned(),
        },
    }
}

/// While the accounts that could carry it have carried as many messages as they may.
fn in_line(hold: &Hold) -> String {
    let span = if hold.why == Wait::DayLimit { "this day" } else { "this second" };
    format!("No account may carry more messages in {span}; its turn comes at {}.", hold.until)
}
