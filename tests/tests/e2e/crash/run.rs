//! One run of a story: a client that asks again until it is answered, time that passes, and providers that tell again until they
//! are heard.

use std::collections::{BTreeMap, BTreeSet};

use domain::Message;
use domain::message::State;
use http::Method;
use kernel::Time;
use local::provider::Provider;
use local::stage::{Answer, PLATFORM_KEY, Stage};
use providers::Reply;
use send::outbox::Kept;
use serde_json::{Value, json};
use store::memory::Faults;

use super::judge::{self, Verdict};
use super::plot::{Gone, Plot};
use crate::exact;

/// How long the client waits before it asks again: longer than a key is held by a request that died.
const PATIENCE: i64 = 31;
/// How often somebody asks before the test gives up.
const TRIES: usize = 60;
/// How often a provider posts one event in a row: the first time and three more, as SNS does.
const POSTS: usize = 4;
/// Time that passes, step by step: leases, visibility, evidence, waits between attempts.
const STEPS: [i64; 12] = [1, 61, 121, 181, 301, 181, 301, 601, 1_801, 3_601, 7_201, 21_601];

/// See the module's words.
pub(super) struct Run<'p> {
    pub(super) plot: &'p Plot,
    pub(super) stage: Stage,
    key: String,
    contact: String,
    /// Ids that the client was answered with.
    pub(super) answered: Vec<String>,
    /// How often the client asked for a message.
    pub(super) asked: usize,
    /// What providers have to tell: the post, by the message that it is about, and whether it was heard.
    posts: BTreeMap<String, (String, bool)>,
    /// Whether providers have begun to tell.
    telling: bool,
    accounts: Vec<String>,
}

impl<'p> Run<'p> {
    /// A tenant with its accounts and a contact.
    pub(super) async fn set_up(plot: &'p Plot, faults: Faults) -> Self {
        let stage = Stage::with(faults).unwrap();
        let mut run = Self {
            plot,
            stage,
            key: PLATFORM_KEY.to_owned(),
            contact: String::new(),
            answered: Vec::new(),
            asked: 0,
            posts: BTreeMap::new(),
            telling: plot.deed.is_some() && !plot.late,
            accounts: Vec::new(),
        };
        // Whose first key was lost with the answer founds another tenant.
        let mut number = 0;
        let tenant = loop {
            number += 1;
            let body = json!({ "slug": format!("acme-{number}"), "name": "Acme" });
            if let Some(answer) = run.ask("/v1/tenants", &body, None).await.filter(|answer| answer.status == 201) {
                break answer;
            }
            assert!(number < TRIES, "no tenant can be made");
        };
        run.key = tenant.body["key"]["secret"].as_str().unwrap().to_owned();
        for (number, account) in plot.accounts.iter().enumerate() {
            let made = run.insist("/v1/accounts", &account.body(), Some(&format!("account-{number}"))).await;
            run.accounts.push(id_of(&made));
        }
        let contact = json!({ "first_name": "Ada", "emails": ["ada@example.com"] });
        run.contact = id_of(&run.insist("/v1/contacts", &contact, Some("contact")).await);
        run.stage.drain().await;
        run
    }

