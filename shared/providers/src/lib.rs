//! Providers: one file each, pure translation between our words and theirs. No I/O, no clock, no table.
//!
//! A provider says what to call ([`Sending::call`]), what an answer means ([`Sending::verdict`]), whether a callback is
//! genuine ([`Receiving::verify`]) and what it tells ([`Receiving::events`]). None of these has a default: a provider that forgets
//! its signature check does not compile. [`Verified`] is made by [`proof`] alone, so an unverified body cannot be parsed.

pub mod apns;
pub mod aws_sms;
mod body;
mod bounce;
mod call;
mod callback;
mod capabilities;
pub mod capture;
mod channel;
pub mod collecting;
pub mod discord;
mod event;
pub mod fcm;
mod form;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod gmail;
pub mod graph;
pub mod imap;
mod inbound;
#[cfg(feature = "issuer")]
pub mod issuer;
mod json;
mod jwt;
mod letter;
pub mod mail;
pub mod mailgun;
pub mod meta;
mod mime;
mod notification;
pub mod oauth;
mod outgoing;
pub mod postmark;
pub mod proof;
mod registration;
mod reply;
pub mod resend;
mod rooms;
pub mod sendgrid;
pub mod ses;
mod settings;
pub mod slack;
pub mod sms;
pub mod sms_gateway;
pub mod smtp;
pub mod sns;
pub mod sns_sms;
pub mod teams;
pub mod telegram;
mod terms;
pub mod twilio;
mod upload;
pub mod vonage;
pub mod webhook;
pub mod webpush;
mod xml;

use kernel::{Result, Secret, Time};
use serde_json::Value;

pub use body::{Body, Piece};
pub use call::{Call, CaptureCall, HttpCall, Login, Look, Method, Security, SesCall, SmtpCall, SmtpServer, SnsCall};
pub use callback::{Answer, Callback, Once, Setup};
pub use capabilities::{ButtonRule, Capabilities, MediaKind, MediaRule};
pub use channel::Channel;
pub use collecting::Reads;
pub use event::{BounceClass, Event, EventDetail, EventKind};
pub use imap::ImapServer;
pub use inbound::{Deposit, FileSource, Inbound, InboundFile, Wish};
pub use outgoing::{
    Attachment, Button, ButtonParameter, Content, Direct, Location, Mail, Mailbox, Media, Outgoing, Parameter, ProviderTemplate,
};
pub use proof::{Roots, Verified};
pub use registration::{Registered, Registration};
pub use reply::{HttpReply, Reply, Verdict};

macro_rules! providers {
    ($($provider:expr,)*; $($reader:expr,)*) => {
        /// Every provider.
        pub const PROVIDERS: &[&dyn Provider] = &[$($provider,)* $($reader),*];
        /// Every provider, as those see it who send. Each function is built with what it asks for alone: `send` has no reader of
        /// callbacks in it, and whoever reads callbacks cannot send.
        pub const SENDING: &[&dyn Sending] = &[$($provider),*];
        /// Every provider, as those see it who take its callbacks.
        pub const RECEIVING: &[&dyn Receiving] = &[$($provider),*];
    };
}

// A new provider adds its file and its line here.
providers! {
    // email
    &ses::Ses,
    &smtp::Smtp,
    &resend::Resend,
    &gmail::Gmail,
    &graph::Graph,
    &sendgrid::Sendgrid,
    &mailgun::Mailgun,
    &postmark::Postmark,
    &capture::Capture,
    // sms
    &twilio::sms::TwilioSms,
    &vonage::sms::VonageSms,
    &vonage::messages::VonageMessages,
    &sns_sms::SnsSms,
    &aws_sms::AwsSms,
    &sms_gateway::SmsGateway,
    // chat
    &meta::whatsapp::Whatsapp,
    &meta::messenger::Messenger,
    &meta::instagram::Instagram,
    &telegram::Telegram,
    &discord::bot::Discord,
    &discord::webhook::DiscordWebhook,
    &slack::Slack,
    &teams::Teams,
    &twilio::whatsapp::TwilioWhatsapp,
    // push
    &fcm::Fcm,
    &apns::Apns,
    &webpush::WebPush,
    // voice
    &twilio::voice::TwilioVoice,
    // webhook
    &webhook::Webhook,
    // read alone
    ;
    &imap::Imap,
}

/// The provider of that id.
pub fn find(id: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.id() == id)
}

/// The same, to send through.
pub fn sending(id: &str) -> Option<&'static dyn Sending> {
    SENDING.iter().copied().find(|provider| provider.id() == id)
}

/// The same, to take its callbacks.
pub fn receiving(id: &str) -> Option<&'static dyn Receiving> {
    RECEIVING.iter().copied().find(|provider| provider.id() == id)
}

/// Who a provider is, and what an account with it is made of. All methods are pure, here and below. What a caller's safety hangs
/// on has no default.
pub trait Provider: Sync {
    /// Stable word: `ses`.
    fn id(&self) -> &'static str;
    /// The medium it carries.
    fn channel(&self) -> Channel;
    /// Checks an account's settings and credentials before they are stored; faults point below `/settings` and `/credentials`.
    fn check(&self, settings: &Value, credentials: &Value) -> Result<()>;
    /// What a person must consent to before the account can send, for providers that want that. The refresh token that comes of
    /// it becomes `refresh_token` of the credentials.
    fn consent(&self, _settings: &Value, _credentials: &Value) -> Result<Option<oauth::Consent>> {
        Ok(None)
    }
    /// Whether messages go out through it. One that does not is read alone.
    fn sends(&self) -> bool {
        true
    }
    /// Whether the mailbox of an account with those settings is read, and how often. Settings that do not read switch nothing on.
    fn reads(&self, _settings: &Value) -> Option<Reads> {
        None
    }
    /// Hours after the recipient's last message in which free text may be sent through an account with those settings; none for
    /// always.
    fn window_hours(&self, _settings: &Value) -> Option<u16> {
        self.channel().capabilities().window_hours
    }
    /// Whether it can put messages that come in into a bucket, for [`Receiving::deposit`].
    fn deposits(&self) -> bool {
        false
    }
}

