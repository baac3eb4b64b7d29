//! Short waits inside a call, for a slot that begins in a moment. Whatever takes longer waits in the queue or in the due index.

use std::time::Duration;

use kernel::{Clock, Time};

/// Longest wait inside a call, in milliseconds.
const LONGEST: i64 = 2_000;
/// How long before its slot a message is to be back, in milliseconds, since the queue is never early and seldom exact.
const EARLY: i64 = 1_000;

/// Longest wait inside a call, in milliseconds. Nobody waits for a clock that is turned by hand.
pub(crate) const fn longest(clock: &Clock) -> i64 {
    match clock {
        Clock::System => LONGEST,
        Clock::Manual(_) => 0,
    }
}

/// When a message is to come back whose slot begins then.
pub(crate) const fn before(clock: &Clock, slot: Time) -> Time {
    match clock {
        Clock::System => slot.plus_millis(-EARLY),
        Clock::Manual(_) => slot,
    }
}

/// Waits until then, or as long as one may.
#[expect(
    clippy::disallowed_methods,
    reason = "the one wait inside a call: at most two seconds, for a slot of the message's own"
)]
pub(crate) async fn until(clock: &Clock, at: Time) {
    let millis = at.since(clock.now()).min(longest(clock));
    if let Some(millis) = u64::try_from(millis).ok().filter(|millis| *millis > 0) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_a_clock_that_is_turned_by_hand_or_for_what_has_passed() {
        let clock = Clock::manual(Time::from_millis(1_000));
        until(&clock, Time::from_millis(9_000_000)).await;
        until(&Clock::System, Time::EPOCH).await;
        assert_eq!((longest(&clock), before(&clock, clock.now())), (0, clock.now()));
        assert_eq!(before(&Clock::System, Time::from_millis(5_000)), Time::from_millis(4_000));
    }
}
