//! What becomes of tasks and deals is told on timelines, each time and once.

use domain::Entry;
use http::Method;
use serde_json::{Value, json};
use tests::person::person;
use tests::{Company, Story};

/// Type, status and user of each entry, newest first.
async fn told(acme: &Company<'_>, path: &str) -> Vec<String> {
    acme.story.drain().await;
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let page = acme.get(path).await;
    let entry = |entry: &Value| format!("{} {} {}", word(&entry["type"]), word(&entry["status"]), word(&entry["user"]));
    page["data"].as_array().unwrap().iter().map(entry).collect()
}

/// A second later somebody does that to it.
async fn then(company: &Company<'_>, method: Method, path: &str, body: &Value) {
    company.story.clock.advance(1_000).unwrap();
    let ask = company.ask(method, path);
    let ask = if body.is_null() { ask } else { ask.json(body) };
    let reply = ask.now().await;
    assert!(reply.status < 300, "{path} {body}: {}", reply.status);
}

#[tokio::test]
async fn a_task_that_is_called_off_taken_up_or_given_away_says_so() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (eve, bob) = (person(&acme, "eve", "agent").await, person(&acme, "bob", "agent").await);
    let team = json!({ "name": "Sales", "members": [{ "user": bob.id }] });
    let team = acme.post("/v1/teams", &team).await.is(201)["id"].clone();
    let ada = acme.contact("Ada", "ada@example.com").await;
    let task = json!({ "title": "Send the offer", "contact_id": ada.id, "assignee": eve.id });
    let task = eve.sees.post("/v1/tasks", &task).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/tasks/{task}");
    for (deed, body) in [
        ("/delegate", json!({ "user": bob.id })),
        ("/cancel", json!({ "reason": "too early" })),
        ("/reopen", json!({})),
        ("/transfer", json!({ "team": team })),
    ] {
        then(&eve.sees, Method::POST, &format!("{path}{deed}"), &body).await;
    }
    then(&eve.sees, Method::PATCH, &path, &json!({ "assignee": eve.id })).await;
    then(&eve.sees, Method::PATCH, &path, &json!({ "due_at": "2026-03-09T09:00:00Z" })).await;
    then(&bob.sees, Method::POST, &format!("{path}/complete"), &json!({})).await;
    let timeline = format!("/v1/contacts/{}/timeline?kind=task", ada.id);
    let expected = [
        format!("completed - {}", bob.id),
        format!("assigned - {}", eve.id),
        format!("transferred - {}", eve.id),
        format!("reopened - {}", eve.id),
        format!("cancelled - {}", eve.id),
        format!("delegated - {}", bob.id),
        format!("created - {}", eve.id),
    ];
    assert_eq!(told(&acme, &timeline).await, expected);
    assert_eq!(told(&acme, "/v1/timeline?kind=task").await, expected);

    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
    acme.delete(&path).await;
    for path in [timeline.as_str(), "/v1/timeline?kind=task"] {
        assert_eq!(told(&acme, path).await, [""; 0], "all of it goes with the task");
    }
}

#[tokio::test]
async fn a_deal_that_is_opened_again_or_becomes_another_says_so() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (eve, bob) = (person(&acme, "eve", "agent").await, person(&acme, "bob", "agent").await);
    let ada = acme.contact("Ada", "ada@example.com").await;
    let deal = json!({ "title": "Ten seats", "contact_id": ada.id, "value": "1200.50", "currency": "EUR", "owner": eve.id });
    let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/deals/{deal}");
    for change in [
        json!({ "value": "99" }),
        json!({ "stage": "offer" }),
        json!({ "owner": bob.id }),
        json!({ "value": null, "currency": null }),
    ] {
        then(&acme, Method::PATCH, &path, &change).await;
    }
    for (deed, body) in [("lose", json!({ "reason": "price" })), ("reopen", Value::Null), ("win", json!({}))] {
        then(&acme, Method::POST, &format!("{path}/{deed}"), &body).await;
    }
    let expected = [
        format!("won offer {}", bob.id),
        format!("reopened - {}", bob.id),
        format!("lost offer {}", bob.id),
        format!("value_changed - {}", bob.id),
        format!("owner_changed - {}", bob.id),
        format!("stage_changed offer {}", eve.id),
        format!("value_changed 99 EUR {}", eve.id),
        format!("created - {}", eve.id),
    ];
    let timelines = [format!("{path}/timeline"), format!("/v1/contacts/{}/timeline?kind=deal", ada.id)];
    for timeline in &timelines {
        assert_eq!(told(&acme, timeline).await, expected, "{timeline}");
    }
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
    acme.delete(&path).await;
    stage.pass(90_000).await;
    assert_eq!(told(&acme, &timelines[1]).await, [""; 0], "all of it goes with the deal");
}

/// A change is one entry on each timeline: what was told before is not written again because somebody else has the thing now.
#[tokio::test]
async fn a_new_owner_costs_one_entry_on_each_timeline() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bob = person(&acme, "bob", "agent").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let deal = acme.post("/v1/deals", &json!({ "title": "Ten seats", "contact_id": ada.id })).await.is(201)["id"].clone();
    let path = format!("/v1/deals/{}", deal.as_str().unwrap());
    then(&acme, Method::PATCH, &path, &json!({ "stage": "offer" })).await;
    stage.drain().await;
    let read = stage.memory.stream(0).len();
    then(&acme, Method::PATCH, &path, &json!({ "owner": bob.id })).await;
    stage.drain().await;
    let written = stage.memory.stream(read).iter().filter(|record| record.concerns::<Entry>()).count();
    assert_eq!(written, 3, "the deal's, the contact's and the combined one");
}
