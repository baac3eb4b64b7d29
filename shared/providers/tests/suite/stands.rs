//! What the suite needs to know of each provider to try it: an account that is in order, a message, and a way to sign callbacks as the
//! provider does. A new provider adds its file here and its line in [`all`].

use std::path::{Path, PathBuf};

use kernel::{Email, Secret, Time};
use providers::{
    BounceClass, Callback, Content, Direct, EventKind, Mail, Mailbox, Outgoing, Provider, Reply, Roots, Setup, find,
};
use serde_json::{Value, json};

mod apns;
mod aws;
mod capture;
mod discord;
mod discord_webhook;
mod fcm;
mod gmail;
mod graph;
mod instagram;
mod mailgun;
mod messenger;
mod postmark;
mod resend;
mod sendgrid;
mod ses;
mod slack;
mod sms_gateway;
mod smtp;
mod teams;
mod telegram;
mod twilio;
mod vonage;
mod webhook;
mod webpush;
mod whatsapp;

/// Every provider's stand.
pub fn all() -> Vec<Stand> {
    vec![
        // email
        ses::stand(),
        smtp::stand(),
        resend::stand(),
        gmail::stand(),
        graph::stand(),
        sendgrid::stand(),
        mailgun::stand(),
        postmark::stand(),
        capture::stand(),
        // sms
        twilio::sms(),
        vonage::sms(),
        vonage::messages(),
        aws::sns_sms(),
        aws::aws_sms(),
        sms_gateway::stand(),
        // chat
        whatsapp::stand(),
        messenger::stand(),
        instagram::stand(),
        telegram::stand(),
        discord::stand(),
        discord_webhook::stand(),
        slack::stand(),
        teams::stand(),
        twilio::whatsapp(),
        // push
        fcm::stand(),
        apns::stand(),
        webpush::stand(),
        // voice
        twilio::voice(),
        // webhook
        webhook::stand(),
    ]
}

/// A word that stands in every secret, so that it can be looked for where no secret belongs.
pub const SECRET: &str = "hunter2";
/// Where an account's callbacks go.
pub const CALLBACK: &str = "https://hooks.example.com/hooks/any/r0ute";
/// The tag that all messages and samples carry.
pub const TAG: &str = "AZ1tT0pQcJ2x8Yk3mN5rVwHdL7uSbEaGf9qZiX4oCjKyR6vMhPtWnUsDlBeFgA_-";

/// When callbacks arrive.
pub fn now() -> Time {
    Time::parse("2026-03-01T10:00:00Z").unwrap()
}

/// See the file's head.
pub struct Stand {
    /// The provider.
    pub id: &'static str,
    /// Settings that are in order.
    pub settings: Value,
    /// Credentials that are in order. Every text in them that is secret contains [`SECRET`] or is listed in `secrets`.
    pub credentials: Value,
    /// Further secrets that must be shown nowhere.
    pub secrets: Vec<String>,
    /// The access token, for providers that need one.
    pub token: Option<Secret>,
    /// A message of the provider's channel.
    pub content: Content,
    /// Makes of a body what the provider posts at that moment: genuine. None where the provider posts nothing (that is not SNS).
    pub sign: Option<fn(body: Vec<u8>, at: Time) -> Post>,
    /// Whether the proof covers the body; otherwise it only shows who is calling.
    pub covers_body: bool,
    /// Whether a callback grows stale.
    pub stale: bool,
    /// The files below `events/providers/<id>/`, and what each must say.
    pub samples: Vec<Sample>,
    /// Answers of the provider, and what they mean: see [`word`].
    pub answers: Vec<(Reply, &'static str)>,
}

/// What a file must say.
pub struct Sample {
    /// File name.
    pub file: &'static str,
    /// The events it tells of.
    pub events: Vec<(EventKind, Option<BounceClass>)>,
    /// How many messages it brings.
    pub inbound: usize,
}

impl Sample {
    /// A file that tells of one event.
    pub fn event(file: &'static str, kind: EventKind) -> Self {
        Self { file, events: vec![(kind, None)], inbound: 0 }
    }

    /// A file that tells of one bounce.
    pub fn bounce(file: &'static str, class: BounceClass) -> Self {
        Self { file, events: vec![(EventKind::Bounced, Some(class))], inbound: 0 }
    }

    /// A file that brings one message.
    pub fn inbound(file: &'static str) -> Self {
        Self { file, events: Vec::new(), inbound: 1 }
    }

