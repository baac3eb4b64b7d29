//! The terms of an account as callers say and see them: weight, limits, price, warm-up.

use domain::Terms;
use domain::price::{Amount, Currency, Per, Price};
use domain::terms::{Limits, WarmUp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{double_option, put};
use crate::reply::words::PerWord;

/// How many messages an account may carry, all senders together.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = AccountLimits)]
pub(crate) struct LimitsBody {
    /// In any second by the clock; null for as many as there are. What is more goes through the next account, or waits for its turn.
    #[schema(minimum = 1, maximum = 10_000, required = false)]
    per_second: Option<u32>,
    /// In any day (UTC); null for as many as there are. What is more goes through the next account, or waits for another day.
    #[schema(minimum = 1, maximum = 100_000_000, required = false)]
    per_day: Option<u32>,
}

/// What changes of an account's limits; null removes one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = AccountLimitsChange)]
pub(crate) struct LimitsChange {
    #[serde(deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000, required = false)]
    per_second: Option<Option<u32>>,
    #[serde(deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000_000, required = false)]
    per_day: Option<Option<u32>>,
}

/// What a message through an account costs, for its cost and for analytics.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Price)]
pub(crate) struct PriceBody {
    /// A decimal with at most six digits on either side of the point.
    #[serde(with = "domain::price::decimal")]
    #[schema(value_type = String, example = "0.0075")]
    amount: Amount,
    /// Three capital letters (ISO 4217).
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// A message, or each segment of a text message.
    #[schema(value_type = PerWord)]
    per: Per,
}

/// How the messages of a new sender are to grow in number. It is kept and shown, and limits nothing yet.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WarmUp)]
pub(crate) struct WarmUpBody {
    /// The first day (UTC).
    #[schema(format = Date, example = "2026-03-01")]
    from: String,
    /// Messages of that day.
    #[schema(minimum = 1, maximum = 100_000_000)]
    first_day: u32,
    /// By how much each day is larger than the day before, in percent.
    #[serde(default)]
    #[schema(maximum = 1_000, required = false)]
    growth: Option<u16>,
}

impl From<LimitsBody> for Limits {
    fn from(LimitsBody { per_second, per_day }: LimitsBody) -> Self {
        Self { per_second, per_day }
    }
}

impl From<Limits> for LimitsBody {
    fn from(Limits { per_second, per_day }: Limits) -> Self {
        Self { per_second, per_day }
    }
}

impl From<PriceBody> for Price {
    fn from(PriceBody { amount, currency, per }: PriceBody) -> Self {
        Self { amount, currency, per }
    }
}

impl From<Price> for PriceBody {
    fn from(Price { amount, currency, per }: Price) -> Self {
        Self { amount, currency, per }
    }
}

impl From<WarmUpBody> for WarmUp {
    fn from(WarmUpBody { from, first_day, growth }: WarmUpBody) -> Self {
        Self { from, first_day, growth }
    }
}

impl From<WarmUp> for WarmUpBody {
    fn from(WarmUp { from, first_day, growth }: WarmUp) -> Self {
        Self { from, first_day, growth }
    }
}

impl LimitsChange {
    fn apply(self, limits: &mut Limits) {
        put(&mut limits.per_second, self.per_second);
        put(&mut limits.per_day, self.per_day);
    }
}

/// What a new account says of its terms.
pub(super) struct New {
    pub(super) weight: Option<u8>,
    pub(super) limits: Option<LimitsBody>,
    pub(super) price: Option<PriceBody>,
    pub(super) warm_up: Option<WarmUpBody>,
}

impl From<New> for Terms {
    fn from(New { weight, limits, price, warm_up }: New) -> Self {
        let usual = Self::default();
        Self {
            weight: weight.unwrap_or(usual.weight),
            limits: limits.map_or(usual.limits, Into::into),
            price: price.map(Into::into),
            warm_up: warm_up.map(Into::into),
        }
    }
}

/// What changes of an account's terms. Limits are merged; price and warm-up are replaced as a whole.
pub(super) struct Change {
    pub(super) weight: Option<u8>,
    pub(super) limits: Option<Option<LimitsChange>>,
    pub(super) price: Option<Option<PriceBody>>,
    pub(super) warm_up: Option<Option<WarmUpBody>>,
}

impl Change {
    /// Carries it out.
    pub(super) fn apply(self, terms: &mut Terms) {
        put(&mut terms.weight, self.weight);
        match self.limits {
            Some(Some(change)) => change.apply(&mut terms.limits),
            Some(None) => terms.limits = Limits::default(),
            None => {}
        }
        put(&mut terms.price, self.price.map(|price| price.map(Into::into)));
        put(&mut terms.warm_up, self.warm_up.map(|warm_up| warm_up.map(Into::into)));
    }
}
