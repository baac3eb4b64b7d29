//! What is told, to whom, and when it is said to have happened.

use local::provider::Deed;
use serde_json::json;
use tests::Story;
use tests::person::person;

use super::{report, rule, run, tag, tags};

#[tokio::test]
async fn what_becomes_of_a_message_is_told_when_it_happens_also_to_rules_made_since_it_was_sent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    rule(&acme, &json!({ "trigger": "message.clicked", "actions": [tag("curious")] })).await;
    acme.send(&ada, "welcome").await;
    stage.drain().await;
    stage.clock.advance(3_600_000).unwrap();
    let late = rule(&acme, &json!({ "trigger": "message.delivered", "actions": [tag("reached")] })).await;
    stage.clock.advance(3_600_000).unwrap();
    let now = stage.clock.now();
    stage.told(&stage.letters()[0], Deed::Deliver).await;
    let run = run(&acme, &late).await;
    assert_eq!((&run["state"], &run["event"]["occurred_at"]), (&json!("done"), &json!(now.to_string())));
    assert_eq!(tags(&acme, &ada).await, json!(["reached"]));
}

#[tokio::test]
async fn an_activity_that_not_everybody_sees_is_told_to_nobody() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let grace = person(&acme, "grace", "agent").await;
    let team =
        acme.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": grace.id }] })).await.is(201)["id"].clone();
    let raise = json!([{ "raise_event": { "name": "note.taken" } }]);
    let id = rule(&acme, &json!({ "trigger": "activity.created", "actions": raise })).await;
    for visibility in ["team", "private", "tenant"] {
        let note = json!({ "type": "note", "subject": visibility, "visibility": visibility, "team": team });
        grace.sees.post("/v1/activities", &note).await.is(201);
    }
    stage.drain().await;
    assert_eq!(run(&acme, &id).await["event"]["data"]["subject"], "tenant");
}

#[tokio::test]
async fn a_deal_that_is_deleted_is_told_with_whom_it_was_about() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let id = rule(&acme, &json!({ "trigger": "deal.deleted", "actions": [tag("lost")] })).await;
    let deal = acme.post("/v1/deals", &json!({ "title": "Printers", "contact_id": ada.id })).await.is(201)["id"].clone();
    acme.delete(&format!("/v1/deals/{}", deal.as_str().unwrap())).await;
    stage.drain().await;
    assert_eq!((&run(&acme, &id).await["event"]["deal_id"], tags(&acme, &ada).await), (&deal, json!(["lost"])));
}

#[tokio::test]
async fn a_report_that_comes_again_is_the_first_one_whatever_has_become_of_its_contact() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let event = json!({ "name": "shop.visited", "contact": ada.id, "key": "visit-1" });
    let first = report(&acme, &event).await;
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    assert_eq!(report(&acme, &event).await, first);
    let other = json!({ "name": "shop.visited", "contact": ada.id, "key": "visit-2" });
    assert_eq!(acme.post("/v1/events", &other).await.problem(422, "invalid"), ["/contact"]);
}

#[tokio::test]
async fn what_a_batch_is_about_is_read_once_for_all_of_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let batch = |events: usize| json!({ "events": vec![json!({ "name": "shop.visited", "contact": ada.id }); events] });
    acme.post("/v1/events/batch", &batch(1)).await.is(202);
    let mut bills = Vec::new();
    for events in [1, 50] {
        let before = stage.memory.bill();
        acme.post("/v1/events/batch", &batch(events)).await.is(202);
        let bill = stage.memory.bill().since(before);
        bills.push(bill.read_units);
        assert_eq!(bill.write_units, f64::from(u32::try_from(events).unwrap()));
    }
    assert_eq!(bills[0], bills[1]);
    stage.drain().await;
}
