//! What must hold at the end of every run, whatever struck on the way.

use std::collections::BTreeMap;

use domain::Message;
use domain::message::{Mark, State, Status, Verdict as Meaning};
use domain::statistic::{Dimension, Figure};
use local::provider::Deed;
use store::Item;

use super::plot::Account;
use super::run::Run;
use crate::exact;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What must not be.
    pub(super) faults: Vec<String>,
    /// Messages that say that nobody knows.
    pub(super) undecided: usize,
    /// Those of them that no provider took.
    pub(super) unsent: usize,
    /// Messages that a provider took twice, and that say so.
    pub(super) twice: usize,
}

pub(super) fn judge(run: &Run<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let messages = run.messages();
    for message in &messages {
        one(run, message, &mut verdict);
    }
    let fault = |verdict: &mut Verdict, text: String| verdict.faults.push(text);
    if !run.lost().is_empty() {
        fault(&mut verdict, format!("accepted, and gone: {:?}", run.lost()));
    }
    let (most, least) = (if run.plot.key { run.plot.messages } else { run.asked }, run.plot.messages);
    if !(least..=most).contains(&messages.len()) {
        fault(&mut verdict, format!("{} messages were made of {least} orders", messages.len()));
    }
    let rows = run.stage.memory.rows();
    let (counted, recomputed) = (exact::counted(&rows), exact::recomputed(&rows));
    if counted != recomputed {
        fault(&mut verdict, format!("counted {counted:#?}\nbut there are {recomputed:#?}"));
    }
    let unknown = counted.iter().filter(|(counter, _)| (counter.1, counter.4) == (Dimension::All, Figure::Mark(Mark::Unknown)));
    let unknown: i64 = unknown.map(|(_, count)| count).sum();
    if usize::try_from(unknown) != Ok(verdict.undecided) {
        let undecided = verdict.undecided;
        fault(&mut verdict, format!("{unknown} are counted as unknown, and {undecided} say so"));
    }
    if run.stage.hidden() > 0 {
        fault(&mut verdict, format!("{} jobs come again and again", run.stage.hidden()));
    }
    verdict.faults.extend(suppressions(run, &rows));
    verdict.faults.extend(hurry(run));
    verdict
}

/// More messages in a second than the only account may carry.
fn hurry(run: &Run<'_>) -> Option<String> {
    let [Account { per_second: Some(most), .. }] = run.plot.accounts.as_slice() else { return None };
    let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
    for kept in run.stage.sent() {
        *seconds.entry(kept.at.seconds()).or_default() += 1;
    }
    let hurried = seconds.values().any(|count| count > most);
    hurried.then(|| format!("{seconds:?} in seconds of at most {most}"))
}

/// One message: it has ended, and it says what became of it.
fn one(run: &Run<'_>, message: &Message, verdict: &mut Verdict) {
    let taken = run.taken(message).len();
    let status = message.status();
    let lost = message.tries.iter().filter(|attempt| attempt.verdict == Meaning::Unknown).count();
    let unknown = lost > 0 || status == Status::Unknown;
    let mut fault = |what: &str| {
        let tries: Vec<_> = message.tries.iter().map(|attempt| (attempt.n, attempt.verdict, &attempt.note)).collect();
        verdict.faults.push(format!("{} is {status:?}, taken {taken} times, tries {tries:?}: {what}", message.id));
    };
    let ended = message.state.is_final() || (message.state == State::Unknown && message.hold.is_none());
    if !ended {
        fault("it has not ended");
    }
    let most = if run.plot.resends() { 2 } else { 1 };
    if taken > most || (taken > 1 && !unknown) {
        fault("it went out too often");
    }
    let gone = matches!(status, Status::Sent | Status::Delivered | Status::Bounced | Status::Complained);
    let stopped = matches!(status, Status::Failed | Status::Rejected | Status::Cancelled);
    if taken == 0 && gone {
        fault("it says that it went out");
    }
    if taken > 0 && stopped && !unknown {
        fault("it says that it did not go out");
    }
    let told = run.plot.deed.map(|deed| match deed {
        Deed::Bounce => Status::Bounced,
        Deed::Complain => Status::Complained,
        _ => Status::Delivered,
    });
    if taken > 0 && told.is_some_and(|told| told != status) {
        fault("it does not say what was told of it");
    }
    verdict.undecided += usize::from(status == Status::Unknown);
    verdict.unsent += usize::from(status == Status::Unknown && taken == 0);
    verdict.twice += usize::from(taken > 1);
}

/// After a bounce or a complaint the address is suppressed: in its own row, in the contact and in one entry of the list.
fn suppressions(run: &Run<'_>, rows: &[Item]) -> Vec<String> {
    let of_kind = |kind: &str| rows.iter().filter(|row| exact::kind(row) == kind).collect::<Vec<_>>();
    let entries = of_kind("suppression").len();
    let addresses = of_kind("address").into_iter().filter(|row| row.contains_key("suppressed")).count();
    let marked = of_kind("contact").into_iter().filter(|row| format!("{row:?}").contains("suppressed")).count();
    let told: usize = run.messages().iter().filter(|message| message.evidence.is_some()).count();
    let (people, contacts) = match run.plot.deed {
        Some(Deed::Bounce | Deed::Complain) if run.plot.own_content => (told, 0),
        Some(Deed::Bounce | Deed::Complain) => (told.min(1), told.min(1)),
        _ => (0, 0),
    };
    let (found, expected) = ((entries, addresses, marked), (people, people, contacts));
    if found == expected {
        Vec::new()
    } else {
        vec![format!("suppressed: entries, addresses, contacts {found:?}, not {expected:?}")]
    }
}
