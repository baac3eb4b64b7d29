//! A story: a stage on which everything is asked for over HTTP, and every reply is held to the contract.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use collect::Way;
use http::{HeaderMap, Method};
use local::provider::Deed;
use local::stage::{Answer, PLATFORM_KEY, Stage};
use providers::Reply as Said;
use send::Carrier;
use send::wire::Wire;
use serde_json::{Value, json};
use store::Item;
use store::memory::Faults;

use crate::contract::Contract;
use crate::letter::Letter;
use crate::tenant::Company;

/// A stage, told through HTTP. What else it can do, the [`Stage`] below it can do.
pub struct Story {
    stage: Stage,
    /// How far the stream was read when everything was done last.
    settled: AtomicUsize,
}

impl Deref for Story {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl Story {
    /// A stage on which nothing fails.
    pub async fn begin() -> Self {
        Self::with(Faults::none()).await
    }

    /// A stage on which things fail as planned.
    #[expect(clippy::unused_async, reason = "a story begins like everything else in it")]
    pub async fn with(faults: Faults) -> Self {
        Self { stage: Stage::with(faults).unwrap(), settled: AtomicUsize::new(0) }
    }

    /// A stage whose messages leave it by that wire.
    pub fn over(wire: Wire) -> Self {
        let mut stage = Stage::new().unwrap();
        stage.sender.carrier = Carrier::Wire(wire);
        Self { stage, settled: AtomicUsize::new(0) }
    }

    /// A stage that reads mailboxes by that way.
    pub fn reading(way: Way) -> Self {
        let mut stage = Stage::new().unwrap();
        stage.collector = stage.another_collector(way);
        Self { stage, settled: AtomicUsize::new(0) }
    }

    /// A stage on which that many senders share the work.
    pub async fn with_senders(count: usize) -> Self {
        let mut story = Self::begin().await;
        (1..count).for_each(|_| story.stage.add_sender());
        story
    }

    /// Does everything there is to do now.
    pub async fn drain(&self) {
        self.stage.drain().await;
        self.settled.store(self.stage.memory.stream(0).len(), Ordering::Relaxed);
    }

    /// Turns the clock on, scans and drains.
    pub async fn pass(&self, seconds: i64) {
        self.stage.pass(seconds).await;
        self.drain().await;
    }

    /// Asks for something, as nobody.
    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask { story: self, method, path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// Reads something, as nobody.
    pub async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path).now().await
    }

    /// A tenant with one SES account to send through.
    pub async fn tenant(&self, slug: &str) -> Company<'_> {
        let company = self.bare_tenant(slug).await;
        company.account(&json!({ "name": "Main" })).await;
        company
    }

    /// A tenant that has nothing but its owner's key. It may ask as often as it likes: stories ask more in a minute than people do,
    /// and count what they cost.
    pub async fn bare_tenant(&self, slug: &str) -> Company<'_> {
        self.limited_tenant(slug, &Value::Null, &Value::Null).await
    }

    /// A tenant with limits: requests in an hour, and of each credential in a minute.
    pub async fn limited_tenant(&self, slug: &str, per_hour: &Value, per_minute: &Value) -> Company<'_> {
        let limits = json!({ "requests_per_hour": per_hour, "requests_per_minute": per_minute });
        let mut body = json!({ "slug": slug, "name": format!("{slug} Ltd") });
        body.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        let made = self.ask(Method::POST, "/v1/tenants").bearer(PLATFORM_KEY).json(&body).now().await.is(201);
        Company::of(self, slug, &made)
    }

    /// What went out, oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.stage.sent().iter().map(Letter::read).collect()
    }

    /// The one letter that went out.
    pub fn letter(&self) -> Letter {
        let mut letters = self.letters();
        assert_eq!(letters.len(), 1, "one letter went out");
        letters.remove(0)
    }

    /// What the providers answer to the next calls, instead of taking them.
    pub fn providers_say(&self, replies: impl IntoIterator<Item = Said>) {
        self.stage.outbox.answer_next(replies);
    }

    /// The providers work as usual from now on; says how many prepared answers nobody has asked for.
    pub fn providers_work(&self) -> usize {
        self.stage.outbox.answer_as_usual()
    }

    /// The provider tells what became of a letter.
    pub async fn told(&self, letter: &Letter, deed: Deed) {
        let answer = self.stage.tell(&letter.kept, deed).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        self.drain().await;
    }

    /// Every row of the table. When a credential was last used is left out: looking uses one.
    pub fn rows(&self) -> Vec<Item> {
        let mut rows = self.stage.memory.rows();
        for row in rows.iter_mut().filter(|row| row.contains_key("used_at")) {
            row.remove("used_at");
            row.insert("version".to_owned(), store::Value::N("1".to_owned()));
        }
        rows
    }

    /// Every row of a kind.
    pub fn rows_of(&self, kind: &str) -> Vec<Item> {
        let kind = store::Value::S(kind.to_owned());
        self.rows().into_iter().filter(|row| row.get("kind") == Some(&kind)).collect()
    }

    /// Fails when a row has changed, appeared or gone since.
    pub fn nothing_changed_since(&self, before: &[Item], why: &str) {
        let now = self.rows();
        let news: Vec<&Item> = now.iter().filter(|row| !before.contains(row)).collect();
        let gone: Vec<&Item> = before.iter().filter(|row| !now.contains(row)).collect();
        assert!(news.is_empty() && gone.is_empty(), "{why}: rows changed\nnow {news:#?}\nbefore {gone:#?}");
    }

    /// Turns the clock on to a moment; scans and drains there.
    pub async fn pass_until(&self, moment: &str) {
        let until = kernel::Time::parse(moment).unwrap();
        let millis = until.since(self.stage.clock.now());
        assert!(millis >= 0, "{moment} has passed");
        self.stage.clock.advance(millis).unwrap();
        self.pass(0).await;
    }
}

