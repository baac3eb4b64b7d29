//! What both of AWS's services for text messages let an account set: how urgent its messages are, what one may cost, and the ids by
//! which India knows sender and text. Source: Amazon SNS Developer Guide, "Publishing SMS messages"; AWS End User Messaging SMS API
//! reference v2, `SendTextMessage`.

use kernel::Result;
use serde::Deserialize;

use crate::settings::fault;

/// How urgent a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Delivered first: codes, orders.
    #[default]
    Transactional,
    /// Delivered at the lowest price.
    Promotional,
}

impl Kind {
    /// SNS's word; the other service writes it in capitals.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Promotional => "Promotional",
        }
    }
}

/// Checks `max_price`, `entity_id` and `template_id` of an account's settings.
pub(crate) fn check(max_price: Option<&str>, entity_id: Option<&str>, template_id: Option<&str>) -> Result<()> {
    if !max_price.is_none_or(is_price) {
        return Err(fault("/settings/max_price", "an amount such as 0.50 is needed"));
    }
    for (id, name) in [(entity_id, "entity_id"), (template_id, "template_id")] {
        if !id.is_none_or(is_india_id) {
            return Err(fault(&format!("/settings/{name}"), "1 to 50 letters and digits are needed"));
        }
    }
    Ok(())
}

/// Whether it is an amount of money in decimal digits.
fn is_price(text: &str) -> bool {
    let digits = |part: &str| (1..=5).contains(&part.len()) && part.bytes().all(|one| one.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole) && digits(part)
}

/// Whether it has the form of an id by which India knows sender or text.
fn is_india_id(text: &str) -> bool {
    (1..=50).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_alphanumeric())
}
