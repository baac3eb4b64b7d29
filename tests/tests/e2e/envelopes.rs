//! What AWS hands to each function, in its real shape: every file under `events/aws` goes through the very handler that is
//! deployed, and has the effects that it should have. A file that nobody runs fails, and so does one that is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use api::{Api, Parts};
use aws::Fetch;
use aws_lambda_events::event::dynamodb::Event as Changes;
use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use domain::consent::Declaration;
use domain::flows::connect;
use domain::message::{Hold, Made, Mark, Recipient, State, Status, Wait};
use domain::statistic::{Dimension, Figure, Way};
use domain::user::key_digest;
use domain::{Account, Contact, Message, Role, Tenant, Version};
use http_body_util::BodyExt;
use kernel::ids::{AccountId, ContactId, MessageId, TemplateId, TenantId};
use kernel::{Clock, Purpose, Time};
use local::provider::ORIGIN;
use local::stage::{PLATFORM_KEY, Stage};
use providers::Roots;
use providers::issuer::Issuer;
use serde_json::{Value, json};
use store::{Credential, Item, Job, Memory, Store, Table, Task, TenantScope, Worker};
use tower::ServiceExt;
use webhook_intake::Intake;

use crate::exact;

mod work;

/// Ids and the key that stand in the files.
const TENANT: &str = "ten_019cac0000007a10b1c2d3e4f5a6b7c8";
const ACCOUNT: &str = "acc_019cac1000007b20a1b2c3d4e5f60718";
const CONTACT: &str = "con_019cac2000007c30b2c3d4e5f6071829";
const TEMPLATE: &str = "tpl_019cac3000007d40c3d4e5f60718293a";
const FIRST: &str = "msg_019cadc5f0007d40a3b4c5d6e7f80910";
const SECOND: &str = "msg_019cadc5f1f47e50b4c5d6e7f8091a23";
const KEY: &str = "swk_c3dpdGNoYm9hcmQtZXhhbXBsZS1rZXktZm9yLXRlc3Rz";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:switchboard-EventTopic-1A2B3C4D5E6F";

/// Every file, by its name, and what it is about.
const FILES: [&str; 9] = [
    "analytics",
    "api",
    "automation",
    "collect",
    "relay",
    "reminder-scan",
    "send",
    "webhook-intake",
    "webhook-intake-one-click",
];

/// The text of a file.
fn file(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "events", "aws"].iter().collect()
}

fn message_id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

/// A stage with the tenant of the files: an account, a contact, a template, a key.
struct House {
    stage: Stage,
    scope: TenantScope,
}

impl House {
    async fn new() -> Self {
        let stage = Stage::new().unwrap();
        let (id, now) = (TenantId::parse(TENANT).unwrap(), stage.clock.now());
        let tenant: Tenant = read(json!({
            "id": id, "slug": "acme", "name": "Acme", "zone": "Europe/Berlin", "locale": "en", "active": true,
            "data_key": stage.vault.new_key(id).await.unwrap(), "created_at": now,
        }));
        let account: Account = read(json!({
            "id": ACCOUNT, "name": "Main", "channel": "email", "provider": "ses", "from": { "email": "news@acme.example" },
            "settings": "{}", "credentials": connect::seal(&stage.vault, &tenant, &json!({})).await.unwrap(), "priority": 100,
            "enabled": true, "on_unknown": "hold", "route": "route", "created_at": now, "updated_at": now,
        }));
        let contact: Contact = read(json!({
            "id": CONTACT, "first_name": "Ada", "emails": ["ada@example.com"], "created_at": now, "updated_at": now,
            "consents": { "email:marketing": { "granted": true, "at": now, "source": "api" } },
        }));
        let source =
            json!({ "subject": "Hello {{ contact.first_name }}", "html": "<p>Your order {{ order }} is on its way.</p>" });
        let version: Version = read(json!({
            "template": TEMPLATE, "number": 1, "contents": { "en": source }, "variables": "[]", "created_at": now,
        }));
        let credential = Credential {
            digest: key_digest(&stage.context.keys, KEY),
            tenant: id,
            role: Role::Owner.as_str().to_owned(),
            reach: None,
            user: None,
            key: None,
            ends: None,
            used_at: None,
        };
        let (scope, claims) = stage.store.platform().found(id, "acme", "Acme").unwrap();
        let mut writes = claims.to_vec();
        writes.push(scope.creating(&tenant).unwrap());
        writes.push(scope.creating(&account).unwrap());
        writes.push(scope.creating(&contact).unwrap());
        writes.push(scope.creating(&version).unwrap());
        writes.push(scope.admitting(&credential).unwrap());
        assert_eq!(scope.transact(writes).await.unwrap(), None);
        Self { stage, scope }
    }

