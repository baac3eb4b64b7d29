//! What a message costs through an account.

use domain::price::Cost;
use domain::{Account, Channel};
use providers::{Outgoing, sms};

/// The cost of a message that is ready to go, when the account has a price.
pub(crate) fn cost(account: &Account, message: &Outgoing) -> Option<Cost> {
    let price = account.terms.price?;
    let text = message.direct().ok().and_then(|direct| direct.text.as_deref()).filter(|_| account.channel == Channel::Sms);
    let segments = text.map(|text| u32::try_from(sms::segments(text).parts).unwrap_or(u32::MAX));
    Some(price.of(segments))
}
