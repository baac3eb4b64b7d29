//! Events that callers report by the house's own names, and batches of them.

use serde_json::{Value, json};
use tests::{Company, Story};

use super::{report, rule, run, runs};

/// A rule for a usual case, in force at once.
async fn adopted(company: &Company<'_>, name: &str) -> String {
    let made = company.post("/v1/rules/shipped", &json!({ "name": name })).await.is(201);
    let id = made["id"].as_str().unwrap().to_owned();
    company.patch(&format!("/v1/rules/{id}"), &json!({ "enabled": true, "delay": null })).await;
    id
}

async fn deal(company: &Company<'_>, words: Value) -> String {
    let mut body = json!({ "title": "Printers" });
    for (name, value) in words.as_object().unwrap() {
        body[name] = value.clone();
    }
    company.post("/v1/deals", &body).await.is(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_kept_elsewhere_is_reported_by_the_houses_own_names_and_starts_the_usual_rules() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let company = acme.post("/v1/companies", &json!({ "name": "Initech" })).await.is(201)["id"].clone();
    let deal = deal(&acme, json!({ "contact_id": ada.id, "company_id": company })).await;
    stage.drain().await;
    stage.clock.advance(1_000).unwrap();
    adopted(&acme, "welcome").await;
    adopted(&acme, "onboarding").await;
    let won = adopted(&acme, "deal-won").await;
    let moved = rule(&acme, &json!({ "trigger": "deal.stage_changed", "actions": [super::tag("moved")] })).await;

    let bob = json!({ "name": "contact.created", "address": "bob@example.com", "key": "crm-7", "data": { "tier": "gold" } });
    let first = report(&acme, &bob).await;
    assert_eq!(report(&acme, &bob).await, first);
    report(&acme, &json!({ "name": "user.created", "address": "dan@example.com", "data": { "name": "Dan" } })).await;
    let told = report(&acme, &json!({ "name": "deal.closed_won", "deal_id": deal })).await;
    assert_eq!((&told["contact"], &told["company_id"]), (&json!(ada.id), &company), "whose the deal is");
    report(&acme, &json!({ "name": "deal.stage_changed", "deal_id": deal, "address": "eve@example.com" })).await;
    stage.replay_stream();
    stage.drain().await;

    let letters: Vec<(String, String)> =
        stage.letters().into_iter().map(|letter| (letter.envelope.join(","), letter.subject)).collect();
    let expected = [
        ("bob@example.com", "Welcome to acme Ltd"),
        ("dan@example.com", "Getting started with acme Ltd"),
        ("ada@example.com", "Thank you, Ada"),
    ];
    assert_eq!(letters, expected.map(|(to, subject)| (to.to_owned(), subject.to_owned())));
    let thanked = run(&acme, &won).await;
    assert_eq!((&thanked["event"]["id"], &thanked["event"]["contact"]), (&told["id"], &json!(ada.id)));
    // Who is named is meant, whosever the deal is.
    assert_eq!(run(&acme, &moved).await["actions"][0]["why"], "the event is about no contact");
    let known = acme.get("/v1/rules/terms").await["events"].as_array().unwrap().clone();
    let both: Vec<&Value> =
        known.iter().filter(|it| it["own"] == true && it["reported"] == true).map(|it| &it["name"]).collect();
    assert_eq!(both, ["contact.created", "deal.closed_won", "deal.stage_changed", "user.created"]);
}

#[tokio::test]
async fn a_rule_that_raises_what_it_waits_for_comes_to_an_end() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let again = json!([{ "raise_event": { "name": "contact.created" } }]);
    let id = rule(&acme, &json!({ "trigger": "contact.created", "actions": again })).await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    stage.drain().await;
    let all = runs(&acme, &id).await;
    assert_eq!(all.len(), 2, "{all:#?}");
    let ended = all.iter().find(|run| run["state"] == "skipped").unwrap();
    assert!(ended["why"].as_str().unwrap().starts_with("It would go round"), "{ended}");
    assert_eq!(ended["event"]["contact"], json!(ada.id));
    assert_eq!(acme.get("/v1/events").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_even_be_read_of_a_batch_keeps_no_other_event_out() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let sound = json!({ "name": "invoice.paid" });
    let wrong = [
        (json!({ "name": "invoice.paid", "contact": "bogus" }), "/contact"),
        (json!({ "name": "invoice.paid", "shoe": 1 }), "/shoe"),
        (json!({ "name": 7 }), "/name"),
        (json!({}), "/name"),
        (json!({ "name": "invoice.paid", "occurred_at": "soon" }), "/occurred_at"),
        (json!("invoice.paid"), ""),
        (json!(["invoice.paid"]), ""),
        (json!({ "name": "paid" }), "/name"),
    ];
    let mut events: Vec<&Value> = wrong.iter().map(|(event, _)| event).collect();
    let pointers: Vec<String> = wrong.iter().enumerate().map(|(at, (_, place))| format!("/events/{at}{place}")).collect();
    let before = stage.rows();
    let refused = acme.post("/v1/events/batch", &json!({ "events": events })).await;
    assert_eq!(refused.problem(422, "invalid"), pointers, "none of them can be taken, and each says why");
    stage.nothing_changed_since(&before, "a batch of wrong events");

    events.push(&sound);
    let results = acme.post("/v1/events/batch", &json!({ "events": events })).await.is(202)["results"].clone();
    let places: Vec<&str> =
        results.as_array().unwrap()[..8].iter().map(|it| it["errors"][0]["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, pointers);
    assert_eq!((&results[8]["event"]["name"], &results[8]["errors"]), (&json!("invoice.paid"), &json!([])));
    assert_eq!(acme.get("/v1/events").await["data"], json!([results[8]["event"]]));
}
