//! Every provider's web API in each of its moods, over the real wire, from the order to what becomes of the message: it works, is
//! slow, asks for patience, fails, refuses, says nonsense, or takes the request and never answers.
//!
//! The API is a stub on this machine that checks login and body as the provider's documentation has them (`tests/stands`), and
//! counts what it was asked: nothing goes out twice unless the provider knows repetitions.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws::Connection;
use domain::Account;
use domain::flows::take_in::take_in;
use http::Method;
use kernel::Time;
use kernel::ids::{AccountId, TenantId};
use net::http::Http;
use net::names::{Names, Reach};
use net::patience::Patience;
use providers::{Content, Inbound};
use send::wire::Wire;
use send::wire::smtp::Smtp;
use serde_json::{Value, json};
use stands::api::{Api, Judgement, RECIPIENT, Request, SENDER, SUBJECT, Said, WORDS};
use stands::{Stand, all};
use stub::Identity;
use stub::web::{Asked, Deed, Judge, Stub, says};
use tests::{Company, Message, Story, chat, texts};

/// Messages in each mood: as many as it takes to put an account out of use.
const MESSAGES: usize = 5;

/// How an API behaves towards a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Takes it.
    Working,
    /// Takes it, and says so byte by byte.
    Slow,
    /// Has had too many, in its own words.
    Limiting,
    /// 500, in its own words.
    Failing,
    /// 503, in its own words.
    Down,
    /// Will never take it, in its own words.
    Refusing,
    /// Says what is in no documentation.
    Novel,
    /// Says that it took it, in a page for people.
    Garbled,
    /// Speaks another protocol.
    Gibberish,
    /// Begins to say that it took it, and says no more until nobody waits.
    HalfSaid,
    /// Reads it to the end, and never answers.
    Silent,
    /// Does not know the account.
    Stranger,
    /// Fails, and repeats what it was asked.
    Repeating,
}

/// An API in a mood, and the tenant that sends by it.
struct Scene {
    stand: Stand,
    api: Arc<Api>,
    mood: Mood,
    stub: Stub,
    /// What was odd in the requests.
    odd: Arc<Mutex<Vec<String>>>,
    stage: Story,
}

impl Scene {
    async fn of(stand: Stand, api: Api, mood: Mood) -> Self {
        let (api, odd) = (Arc::new(api), Arc::default());
        let hosts = api.hosts();
        let identity = (!hosts.is_empty()).then(|| Identity::of_all(&hosts));
        let protocols: &[&str] = if api.http2 { &["h2"] } else { &["http/1.1"] };
        let stub = Stub::judging(identity.as_ref(), protocols, judge(api.clone(), mood, Arc::clone(&odd))).await;
        let here = SocketAddr::from(([127, 0, 0, 1], stub.port));
        let names = Names::Prepared(Arc::new(Mutex::new(VecDeque::from(vec![vec![here]; 100]))));
        let mut http = Http::new(Reach::Anywhere).patience(Patience::Told(stub.silent.clone())).names(names);
        if let Some(identity) = &identity {
            http = http.trusting(identity.client.clone());
        }
        let role = Connection::loopback(&format!("http://{here}"));
        let stage = Story::over(Wire::of(Smtp::new(Reach::Anywhere), http).role(role));
        Self { stand, api, mood, stub, odd, stage }
    }

    /// An account as the provider knows it, or one that it does not know.
    async fn account(&self, acme: &Company<'_>) -> String {
        let stranger = self.api.stranger.as_ref().filter(|_| self.mood == Mood::Stranger);
        let (settings, credentials) = match stranger {
            Some((settings, credentials)) => (settings, credentials),
            None => (&self.stand.settings, &self.stand.credentials),
        };
        let mut words = json!({ "provider": self.stand.id, "settings": settings, "credentials": credentials });
        words["from"] = match self.stand.content {
            Content::Mail(_) => json!({ "email": SENDER, "name": "Acme Mail" }),
            Content::Direct(_) => Value::Null,
        };
        acme.account(&words).await
    }

