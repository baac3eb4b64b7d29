//! From accepted to delivered.

use http::Method;
use local::provider::Deed;
use serde_json::{Value, json};
use tests::Story;

#[tokio::test]
async fn a_message_of_a_template_reaches_its_contact() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;

    let message = acme.send(&ada, "welcome").await;
    assert_eq!(message.accepted["status"], "accepted");
    assert_eq!(message.accepted["to"], json!({ "address": "ada@example.com", "name": "Ada", "contact": ada.id }));
    assert!(stage.letters().is_empty(), "accepting sends nothing");

    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    let letter = stage.letter();
    assert_eq!(letter.subject, "Welcome to acme Ltd, Ada");
    assert_eq!(letter.from, "acme Mail <hello@acme.example>");
    assert_eq!(letter.to, ["Ada <ada@example.com>"]);
    assert_eq!(letter.envelope, ["ada@example.com"]);

    stage.told(&letter, Deed::Deliver).await;
    let now = acme.message(&message).await;
    assert_eq!((&now["status"], &now["attempts"]), (&json!("delivered"), &json!(1)));
    assert_eq!(now["provider_id"], letter.kept.id);
    assert_eq!(now["template"]["version"], 1);
    assert!(now["account"].as_str().unwrap().starts_with("acc_"));
    assert_eq!(acme.events(&message).await, ["delivered"]);
    assert_eq!(acme.why(&message).await, "The recipient's server took it at 2026-03-02T09:00:00.000Z.");
}

#[tokio::test]
async fn a_template_is_found_by_its_name_and_by_its_id() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let id = acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned();

    let by_name = acme.send(&ada, "welcome").await;
    let by_id = acme.send(&ada, &id).await;
    stage.drain().await;

    assert_eq!(by_name.accepted["template"], by_id.accepted["template"]);
    let letters = stage.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!((&letters[0].subject, &letters[0].text), (&letters[1].subject, &letters[1].text));
}

#[tokio::test]
async fn a_message_may_bring_its_content_along_and_go_to_a_bare_address() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;

    let message = acme
        .send_with(&json!({
            "to": { "email": "Bob@Example.com", "name": "Bob" },
            "content": { "subject": "Order {{ number }}", "html": "<p>{{ contact.name }}, it is <b>{{ state }}</b>.</p>" },
            "variables": { "number": 7, "state": "<on its way>" },
        }))
        .await;
    stage.drain().await;

    assert_eq!(message.accepted["template"], Value::Null);
    assert_eq!(message.accepted["to"]["contact"], Value::Null);
    let letter = stage.letter();
    assert_eq!(letter.subject, "Order 7");
    assert_eq!(letter.to, ["Bob <Bob@example.com>"]);
    assert!(letter.html.contains("Bob, it is <b>&lt;on its way&gt;</b>."), "{}", letter.html);
    assert!(letter.text.contains("Bob, it is") && letter.text.contains("<on its way>"), "{}", letter.text);
}

#[tokio::test]
async fn a_sandbox_message_is_decided_and_rendered_and_reaches_no_provider() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;

    let good = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "sandbox": true })).await;
    let stopped = acme
        .send_with(
            &json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "sandbox": true, "category": "marketing" }),
        )
        .await;
    stage.drain().await;

    assert_eq!(acme.status(&good).await, "sent");
    assert!(acme.why(&good).await.contains("rehearsal"));
    assert_eq!(acme.status(&stopped).await, "rejected");
    assert_eq!(acme.stopped_by(&stopped).await, "opt_in");
    assert_eq!(stage.outbox.taken(), 0);
}

#[tokio::test]
async fn what_does_not_fit_the_row_is_kept_apart_and_comes_back_whole() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let items: Vec<Value> = (0..40).map(|number| json!({ "name": format!("item {number}"), "price": 0.1 })).collect();
    let variables = json!({ "items": items, "": [[{ "z": null }]], "precise": 0.123_456_789_012_345_6 });
    let content = json!({ "subject": "Basket", "text": "{% for item in items %}{{ item.name }};{% endfor %}" });

    let order = json!({
        "to": { "email": "ada@example.com" }, "content": content, "variables": variables, "metadata": { "basket": [1, 2, 3] }
    });
    let message = acme.send_with(&order).await;
    stage.drain().await;

    assert_eq!(message.accepted["variables"], variables);
    let now = acme.message(&message).await;
    assert_eq!((&now["variables"], &now["metadata"]), (&variables, &json!({ "basket": [1, 2, 3] })));
    let listed = acme.get("/v1/messages").await["data"][0].clone();
    assert_eq!((&listed["variables"], &listed["metadata"]), (&Value::Null, &Value::Null), "lists read one row per message");
    assert!(stage.letter().text.contains("item 0;item 1;") && stage.letter().text.contains("item 39;"));
    let size = |kind: &str| store::bill::item_size(&stage.rows_of(kind)[0]);
    assert!(size("message") < 1024 && size("body") > 1024, "the message's own row stays under a kilobyte");
}

#[tokio::test]
async fn metadata_and_tags_come_back_and_find_the_message() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;

    let order = json!({
        "to": { "contact": ada.id }, "template": "welcome", "metadata": { "order": "4711", "nested": { "a": [1, null] } },
        "tags": ["vip", "spring sale"],
    });
    let message = acme.send_with(&order).await;
    acme.send(&ada, "welcome").await;
    stage.drain().await;

    let now = acme.message(&message).await;
    assert_eq!((&now["metadata"], &now["tags"]), (&order["metadata"], &order["tags"]));
    let found = acme.get("/v1/messages?tag=spring%20sale").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["metadata"], order["metadata"]);
}

#[tokio::test]
async fn a_message_that_has_ended_can_be_deleted_and_one_under_way_cannot() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let content = json!({ "subject": "Hi", "text": "Hello" });
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content })).await;
    let path = format!("/v1/messages/{}", message.id);

    acme.ask(Method::DELETE, &path).now().await.problem(409, "conflict");
    stage.drain().await;
    acme.delete(&path).await;

    acme.look(&path).await.problem(404, "not-found");
    assert_eq!((stage.rows_of("message").len(), stage.rows_of("body").len()), (0, 0));
    // What the provider tells of it later concerns nobody.
    stage.told(&stage.letter(), Deed::Deliver).await;
    acme.look(&path).await.problem(404, "not-found");
    stage.drain().await;
}

#[tokio::test]
async fn a_message_outlives_its_template_and_its_account_outlives_nothing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({})).await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let template =
        acme.template(&json!({ "name": "hello" }), &json!({ "subject": "Hello", "text": "Hello {{ contact.name }}" })).await;

    let kept = acme.send(&ada, "hello").await;
    acme.delete(&format!("/v1/templates/{template}")).await;
    stage.drain().await;
    assert_eq!(acme.status(&kept).await, "sent");
    assert_eq!(stage.letter().text.trim(), "Hello Ada");

    let order = json!({ "to": { "contact": ada.id }, "template": "hello" });
    assert_eq!(acme.post("/v1/messages", &order).await.problem(422, "invalid"), ["/template"]);
    let stopped = acme.send(&ada, "welcome").await;
    acme.delete(&format!("/v1/accounts/{account}")).await;
    stage.clock.advance(5_000).unwrap();
    stage.drain().await;
    assert_eq!((acme.status(&stopped).await, acme.stopped_by(&stopped).await), ("rejected".to_owned(), "account".to_owned()));
}