    /// A message of the files, as it is accepted.
    async fn message(&self, id: &str, words: impl FnOnce(&mut Message)) {
        let mut message = accepted(id);
        words(&mut message);
        assert!(self.scope.create(&message).await.unwrap());
    }

    /// The message as it is now.
    async fn found(&self, id: &str) -> Message {
        self.scope.find::<Message>(message_id(id)).await.unwrap().row
    }

    /// Every message there is.
    fn messages(&self) -> Vec<Message> {
        exact::messages(&self.stage.memory.rows()).into_iter().map(|(_, message)| message).collect()
    }

    /// The functions behind HTTP, as `main` wires them.
    fn api(&self) -> Router {
        api::router(Api::new(Parts {
            store: self.stage.store.clone(),
            context: self.stage.context.clone(),
            vault: self.stage.vault.clone(),
            public_url: None,
            files: self.stage.sender.files.clone(),
            fetch: Fetch::prepared(Vec::new()),
            platform_key: kernel::Secret::new(PLATFORM_KEY),
            issuer: None,
        }))
    }
}

fn read<T: serde::de::DeserializeOwned>(row: Value) -> T {
    serde_json::from_value(row).unwrap()
}

/// A message of the files, as it is accepted.
fn accepted(id: &str) -> Message {
    let recipient =
        Recipient { address: "ada@example.com".to_owned(), name: Some("Ada".to_owned()), contact: ContactId::parse(CONTACT) };
    let made = Made { id: TemplateId::parse(TEMPLATE).unwrap(), number: 1 };
    let variables = json!({ "order": "4711" }).as_object().unwrap().clone();
    Message { to: recipient, template: Some(made), variables, ..exact::blank(message_id(id), None) }
}

