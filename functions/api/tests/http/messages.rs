//! Messages: accepted once, followed, called off, explained.

use domain::flows::release::enter;
use domain::gate::{Answer as Gate, Check, Decision, Why};
use domain::message::{Message, State, Try, Verdict};
use domain::{Idempotency, idempotency};
use kernel::ids::MessageId;
use providers::{EventDetail, EventKind};
use serde_json::{Value, json};
use store::schema::attr;
use store::{Change, Cond, Outcome};

use crate::stage::Stage;

fn order() -> Value {
    json!({
        "to": {"email": "ada@example.com", "name": "Ada"},
        "template": "ticket",
        "variables": {"number": "4711", "title": "My parcel"},
        "metadata": {"order": 7, "share": 1.0, "huge": 1e300, "": null},
        "tags": ["support"],
    })
}

fn id_of(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

impl Stage {
    async fn change(&self, id: &str, change: Change) -> Message {
        match self.scope.change::<Message>(id_of(id), change, Cond::Present).await.unwrap() {
            Outcome::Done(message) => message.row,
            Outcome::Refused(_) => unreachable!(),
        }
    }

    /// What a sender does: the state, with a try that came to this verdict.
    async fn tried(&self, id: &str, state: State, verdict: Verdict, note: &str) {
        let now = self.clock.now();
        let attempt = Try {
            n: 1,
            account: None,
            at: now,
            ms: None,
            verdict,
            id: Some("p-1".to_owned()),
            note: Some(note.to_owned()),
            cost: None,
            passed: Vec::new(),
        };
        let change = enter(state, now).append(attr::TRIES, store::scope::value(&attempt).unwrap()).add(attr::ATTEMPT, 1);
        self.change(id, change).await;
    }

    async fn told(&self, id: &str, kind: EventKind, agent: Option<&str>) {
        let event = providers::Event {
            kind,
            at: self.clock.now(),
            id: format!("{kind:?} {agent:?}"),
            tag: None,
            provider_id: None,
            recipient: None,
            detail: EventDetail { agent: agent.map(str::to_owned), ..EventDetail::default() },
        };
        domain::flows::report::report(&self.context, &self.scope, id_of(id), &event).await.unwrap();
    }
}

#[tokio::test]
async fn a_message_is_accepted_and_found_as_it_was_told() {
    let stage = Stage::new().await;
    let before = stage.writes();
    let small = json!({"to": {"email": "ada@example.com"}, "template": "ticket", "variables": {"number": "1", "title": "x"}});
    let first = stage.post("/v1/messages", small).await.is(202);
    assert_eq!(stage.writes() - before, 1.0);
    assert_eq!(first.header("location"), format!("/v1/messages/{}", first.id()));
    let found = stage.get(first.header("location")).await.is(200);
    assert_eq!((found.text, found.headers["etag"].clone()), (first.text.clone(), first.headers["etag"].clone()));
    let view = first.json();
    assert_eq!(view["status"], "accepted");
    assert_eq!(view["template"]["version"], 1);
    assert_eq!(view["created_at"], "2026-03-10T09:30:00.000Z");
    assert_eq!(view["engagement"], json!([]));
}

#[tokio::test]
async fn a_repeated_request_costs_one_write_and_has_the_first_answer() {
    let stage = Stage::new().await;
    let before = stage.writes();
    stage.post("/v1/messages", order()).await.is(202);
    let plain = stage.writes() - before;
    let before = stage.writes();
    let first = stage.keyed("/v1/messages", "k-1", &order()).await.is(202);
    assert_eq!(stage.writes() - before, plain + 1.0);
    assert_eq!(first.header("idempotency-replayed"), "");

    stage.clock.advance(3_600_000).unwrap();
    stage.tried(&first.id(), State::Sent, Verdict::Sent, "").await;
    stage.told(&first.id(), EventKind::Delivered, None).await;
    let again = stage.keyed("/v1/messages", "k-1", &order()).await.is(202);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.text, first.text);
    for name in ["etag", "location", "content-type"] {
        assert_eq!(again.headers.get(name), first.headers.get(name), "{name}");
    }
    assert!(first.text.contains(r#""metadata":{"":null,"huge":1e+300,"order":7,"share":1.0}"#), "{}", first.text);

    let mut other = order();
    other["tags"] = json!(["other"]);
    let reused = stage.keyed("/v1/messages", "k-1", &other).await.is(422);
    assert_eq!(reused.json()["type"], "/problems/idempotency-key-reused");
    stage.clock.advance(24 * 3_600_000).unwrap();
    let later = stage.keyed("/v1/messages", "k-1", &other).await.is(202);
    assert_ne!(later.id(), first.id());
}

#[tokio::test]
async fn a_refused_request_frees_its_key() {
    let stage = Stage::new().await;
    let mut bad = order();
    bad["variables"] = json!({"number": 4711});
    let refused = stage.keyed("/v1/messages", "k", &bad).await.is(422);
    assert_eq!(refused.faults().len(), 2, "{}", refused.text);
    stage.keyed("/v1/messages", "k", &order()).await.is(202);
}

#[tokio::test]
async fn a_request_that_died_is_finished_under_its_id() {
    let stage = Stage::new().await;
    let text = order().to_string();
    let keys = &stage.context.keys;
    let id = MessageId::new(&stage.context.ids, &stage.clock);
    let now = stage.clock.now();
    let row = Idempotency {
        key: Idempotency::digest(keys, "k"),
        request: Idempotency::request(keys, "POST", "/v1/messages", text.as_bytes()),
        id: id.to_string(),
        at: now,
        lease: now.plus_seconds(idempotency::LEASE_SECONDS),
        answer: None,
    };
    assert!(stage.scope.create(&row).await.unwrap());
    let busy = stage.keyed("/v1/messages", "k", &order()).await.is(409);
    assert_eq!(busy.json()["type"], "/problems/idempotency-key-in-use");
    assert_eq!(busy.header("retry-after"), "1");
    stage.clock.advance(31_000).unwrap();
    let first = stage.keyed("/v1/messages", "k", &order()).await.is(202);
    assert_eq!(first.id(), id.to_string());
    assert_eq!(first.json()["created_at"], "2026-03-10T09:30:00.000Z");
    assert_eq!(stage.keyed("/v1/messages", "k", &order()).await.is(202).text, first.text);
}

#[tokio::test]
async fn what_was_deleted_is_not_made_anew_by_a_repetition() {
    let stage = Stage::new().await;
    let first = stage.keyed("/v1/messages", "k", &order()).await.is(202).id();
    stage.delete(&format!("/v1/messages/{first}")).await.is(409);
    stage.tried(&first, State::Sent, Verdict::Sent, "").await;
    stage.delete(&format!("/v1/messages/{first}")).await.is(204);
    stage.get(&format!("/v1/messages/{first}")).await.is(404);
    stage.clock.advance(60_000).unwrap();
    stage.keyed("/v1/messages", "k", &order()).await.is(409);
    assert_eq!(stage.get("/v1/messages").await.json()["data"], json!([]));
}

#[tokio::test]
async fn faults_point_to_their_place_and_nothing_is_written() {
    let stage = Stage::new().await;
    let before = stage.memory.rows().len();
    for (body, place, code) in [
        (json!({"to": {"email": "nobody"}, "template": "ticket"}), "/to/email", "type"),
        (json!({"to": {"email": "a@b.example"}, "content": {"subject": "s", "htm": "x"}}), "/content/htm", "unknown_field"),
        (json!({"to": {"email": "a@b.example"}, "content": {"subject": "s", "html": "{% if %}"}}), "/content/html", "template"),
        (json!({"to": {"email": "a@b.example"}, "content": {"subject": "{{ x }}", "text": "t"}}), "/variables/x", "missing"),
        (json!({"to": {"email": "a@b.example"}, "template": "nothing"}), "/template", "unknown"),
        (json!({"to": {}, "template": "ticket"}), "/to", "recipient"),
        (json!({"template": "ticket"}), "/to", "required"),
        (json!({"to": {"email": "a@b.example"}, "template": "ticket", "send_at": "2020-01-01T00:00:00Z"}), "/send_at", "past"),
        (
            json!({"to": {"email": "a@b.example"}, "content": {"subject": "s", "text": "t", "html": "h".repeat(250_000)},
                   "variables": {"x": "v".repeat(200_000)}}),
            "/content",
            "too_long",
        ),
    ] {
        let refused = stage.keyed("/v1/messages", "k", &body).await.is(422);
        assert_eq!(refused.faults(), [(place.to_owned(), code.to_owned())]);
    }
    assert_eq!(stage.memory.rows().len(), before);
    let long = "k".repeat(256);
    let refused = stage.keyed("/v1/messages", &long, &order()).await.is(422);
    assert_eq!(refused.faults(), [("Idempotency-Key".to_owned(), "length".to_owned())]);
    stage.send("POST", "/v1/messages", &[], "{").await.is(400);
    let huge = format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20));
    stage.send("POST", "/v1/messages", &[("idempotency-key", "k")], &huge).await.is(413);
    stage.send("POST", "/v1/messages", &[("authorization", "Bearer nobody")], "{}").await.is(401);
}

