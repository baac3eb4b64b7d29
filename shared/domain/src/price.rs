//! What messages cost: amounts of money in millionths, since a text message costs fractions of a cent.

use std::fmt;

use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

/// Decimals of an amount.
const DECIMALS: usize = 6;
/// Millionths of a whole.
pub(crate) const MILLION: i64 = 1_000_000;
/// Most digits before the point.
const DIGITS: usize = 6;

/// An amount of money in millionths of its currency's unit. Rows keep the number, the API shows a decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// So many millionths.
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// Millionths.
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Reads a decimal such as `0.0075`: at most six digits on either side of the point, nothing below zero.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_up_to(text, DIGITS)
    }

    /// The same with another number of digits before the point, at most twelve.
    pub fn parse_up_to(text: &str, digits_before: usize) -> Result<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let read = || -> Option<i64> {
            let millionths: i64 = format!("{fraction:0<DECIMALS$}").parse().ok()?;
            Some(whole.parse::<i64>().ok()? * MILLION + millionths)
        };
        let amount = (digits(whole, digits_before) && digits(fraction, DECIMALS)).then(read).flatten();
        amount
            .map(Self)
            .ok_or_else(|| Error::invalid("", "amount", "a decimal such as 0.0075, with at most six decimals, is needed"))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Total(self.0.into()).fmt(f)
    }
}

/// A sum of so many amounts that it may be larger than any of them, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total(i128);

impl Total {
    /// Adds whole units.
    pub fn add_whole(&mut self, units: i64) {
        self.0 += i128::from(units) * i128::from(MILLION);
    }

    /// Adds millionths.
    pub fn add_millionths(&mut self, millionths: i64) {
        self.0 += i128::from(millionths);
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let million = u128::from(MILLION.unsigned_abs());
        let (whole, rest) = (self.0.unsigned_abs() / million, self.0.unsigned_abs() % million);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let rest = format!("{rest:0DECIMALS$}");
        write!(f, "{sign}{whole}.{}", rest.trim_end_matches('0'))
    }
}

/// Serde form of an [`Amount`] for the API: a decimal as text.
pub mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Amount;

    /// Writes the decimal.
    pub fn serialize<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    /// Reads the decimal.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Amount::parse(&text)
            .map_err(|_| serde::de::Error::custom("a decimal such as 0.0075, with at most six decimals, is needed"))
    }
}

/// A currency by its three capital letters (ISO 4217). Whether there is such a currency is not checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads the letters.
    pub fn parse(text: &str) -> Result<Self> {
        let letters = <[u8; 3]>::try_from(text.as_bytes()).ok().filter(|letters| letters.iter().all(u8::is_ascii_uppercase));
        letters.map(Self).ok_or_else(|| Error::invalid("", "currency", "three capital letters such as EUR are needed"))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        Self::parse(&text).map_err(|_| "three capital letters such as EUR are needed")
    }
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A message, however long.
    Message,
    /// Each part that a text message travels in.
    Segment,
}

/// What an account's messages cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// How much.
    pub amount: Amount,
    /// In which money.
    pub currency: Currency,
    /// For what.
    pub per: Per,
}

/// What one message cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// How much.
    #[serde(rename = "a")]
    pub amount: Amount,
    /// In which money.
    #[serde(rename = "c")]
    pub currency: Currency,
    /// The parts that it travelled in, of a text message.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
}

impl Price {
    /// What a message costs that travels in so many parts; `None` where messages have no parts.
    pub fn of(&self, segments: Option<u32>) -> Cost {
        let times = match self.per {
            Per::Message => 1,
            Per::Segment => i64::from(segments.unwrap_or(1)),
        };
        Cost { amount: Amount(self.amount.0.saturating_mul(times)), currency: self.currency, segments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_decimals() {
        for (text, millionths, shown) in [
            ("0.0075", 7_500, "0.0075"),
            ("1", 1_000_000, "1"),
            ("12.50", 12_500_000, "12.5"),
            ("0.000001", 1, "0.000001"),
            ("999999.999999", 999_999_999_999, "999999.999999"),
            ("0", 0, "0"),
        ] {
            let amount = Amount::parse(text).unwrap();
            assert_eq!((amount.millionths(), amount.to_string().as_str()), (millionths, shown));
        }
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.0000001", "1000000", " 1", "١"] {
            assert!(Amount::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Amount::from_millionths(-1_500_000).to_string(), "-1.5");
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!(Currency::parse("EUR").unwrap().to_string(), "EUR");
        for bad in ["eur", "EU", "EURO", "E1R", "\u{c9}R", ""] {
            assert!(Currency::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_price_is_for_a_message_or_for_each_of_its_parts() {
        let price = |per| Price { amount: Amount(7_500), currency: Currency::parse("EUR").unwrap(), per };
        assert_eq!(price(Per::Message).of(Some(3)).amount, Amount(7_500));
        assert_eq!(price(Per::Segment).of(Some(3)).amount, Amount(22_500));
        assert_eq!(price(Per::Segment).of(None).amount, Amount(7_500));
    }
}
