//! `?expand`: what rows refer to comes along in its own view, in as many requests as there are kinds of things.

use http::Method;
use serde_json::{Value, json};
use tests::Story;

#[tokio::test]
async fn a_message_brings_its_contact_template_and_account_along() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({})).await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let message = acme.send(&ada, "welcome").await;
    stage.drain().await;
    let plain = acme.message(&message).await;
    assert_eq!((&plain["account"], plain.get("expanded")), (&json!(account), None));

    let path = format!("/v1/messages/{}", message.id);
    let template = plain["template"]["id"].as_str().unwrap();
    let own = json!({
        "contact": acme.get(&format!("/v1/contacts/{}", ada.id)).await,
        "template": acme.get(&format!("/v1/templates/{template}")).await,
        "account": acme.get(&format!("/v1/accounts/{account}")).await,
    });
    let mut all = acme.get(&format!("{path}?expand=account,contact,%20template")).await;
    assert_eq!(all.as_object_mut().unwrap().remove("expanded"), Some(own.clone()));
    assert_eq!(all, plain, "the rest is as it is");
    assert_eq!(acme.get(&format!("{path}?expand=contact")).await["expanded"], json!({ "contact": own["contact"] }));

    // What is gone is null, and so is what never was.
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    let gone = acme.get(&format!("{path}?expand=contact,template")).await;
    assert_eq!(gone["expanded"], json!({ "contact": null, "template": own["template"] }));
    let bare = json!({ "to": { "email": "eve@example.com" }, "content": { "subject": "Hi", "text": "Hello" } });
    let bare = acme.send_with(&bare).await;
    let nothing = acme.get(&format!("/v1/messages/{}?expand=contact,template,account", bare.id)).await;
    assert_eq!(nothing["expanded"], json!({ "contact": null, "template": null, "account": null }));
    stage.drain().await;
}

#[tokio::test]
async fn a_list_reads_each_thing_once_and_all_of_a_kind_together() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut people = Vec::new();
    for number in 0..25 {
        people.push(acme.contact(&format!("No. {number}"), &format!("a{number}@example.com")).await);
    }
    for contact in people.iter().chain(&people) {
        acme.send(contact, "welcome").await;
    }
    stage.drain().await;
    let cost = async |path: &str| {
        let before = stage.memory.bill();
        let page = acme.get(path).await;
        (page, stage.memory.bill().since(before))
    };
    acme.get("/v1/messages").await;
    let (_, plain) = cost("/v1/messages").await;
    let (page, expanded) = cost("/v1/messages?expand=contact,template,account").await;
    assert_eq!(expanded.requests - plain.requests, 3, "one for each kind");
    assert!(
        (expanded.read_units - plain.read_units - 13.5).abs() < f64::EPSILON,
        "half a unit each: 25 contacts, a template, an account"
    );
    for row in page["data"].as_array().unwrap() {
        assert_eq!(row["expanded"]["contact"]["id"], row["to"]["contact"]);
        assert_eq!(row["expanded"]["template"]["name"], "welcome");
        assert_eq!(row["expanded"]["account"]["id"], row["account"]);
    }
    // With `fields`, what was asked to come along stays; and the next page may bring along something else.
    let sparse = acme.get("/v1/messages?limit=1&fields=status&expand=contact").await;
    let names: Vec<&String> = sparse["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["expanded", "id", "status"]);
    let next = sparse["next"].as_str().unwrap();
    let second = acme.get(&format!("/v1/messages?limit=1&expand=template&after={next}")).await;
    assert_eq!(second["data"][0]["expanded"]["template"]["name"], "welcome");
    assert_eq!(second["data"][0]["id"], page["data"][1]["id"]);
}

#[tokio::test]
async fn a_suppression_brings_its_contact_along() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    for address in ["ada@example.com", "nobody@example.com"] {
        acme.post("/v1/suppressions", &json!({ "channel": "email", "address": address })).await.is(201);
        stage.clock.advance(1).unwrap();
    }
    let own = acme.get(&format!("/v1/contacts/{}", ada.id)).await;
    let page = acme.get("/v1/suppressions?expand=contact").await;
    let found: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|row| &row["expanded"]["contact"]).collect();
    assert_eq!(found, [&Value::Null, &own]);
    let path = format!("/v1/suppressions/{}", page["data"][1]["id"].as_str().unwrap());
    assert_eq!(acme.get(&format!("{path}?expand=contact")).await["expanded"]["contact"], own);
    assert_eq!(acme.get(&path).await.get("expanded"), None);
}

#[tokio::test]
async fn nobody_sees_by_the_way_what_the_role_does_not_show() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let message = acme.send(&ada, "welcome").await;
    stage.drain().await;
    for role in ["viewer", "agent", "manager"] {
        let company = acme.acting_as(&acme.new_key(role).await);
        for path in ["/v1/messages".to_owned(), format!("/v1/messages/{}", message.id)] {
            company.look(&format!("{path}?expand=contact,account")).await.problem(403, "forbidden");
            company.get(&format!("{path}?expand=contact,template")).await;
        }
    }
    // Another tenant's contact is nobody's, also behind an id of one's own.
    let bravo = stage.bare_tenant("bravo").await;
    bravo.ask(Method::GET, &format!("/v1/messages/{}?expand=contact", message.id)).now().await.problem(404, "not-found");
}

#[tokio::test]
async fn an_unknown_word_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let message = acme.send(&ada, "welcome").await;
    stage.drain().await;
    let one = format!("/v1/messages/{}", message.id);
    for path in ["/v1/messages", one.as_str(), "/v1/suppressions", "/v1/contacts", "/v1/templates", "/v1/accounts", "/v1/users"]
    {
        for words in ["nothing", "contact,nothing", ""] {
            assert_eq!(
                acme.look(&format!("{path}?expand={words}")).await.problem(422, "invalid"),
                ["?expand"],
                "{path} {words}"
            );
        }
    }
    assert_eq!(acme.look("/v1/suppressions?expand=template").await.problem(422, "invalid"), ["?expand"]);
}