/// What a provider says of messages that go out: what to call, and what an answer means.
pub trait Sending: Provider {
    /// Whether repeating a call with the same [`Outgoing::id`] or [`Outgoing::tag`] has no second effect, so that a lost answer may
    /// simply be retried.
    fn repeatable(&self) -> bool;
    /// What must be at hand before anything can be asked of the provider: what a person consented to gives a token.
    fn access(&self, setup: &Setup<'_>, _now: Time) -> Result<Access> {
        match self.consent(setup.settings, setup.credentials)? {
            Some(consent) => oauth::refresh(&consent),
            None => Ok(Access::Ready),
        }
    }
    /// Reads the access token out of the answer to what [`Sending::access`] asked. The error is what the answer means.
    fn token(&self, reply: &Reply) -> std::result::Result<Token, Verdict> {
        oauth::granted(reply)
    }
    /// Whether the answer to a call says that its access token is of no use any more. The token is then thrown away, and the next
    /// attempt gets another by [`Sending::access`]. Asked of calls that were made with a token only.
    fn token_refused(&self, reply: &Reply) -> bool {
        matches!(reply, Reply::Answered(answer) if answer.status == 401)
    }
    /// The call that sends the message.
    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call>;
    /// What the answer means. Anything not recognised is [`Verdict::Retry`].
    fn verdict(&self, reply: &Reply) -> Verdict;
    /// The same where an account's own settings say how answers read. This is what a sender asks.
    fn verdict_for(&self, reply: &Reply, _setup: &Setup<'_>) -> Verdict {
        self.verdict(reply)
    }
    /// A harmless request that tells whether the account is in order; [`Verdict::Sent`] of its answer says so. None where the
    /// provider has no such request.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>>;
    /// How the provider is told where to call back. None where a person does that, where nothing it says would be believed, and where
    /// it cannot reach the address.
    fn registration(&self, _setup: &Setup<'_>) -> Result<Option<Registration>> {
        Ok(None)
    }
    /// What the answer to [`Registration::look`] says. The error is what it means instead.
    fn registered(&self, reply: &Reply, _setup: &Setup<'_>) -> std::result::Result<Registered, Verdict> {
        Err(self.verdict(reply))
    }
    /// The request that fetches a file that came in, by [`FileSource::Id`] or [`FileSource::Url`].
    fn file(&self, _source: &FileSource, _setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        Ok(None)
    }
    /// Where the bytes of a file are, as the answer to the request for its id tells: for [`Sending::file`] once more. The error is
    /// what the answer says instead.
    fn file_place(&self, reply: &HttpReply) -> std::result::Result<FileSource, String> {
        Err(reply.words())
    }
}

/// What a provider says of its callbacks: whether one is genuine, and what it tells.
pub trait Receiving: Provider {
    /// The address of the key set that callbacks are signed with, where the provider publishes one.
    fn keys_url(&self) -> Option<&'static str> {
        None
    }
    /// Most bytes of a callback. Mail comes with its files; what carries callbacks to a function takes 10 MB or less.
    fn longest(&self) -> usize {
        1024 * 1024
    }
    /// The answer to a question that comes before any trust, such as Meta's `hub.challenge`. None: it is no such question.
    fn handshake(&self, _callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Option<Answer>> {
        Ok(None)
    }
    /// The SNS topics that an account listens to, for [`Callback::topics`]. Settings that do not read name none.
    fn topics(&self, _settings: &Value) -> Vec<String> {
        Vec::new()
    }
    /// Proves that a callback is the provider's own and is about this very account.
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified>;
    /// What makes a proof count once, where it does not cover the body: whoever has seen it could put another body under it.
    fn once(&self, _verified: &Verified) -> Option<Once> {
        None
    }
    /// What a genuine callback tells of messages that were sent; unknown kinds give nothing.
    fn events(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Event>;
    /// Whether a genuine callback says that the account's mailbox has new mail, which is then fetched.
    fn pushes(&self, _verified: &Verified) -> bool {
        false
    }
    /// The messages that a genuine callback brings.
    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound>;
    /// Where a message is that a genuine callback tells of and does not bring.
    fn deposit(&self, _verified: &Verified, _setup: &Setup<'_>) -> Option<Deposit> {
        None
    }
    /// The message that was found there. Without its bytes, which were too many, it is what the callback tells of it.
    fn deposited(&self, _verified: &Verified, _setup: &Setup<'_>, _raw: Option<&[u8]>) -> Option<Inbound> {
        None
    }
    /// What a genuine callback is answered once its content is stored.
    fn answer(&self, _verified: &Verified) -> Answer {
        Answer::done()
    }
}

/// What must be at hand before a provider is asked anything.
#[derive(Clone, Debug)]
pub enum Access {
    /// Nothing.
    Ready,
    /// A token that we make ourselves; it may be kept and used again until it ends.
    Made(Token),
    /// A token that the provider gives for this request; it may be kept and used again until it ends.
    Ask(Box<HttpCall>),
}

/// An access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its value.
    pub value: Secret,
    /// When it ends.
    pub ends: Time,
    /// The refresh token to use from now on, when the provider gave a new one.
    pub refresh: Option<Secret>,
}
