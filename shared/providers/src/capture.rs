//! Keeps messages on this machine instead of sending them: for local work and for tenants who try things out. What would have
//! come back is posted by the local runner in the shape of SES's own callbacks, signed, so they take SES's path in full.

use kernel::Result;
use serde_json::Value;

use crate::settings::{self, Nothing};
use crate::{
    Call, Callback, CaptureCall, Channel, Event, Inbound, Look, Outgoing, Provider, Receiving, Reply, Sending, Setup, Verdict,
    Verified, mail, proof, ses,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Capture;

impl Provider for Capture {
    fn id(&self) -> &'static str {
        "capture"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::settings::<Nothing>(settings)?;
        settings::credentials::<Nothing>(credentials)?;
        Ok(())
    }
}

impl Sending for Capture {
    /// A message is kept under its tag, so keeping it again changes nothing.
    fn repeatable(&self) -> bool {
        true
    }

    fn call(&self, message: &Outgoing, _setup: &Setup<'_>) -> Result<Call> {
        let letter = message.mail()?;
        Ok(Call::Capture(CaptureCall {
            from: letter.from.email.clone(),
            to: mail::recipients(letter),
            raw: mail::build(message)?,
            tag: message.tag.clone(),
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        ses::verdict(reply)
    }

    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(Some(Call::Look(Look::Outbox)))
    }
}

impl Receiving for Capture {
    fn verify(&self, callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        proof::verify_sns(callback)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        ses::read_record(verified)
    }

    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}
