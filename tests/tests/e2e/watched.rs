//! Mailboxes that are read by web requests: Gmail's and Microsoft's. A push brings the look forward, and history that the provider has
//! forgotten ends nothing.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use collect::Way;
use http::Method;
use local::stage::PUBLIC_URL;
use net::http::Http;
use net::names::{Names, Reach};
use net::patience::Patience;
use serde_json::{Value, json};
use stub::Identity;
use stub::web::{Asked, Deed, Stub, says};
use tests::chat::callback;
use tests::google::{Google, KEYS};
use tests::{Company, Reply, Story};

const HOSTS: [&str; 4] = ["gmail.googleapis.com", "oauth2.googleapis.com", "graph.microsoft.com", "login.microsoftonline.com"];
/// The word that Graph's posts are believed by.
const WORD: &str = "hunter2word";

/// A mailbox at both providers.
#[derive(Debug, Default)]
struct Mailbox {
    mails: Vec<String>,
    /// Marks below that are forgotten.
    known_from: usize,
    /// How many mails of a page are told at most.
    page: usize,
    /// Access tokens that were given.
    tokens: usize,
    /// Whether the present token is refused once.
    spoilt: bool,
    /// What has the provider tell of new mail, as it was asked.
    watches: Vec<(String, Value)>,
}

/// A provider on this machine, and the way there.
struct Cloud {
    mailbox: Arc<Mutex<Mailbox>>,
    stub: Stub,
    identity: Identity,
}

impl Cloud {
    async fn open() -> Self {
        let mailbox = Arc::new(Mutex::new(Mailbox { page: 100, ..Mailbox::default() }));
        let identity = Identity::of_all(&HOSTS.map(str::to_owned));
        let mind = mailbox.clone();
        let judge = Arc::new(move |asked: &Asked| answer(&mut mind.lock().unwrap(), asked));
        let stub = Stub::judging(Some(&identity), &["http/1.1"], judge).await;
        Self { mailbox, stub, identity }
    }

    fn way(&self) -> Way {
        let here = SocketAddr::from(([127, 0, 0, 1], self.stub.port));
        let names = Names::Prepared(Arc::new(Mutex::new(VecDeque::from(vec![vec![here]; 100]))));
        let patience = Patience::Told(self.stub.silent.clone());
        let http = Http::new(Reach::Anywhere).patience(patience).names(names).trusting(self.identity.client.clone());
        Way { http, ..Way::nowhere() }
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap()
    }

    fn deliver(&self, number: u32) {
        self.mailbox().mails.push(format!(
            "From: Ada <ada@example.com>\r\nTo: shop@acme.example\r\nMessage-ID: <m{number}@example.com>\r\n\r\nMail {number}\r\n"
        ));
    }
}

