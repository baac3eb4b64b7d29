//! Completing a task, with the activity that it was and the task that follows: all of it, or nothing.

use http::Method;
use serde_json::{Value, json};
use store::memory::Fault;
use tests::person::{Person, person};
use tests::{Company, Reply, Story};

async fn made(company: &Company<'_>, noun: &str, words: Value) -> String {
    company.post(&format!("/v1/{noun}"), &words).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// The titles of a list, in its order.
async fn titles(company: &Company<'_>, query: &str) -> Vec<String> {
    let page = company.get(&format!("/v1/tasks?{query}")).await;
    page["data"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// Ada calls Eve about some seats, and is to send an offer then.
struct Call {
    path: String,
    eve: String,
    seats: String,
}

async fn call(acme: &Company<'_>, ada: &Person<'_>) -> Call {
    let eve = acme.contact("Eve", "eve@example.com").await.id;
    let seats = made(acme, "deals", json!({ "title": "Seats" })).await;
    let words = json!({ "title": "Call Eve", "assignee": ada.id, "contact_id": eve, "deal_id": seats });
    Call { path: format!("/v1/tasks/{}", made(&ada.sees, "tasks", words).await), eve, seats }
}

fn done() -> Value {
    json!({
        "outcome": "She buys.",
        "activity": { "type": "call", "outcome": "positive", "duration": 300, "direction": "outbound", "description": "w".repeat(500) },
        "next": { "title": "Send the offer", "due_at": "2026-03-03T09:00:00Z", "priority": "high" },
    })
}

#[tokio::test]
async fn completing_a_task_logs_what_was_done_and_makes_what_follows() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let Call { path, eve, seats } = call(&acme, &ada).await;
    let task = ada.sees.post(&format!("{path}/complete"), &done()).await.is(200);
    assert_eq!((&task["status"], &task["outcome"]), (&json!("completed"), &json!("She buys.")));

    let logged = acme.get(&format!("/v1/activities/{}", task["logged"].as_str().unwrap())).await;
    assert_eq!(
        (&logged["subject"], &logged["type"], &logged["status"]),
        (&json!("Call Eve"), &json!("call"), &json!("completed"))
    );
    assert_eq!((&logged["contact_id"], &logged["deal_id"], &logged["task_id"]), (&json!(eve), &json!(seats), &task["id"]));
    assert_eq!((&logged["outcome"], &logged["duration"], &logged["owner"]), (&json!("positive"), &json!(300), &json!(ada.id)));
    assert_eq!((&logged["completed_at"], logged["description"].as_str().unwrap().len()), (&task["ended_at"], 500));

    let next = acme.get(&format!("/v1/tasks/{}", task["follow_up"].as_str().unwrap())).await;
    assert_eq!(
        (&next["kind"], &next["title"], &next["assignee"]),
        (&json!("follow_up"), &json!("Send the offer"), &json!(ada.id))
    );
    assert_eq!((&next["contact_id"], &next["deal_id"], &next["activity_id"]), (&json!(eve), &json!(seats), &logged["id"]));
    assert_eq!(titles(&ada.sees, "list=mine").await, ["Send the offer"]);
    assert_eq!(titles(&acme, &format!("deal_id={seats}")).await, ["Send the offer"]);
    stage.drain().await;
    let timeline = acme.get(&format!("/v1/deals/{seats}/timeline")).await;
    let mut told: Vec<&str> =
        timeline["data"].as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["call", "completed", "created", "created", "created"], "the deal, two tasks, one done, and the call");

    // Once more, whatever is said: nothing happens.
    let before = stage.rows();
    let again = ada.sees.post(&format!("{path}/complete"), &done()).await.is(200);
    assert_eq!((&again["logged"], &again["follow_up"]), (&task["logged"], &task["follow_up"]));
    stage.nothing_changed_since(&before, "a task that is completed already");

    // What follows may be for somebody else, and about something else.
    let words = json!({ "next": { "title": "Pack", "kind": "task", "assignee": bob.id, "deal_id": null } });
    let offer = format!("/v1/tasks/{}/complete", next["id"].as_str().unwrap());
    let offer = ada.sees.post(&offer, &words).await.is(200);
    assert_eq!((&offer["logged"], titles(&bob.sees, "list=mine").await), (&Value::Null, vec!["Pack".to_owned()]));
    assert!(titles(&acme, &format!("deal_id={seats}")).await.is_empty());
    stage.drain().await;
    assert_eq!(bob.sees.get("/v1/notifications").await["data"][0]["about"], "assigned");
}

#[tokio::test]
async fn what_follows_finds_an_assignee_and_the_loads_stay_right() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let members = json!([{ "user": ada.id }, { "user": bob.id }]);
    let sales = made(&acme, "teams", json!({ "name": "Sales", "members": members })).await;
    let turns = |title: &str| json!({ "title": title, "assign": { "strategy": "round_robin", "team": sales } });
    let first = acme.post("/v1/tasks", &turns("One")).await.is(201);
    assert_eq!(first["assignee"], json!(ada.id));
    let path = format!("/v1/tasks/{}/complete", first["id"].as_str().unwrap());
    let second = acme.post(&path, &json!({ "next": turns("Two") })).await.is(200)["follow_up"].clone();
    assert_eq!(titles(&bob.sees, "list=mine").await, ["Two"], "it is Bob's turn");
    let path = format!("/v1/tasks/{}/complete", second.as_str().unwrap());
    acme.post(&path, &json!({ "next": { "title": "Three" } })).await.is(200);
    assert_eq!(titles(&bob.sees, "list=mine").await, ["Three"], "whoever has it goes on");
    let load = json!({ "title": "Four", "assign": { "strategy": "load", "team": sales } });
    assert_eq!(acme.post("/v1/tasks", &load).await.is(201)["assignee"], json!(ada.id), "Bob has one, and Ada none");
    stage.drain().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_place_and_the_task_stays_open() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    let Call { path, .. } = call(&acme, &ada).await;
    let site = json!({ "object": "activity", "key": "site", "kind": "url", "required": true });
    made(&acme, "fields", site).await;
    let activity = json!({ "type": "call", "fields": { "site": "https://example.com" } });
    let before = stage.rows();
    for (body, pointer) in [
        (json!({ "activity": { "subject": "A" } }), "/activity/type"),
        (json!({ "activity": { "type": "call" } }), "/activity/fields/site"),
        (json!({ "activity": { "type": "call", "duration": 4_000_000, "fields": activity["fields"] } }), "/activity/duration"),
        (json!({ "activity": activity, "next": {} }), "/next/title"),
        (json!({ "activity": activity, "next": { "title": "A", "recurrence": "FREQ=DAILY" } }), "/next/due_at"),
        (
            json!({ "next": { "title": "A", "assignee": ada.id, "assign": { "strategy": "load", "team": "tea_0195527c0d7b7c3e8a51d2b0f3a94c11" } } }),
            "/next/assign",
        ),
        (json!({ "outcome": "x".repeat(5_000) }), "/outcome"),
    ] {
        assert_eq!(ada.sees.post(&format!("{path}/complete"), &body).await.problem(422, "invalid"), [pointer], "{body}");
    }
    // Somebody changed it meanwhile.
    let stale = ada.sees.ask(Method::POST, &format!("{path}/complete")).header("if-match", "\"7\"").json(&done());
    stale.now().await.problem(412, "stale");
    stage.nothing_changed_since(&before, "completions that cannot be");
    ada.sees.post(&format!("{path}/cancel"), &json!({})).await.is(200);
    let before = stage.rows();
    ada.sees.post(&format!("{path}/complete"), &json!({ "activity": activity })).await.problem(409, "conflict");
    stage.nothing_changed_since(&before, "a task that was called off");
    stage.drain().await;
}