    async fn ask(&self, path: &str, body: &Value, key: Option<&str>) -> Option<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.stage.try_call(Method::POST, path, &headers, Some(body.to_string().into_bytes())).await
    }

    /// Asks until it is answered, as clients should: again after a wait when there was no answer or the answer says so.
    async fn insist(&mut self, path: &str, body: &Value, key: Option<&str>) -> Answer {
        for _ in 0..TRIES {
            self.asked += usize::from(path == "/v1/messages");
            match self.ask(path, body, key).await {
                Some(answer) if answer.status.is_success() => return answer,
                Some(answer) if answer.status.is_server_error() || answer.status == 409 => {}
                Some(answer) => panic!("{path}: {answer:?}"),
                None => {}
            }
            self.stage.pass(PATIENCE).await;
        }
        panic!("{path} is never answered");
    }

    /// The story itself, to its end.
    pub(super) async fn tell_all(&mut self) {
        let refused = Reply::Refused {
            status: 400,
            code: "AccountSuspendedException".to_owned(),
            text: "suspended".to_owned(),
            after: None,
        };
        self.stage.outbox.answer_next(vec![refused; self.plot.refusals]);
        for number in 0..self.plot.messages {
            let body = self.order(number);
            let key = format!("message-{number}");
            let answer = self.insist("/v1/messages", &body, self.plot.key.then_some(&key)).await;
            self.answered.push(id_of(&answer));
        }
        self.stage.drain().await;
        self.lose_account().await;
        self.pass_time().await;
        if self.plot.late {
            self.telling = self.plot.deed.is_some();
            self.pass_time().await;
        }
        // The stream is delivered at least once: all of it again changes nothing.
        let before = (self.stage.outbox.taken(), exact::counted(&self.stage.memory.rows()));
        self.stage.replay_stream();
        self.stage.drain().await;
        self.pass_time().await;
        let after = (self.stage.outbox.taken(), exact::counted(&self.stage.memory.rows()));
        assert_eq!(before, after, "the stream was delivered again");
    }

    async fn lose_account(&self) {
        let Some(gone) = self.plot.gone else { return };
        let path = format!("/v1/accounts/{}", self.accounts[0]);
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-match", "\"1\"")];
        let (method, body) = match gone {
            Gone::SwitchedOff => (Method::PATCH, Some(br#"{"enabled":false}"#.to_vec())),
            Gone::Deleted => (Method::DELETE, None),
        };
        let answer = self.stage.try_call(method, &path, &headers, body).await.unwrap();
        assert!(answer.status.is_success(), "{answer:?}");
    }

    fn order(&self, number: usize) -> Value {
        let mut body = if self.plot.own_content {
            let content = json!({ "subject": "News {{ n }}", "html": "<p>{{ n }} <a href=\"https://acme.example/{{ n }}\">Look</a></p>" });
            json!({ "to": { "email": format!("somebody-{number}@example.com") }, "content": content, "variables": { "n": "one" } })
        } else {
            let variables = json!({ "number": number.to_string(), "title": "Late" });
            json!({ "to": { "contact": self.contact }, "template": "ticket", "variables": variables })
        };
        if self.plot.later {
            let at = Time::parse("2026-03-02T13:00:00Z").unwrap();
            body["send_at"] = json!(at.to_string());
        }
        body
    }

    /// Lets time pass until everything that was begun has come to its end.
    async fn pass_time(&mut self) {
        for round in 0..4 {
            for seconds in STEPS {
                self.tell().await;
                if self.settled() {
                    // And whatever is still to come.
                    self.stage.pass(301).await;
                    return;
                }
                self.stage.pass(seconds).await;
            }
            // The walk's dice rest in the end, or a message could fail for ever.
            if round == 1 {
                self.stage.faults.calm();
            }
        }
    }

    /// Providers tell of what they took, the same words until they are heard.
    async fn tell(&mut self) {
        let Some(deed) = self.plot.deed.filter(|_| self.telling) else { return };
        let now = self.stage.clock.now();
        for kept in self.stage.sent() {
            let provider = Provider::of_process(now).unwrap();
            let post = self.posts.entry(kept.id.clone());
            let (post, heard) = post.or_insert_with(|| (provider.post(&kept, deed, now).unwrap(), false));
            // A post is good for an hour, so whoever is not heard asks again at once: the next step may be hours away.
            for _ in 0..POSTS {
                if *heard {
                    break;
                }
                let answer = self.stage.post_sns("/hooks/ses", post).await;
                *heard = answer.is_some_and(|answer| answer.status == 200);
            }
        }
        self.stage.drain().await;
    }

    /// Whether nothing is under way any more.
    fn settled(&self) -> bool {
        let heard = !self.telling || self.stage.sent().iter().all(|kept| self.posts.get(&kept.id).is_some_and(|post| post.1));
        let ended = |message: &Message| message.state.is_final() || (message.state == State::Unknown && message.hold.is_none());
        heard && self.stage.hidden() == 0 && self.messages().iter().all(ended)
    }

    /// Every message there is.
    pub(super) fn messages(&self) -> Vec<Message> {
        exact::messages(&self.stage.memory.rows()).into_iter().map(|(_, message)| message).collect()
    }

    /// What providers took of a message.
    pub(super) fn taken(&self, message: &Message) -> Vec<Kept> {
        let id = message.id.hex();
        let mut kept = self.stage.sent();
        kept.retain(|kept| String::from_utf8_lossy(&kept.raw).contains(&format!("Message-ID: <{id}@")));
        kept
    }

    /// Whether it ended as it must.
    pub(super) fn judge(&self) -> Verdict {
        judge::judge(self)
    }

    /// Everything there is, in one order and with one spelling: the same for two runs that are the same.
    pub(super) fn picture(&self) -> String {
        let mut text = String::new();
        for row in self.stage.memory.rows() {
            text.push_str(&spelled(&store::Value::M(row)));
            text.push('\n');
        }
        for kept in self.stage.sent() {
            text.push_str(&serde_json::to_string(&kept).unwrap());
            text.push('\n');
        }
        text
    }

    /// Ids that were answered and are not there.
    pub(super) fn lost(&self) -> Vec<String> {
        let there: BTreeSet<String> = self.messages().iter().map(|message| message.id.to_string()).collect();
        self.answered.iter().filter(|id| !there.contains(*id)).cloned().collect()
    }
}

fn id_of(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap().to_owned()
}

/// A value with its maps in order.
fn spelled(value: &store::Value) -> String {
    match value {
        store::Value::M(map) => {
            let fields: BTreeMap<_, _> = map.iter().map(|(name, value)| (name, spelled(value))).collect();
            format!("{fields:?}")
        }
        store::Value::L(list) => format!("{:?}", list.iter().map(spelled).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}
