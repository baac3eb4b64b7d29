//! The same request has one effect, however often it is sent and wherever it dies.

use http::Method;
use serde_json::{Value, json};
use store::memory::Fault;
use tests::{Ask, Company, Reply, Story};

fn hello() -> Value {
    json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "metadata": { "order": "4711" } })
}

fn keyed<'s>(company: &Company<'s>, path: &str, key: &str, body: &Value) -> Ask<'s> {
    company.ask(Method::POST, path).header("idempotency-key", key).json(body)
}

/// What POST requests make: path, body, kind of row.
fn makings() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/v1/messages", hello(), "message"),
        ("/v1/contacts", json!({ "first_name": "Ada", "emails": ["ada@example.com"] }), "contact"),
        ("/v1/templates", json!({ "name": "hello" }), "template"),
        ("/v1/api-keys", json!({ "name": "robot", "role": "agent" }), "api_key"),
        ("/v1/users", json!({ "name": "Ada", "email": "ada@acme.example", "role": "agent", "subject": "ada" }), "user"),
        ("/v1/suppressions", json!({ "channel": "email", "address": "eve@example.com" }), "suppression"),
        ("/v1/accounts", json!({ "name": "B", "provider": "capture", "from": { "email": "b@acme.example" } }), "account"),
    ]
}

fn same(first: &Reply, again: &Reply) {
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{}", again.asked);
    assert_eq!((first.status, &first.bytes), (again.status, &again.bytes), "{}", again.asked);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{} {name}", again.asked);
    }
}

#[tokio::test]
async fn the_same_request_is_answered_with_the_same_bytes() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (path, body, kind) in makings() {
        let before = stage.rows_of(kind).len();
        let first = keyed(&acme, path, path, &body).now().await;
        assert!(matches!(first.status, 201 | 202), "{path}: {}", first.status);
        assert_eq!(first.header("idempotency-replayed"), None);
        for hours in [0, 1, 22] {
            // A message moves on meanwhile; its answer does not.
            stage.pass(hours * 3_600).await;
            let rows = stage.rows_of(kind);
            same(&first, &keyed(&acme, path, path, &body).now().await);
            assert_eq!(stage.rows_of(kind), rows);
        }
        assert_eq!(stage.rows_of(kind).len(), before + 1, "{path}: one effect");
    }
    stage.drain().await;
    stage.letter();
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (path, body, _) in makings() {
        keyed(&acme, path, path, &body).now().await;
        let before = stage.rows();
        let mut other = body.clone();
        let name =
            ["name", "first_name", "address", "locale"].into_iter().find(|name| body.get(*name).is_some()).unwrap_or("locale");
        other[name] = json!(if name == "address" { "zoe@example.com" } else { "de" });
        keyed(&acme, path, path, &other).now().await.problem(422, "idempotency-key-reused");
        let spaced = acme.ask(Method::POST, path).header("idempotency-key", path).body("application/json", format!("{body} "));
        spaced.now().await.problem(422, "idempotency-key-reused");
        stage.nothing_changed_since(&before, path);
    }
    // A key belongs to one path.
    keyed(&acme, "/v1/contacts", "shared", &json!({ "first_name": "A" })).now().await.is(201);
    keyed(&acme, "/v1/templates", "shared", &json!({ "name": "a" })).now().await.problem(422, "idempotency-key-reused");
    stage.drain().await;
}

#[tokio::test]
async fn after_a_day_the_key_is_forgotten() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (path, body) in [("/v1/messages", hello()), ("/v1/contacts", json!({ "first_name": "Ada" }))] {
        let first = keyed(&acme, path, path, &body).now().await;
        stage.pass(86_399).await;
        same(&first, &keyed(&acme, path, path, &body).now().await);
        stage.pass(1).await;
        let next = keyed(&acme, path, path, &body).now().await;
        assert_eq!(next.header("idempotency-replayed"), None, "{path}");
        assert_ne!(first.body["id"], next.body["id"]);
        same(&next, &keyed(&acme, path, path, &body).now().await);
    }
    // Rows that have expired are deleted some time later, and that changes nothing.
    assert!(stage.memory.sweep(stage.clock.now().plus_seconds(86_400)) > 0);
    stage.drain().await;
    assert_eq!(stage.letters().len(), 2);
}

#[tokio::test]
async fn a_refusal_uses_up_no_key() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (path, wrong, right) in [
        ("/v1/messages", json!({ "to": { "email": "ada@example.com" }, "template": "welcom" }), hello()),
        ("/v1/contacts", json!({ "emails": ["nobody"] }), json!({ "emails": ["ada@example.com"] })),
    ] {
        let before = stage.rows();
        keyed(&acme, path, path, &wrong).now().await.problem(422, "invalid");
        stage.nothing_changed_since(&before, path);
        assert!(matches!(keyed(&acme, path, path, &right).now().await.status, 201 | 202));
    }
    let long = "k".repeat(256);
    for key in ["", long.as_str()] {
        for path in ["/v1/messages", "/v1/contacts"] {
            assert_eq!(keyed(&acme, path, key, &hello()).now().await.problem(422, "invalid"), ["@Idempotency-Key"]);
        }
    }
    stage.drain().await;
}