#[tokio::test]
async fn a_message_is_called_off_and_sent_again() {
    let stage = Stage::new().await;
    let mut later = order();
    later["send_at"] = json!("2026-03-11T00:00:00Z");
    let made = stage.post("/v1/messages", later).await.is(202);
    assert_eq!(made.json()["hold"], json!({"why": "schedule", "until": "2026-03-11T00:00:00.000Z"}));
    let path = made.header("location").to_owned();
    stage.post(&format!("{path}/retry"), json!({})).await.is(409);
    let cancelled = stage.send("POST", &format!("{path}/cancel"), &[], "").await.is(200);
    assert_eq!((&cancelled.json()["status"], &cancelled.json()["hold"]), (&json!("cancelled"), &json!(null)));
    let again = stage.send("POST", &format!("{path}/cancel"), &[], "").await.is(200);
    assert_eq!(again.text, cancelled.text);
    assert_eq!(stage.send("POST", &format!("{path}/retry"), &[], "").await.is(200).json()["status"], "queued");

    let id = made.id();
    stage.tried(&id, State::Unknown, Verdict::Unknown, "no answer").await;
    stage.told(&id, EventKind::Opened, None).await;
    let refused = stage.send("POST", &format!("{path}/retry"), &[], "").await.is(409);
    assert_eq!(refused.json()["detail"], "The message is unknown.");
    let missing = "/v1/messages/msg_00000000000070008000000000000000";
    for action in ["cancel", "retry"] {
        stage.send("POST", &format!("{missing}/{action}"), &[], "").await.is(404);
    }
}

