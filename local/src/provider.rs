//! A provider for this machine: it tells of the messages in the outbox what SES would tell, in SES's own words, signed as SNS
//! signs.

use std::sync::OnceLock;

use aws::Fetch;
use kernel::{Error, Result, Time};
use providers::Roots;
use providers::issuer::{CERTIFICATE_URL, Issuer};
use send::outbox::Kept;
use serde_json::{Value, json};

/// The topic that speaks on this machine.
pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:switchboard-local";
/// Where certificates are read on this machine: never looked up, answered from memory.
pub const ORIGIN: &str = "https://certificates.invalid";

/// What a recipient or a mail server can do to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Take it.
    Deliver,
    /// Return it: there is no such mailbox.
    Bounce,
    /// Return it: the mailbox is full.
    SoftBounce,
    /// Call it spam.
    Complain,
    /// Put it off.
    Delay,
    /// Drop it before delivery.
    Reject,
}

impl Deed {
    /// What the mailbox simulator of SES does for an address; any other address takes its mail.
    pub fn of_address(address: &str) -> Self {
        match address.split('@').next().unwrap_or_default().split('+').next().unwrap_or_default() {
            "bounce" | "suppressionlist" if simulated(address) => Self::Bounce,
            "complaint" if simulated(address) => Self::Complain,
            "ooto" if simulated(address) => Self::Deliver,
            _ => Self::Deliver,
        }
    }
}

fn simulated(address: &str) -> bool {
    address.to_ascii_lowercase().ends_with("@simulator.amazonses.com")
}

/// Signs what the provider says. Making the keys takes a moment, so a process does it once.
#[derive(Debug)]
pub struct Provider {
    issuer: Issuer,
}

static PROVIDER: OnceLock<Provider> = OnceLock::new();

impl Provider {
    /// The process's provider; its certificates are valid for years around `now`.
    pub fn of_process(now: Time) -> Result<&'static Self> {
        if PROVIDER.get().is_none() {
            let made = Self { issuer: Issuer::new(now)? };
            let _ = PROVIDER.set(made);
        }
        PROVIDER.get().ok_or_else(|| Error::internal("no provider"))
    }

    /// Roots that trust it, and nobody else.
    pub fn roots(&self) -> Result<Roots> {
        Roots::none().and(self.issuer.root_pem().as_bytes())
    }

    /// Answers to whoever reads its certificate.
    pub fn certificates(&self) -> Fetch {
        let path = CERTIFICATE_URL.splitn(4, '/').nth(3).unwrap_or_default();
        Fetch::prepared(vec![(format!("{ORIGIN}/{path}"), self.issuer.chain_pem().as_bytes().to_vec())])
    }

    /// The signed post that tells of the deed.
    pub fn post(&self, kept: &Kept, deed: Deed, at: Time) -> Result<String> {
        let message = record(kept, deed, at).to_string();
        let id = format!("{}-{deed:?}-{}", kept.id, at.millis());
        self.issuer.notification(TOPIC, &id, &message, at)
    }
}

/// The event publishing record of SES for the deed.
pub fn record(kept: &Kept, deed: Deed, at: Time) -> Value {
    let recipients: Vec<String> = kept.to.iter().map(ToString::to_string).collect();
    let first = recipients.first().cloned().unwrap_or_default();
    let timestamp = at.to_string();
    let mut record = json!({
        "mail": {
            "timestamp": kept.at.to_string(),
            "messageId": kept.id,
            "source": kept.from.to_string(),
            "sendingAccountId": "000000000000",
            "destination": recipients,
            "headersTruncated": false,
            "headers": [{ "name": providers::mail::REF_HEADER, "value": kept.tag }],
            "tags": { providers::ses::TAG: [kept.tag] },
        }
    });
    let bounce = |kind: &str, sub: &str, status: &str, text: &str| {
        json!({
            "bounceType": kind, "bounceSubType": sub, "timestamp": timestamp, "feedbackId": format!("{}-bounce", kept.id),
            "bouncedRecipients": [{ "emailAddress": first, "action": "failed", "status": status, "diagnosticCode": text }],
            "reportingMTA": "dns; simulator.example"
        })
    };
    let (kind, name, detail) = match deed {
        Deed::Deliver => (
            "Delivery",
            "delivery",
            json!({
                "timestamp": timestamp, "processingTimeMillis": 12, "recipients": recipients,
                "smtpResponse": "250 2.6.0 Message received", "reportingMTA": "simulator.example"
            }),
        ),
        Deed::Bounce => ("Bounce", "bounce", bounce("Permanent", "NoEmail", "5.1.1", "smtp; 550 5.1.1 user unknown")),
        Deed::SoftBounce => ("Bounce", "bounce", bounce("Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 mailbox full")),
        Deed::Complain => (
            "Complaint",
            "complaint",
            json!({
                "complainedRecipients": [{ "emailAddress": first }], "timestamp": timestamp,
                "feedbackId": format!("{}-complaint", kept.id), "complaintFeedbackType": "abuse"
            }),
        ),
        Deed::Delay => (
            "DeliveryDelay",
            "deliveryDelay",
            json!({
                "timestamp": timestamp, "delayType": "MailboxFull", "expirationTime": at.plus_seconds(3600).to_string(),
                "delayedRecipients": [{ "emailAddress": first, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full" }]
            }),
        ),
        Deed::Reject => ("Reject", "reject", json!({ "reason": "Bad content" })),
    };
    if let Value::Object(fields) = &mut record {
        fields.insert("eventType".to_owned(), json!(kind));
        fields.insert(name.to_owned(), detail);
    }
    record
}
