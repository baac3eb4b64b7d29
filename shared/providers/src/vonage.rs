//! What Vonage's two interfaces for text messages share. Sources: Vonage API reference ("SMS API", "Messages API v1"), Vonage
//! developer documentation ("Signing requests", "Decoding signed webhooks").

pub mod messages;
pub mod sms;
#[cfg(test)]
mod tests;

use kernel::Result;

use crate::settings::fault;

/// How far a callback's time may be from now, in seconds. Callbacks are repeated for a day, and nothing says that a repetition is
/// signed anew, so this is more than the usual five minutes.
const WINDOW: i64 = 3600;

/// Checks a sender: a number, a short code or a name.
fn check_sender(from: &str) -> Result<()> {
    let fine = crate::sms::is_sender(from);
    let detail = "a number such as +14155550123, a short code, or a name of up to 11 characters";
    if fine { Ok(()) } else { Err(fault("/settings/from", detail)) }
}

/// Checks an API key, which names the account.
fn check_key(key: &str, pointer: &str) -> Result<()> {
    let fine = (4..=32).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fine { Ok(()) } else { Err(fault(pointer, "4 to 32 letters and digits are needed")) }
}