    fn order(&self) -> Value {
        match &self.stand.content {
            Content::Mail(_) => json!({ "to": { "email": RECIPIENT }, "content": { "subject": SUBJECT, "text": WORDS } }),
            Content::Direct(direct) => {
                let channel = self.stand.sending().channel().as_str();
                json!({ "to": { "address": direct.to }, "channel": channel, "content": { "text": WORDS } })
            }
        }
    }

    /// Lets the recipient write first, where the channel asks for that.
    async fn hear(&self, acme: &Company<'_>, account: &str) {
        let Content::Direct(direct) = &self.stand.content else { return };
        let scope = self.stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
        let account = scope.find::<Account>(AccountId::parse(account).unwrap()).await.unwrap().row;
        if account.window_hours().is_some() {
            let (from, at) = (direct.to.clone(), self.stage.clock.now());
            let hello = Inbound { id: "m1".to_owned(), at, from, text: Some("Hello".to_owned()), ..Inbound::default() };
            take_in(&self.stage.context, &self.stage.sender.files, &scope, &account, &hello).await.unwrap();
        }
    }

    /// The recipient writes first, on channels where free text goes to nobody else.
    async fn let_write(&self, acme: &Company<'_>, account: &str) {
        if self.stand.sending().channel().capabilities().window_hours.is_none() {
            return;
        }
        let path = chat::callback(acme, account).await;
        if self.stand.id == "twilio_whatsapp" {
            texts::told(&self.stage, &path, "SM1", "whatsapp:+14155550123", "Where is my parcel?").await;
        } else {
            let post = self.stand.sign.unwrap()(self.stand.read("text.json"), self.stage.clock.now());
            let mut ask = self.stage.ask(Method::POST, &path);
            for (name, value) in post.headers.iter().filter(|(name, _)| name != "content-type") {
                ask = ask.header(name, value);
            }
            ask.body("application/json", post.body).now().await.is(200);
        }
        self.stage.drain().await;
    }

    /// How many requests came to the door of messages.
    fn asked(&self) -> usize {
        let lines = self.stub.asked().iter().map(|asked| line(&self.api, asked)).collect::<Vec<_>>();
        lines.iter().filter(|line| self.api.messages.is_at(line)).count()
    }

    /// What must become of each message, and of the account.
    fn end(&self) -> (&'static str, &'static str) {
        let lost = if self.stand.sending().repeatable() { "held" } else { "unknown" };
        // The SDK of AWS keeps an answer to itself that it cannot read.
        let garbled = if self.api.hosts().is_empty() { "silent" } else { "working" };
        match self.mood {
            Mood::Working | Mood::Slow => ("sent", "working"),
            Mood::Limiting | Mood::Novel => ("held", "working"),
            Mood::Failing | Mood::Down | Mood::Repeating => ("held", "silent"),
            Mood::Refusing => ("rejected", "working"),
            Mood::Garbled if self.api.garbled == "unknown" => (lost, garbled),
            Mood::Garbled => (self.api.garbled, garbled),
            Mood::Gibberish | Mood::HalfSaid | Mood::Silent => (lost, "silent"),
            Mood::Stranger if self.api.refuses_accounts => ("held", "refused"),
            Mood::Stranger => ("held", "working"),
        }
    }

