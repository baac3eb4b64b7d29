//! What must be known of each provider to try it: an account that is in order, a message, a way to sign callbacks as the provider
//! does, and what its answers mean. A new provider adds its file here and its line in [`all`]. For tests, fuzz targets and the
//! bench; nothing deployed is built with it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first thing that is wrong")]

pub mod api;
pub mod fuzz;
mod post;
mod sns;

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use kernel::{Email, Secret, Time};
use providers::{BounceClass, Content, Direct, EventKind, Mail, Mailbox, Outgoing, Receiving, Reply, Roots, Sending, Setup};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use serde_json::{Value, json};

use api::Api;
pub use post::Post;

mod apns;
mod aws;
mod capture;
mod discord;
mod discord_webhook;
mod fcm;
pub mod gmail;
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
pub mod telegram;
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

/// The web API of a provider; none where it is no web API, or nothing leaves this machine.
pub fn api(id: &str) -> Option<Api> {
    Some(match id {
        "ses" => aws::ses_api(),
        "resend" => resend::api(),
        "gmail" => gmail::api(),
        "graph" => graph::api(),
        "sendgrid" => sendgrid::api(),
        "mailgun" => mailgun::api(),
        "postmark" => postmark::api(),
        "twilio_sms" => twilio::sms_api(),
        "vonage_sms" => vonage::sms_api(),
        "vonage_messages" => vonage::messages_api(),
        "sns_sms" => aws::sns_api(),
        "aws_sms" => aws::text_api(),
        "sms_gateway" => sms_gateway::api(),
        "whatsapp" => whatsapp::api(),
        "messenger" => messenger::api(),
        "instagram" => instagram::api(),
        "telegram" => telegram::api(),
        "discord" => discord::api(),
        "discord_webhook" => discord_webhook::api(),
        "slack" => slack::api(),
        "teams" => teams::api(),
        "twilio_whatsapp" => twilio::whatsapp_api(),
        "fcm" => fcm::api(),
        "apns" => apns::api(),
        "webpush" => webpush::api(),
        "twilio_voice" => twilio::voice_api(),
        "webhook" => webhook::api(),
        _ => return None,
    })
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
    /// Makes of a body what the provider posts at that moment: genuine. None where the provider posts nothing, or through SNS.
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

impl Stand {
    /// The provider, to send through.
    pub fn sending(&self) -> &'static dyn Sending {
        providers::sending(self.id).unwrap()
    }

    /// The provider, to take its callbacks.
    pub fn receiving(&self) -> &'static dyn Receiving {
        providers::receiving(self.id).unwrap()
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

    /// Whether its posts come through SNS.
    pub fn through_sns(&self) -> bool {
        matches!(self.id, "ses" | "aws_sms")
    }

    /// Every sample as the provider posts it, with its file's name. Those that come through SNS are believed with [`sns_roots`].
    pub fn posts(&self) -> Vec<(String, Post)> {
        let sign = if self.through_sns() { Some(sns::signed as fn(Vec<u8>, Time) -> Post) } else { self.sign };
        let Some(sign) = sign else { return Vec::new() };
        self.files().into_iter().map(|file| (file.clone(), sign(self.read(&file), now()))).collect()
    }

    /// The names of the files in its folder, in order; none when it has no folder.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder()).into_iter().flatten();
        let mut files: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }

    /// The bytes of a sample.
    pub fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.folder().join(file)).unwrap()
    }

    /// What the account keeps secret.
    pub fn kept(&self) -> Vec<String> {
        let mut kept = self.secrets.clone();
        kept.push(SECRET.to_owned());
        kept.extend(self.token.as_ref().map(|token| token.reveal().to_owned()));
        kept
    }

    /// Everything that must be shown nowhere: that, and what the message says.
    pub fn hidden(&self) -> Vec<String> {
        let mut hidden = self.kept();
        hidden.extend(["private", "+14155550", "ada@"].map(str::to_owned));
        hidden
    }
}

/// The roots by which posts through SNS are believed.
pub fn sns_roots() -> Roots {
    sns::roots()
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

/// Whether the signature of a token fits: RS256 or ES256, as the key is.
fn signs(key: &KeyPair, text: &[u8], code: &[u8]) -> bool {
    if key.is_compatible(&PKCS_ECDSA_P256_SHA256) {
        return signs_es256(key.der_bytes(), text, code);
    }
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.der_bytes()).verify(text, code).is_ok()
}

/// The same for ES256, by the point that is the public key.
fn signs_es256(point: &[u8], text: &[u8], code: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(text, code).is_ok()
}