/// What concerns no message is no work: a story that only keeps contacts may end without draining.
impl Drop for Story {
    fn drop(&mut self) {
        let since = self.stage.memory.stream(self.settled.load(Ordering::Relaxed));
        if self.stage.hidden() == 0 && !since.iter().any(|record| record.concerns::<domain::Message>()) {
            self.stage.abandon();
        }
    }
}

/// A request in the making.
#[must_use]
#[derive(Clone)]
pub struct Ask<'s> {
    story: &'s Story,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask<'_> {
    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a credential.
    pub fn bearer(self, credential: &str) -> Self {
        self.header("authorization", &format!("Bearer {credential}"))
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With any body.
    pub fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", kind)
    }

    /// With a body whose content type stands among the headers already.
    pub fn bytes(mut self, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self
    }

    /// Asks. `None`: the process died on the way.
    pub async fn attempt(self) -> Option<Reply> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.story.stage.try_call(self.method.clone(), &self.path, &headers, self.body).await?;
        let Answer { status, headers, bytes, body } = answer;
        Contract::committed().check(&self.method, &self.path, status.as_u16(), &headers, &bytes);
        let asked = format!("{} {}", self.method, self.path);
        Some(Reply { asked, status: status.as_u16(), headers, bytes, body })
    }

    /// Asks a process that lives.
    pub async fn now(self) -> Reply {
        let asked = format!("{} {}", self.method, self.path);
        self.attempt().await.unwrap_or_else(|| panic!("{asked}: the process died"))
    }
}

/// What a request was answered with. It keeps to the contract, or the test has failed already.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What was asked for.
    pub asked: String,
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as it is.
    pub bytes: Vec<u8>,
    /// Body as JSON; null when it is none.
    pub body: Value,
}

impl Reply {
    /// Fails when the status is another; the body otherwise.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, String::from_utf8_lossy(&self.bytes));
        self.body
    }

    /// Fails when it is not that problem; the places it points to otherwise.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> Vec<String> {
        let expected = (status, format!("/problems/{slug}"));
        let found = (self.status, self.body["type"].as_str().unwrap_or_default().to_owned());
        assert_eq!(found, expected, "{}: {}", self.asked, String::from_utf8_lossy(&self.bytes));
        let place = |error: &Value| {
            let named = |name: &str, mark: &str| error[name].as_str().map(|text| format!("{mark}{text}"));
            named("pointer", "").or_else(|| named("parameter", "?")).or_else(|| named("header", "@")).unwrap()
        };
        self.body["errors"].as_array().into_iter().flatten().map(place).collect()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Body without what differs between any two requests, for comparison.
    pub fn anonymous(&self) -> Vec<u8> {
        let mut body = self.body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("instance");
        }
        if body.is_null() { self.bytes.clone() } else { body.to_string().into_bytes() }
    }
}