/// Every call of the request is struck by every fault; then it comes again, with the key of the first and without.
#[tokio::test]
async fn wherever_the_request_dies_one_activity_and_one_task_are_made() {
    let mut runs = 0;
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict] {
        for at in 0.. {
            let stage = Story::begin().await;
            let acme = stage.bare_tenant("acme").await;
            let ada = person(&acme, "ada", "agent").await;
            let Call { path, .. } = call(&acme, &ada).await;
            let ask =
                || ada.sees.ask(Method::POST, &format!("{path}/complete")).header("idempotency-key", "done").json(&done());
            stage.faults.strike(stage.faults.calls() + at, fault);
            drop::<Option<Reply>>(ask().attempt().await);
            let struck = !stage.faults.struck().is_empty();
            stage.faults.calm();
            stage.clock.advance(31_000).unwrap();
            let task = ask().now().await.is(200);
            assert_eq!(ada.sees.post(&format!("{path}/complete"), &done()).await.is(200)["logged"], task["logged"]);
            let label = format!("{fault:?} at call {at}");
            assert_eq!((stage.rows_of("activity").len(), stage.rows_of("text").len()), (1, 1), "{label}");
            assert_eq!(stage.rows_of("task").len(), 2, "{label}");
            assert_eq!(titles(&ada.sees, "list=mine").await, ["Send the offer"], "{label}");
            let open: Vec<_> = stage.rows_of("workload").iter().map(|row| row["open"].clone()).collect();
            assert_eq!(open, [store::change::n(1)], "{label}");
            stage.drain().await;
            runs += 1;
            if !struck {
                break;
            }
        }
    }
    assert!(runs > 20, "{runs}");
}
