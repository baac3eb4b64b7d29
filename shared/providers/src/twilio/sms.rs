//! Text messages by Twilio.

use kernel::Result;
use serde_json::Value;

use super::{Credentials, Settings, TEXT, create, file, hook, look, signature};
use crate::{
    Answer, Call, Callback, Channel, Event, FileSource, HttpCall, Inbound, Outgoing, Provider, Receiving, Reply, Sending,
    Setup, Verdict, Verified, sms,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct TwilioSms;

fn settings(value: &Value) -> Result<Settings> {
    Settings::read(value, sms::is_sender, "a number such as +14155550123, a short code, or a name of up to 11 characters")
}

impl Provider for TwilioSms {
    fn id(&self) -> &'static str {
        "twilio_sms"
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn check(&self, given: &Value, credentials: &Value) -> Result<()> {
        settings(given)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for TwilioSms {
    /// Twilio knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = settings(setup.settings)?;
        let (direct, text) = sms::short_text(message, TEXT)?;
        let mut fields = settings.fields("", &direct.to, &message.tag, setup);
        fields.push(("Body", text.to_owned()));
        Ok(Call::Http(create(&settings.account_sid, "Messages.json", fields, setup)?))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply)
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let settings = settings(setup.settings)?;
        Ok(Some(Call::Http(look(&settings.account_sid, "Messages.json", setup)?)))
    }

    fn file(&self, source: &FileSource, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        file(source, &settings(setup.settings)?.account_sid, setup)
    }
}

impl Receiving for TwilioSms {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        signature::verify(callback, setup, &settings(setup.settings)?.account_sid)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::events(verified, "")
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let confirms = settings(setup.settings).ok().and_then(|settings| settings.confirms).unwrap_or(true);
        hook::inbound(verified, "").into_iter().map(|one| one.confirmed(confirms)).collect()
    }

    /// Says that nothing is to be answered.
    fn answer(&self, _verified: &Verified) -> Answer {
        Answer::with("text/xml", "<Response/>".to_owned())
    }
}