/// What the providers say. A mark is the number of mails that there were.
fn answer(mailbox: &mut Mailbox, asked: &Asked) -> Deed {
    let path = asked.line.split(' ').nth(1).unwrap();
    let address = url::Url::parse(&format!("https://x.example{path}")).unwrap();
    let parameter = |wanted: &str| address.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let json = |status: &str, body: &Value| Deed::Say(says(status, "content-type: application/json\r\n", &body.to_string()));
    if address.path().ends_with("/token") {
        mailbox.tokens += 1;
        return json("200 OK", &json!({ "access_token": format!("canary-{}", mailbox.tokens), "expires_in": 3600 }));
    }
    let token = format!("Bearer canary-{}", mailbox.tokens);
    if std::mem::take(&mut mailbox.spoilt) || asked.header("authorization") != Some(&token) {
        return json("401 Unauthorized", &json!({ "error": { "code": 401, "message": "Invalid Credentials" } }));
    }
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let method = asked.line.split(' ').next().unwrap();
    match (method, address.path()) {
        ("POST", "/gmail/v1/users/me/watch") => {
            mailbox.watches.push((method.to_owned(), body));
            json("200 OK", &json!({ "historyId": "1", "expiration": "1773050400000" }))
        }
        ("GET", "/gmail/v1/users/me/profile") => json("200 OK", &json!({ "historyId": mailbox.mails.len().to_string() })),
        ("GET", "/gmail/v1/users/me/history") => {
            assert_eq!(parameter("labelId").as_deref(), Some("INBOX"));
            let from: usize = parameter("startHistoryId").unwrap().parse().unwrap();
            if from < mailbox.known_from {
                return json(
                    "404 Not Found",
                    &json!({ "error": { "code": 404, "message": "Requested entity was not found." } }),
                );
            }
            let until = mailbox.mails.len().min(from + mailbox.page);
            let record =
                |at: usize| json!({ "id": (at + 1).to_string(), "messagesAdded": [{ "message": { "id": at.to_string() } }] });
            let mut said = json!({ "history": (from..until).map(record).collect::<Vec<_>>(), "historyId": until.to_string() });
            if until < mailbox.mails.len() {
                said["nextPageToken"] = json!("page");
            }
            json("200 OK", &said)
        }
        ("GET", "/v1.0/me/mailFolders/inbox/messages/delta") => {
            let from: usize = parameter("$deltatoken").map_or(mailbox.mails.len(), |mark| mark.parse().unwrap());
            if from < mailbox.known_from {
                return json("410 Gone", &json!({ "error": { "code": "SyncStateNotFound", "message": "gone" } }));
            }
            let until = mailbox.mails.len().min(from + mailbox.page);
            let found: Vec<Value> = (from..until).map(|at| json!({ "id": at.to_string() })).collect();
            let link = format!("https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta?$deltatoken={until}");
            let name = if until < mailbox.mails.len() { "@odata.nextLink" } else { "@odata.deltaLink" };
            json("200 OK", &json!({ "value": found, name: link }))
        }
        (_, path) if path.starts_with("/v1.0/subscriptions") => {
            mailbox.watches.push((format!("{method} {path}"), body.clone()));
            json("201 Created", &json!({ "id": "s1", "expirationDateTime": body["expirationDateTime"] }))
        }
        ("GET", path) => {
            let raw = path.strip_suffix("/$value");
            let id = raw.unwrap_or(path).rsplit('/').next().unwrap();
            let Some(mail) = mailbox.mails.get(id.parse::<usize>().unwrap()) else {
                return json("404 Not Found", &json!({ "error": { "code": "ErrorItemNotFound", "message": "no such mail" } }));
            };
            match raw {
                Some(_) => Deed::Say(says("200 OK", "content-type: text/plain\r\n", mail)),
                None => json("200 OK", &json!({ "raw": URL_SAFE_NO_PAD.encode(mail) })),
            }
        }
        (method, path) => panic!("{method} {path} is not asked for"),
    }
}

/// A mailbox that is read, as an account of that provider.
async fn account(company: &Company<'_>, provider: &str) -> String {
    let (settings, mut credentials) = (
        match provider {
            "gmail" => json!({
                "mailbox": "shop@acme.example", "receive": true, "push_account": "push@acme.example",
                "topic": "projects/acme/topics/mail",
            }),
            _ => json!({ "mailbox": "shop@acme.example", "receive": true }),
        },
        json!({ "client_id": "app", "client_secret": "hunter2", "refresh_token": "hunter2-refresh" }),
    );
    if provider == "graph" {
        credentials["client_state"] = json!(WORD);
    }
    company.account(&json!({ "provider": provider, "settings": settings, "credentials": credentials })).await
}

/// The provider says that something came.
async fn pushed(stage: &Story, path: &str, provider: &str, google: &Google) -> Reply {
    if provider == "graph" {
        let post = json!({ "value": [{ "clientState": WORD, "changeType": "created", "tenantId": "t" }] });
        return stage.ask(Method::POST, path).json(&post).now().await;
    }
    let now = stage.clock.now().seconds();
    let token = google.token(&json!({
        "iss": "https://accounts.google.com", "aud": format!("{PUBLIC_URL}{path}"), "email": "push@acme.example",
        "email_verified": true, "iat": now, "exp": now + 3600,
    }));
    let data = STANDARD.encode(json!({ "emailAddress": "shop@acme.example", "historyId": "1" }).to_string());
    stage.ask(Method::POST, path).bearer(&token).json(&json!({ "message": { "data": data, "messageId": "1" } })).now().await
}

fn count(stage: &Story) -> usize {
    stage.rows_of("inbound").len()
}

