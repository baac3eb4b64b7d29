//! The terms on which an account is used: how much of the messages it takes beside others of its priority, how many it may carry,
//! and what one costs.

use kernel::error::Faults;
use kernel::ids::{AccountId, MessageId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};

use crate::Channel;
use crate::price::{Per, Price};
use crate::slot::Window;

/// Largest weight.
const HEAVIEST: u8 = 100;
/// Most messages in a second that a limit can be.
const FASTEST: u32 = 10_000;
/// Most messages in a day that a limit can be.
const MOST: u32 = 100_000_000;
/// Most by which a day of a warm-up can be larger than the day before, in percent.
const STEEPEST: u16 = 1_000;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Its share of the messages, beside other accounts of the same priority: 1 to 100.
    #[serde(default = "one")]
    pub weight: u8,
    /// How many messages it may carry.
    #[serde(default)]
    pub limits: Limits,
    /// What a message costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// How its messages are to grow in number. Kept and shown; it limits nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
}

/// How many messages an account may carry, over all processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// In any second by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// In any day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
}

/// A new sender's messages, more each day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmUp {
    /// The first day (UTC), as `yyyy-mm-dd`.
    pub from: String,
    /// Messages of that day.
    pub first_day: u32,
    /// By how much each day is larger than the day before, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<u16>,
}

const fn one() -> u8 {
    1
}

impl Default for Terms {
    fn default() -> Self {
        Self { weight: one(), limits: Limits::default(), price: None, warm_up: None }
    }
}

impl Limits {
    /// The limits that there are, the longer window first.
    pub fn windows(&self) -> impl Iterator<Item = (Window, u32)> + use<> {
        let all = [(Window::Day, self.per_day), (Window::Second, self.per_second)];
        all.into_iter().filter_map(|(window, limit)| limit.map(|limit| (window, limit.max(1))))
    }
}

impl Terms {
    /// Checks them for an account of that channel.
    pub fn check(&self, channel: Channel) -> Result<()> {
        let mut faults = Faults::default();
        if !(1..=HEAVIEST).contains(&self.weight) {
            faults.add("/weight", "range", format!("1 to {HEAVIEST}"));
        }
        let Limits { per_second, per_day } = self.limits;
        for (pointer, limit, most) in [("/limits/per_second", per_second, FASTEST), ("/limits/per_day", per_day, MOST)] {
            if limit.is_some_and(|limit| !(1..=most).contains(&limit)) {
                faults.add(pointer, "range", format!("1 to {most}"));
            }
        }
        if self.price.is_some_and(|price| price.per == Per::Segment) && channel != Channel::Sms {
            faults.add("/price/per", "channel", format!("{} has no segments; text messages do", channel.as_str()));
        }
        if let Some(warm_up) = &self.warm_up {
            faults.take("/warm_up", warm_up.check());
        }
        faults.check()
    }

    /// The account's lot for a message: of accounts with equal chances the one with the highest lot carries it. Each message draws
    /// anew and always the same, and an account wins in proportion to its weight (weighted rendezvous hashing).
    pub fn lot(&self, account: AccountId, message: MessageId) -> f64 {
        let digest = kernel::crypto::sha256(&[account.to_bytes(), message.to_bytes()].concat());
        let word = digest.iter().take(7).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        #[expect(clippy::cast_precision_loss, reason = "52 bits and a half fit a double exactly")]
        let fraction = ((word >> 4) as f64 + 0.5) / (1_u64 << 52) as f64;
        -f64::from(self.weight) / fraction.ln()
    }
}

impl WarmUp {
    fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        if self.from.len() != 10 || Time::parse(&format!("{}T00:00:00Z", self.from)).is_err() {
            faults.add("/from", "date", "a date such as 2026-03-01 is needed");
        }
        if !(1..=MOST).contains(&self.first_day) {
            faults.add("/first_day", "range", format!("1 to {MOST}"));
        }
        if self.growth.is_some_and(|growth| growth > STEEPEST) {
            faults.add("/growth", "range", format!("0 to {STEEPEST} percent"));
        }
        faults.check()
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Error, Ids};

    use super::*;
    use crate::price::{Amount, Currency};

    fn pointers(terms: &Terms, channel: Channel) -> Vec<String> {
        match terms.check(channel) {
            Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.pointer).collect(),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        let price = Price { amount: Amount::default(), currency: Currency::parse("EUR").unwrap(), per: Per::Segment };
        let odd = Terms {
            weight: 0,
            limits: Limits { per_second: Some(0), per_day: Some(MOST + 1) },
            price: Some(price),
            warm_up: Some(WarmUp { from: "2026-02-30".to_owned(), first_day: 0, growth: Some(1_001) }),
        };
        let all = [
            "/weight",
            "/limits/per_second",
            "/limits/per_day",
            "/price/per",
            "/warm_up/from",
            "/warm_up/first_day",
            "/warm_up/growth",
        ];
        assert_eq!(pointers(&odd, Channel::Email), all);
        assert_eq!(pointers(&Terms { weight: 101, ..Terms::default() }, Channel::Sms), ["/weight"]);
        assert!(Terms { price: Some(price), ..Terms::default() }.check(Channel::Sms).is_ok());
        assert!(Terms::default().check(Channel::Email).is_ok());
    }

    #[test]
    fn accounts_win_in_proportion_to_their_weights_and_a_message_always_draws_the_same() {
        let (ids, clock) = (Ids::seeded(5), Clock::manual(Time::from_millis(1_772_000_000_000)));
        let terms = [1, 3, 6].map(|weight| Terms { weight, ..Terms::default() });
        let accounts = terms.each_ref().map(|terms| (AccountId::new(&ids, &clock), terms));
        let mut won = [0_u32; 3];
        for _ in 0..10_000 {
            let message = MessageId::new(&ids, &clock);
            let lots = accounts.each_ref().map(|(id, terms)| terms.lot(*id, message));
            assert_eq!(lots.map(f64::to_bits), accounts.each_ref().map(|(id, terms)| terms.lot(*id, message).to_bits()));
            let best = (0..3).max_by(|a, b| lots[*a].total_cmp(&lots[*b])).unwrap();
            won[best] += 1;
        }
        assert!((900..1_100).contains(&won[0]) && (2_850..3_150).contains(&won[1]), "{won:?}");
    }
}