    /// A file that says nothing to us.
    pub fn nothing(file: &'static str) -> Self {
        Self { file, events: Vec::new(), inbound: 0 }
    }
}

/// A callback as it arrives.
#[derive(Clone, Debug)]
pub struct Post {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub keys: Option<Value>,
    pub now: Time,
    /// Whether the proof only shows who is calling, where the provider's other posts are signed.
    pub shown: bool,
}

impl Post {
    /// A POST to the account's address.
    pub fn new(content_type: &str, body: Vec<u8>, at: Time) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { method: "POST", url: CALLBACK.to_owned(), headers, body, keys: None, now: at, shown: false }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a proof that neither covers the body nor grows stale.
    pub fn shown(self) -> Self {
        Self { shown: true, ..self }
    }

    /// As the provider sees it.
    pub fn callback<'a>(&'a self, roots: &'a Roots) -> Callback<'a> {
        Callback {
            method: self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
            topics: &[],
            certificate: None,
            roots,
            keys: self.keys.as_ref(),
            now: self.now,
        }
    }
}

impl Stand {
    /// The provider.
    pub fn provider(&self) -> &'static dyn Provider {
        find(self.id).unwrap()
    }

    /// The account.
    pub fn setup(&self) -> Setup<'_> {
        Setup { settings: &self.settings, credentials: &self.credentials, token: self.token.as_ref(), callback: CALLBACK }
    }

    /// A message on its way.
    pub fn outgoing(&self) -> Outgoing {
        outgoing(self.content.clone())
    }

    /// The folder of its samples.
    pub fn folder(&self) -> PathBuf {
        folder().join(self.id)
    }

    /// The bytes of a sample.
    pub fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.folder().join(file)).unwrap()
    }

    /// Everything that must be shown nowhere.
    pub fn hidden(&self) -> Vec<String> {
        let mut hidden = self.secrets.clone();
        hidden.extend([SECRET, "private", "+14155550", "ada@"].map(str::to_owned));
        hidden.extend(self.token.as_ref().map(|token| token.reveal().to_owned()));
        hidden
    }
}

/// Where the samples of all providers are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/providers")
}

/// A message on its way.
pub fn outgoing(content: Content) -> Outgoing {
    Outgoing {
        id: "0190c0de00007000800000000000abcd".to_owned(),
        tag: TAG.to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z").unwrap(),
        entropy: [7; 48],
        content,
    }
}

/// An email that holds something private wherever it can.
pub fn mail() -> Content {
    let mailbox = |email: &str, name: &str| Mailbox { email: Email::parse(email).unwrap(), name: Some(name.to_owned()) };
    Content::Mail(Box::new(Mail {
        from: mailbox("news@shop.example", "Corner Private Shop"),
        to: mailbox("ada@example.com", "Ada Private"),
        cc: vec![Email::parse("copy@example.com").unwrap()],
        bcc: vec![Email::parse("hidden@example.com").unwrap()],
        reply_to: Some(Email::parse("answers@shop.example").unwrap()),
        subject: "Subject of a private kind".to_owned(),
        html: Some("<p>Words of a private kind</p>".to_owned()),
        text: Some("Words of a private kind".to_owned()),
        headers: vec![("X-Private".to_owned(), "private value".to_owned())],
        unsubscribe: Some("https://mail.shop.example/u/private-token".to_owned()),
        attachments: Vec::new(),
    }))
}

/// A text to an address of another channel.
pub fn direct(to: &str) -> Direct {
    Direct {
        to: to.to_owned(),
        name: Some("Ada Private".to_owned()),
        text: Some("Words of a private kind".to_owned()),
        ..Direct::default()
    }
}

/// An answer to a web request.
pub fn answered(status: u16, headers: &[(&str, &str)], body: &Value) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned).into_bytes();
    Reply::Answered(providers::HttpReply { status, headers, body, at: now() })
}

/// A meaning in one word, with the wait that was asked for.
pub fn word(verdict: &providers::Verdict) -> String {
    use providers::Verdict;
    let wait = |word: &str, after: &Option<u32>| after.map_or_else(|| word.to_owned(), |after| format!("{word} {after}"));
    match verdict {
        Verdict::Sent { id } => format!("sent {id}").trim_end().to_owned(),
        Verdict::Retry { after, .. } => wait("retry", after),
        Verdict::Limited { after, .. } => wait("limited", after),
        Verdict::Rejected { .. } => "rejected".to_owned(),
        Verdict::Undeliverable { gone: true, .. } => "gone".to_owned(),
        Verdict::Undeliverable { gone: false, .. } => "undeliverable".to_owned(),
        Verdict::Misconfigured { .. } => "misconfigured".to_owned(),
        Verdict::Unknown { .. } => "unknown".to_owned(),
    }
}

/// Nothing set up.
pub fn nothing() -> Value {
    json!({})
}