#[tokio::test]
async fn a_push_brings_the_look_forward_and_is_believed_once() {
    let google = Google::with_key("g1");
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        stage.serve(KEYS, google.set());
        let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
        cloud.deliver(1);
        let id = account(&acme, provider).await;
        let path = callback(&acme, &id).await;
        stage.drain().await;
        assert_eq!(count(&stage), 0, "{provider}: history is not imported");
        let mailbox = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
        assert_eq!(
            (&mailbox["result"], &mailbox["next_at"]),
            (&json!("read"), &json!("2026-03-02T09:15:00.000Z")),
            "{mailbox}"
        );
        assert!(mailbox["watched_until"].is_string(), "{mailbox}");

        cloud.deliver(2);
        stage.pass(60).await;
        assert_eq!(count(&stage), 0, "{provider}: it is not looked at before its time");
        assert_eq!(pushed(&stage, &path, provider, &google).await.status / 100, 2);
        let before = stage.rows();
        assert_eq!(pushed(&stage, &path, provider, &google).await.status / 100, 2);
        stage.nothing_changed_since(&before, "a second push before the look");
        stage.pass(0).await;
        assert_eq!(count(&stage), 1, "{provider}");
        let conversation = acme.get("/v1/conversations").await["data"][0].clone();
        assert_eq!((&conversation["address"], &conversation["preview"]), (&json!("ada@example.com"), &json!("Mail 2")));
        assert_eq!(other.get("/v1/conversations").await["data"], json!([]));

        cloud.deliver(3);
        stage.pass(15 * 60).await;
        assert_eq!(count(&stage), 2, "{provider}: without a push it comes at the mailbox's own pace");
        stage.pass(15 * 60).await;
        assert_eq!(count(&stage), 2);
        for row in stage.rows() {
            let text = format!("{row:?}");
            assert!(!text.contains("canary") && !text.contains("hunter2"), "{text}");
        }
    }
}

#[tokio::test]
async fn watching_is_asked_for_again_before_it_ends() {
    for (provider, asked) in
        [("gmail", vec!["POST", "POST"]), ("graph", vec!["POST /v1.0/subscriptions", "PATCH /v1.0/subscriptions/s1"])]
    {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        let path = callback(&acme, &id).await;
        stage.drain().await;
        stage.pass(12 * 3600).await;
        assert_eq!(cloud.mailbox().watches.len(), 1, "{provider}");
        for _ in 0..3 {
            stage.pass(24 * 3600).await;
        }
        let watches = cloud.mailbox().watches.clone();
        let words: Vec<&str> = watches.iter().take(2).map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, asked);
        let first = &watches[0].1;
        if provider == "gmail" {
            assert_eq!(first["topicName"], "projects/acme/topics/mail");
        } else {
            assert_eq!(
                (&first["notificationUrl"], &first["clientState"]),
                (&json!(format!("{PUBLIC_URL}{path}")), &json!(WORD))
            );
        }
    }
}

#[tokio::test]
async fn what_the_provider_has_forgotten_is_begun_anew_and_what_it_has_not_is_read_in_pages() {
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        let mailbox = || async { acme.get(&format!("/v1/accounts/{id}/mailbox")).await };
        stage.drain().await;
        cloud.mailbox().page = 3;
        for number in 0..8 {
            cloud.deliver(number);
        }
        stage.pass(15 * 60).await;
        assert_eq!(count(&stage), 8, "{provider}: page by page");
        cloud.deliver(8);
        cloud.mailbox().known_from = 9;
        stage.pass(15 * 60).await;
        let said = mailbox().await;
        assert_eq!(count(&stage), 8, "{provider}");
        assert!(said["result"] == "read" && said["note"].as_str().unwrap().ends_with("reading begins anew"), "{said}");
        cloud.deliver(9);
        stage.pass(15 * 60).await;
        assert_eq!((count(&stage), mailbox().await["note"].clone()), (9, Value::Null), "{provider}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_for_the_next_look() {
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        stage.drain().await;
        cloud.deliver(1);
        cloud.mailbox().spoilt = true;
        stage.pass(15 * 60).await;
        let said = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
        assert_eq!((count(&stage), &said["result"]), (0, &json!("failed")), "{provider}");
        stage.pass(15 * 60).await;
        assert_eq!((count(&stage), cloud.mailbox().tokens), (1, 2), "{provider}");
    }
}

#[tokio::test]
async fn a_mailbox_that_nobody_consented_to_says_so() {
    let cloud = Cloud::open().await;
    let stage = Story::reading(cloud.way());
    let acme = stage.bare_tenant("acme").await;
    let credentials = json!({ "client_id": "app", "client_secret": "hunter2" });
    let words = json!({ "provider": "gmail", "settings": { "receive": true }, "credentials": credentials });
    let id = acme.account(&words).await;
    stage.drain().await;
    let said = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
    assert_eq!(said["result"], "refused");
    assert!(said["note"].as_str().unwrap().contains("nobody has consented to this account yet"), "{said}");
    assert!(cloud.stub.asked().is_empty(), "nothing is asked without a token");
}