    /// Sends its messages, and says what did not go as it must.
    async fn play(&self) -> Vec<String> {
        let acme = self.stage.bare_tenant("acme").await;
        let account = self.account(&acme).await;
        self.let_write(&acme, &account).await;
        self.hear(&acme, &account).await;
        let mut messages = Vec::new();
        for _ in 0..MESSAGES {
            messages.push(acme.send_with(&self.order()).await);
            self.stage.drain().await;
        }
        let mut wrong = self.odd.lock().unwrap().clone();
        let mut must = |what: &str, found: Value, expected: Value| {
            if found != expected {
                wrong.push(format!("{what} is {found}, not {expected}"));
            }
        };
        let (status, health) = self.end();
        // Whom nobody gave a token, nobody hears of.
        let shut_out = self.mood == Mood::Stranger && self.api.tokens.is_some();
        must("requests", json!(self.asked()), json!(if shut_out { 0 } else { MESSAGES }));
        for message in &messages {
            let now = acme.message(message).await;
            must("status", now["status"].clone(), json!(status));
            if self.mood == Mood::Limiting {
                must("patience", json!(self.is_patient(&now)), json!(true));
            }
        }
        let told = acme.get(&format!("/v1/accounts/{account}")).await;
        must("health", told["health"]["state"].clone(), json!(health));
        if status == "unknown" {
            // Nobody knows, and nobody finds out: it is a person's matter then.
            self.stage.pass(600).await;
            must("requests later", json!(self.asked()), json!(MESSAGES));
            must("status later", acme.message(&messages[0]).await["status"].clone(), json!("unknown"));
        }
        wrong.extend(self.secrets_in(&acme, &messages, &told).await);
        wrong
    }

    /// Whether the message waits as long as it was asked to.
    fn is_patient(&self, message: &Value) -> bool {
        let until = message["hold"]["until"].as_str().and_then(|until| Time::parse(until).ok());
        until.is_some_and(|until| until.since(self.stage.clock.now()) >= self.api.limited.1 * 1000)
    }

    /// Secrets of the account that anybody can read.
    async fn secrets_in(&self, acme: &Company<'_>, messages: &[Message], account: &Value) -> Vec<String> {
        let mut shown = account.to_string();
        for message in messages {
            shown.push_str(&acme.trace(message).await.to_string());
        }
        let to = match &self.stand.content {
            Content::Mail(_) => String::new(),
            Content::Direct(direct) => direct.to.clone(),
        };
        let kept =
            self.stand.kept().into_iter().filter(|secret| !to.contains(secret.as_str()) && shown.contains(secret.as_str()));
        kept.map(|secret| format!("{secret} is shown: {shown}")).collect()
    }
}

/// What the stub does with each request.
fn judge(api: Arc<Api>, mood: Mood, odd: Arc<Mutex<Vec<String>>>) -> Judge {
    let note = move |what: String| odd.lock().unwrap().push(what);
    Arc::new(move |asked| {
        let line = line(&api, asked);
        let request = Request { line: &line, headers: &asked.headers, body: &asked.body };
        match api.judge(&request) {
            Judgement::Odd(why) => {
                note(why);
                Deed::Say(says("404 Not Found", "", ""))
            }
            Judgement::Unknown(said) => {
                if mood != Mood::Stranger {
                    note("the login is wrong".to_owned());
                }
                Deed::Say(written(said))
            }
            Judgement::Token(said) => Deed::Say(written(said)),
            Judgement::Message if mood == Mood::Stranger => {
                if api.stranger.is_some() {
                    note("a stranger is let in".to_owned());
                }
                Deed::Say(written(&api.messages.unknown))
            }
            Judgement::Message => deed(&api, mood, &line, asked),
        }
    })
}

/// Method and whole address of a request.
fn line(api: &Api, asked: &Asked) -> String {
    let bare = asked.line.trim_end_matches(" HTTP/2.0");
    match (asked.header("host"), bare.split_once(' ')) {
        (Some(host), Some((method, path))) if !api.hosts().is_empty() => format!("{method} https://{host}{path}"),
        _ => bare.to_owned(),
    }
}

