//! Posts of SNS, genuine and forged, and an intake that believes the genuine ones: the stage's own provider says only what SES
//! would say, this one says anything.

use std::sync::OnceLock;

use aws::Fetch;
use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use kernel::Time;
use local::provider::{Deed, ORIGIN, record};
use providers::Roots;
use providers::issuer::{CERTIFICATE_URL, Issuer};
use providers::sns::Version;
use serde_json::{Value, json};
use tower::ServiceExt;
use webhook_intake::Intake;

use crate::contract::Contract;
use crate::letter::Letter;
use crate::story::Story;

/// The topic of the deployment.
pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:stage";
/// The topic of a tenant's own account.
pub const OWN_TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:own";
/// The token of a subscription.
pub const TOKEN: &str = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92";

static ISSUER: OnceLock<Issuer> = OnceLock::new();

/// Makes keys once in a process: it takes a moment.
fn issuer(now: Time) -> &'static Issuer {
    ISSUER.get_or_init(|| Issuer::new(now).unwrap())
}

/// An intake on a story's table that listens to [`TOPIC`], and the one who signs for it.
pub struct Speaker<'s> {
    story: &'s Story,
    intake: Router,
    fetch: Fetch,
}

impl<'s> Speaker<'s> {
    /// A speaker whose words are believed.
    pub fn new(story: &'s Story) -> Self {
        let issuer = issuer(story.clock.now());
        let certificate = CERTIFICATE_URL.splitn(4, '/').nth(3).unwrap();
        let confirm = |topic: &str| format!("{ORIGIN}/?Action=ConfirmSubscription&TopicArn={topic}&Token={TOKEN}");
        let fetch = Fetch::prepared(vec![
            (format!("{ORIGIN}/{certificate}"), issuer.chain_pem().as_bytes().to_vec()),
            (confirm(TOPIC), b"<ConfirmSubscriptionResponse/>".to_vec()),
            (confirm(OWN_TOPIC), b"<ConfirmSubscriptionResponse/>".to_vec()),
        ]);
        let intake = Intake::new(webhook_intake::Parts {
            store: story.store.clone(),
            context: story.context.clone(),
            vault: story.vault.clone(),
            files: story.sender.files.clone(),
            public_url: None,
            fetch: fetch.clone(),
            topics: vec![TOPIC.to_owned()],
            roots: Roots::none().and(issuer.root_pem().as_bytes()).unwrap(),
            origin: Some(ORIGIN.to_owned()),
        });
        Self { story, intake: webhook_intake::router(intake), fetch }
    }

    /// Addresses that were read so far.
    pub fn asked(&self) -> Vec<String> {
        let Fetch::Prepared(prepared) = &self.fetch else { panic!("the fetch of a speaker is prepared") };
        prepared.lock().unwrap().asked.clone()
    }

    /// The envelope that tells what became of a letter, unsigned.
    pub fn envelope(&self, topic: &str, letter: &Letter, deed: Deed) -> Value {
        let now = self.story.clock.now();
        json!({
            "Type": "Notification", "MessageId": format!("{}-{deed:?}", letter.kept.id), "TopicArn": topic,
            "Message": record(&letter.kept, deed, now).to_string(), "Timestamp": now.to_string(),
        })
    }

    /// The envelope that asks whether a topic may post, unsigned.
    pub fn subscription(&self, topic: &str) -> Value {
        let region = topic.split(':').nth(3).unwrap();
        let url = format!("https://sns.{region}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={TOKEN}");
        json!({
            "Type": "SubscriptionConfirmation", "MessageId": "a-subscription", "TopicArn": topic, "Token": TOKEN,
            "SubscribeURL": url, "Message": "You have chosen to subscribe.", "Timestamp": self.story.clock.now().to_string(),
        })
    }

    /// The envelope as AWS would post it.
    pub fn signed(&self, envelope: &Value) -> String {
        issuer(self.story.clock.now()).sign(envelope, Version::V2).unwrap()
    }

    /// Posts a body and answers with the status.
    pub async fn post(&self, path: &str, body: &str) -> u16 {
        let request =
            Request::post(path).header("content-type", "text/plain; charset=UTF-8").body(Body::from(body.to_owned())).unwrap();
        let response = self.intake.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Contract::committed().check(&http::Method::POST, path, parts.status.as_u16(), &parts.headers, &bytes);
        parts.status.as_u16()
    }
}