#[tokio::test]
async fn many_at_once_have_one_effect() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (path, body, kind) in makings() {
        let before = stage.rows_of(kind).len();
        let mut made = Vec::new();
        for _ in 0..4 {
            let ask = || keyed(&acme, path, path, &body).now();
            let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
            made.extend([a, b, c, d]);
        }
        for reply in &made {
            if reply.status == 409 {
                reply.problem(409, "idempotency-key-in-use");
                assert_eq!(reply.header("retry-after"), Some("1"));
            } else {
                assert_eq!(reply.bytes, made[0].bytes, "{path}");
            }
        }
        assert_eq!(stage.rows_of(kind).len(), before + 1, "{path}");
    }
    stage.drain().await;
    stage.letter();
}

/// Dies at every port call of a request, before it takes effect and after, and comes again.
#[tokio::test]
async fn a_request_that_died_half_way_is_completed_and_not_repeated() {
    for (path, body, kind) in makings() {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let (mut crashes, mut in_flight) = (0, 0);
            for at in 0.. {
                let stage = Story::begin().await;
                let acme = stage.tenant("acme").await;
                acme.get("/v1/tenant").await;
                let before = stage.rows_of(kind).len();
                stage.faults.strike(stage.faults.calls() + at, fault);
                let died = keyed(&acme, path, "crash", &body).attempt().await.is_none();
                stage.faults.calm();
                if !died {
                    stage.drain().await;
                    break;
                }
                crashes += 1;
                let soon = keyed(&acme, path, "crash", &body).now().await;
                if soon.status == 409 {
                    soon.problem(409, "idempotency-key-in-use");
                    in_flight += 1;
                }
                stage.clock.advance(31_000).unwrap();
                let done = keyed(&acme, path, "crash", &body).now().await;
                assert!(matches!(done.status, 201 | 202), "{path} {fault:?} at {at}: {}", String::from_utf8_lossy(&done.bytes));
                same(&done, &keyed(&acme, path, "crash", &body).now().await);
                assert_eq!(stage.rows_of(kind).len(), before + 1, "{path} {fault:?} at {at}");
                stage.drain().await;
                assert_eq!(stage.letters().len(), usize::from(path == "/v1/messages"));
            }
            assert!(crashes >= 2 && in_flight > 0, "{path}: {crashes} points, {in_flight} in flight");
        }
    }
}

/// A version is numbered when it is written: the same request must not count twice.
#[tokio::test]
async fn a_version_whose_request_died_is_added_once() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter] {
        let mut crashes = 0;
        for at in 0.. {
            let stage = Story::begin().await;
            let acme = stage.tenant("acme").await;
            let id = acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned();
            let path = format!("/v1/templates/{id}/versions");
            let body = json!({ "contents": { "en": { "subject": "Hi", "text": "Hi" } }, "note": "new" });
            stage.faults.strike(stage.faults.calls() + at, fault);
            let died = keyed(&acme, &path, "crash", &body).attempt().await.is_none();
            stage.faults.calm();
            if !died {
                break;
            }
            crashes += 1;
            stage.clock.advance(31_000).unwrap();
            let done = keyed(&acme, &path, "crash", &body).now().await;
            same(&done, &keyed(&acme, &path, "crash", &body).now().await);
            assert_eq!(done.is(201)["number"], 2, "{fault:?} at {at}");
            assert_eq!(acme.get(&path).await["data"].as_array().unwrap().len(), 2, "{fault:?} at {at}");
            // Another key is another wish, also when it says the same.
            stage.clock.advance(1).unwrap();
            assert_eq!(keyed(&acme, &path, "again", &body).now().await.is(201)["number"], 3);
        }
        assert!(crashes > 3, "only {crashes} points were tried");
    }
}

/// The answer says nothing of what happened since; what is deleted is not made again.
#[tokio::test]
async fn a_deleted_message_is_not_sent_again_under_its_key() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let first = keyed(&acme, "/v1/messages", "once", &hello()).now().await.is(202);
    stage.drain().await;
    acme.delete(&format!("/v1/messages/{}", first["id"].as_str().unwrap())).await;
    stage.pass(60).await;
    keyed(&acme, "/v1/messages", "once", &hello()).now().await.problem(409, "conflict");
    stage.pass(86_400).await;
    keyed(&acme, "/v1/messages", "once", &hello()).now().await.is(202);
    stage.drain().await;
    assert_eq!(stage.letters().len(), 2);
}

#[tokio::test]
async fn a_change_with_a_key_happens_once_too() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let path = format!("/v1/contacts/{}", ada.id);
    let change = || acme.ask(Method::PATCH, &path).header("idempotency-key", "p").json(&json!({ "first_name": "Eve" }));
    let first = change().now().await;
    acme.patch(&path, &json!({ "first_name": "Zoe" })).await;
    same(&first, &change().now().await);
    assert_eq!(acme.get(&path).await["first_name"], "Zoe", "the old change does not come back");

    let message = acme.send(&ada, "welcome").await;
    let cancel = || acme.ask(Method::POST, &format!("/v1/messages/{}/cancel", message.id)).header("idempotency-key", "c");
    let first = cancel().now().await;
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    same(&first, &cancel().now().await);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn a_key_costs_a_message_one_write_unit() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.post("/v1/messages", &hello()).await.is(202);
    let mut costs = Vec::new();
    for key in [None, Some("first"), None, Some("second")] {
        let before = stage.memory.bill();
        match key {
            Some(key) => drop(keyed(&acme, "/v1/messages", key, &hello()).now().await.is(202)),
            None => drop(acme.post("/v1/messages", &hello()).await.is(202)),
        }
        let bill = stage.memory.bill().since(before);
        costs.push((bill.write_units, bill.read_units));
    }
    assert_eq!(costs, [(1.0, 0.0), (2.0, 0.0), (1.0, 0.0), (2.0, 0.0)]);
    stage.drain().await;
}