#[tokio::test]
async fn what_people_and_programs_did_is_told_apart() {
    let stage = Stage::new().await;
    let id = stage.post("/v1/messages", order()).await.is(202).id();
    stage.tried(&id, State::Sent, Verdict::Sent, "").await;
    stage.told(&id, EventKind::Opened, Some("GoogleImageProxy")).await;
    stage.clock.advance(1000).unwrap();
    stage.told(&id, EventKind::Opened, Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")).await;
    stage.told(&id, EventKind::Opened, Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/141.0")).await;
    stage.told(&id, EventKind::Delivered, None).await;
    let view = stage.get(&format!("/v1/messages/{id}")).await.is(200).json();
    assert_eq!(view["status"], "delivered");
    assert_eq!(view["provider_id"], "p-1");
    assert_eq!(
        view["engagement"],
        json!([
            {"kind": "opened", "machine": true, "first_at": "2026-03-10T09:30:00.000Z", "count": 1},
            {"kind": "opened", "machine": false, "first_at": "2026-03-10T09:30:01.000Z", "count": 2},
        ])
    );
    assert_eq!(view["events"].as_array().unwrap().len(), 4);
    assert_eq!(view["metadata"]["order"], 7);
}

#[tokio::test]
async fn a_trace_says_why() {
    let stage = Stage::new().await;
    let id = stage.post("/v1/messages", order()).await.is(202).id();
    let path = format!("/v1/messages/{id}/trace");
    let fresh = stage.get(&path).await.is(200).json();
    assert_eq!((&fresh["gate"]["decision"], &fresh["gate"]["checks"][0]["result"]), (&json!("open"), &json!("not_reached")));

    let now = stage.clock.now();
    let stop = Gate { time: now, by: Some(Check::Suppression), decision: Decision::Stop(Why::HardBounce) };
    let change = enter(State::Rejected, now).set(attr::GATE, store::scope::value(&stop).unwrap());
    stage.change(&id, change).await;
    let trace = stage.get(&path).await.is(200).json();
    assert_eq!(trace["why"], "It was not sent, because the mailbox does not exist: an earlier message came back for good.");
    let results: Vec<_> =
        trace["gate"]["checks"].as_array().unwrap().iter().map(|check| check["result"].as_str().unwrap()).collect();
    let (reached, rest) = results.split_at(5);
    assert_eq!(reached, ["passed", "passed", "passed", "passed", "failed"]);
    assert!(!rest.is_empty() && rest.iter().all(|result| *result == "not_reached"), "{rest:?}");
    assert_eq!(trace["gate"]["decision"], "stop");

    stage.tried(&id, State::Failed, Verdict::Retry, "421 try later").await;
    let trace = stage.get(&path).await.is(200).json();
    assert_eq!(trace["why"], "Every try failed; the last: 421 try later.");
    assert_eq!(trace["tries"][0]["verdict"], "retry");
    stage.tried(&id, State::Sent, Verdict::Sent, "").await;
    stage.told(&id, EventKind::Delivered, None).await;
    let trace = stage.get(&path).await.is(200).json();
    assert_eq!(trace["why"], "The recipient's server took it at 2026-03-10T09:30:00.000Z.");
}

#[tokio::test]
async fn a_list_is_filtered_and_paged() {
    let stage = Stage::new().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let mut order = order();
        order["tags"] = json!([if number % 2 == 0 { "even" } else { "odd" }]);
        made.push(stage.post("/v1/messages", order).await.is(202).id());
        stage.clock.advance(1000).unwrap();
    }
    stage.send("POST", &format!("/v1/messages/{}/cancel", made[3]), &[], "").await.is(200);
    let ids = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = stage.get("/v1/messages?tag=even&limit=3&fields=status").await.is(200).json();
    assert_eq!(ids(&first), [made[6].clone(), made[4].clone(), made[2].clone()]);
    assert_eq!(first["data"][0].as_object().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let second = stage.get(&format!("/v1/messages?tag=even&limit=3&after={next}")).await.is(200).json();
    assert_eq!((ids(&second), &second["has_more"]), (vec![made[0].clone()], &json!(false)));
    stage.get(&format!("/v1/messages?tag=odd&after={next}")).await.is(422);
    assert_eq!(ids(&stage.get("/v1/messages?status=cancelled").await.json()), [made[3].clone()]);
    let span = "/v1/messages?since=2026-03-10T09:30:02Z&until=2026-03-10T09:30:04Z&channel=email&category=transactional";
    assert_eq!(ids(&stage.get(span).await.json()), [made[3].clone(), made[2].clone()]);
    assert_eq!(stage.get("/v1/messages?metadata=1").await.is(422).faults()[0].0, "metadata");
    assert_eq!(stage.get("/v1/messages?status=gone").await.is(422).faults()[0].0, "status");
    assert_eq!(stage.get("/v1/messages?limit=0").await.is(422).faults()[0].0, "limit");
}
