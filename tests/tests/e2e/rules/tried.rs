//! What a trial tells: of an event as a real one would be, and of each action what it would come to.

use serde_json::{Value, json};
use tests::person::person;
use tests::{Company, Story};

use super::{report, rule, run};

async fn tried(company: &Company<'_>, rule: &str, event: &Value) -> Value {
    company.post(&format!("/v1/rules/{rule}/test"), &json!({ "event": event })).await.is(200)
}

#[tokio::test]
async fn a_sample_event_is_about_what_a_real_one_is_about() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let message = acme.send(&ada, "welcome").await;
    let grace = person(&acme, "grace", "agent").await;
    let company = acme.post("/v1/companies", &json!({ "name": "Initech" })).await.is(201)["id"].clone();
    let deal = json!({ "title": "Printers", "value": "500", "currency": "EUR", "contact_id": ada.id, "company_id": company });
    let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].clone();
    stage.drain().await;

    let note = json!({ "create_task": { "title": "won {{ deal.title }} of {{ contact.name }}" } });
    let big = "deal.value > 10 and company.name = \"Initech\" and contact.first_name = \"Ada\"";
    let won = rule(&acme, &json!({ "trigger": "deal.closed_won", "formula": big, "actions": [note] })).await;
    let onboarding = json!({ "send_message": { "template": "onboarding" } });
    let words = json!({ "trigger": "user.created", "formula": "user.role = \"agent\"", "actions": [onboarding] });
    let joined = rule(&acme, &words).await;
    let seen = json!({ "trigger": "message.opened", "formula": "message.status = \"sent\"", "actions": [super::tag("seen")] });
    let seen = rule(&acme, &seen).await;
    let named = "company.name = \"Initech\" and not contact.id exists";
    let named = rule(&acme, &json!({ "trigger": "shop.visited", "formula": named, "actions": [super::tag("x")] })).await;
    let before = stage.rows();

    let sample = json!({ "name": "deal.closed_won", "deal_id": deal });
    let said = tried(&acme, &won, &sample).await;
    assert_eq!((&said["holds"], &said["conditions"][0]["saw"]), (&json!(true), &json!(500.0)), "{said:#}");
    assert_eq!(said["actions"][0]["task"]["title"], "won Printers of Ada");
    assert_eq!(said["actions"][0]["task"]["company_id"], company);
    let said = tried(&acme, &joined, &json!({ "name": "user.created", "user": grace.id })).await;
    assert_eq!((&said["holds"], &said["actions"][0]["to"]), (&json!(true), &json!(grace.email)), "{said:#}");
    let said = tried(&acme, &seen, &json!({ "name": "message.opened", "message": message.id })).await;
    assert_eq!((&said["holds"], &said["actions"][0]["why"]), (&json!(true), &Value::Null), "{said:#}");
    let said = tried(&acme, &named, &json!({ "name": "shop.visited", "company_id": company })).await;
    assert_eq!(said["holds"], true, "{said:#}");

    for (field, id) in [
        ("contact", "con_0195527c0d7b7c3e8a51d2b0f3a94c11"),
        ("company_id", "cmp_0195527c0d7b7c3e8a51d2b0f3a94c11"),
        ("deal_id", "dea_0195527c0d7b7c3e8a51d2b0f3a94c11"),
        ("user", "usr_0195527c0d7b7c3e8a51d2b0f3a94c11"),
        ("message", "msg_0195527c0d7b7c3e8a51d2b0f3a94c11"),
    ] {
        let mut event = json!({ "name": "shop.visited" });
        event[field] = json!(id);
        let refused = acme.post(&format!("/v1/rules/{won}/test"), &json!({ "event": event })).await;
        assert_eq!(refused.problem(422, "invalid"), [format!("/event/{field}")]);
    }
    stage.nothing_changed_since(&before, "trials");

    // The real one goes the same way.
    acme.post(&format!("/v1/deals/{}/win", deal.as_str().unwrap()), &json!({})).await.is(200);
    stage.drain().await;
    let real = run(&acme, &won).await;
    let task = acme.get(&format!("/v1/tasks/{}", real["actions"][0]["made"].as_str().unwrap())).await;
    assert_eq!(task["title"], "won Printers of Ada");
}

#[tokio::test]
async fn a_trial_says_what_would_change_and_what_would_be_raised() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let grace = person(&acme, "grace", "agent").await;
    let words =
        json!({ "first_name": "Ada", "emails": ["ada@example.com"], "tags": ["old"], "fields": { "plan": "free", "x": 1 } });
    let ada = acme.contact_with(&words).await;
    let change = json!({ "update_contact": {
        "add_tags": ["old", "late"], "fields": { "plan": "pro", "x": null }, "locale": "de", "owner": grace.id,
    } });
    let raise = json!({ "raise_event": { "name": "customer.late" } });
    let other = json!({ "raise_event": { "name": "customer.told", "data": { "by": "us" } } });
    let none = json!({ "update_contact": { "add_tags": ["old"], "do_not_contact": false } });
    let id = rule(&acme, &json!({ "trigger": "invoice.overdue", "actions": [change, raise, other, none] })).await;
    let before = stage.rows();
    let event = json!({ "name": "invoice.overdue", "contact": ada.id, "data": { "number": "7" } });
    let said = tried(&acme, &id, &event).await["actions"].clone();
    let expected = json!({
        "contact.fields.plan": { "old": "free", "new": "pro" },
        "contact.fields.x": { "old": 1, "new": null },
        "contact.locale": { "old": null, "new": "de" },
        "contact.owner": { "old": null, "new": grace.id },
        "contact.tags": { "old": ["old"], "new": ["old", "late"] },
    });
    assert_eq!((&said[0]["changes"], &said[0]["event"]), (&expected, &Value::Null));
    assert_eq!(said[1]["event"], json!({ "name": "customer.late", "data": { "number": "7" } }));
    assert_eq!((&said[2]["event"]["data"], &said[2]["changes"]), (&json!({ "by": "us" }), &Value::Null));
    assert_eq!((&said[3]["changes"], &said[3]["why"]), (&json!({}), &Value::Null), "it is so already");
    stage.nothing_changed_since(&before, "a trial");

    report(&acme, &event).await;
    let contact = acme.get(&format!("/v1/contacts/{}", ada.id)).await;
    assert_eq!((&contact["tags"], &contact["fields"]["plan"]), (&json!(["old", "late"]), &json!("pro")));
}

#[tokio::test]
async fn what_a_contact_may_not_be_is_said_before_and_after() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let set = json!({ "update_contact": { "fields": { "seats": "many" } } });
    let remind = json!({ "send_message": { "template": "overdue" } });
    let id = rule(&acme, &json!({ "trigger": "invoice.overdue", "actions": [set, remind] })).await;
    // What was anything when the rule was made is a number by now.
    acme.post("/v1/fields", &json!({ "object": "contact", "key": "seats", "kind": "number" })).await.is(201);
    stage.clock.advance(5_000).unwrap();
    let event = json!({ "name": "invoice.overdue", "contact": ada.id, "data": { "number": "1" } });
    let said = tried(&acme, &id, &event).await["actions"].clone();
    report(&acme, &event).await;
    let done = run(&acme, &id).await;
    assert_eq!(done["state"], "failed");
    for actions in [&said, &done["actions"]] {
        assert!(actions[0]["why"].as_str().unwrap().starts_with("/fields/seats: "), "{actions:#}");
        assert_eq!(actions[1]["why"], "/variables/amount: is required; /variables/due: is required");
    }
}
