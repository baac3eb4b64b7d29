//! The gate: the ONE decision whether a message may go out now, for every path that sends. Its answer is kept with the message,
//! so "why was it not sent" is one read.

use kernel::{Time, Zone};
use providers::Wish;
use serde::{Deserialize, Serialize};

use crate::contact::QuietHours;
use crate::message::Message;
use crate::suppression::Reason;
use crate::{Contact, Tenant};

/// The checks, in the order they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The tenant may send.
    Tenant,
    /// There is an account to send through.
    Account,
    /// The contact still exists and has an address.
    Recipient,
    /// The contact may be contacted at all.
    DoNotContact,
    /// The address is not suppressed.
    Suppression,
    /// The contact opted in to the category on this channel, or need not.
    OptIn,
    /// The contact has refused neither channel nor category nor campaign.
    Preference,
    /// The recipient wrote lately enough for free text, where the channel asks for that.
    Window,
    /// It is not the recipient's quiet time.
    QuietHours,
    /// The contact has had no more than it wants in a day or week.
    Cap,
    /// The recipient has had no more than the order allows.
    Throttle,
}

impl Check {
    /// Every check, in order.
    pub const ALL: [Self; 11] = [
        Self::Tenant,
        Self::Account,
        Self::Recipient,
        Self::DoNotContact,
        Self::Suppression,
        Self::OptIn,
        Self::Preference,
        Self::Window,
        Self::QuietHours,
        Self::Cap,
        Self::Throttle,
    ];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Account => "account",
            Self::Recipient => "recipient",
            Self::DoNotContact => "do_not_contact",
            Self::Suppression => "suppression",
            Self::OptIn => "opt_in",
            Self::Preference => "preference",
            Self::Window => "window",
            Self::QuietHours => "quiet_hours",
            Self::Cap => "cap",
            Self::Throttle => "throttle",
        }
    }
}

/// What the gate decides by.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// Whether an enabled account carries the channel.
    pub account: bool,
    /// The contact, when the message is for one or the address belongs to one.
    pub contact: Option<&'a Contact>,
    /// Why the address must not be written to.
    pub suppressed: Option<Reason>,
    /// Whether the recipient wrote lately enough to one of the accounts, where the message needs that.
    pub window: bool,
    /// What leaves no room for one message more. It is asked once nothing else stands in the way, since asking takes the room.
    pub full: Option<Full>,
    /// Now.
    pub now: Time,
}

/// A limit of messages to one recipient that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// What the contact wants in a day or week.
    Cap,
    /// What the order allows.
    Throttle,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Send.
    Go,
    /// Not before then.
    Hold(Time),
    /// Never.
    Stop(Why),
}

/// Why a message is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The tenant is switched off.
    TenantInactive,
    /// No enabled account carries the channel.
    NoAccount,
    /// The contact is gone or has no address on the channel.
    NoRecipient,
    /// The contact asked not to be contacted.
    DoNotContact,
    /// The mailbox does not exist.
    HardBounce,
    /// The recipient called an earlier message spam.
    Complaint,
    /// The recipient left this kind of mail.
    Unsubscribed,
    /// Somebody of the tenant suppressed the address.
    Suppressed,
    /// The recipient has not opted in.
    NoOptIn,
    /// The recipient has opted out.
    OptedOut,
    /// The recipient wants nothing by this channel.
    ChannelRefused,
    /// The recipient wants nothing of this category.
    CategoryRefused,
    /// The recipient wants nothing of this campaign.
    CampaignRefused,
    /// The recipient has not written lately enough for free text.
    WindowClosed,
    /// The recipient has had as much as it wants.
    CapReached,
    /// The recipient has had as many as the order allows.
    Throttled,
}

/// What is kept: when, how far it came, and what it decided. The checks before `at` passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When.
    pub time: Time,
    /// The check that decided; none when all passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Check>,
    /// The decision.
    pub decision: Decision,
}

impl Answer {
    /// Every check with what became of it: passed, failed, or not reached.
    pub fn checks(&self) -> Vec<(Check, Option<bool>)> {
        Check::ALL
            .into_iter()
            .map(|check| {
                let passed = match self.by {
                    None => Some(true),
                    Some(by) if check < by => Some(true),
                    Some(by) if check == by => Some(false),
                    Some(_) => None,
                };
                (check, passed)
            })
            .collect()
    }
}

/// Decides.
pub fn decide(message: &Message, facts: &Facts<'_>) -> Answer {
    let stop = |by: Check, why: Why| Answer { time: facts.now, by: Some(by), decision: Decision::Stop(why) };
    if !facts.tenant.active {
        return stop(Check::Tenant, Why::TenantInactive);
    }
    if !facts.account && !message.sandbox {
        return stop(Check::Account, Why::NoAccount);
    }
    if message.to.contact.is_some() && facts.contact.is_none() {
        return stop(Check::Recipient, Why::NoRecipient);
    }
    if facts.contact.is_some_and(|contact| contact.do_not_contact) {
        return stop(Check::DoNotContact, Why::DoNotContact);
    }
    let by_address = facts.suppressed;
    let by_contact = facts.contact.and_then(|contact| contact.suppression_of(message.channel, &message.to.address));
    let standing = by_address.or(by_contact).filter(|reason| reason.stops(message.channel, &message.category));
    // Who said STOP is told that it was heard; what weighs more than that word stands.
    let confirmed = |reason: &Reason| message.confirms == Some(Wish::Stop) && *reason == Reason::Unsubscribe;
    if let Some(reason) = standing.filter(|reason| !confirmed(reason)) {
        let why = match reason {
            Reason::HardBounce => Why::HardBounce,
            Reason::Complaint => Why::Complaint,
            Reason::Unsubscribe => Why::Unsubscribed,
            Reason::Manual => Why::Suppressed,
        };
        return stop(Check::Suppression, why);
    }
    if message.category.can_be_left() {
        match facts.contact.and_then(|contact| contact.consent(message.channel, &message.category)) {
            Some(consent) if consent.granted => {}
            Some(_) => return stop(Check::OptIn, Why::OptedOut),
            None => return stop(Check::OptIn, Why::NoOptIn),
        }
        if let Some(why) = facts.contact.and_then(|contact| contact.preferences.against(message)) {
            return stop(Check::Preference, why);
        }
    }
    if !facts.window {
        return stop(Check::Window, Why::WindowClosed);
    }
    if message.category.can_be_left()
        && let Some(until) = quiet_until(facts)
    {
        return Answer { time: facts.now, by: Some(Check::QuietHours), decision: Decision::Hold(until) };
    }
    match facts.full {
        Some(Full::Cap) => stop(Check::Cap, Why::CapReached),
        Some(Full::Throttle) => stop(Check::Throttle, Why::Throttled),
        None => Answer { time: facts.now, by: None, decision: Decision::Go },
    }
}

fn quiet_until(facts: &Facts<'_>) -> Option<Time> {
    let own: Option<QuietHours> = facts.contact.and_then(|contact| contact.quiet_hours);
    let quiet = own.or(facts.tenant.quiet_hours)?;
    let zone: &Zone = facts.contact.and_then(|contact| contact.zone.as_ref()).unwrap_or(&facts.tenant.zone);
    quiet.until(facts.now, zone)
}