/// What becomes of a message that is in order.
fn deed(api: &Api, mood: Mood, line: &str, asked: &Asked) -> Deed {
    let taken = &api.messages.taken;
    let silence = |said: String| match (api.hosts().is_empty(), said.is_empty()) {
        // The SDK of AWS has a patience of its own, of real seconds.
        (true, true) => Deed::HangUp,
        (true, false) => Deed::SayAndHangUp(said),
        (false, true) => Deed::Silence,
        (false, false) => Deed::SayAndFallSilent(said),
    };
    match mood {
        Mood::Working | Mood::Stranger => Deed::Say(written(taken)),
        Mood::Slow => Deed::SayInDrops(written(taken)),
        Mood::Limiting => Deed::Say(written(&api.limited.0)),
        Mood::Failing => Deed::Say(written(&Said { status: 500, ..api.down.clone() })),
        Mood::Down => Deed::Say(written(&api.down)),
        Mood::Refusing => Deed::Say(written(&api.refused)),
        Mood::Novel => Deed::Say(says("418 I'm a teapot", "", "<p>Never seen.</p>")),
        Mood::Garbled => Deed::Say(written(&Said { body: "<html>Thank you!</html>".to_owned(), ..taken.clone() })),
        Mood::Gibberish => Deed::SayAndHangUp("220 mail.example.com ESMTP\r\n".to_owned()),
        Mood::HalfSaid => {
            let half = &taken.body[..taken.body.len() / 2];
            silence(format!("HTTP/1.1 {} Half\r\ncontent-length: 1000\r\n\r\n{half}", taken.status))
        }
        Mood::Silent => silence(String::new()),
        Mood::Repeating => {
            let logins = ["authorization", "x-postmark-server-token", "x-api-key"].map(|name| asked.header(name));
            let logins: Vec<&str> = logins.into_iter().flatten().collect();
            let body = String::from_utf8_lossy(&asked.body);
            Deed::Say(says("500 Oops", "", &format!("{} {line} {body}", logins.join(" "))))
        }
    }
}

fn written(said: &Said) -> String {
    let headers: String = said.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    says(&format!("{} Said", said.status), &headers, &said.body)
}

/// Plays that mood with every provider that has a web API.
async fn everywhere(mood: Mood) {
    let (mut wrong, mut played) = (Vec::new(), 0);
    for stand in all() {
        let Some(api) = stands::api(stand.id) else { continue };
        let scene = Scene::of(stand, api, mood).await;
        wrong.extend(scene.play().await.into_iter().map(|what| format!("{}: {what}", scene.stand.id)));
        played += 1;
    }
    assert!(wrong.is_empty(), "{mood:?}:\n{}", wrong.join("\n"));
    // All but SMTP and what stays on this machine.
    assert_eq!(played, providers::SENDING.len() - 2);
}

#[tokio::test]
async fn a_provider_that_works_takes_every_message_once() {
    everywhere(Mood::Working).await;
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    everywhere(Mood::Slow).await;
}

#[tokio::test]
async fn a_provider_that_asks_for_patience_gets_as_much_as_it_asks_for() {
    everywhere(Mood::Limiting).await;
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_later_and_left_alone_when_it_goes_on() {
    everywhere(Mood::Failing).await;
    everywhere(Mood::Down).await;
}

#[tokio::test]
async fn a_message_that_is_refused_is_not_sent_again() {
    everywhere(Mood::Refusing).await;
}

#[tokio::test]
async fn an_answer_that_nobody_knows_is_no_reason_to_drop_a_message() {
    everywhere(Mood::Novel).await;
}

#[tokio::test]
async fn a_success_that_cannot_be_read_leaves_open_what_was_done() {
    everywhere(Mood::Garbled).await;
    everywhere(Mood::Gibberish).await;
}

#[tokio::test]
async fn an_answer_that_never_ends_leaves_open_what_was_done() {
    everywhere(Mood::HalfSaid).await;
}

#[tokio::test]
async fn a_message_that_was_taken_without_a_word_is_not_sent_twice() {
    everywhere(Mood::Silent).await;
}

#[tokio::test]
async fn an_account_that_its_provider_does_not_know_is_put_out_of_use() {
    everywhere(Mood::Stranger).await;
}

#[tokio::test]
async fn a_provider_that_repeats_what_it_was_told_gives_no_secret_away() {
    everywhere(Mood::Repeating).await;
}