/// One invocation of a function behind HTTP: through the conversion that the runtime makes.
async fn invoke(router: &Router, envelope: &str) -> (u16, http::HeaderMap, Value) {
    let request = lambda_http::request::from_str(envelope).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn api() {
    let house = House::new().await;
    let (router, envelope) = (house.api(), file("api"));
    let (status, headers, accepted) = invoke(&router, &envelope).await;
    assert_eq!(status, 202, "{accepted}");
    let id = accepted["id"].as_str().unwrap();
    assert_eq!(headers["location"], format!("/v1/messages/{id}"));
    let message = house.found(id).await;
    assert_eq!(
        (message.state, message.to.contact, message.tags.as_slice()),
        (State::Accepted, ContactId::parse(CONTACT), ["orders".to_owned()].as_slice())
    );
    // API Gateway asks again when it had no answer: the same key is the same message.
    let (status, headers, again) = invoke(&router, &envelope).await;
    assert_eq!((status, again["id"].as_str()), (202, Some(id)));
    assert_eq!(headers["idempotency-replayed"], "true");
    assert_eq!(house.messages().len(), 1);
    house.stage.drain().await;
    let sent = house.stage.sent();
    assert_eq!(sent.len(), 1);
    assert!(String::from_utf8_lossy(&sent[0].raw).contains("Gr=C3=BC=C3=9Fe, Ada"), "what was said in UTF-8 comes out of it");
    // The same with a key that is nobody's.
    let (status, ..) = invoke(&router, &envelope.replace(KEY, &format!("{KEY}x"))).await;
    assert_eq!((status, house.messages().len()), (401, 1));
}

/// The intake of the deployment: it believes the topic of the files when `issuer` signs.
fn intake(house: &House, issuer: &Issuer) -> Router {
    let path = providers::issuer::CERTIFICATE_URL.splitn(4, '/').nth(3).unwrap();
    webhook_intake::router(Intake::new(webhook_intake::Parts {
        store: house.stage.store.clone(),
        context: house.stage.context.clone(),
        vault: house.stage.vault.clone(),
        files: aws::Files::None,
        public_url: None,
        fetch: Fetch::prepared(vec![(format!("{ORIGIN}/{path}"), issuer.chain_pem().as_bytes().to_vec())]),
        topics: vec![TOPIC.to_owned()],
        roots: Roots::none().and(issuer.root_pem().as_bytes()).unwrap(),
        origin: Some(ORIGIN.to_owned()),
    }))
}

async fn webhook_intake() {
    let house = House::new().await;
    house.message(FIRST, |message| message.state = State::Sent).await;
    house.stage.clock.advance(4_000).unwrap();
    let issuer = Issuer::new(house.stage.clock.now()).unwrap();
    let router = intake(&house, &issuer);
    let envelope = file("webhook-intake");
    let before = house.stage.memory.rows();
    // What stands in the file is not signed by AWS or anybody: it is refused, and nothing is written.
    assert_eq!(invoke(&router, &envelope).await.0, 401);
    assert_eq!(house.stage.memory.rows(), before);
    let mut signed: Value = serde_json::from_str(&envelope).unwrap();
    let post: Value = serde_json::from_str(signed["body"].as_str().unwrap()).unwrap();
    signed["body"] = issuer.sign(&post, providers::sns::Version::V2).unwrap().into();
    for _ in 0..2 {
        assert_eq!(invoke(&router, &signed.to_string()).await.0, 200);
    }
    let message = house.found(FIRST).await;
    assert_eq!((message.status(), message.events.len()), (Status::Delivered, 1));
    assert_eq!(message.events[0].at, Time::parse("2026-03-02T09:00:02.750Z").unwrap());
    house.stage.drain().await;
}

/// What mail programs post, which API Gateway hands over in base64.
async fn one_click() {
    let house = House::new().await;
    house.message(FIRST, |message| message.category = domain::Category::parse("marketing").unwrap()).await;
    let token = house.stage.context.keys.reference_token(Purpose::Unsubscribe, house.scope.tenant(), message_id(FIRST));
    let envelope = file("webhook-intake-one-click");
    assert!(envelope.contains(&token), "the token of {FIRST} is {token}");
    let issuer = Issuer::new(house.stage.clock.now()).unwrap();
    let router = intake(&house, &issuer);
    let id = ContactId::parse(CONTACT).unwrap();
    let granted = async || house.scope.find::<Contact>(id).await.unwrap().row.consents["email:marketing"].clone();
    assert!(granted().await.granted);
    for _ in 0..2 {
        assert_eq!(invoke(&router, &envelope).await.0, 200);
    }
    assert_eq!((granted().await.granted, granted().await.source.as_str()), (false, "one_click"));
    let declared = house.scope.page_below::<Declaration>(&id.hex(), 10, None).await.unwrap().rows;
    let evidence: Vec<_> = declared.into_iter().map(|kept| kept.row.evidence).collect();
    assert_eq!(evidence.iter().map(|one| one.ip.as_deref()).collect::<Vec<_>>(), [Some("192.0.2.10")], "as the gateway says");
    house.stage.drain().await;
    assert_eq!(house.found(FIRST).await.status(), Status::Rejected, "the gate sees it");
}

/// The images of a stream record, as the store would write the row.
fn images_are_ours(changes: &Value) {
    let records = changes["Records"].as_array().unwrap();
    let names: Vec<&str> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert!(["INSERT", "MODIFY", "REMOVE"].iter().all(|name| names.contains(name)), "{names:?}");
    let mut kinds = BTreeSet::new();
    for image in records.iter().flat_map(|record| [&record["dynamodb"]["NewImage"], &record["dynamodb"]["OldImage"]]) {
        kinds.extend(image["kind"]["S"].as_str());
        if image["kind"]["S"] == "message" {
            let row: Item = read(image.clone());
            let message: Message = serde_dynamo::from_item(row.clone()).unwrap();
            let written: Item = serde_dynamo::to_item(&message).unwrap();
            for (name, value) in &written {
                assert_eq!(row.get(name), Some(value), "{name} of {}", message.id);
            }
            let known = ["pk", "sk", "kind", "version", "due_pk", "due_sk", "evidence_rank"];
            let strange: Vec<_> =
                row.keys().filter(|name| !written.contains_key(*name) && !known.contains(&name.as_str())).collect();
            assert!(strange.is_empty(), "{strange:?}");
        }
    }
    assert_eq!(kinds, BTreeSet::from(["message", "room"]), "one kind is ours, one is nobody's");
}

async fn relay() {
    images_are_ours(&read(serde_json::from_str(&file("relay")).unwrap()));
    let queue = relay::queue::Memory::default();
    let clock = Clock::manual(Time::EPOCH);
    let relay = relay::Relay { queues: relay::Queues::memory(&queue), clock: clock.clone() };
    let changes: Changes = serde_json::from_str(&file("relay")).unwrap();
    let response = relay::handle(&relay, changes).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
    let jobs: Vec<(Task, u64)> = queue
        .take(Worker::Send, 10, clock.now())
        .iter()
        .map(|body| Job::decode(body).unwrap())
        .map(|job| (job.task, job.seq))
        .collect();
    let message = |id: &str| Task::Message(MessageId::parse(id).unwrap());
    assert_eq!(jobs, [(message(FIRST), 1), (message(SECOND), 2)]);
}

/// The entries of timelines that stand.
fn entries(rows: &[store::Item]) -> usize {
    rows.iter().filter(|row| exact::kind(row) == "entry" && !row.contains_key("withdrawn")).count()
}

async fn analytics() {
    images_are_ours(&read(serde_json::from_str(&file("analytics")).unwrap()));
    let memory = Memory::default();
    let store = Store::new(Table::Memory(memory.clone()));
    let analytics = analytics::Analytics { store, clock: Clock::manual(Time::EPOCH) };
    for _ in 0..2 {
        let changes: Changes = serde_json::from_str(&file("analytics")).unwrap();
        assert!(analytics::handle(&analytics, changes).await.unwrap().batch_item_failures.is_empty());
        let counted = exact::counted(&memory.rows());
        let all = counted.into_iter().filter(|(counter, _)| counter.1 == Dimension::All);
        let sums: BTreeMap<Figure, (String, Option<AccountId>, i64)> = all
            .map(|((_, _, way, hour, figure), count)| (figure, (hour.to_string(), Way::parse(&way).unwrap().account, count)))
            .collect();
        let account = AccountId::parse(ACCOUNT);
        let expected = [
            (Figure::Mark(Mark::Accepted), ("2026-03-02T08:00:00.000Z".to_owned(), None, 1)),
            (Figure::Mark(Mark::Sent), ("2026-03-02T09:00:00.000Z".to_owned(), account, 1)),
            (Figure::Mark(Mark::Delivered), ("2026-03-02T09:00:00.000Z".to_owned(), account, 1)),
        ];
        assert_eq!(sums, BTreeMap::from(expected));
        assert_eq!(entries(&memory.rows()), 2, "the contact's and the combined");
    }
}

async fn send() {
    let house = House::new().await;
    house.message(FIRST, |_| {}).await;
    house.message(SECOND, |message| (message.state, message.state_seq) = (State::Queued, 2)).await;
    let event: SqsEvent = serde_json::from_str(&file("send")).unwrap();
    let poison = event.records[1].message_id.clone().unwrap();
    let response = send::handle(&house.stage.sender, event).await;
    let failed: Vec<&str> = response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    assert_eq!(failed, [poison.as_str()], "what is no job comes again until it is parked; its neighbours are done");
    for id in [FIRST, SECOND] {
        assert_eq!(house.found(id).await.state, State::Sent);
    }
    assert_eq!(house.stage.sent().len(), 2);
    house.stage.drain().await;
}

async fn reminder_scan() {
    let house = House::new().await;
    let event: EventBridgeEvent = serde_json::from_str(&file("reminder-scan")).unwrap();
    let fired = Time::parse(&event.time.unwrap().to_rfc3339()).unwrap();
    for (id, until) in [(FIRST, fired.plus_seconds(1)), (SECOND, fired.plus_seconds(-1))] {
        let hold = Hold { why: Wait::Schedule, until };
        house.message(id, |message| (message.state, message.hold) = (State::Scheduled, Some(hold))).await;
    }
    house.stage.clock.advance(fired.since(house.stage.clock.now())).unwrap();
    let scanner = reminder_scan::Scanner { store: house.stage.store.clone(), clock: house.stage.clock.clone(), stays: false };
    let scanned = reminder_scan::handle(&scanner).await.unwrap();
    assert_eq!((scanned.moved, scanned.failed, scanned.unknown), (1, 0, 0));
    assert_eq!((house.found(FIRST).await.state, house.found(SECOND).await.state), (State::Scheduled, State::Queued));
    house.stage.drain().await;
}

#[tokio::test]
async fn every_envelope_has_its_effects() {
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        found,
        FILES.iter().map(|name| format!("{name}.json")).collect(),
        "files under events/aws, and those that are run"
    );
    for name in FILES {
        match name {
            "analytics" => analytics().await,
            "api" => api().await,
            "automation" => work::automation().await,
            "collect" => work::collect().await,
            "relay" => relay().await,
            "reminder-scan" => reminder_scan().await,
            "send" => send().await,
            "webhook-intake" => webhook_intake().await,
            "webhook-intake-one-click" => one_click().await,
            other => panic!("nobody runs {other}"),
        }
    }
}
