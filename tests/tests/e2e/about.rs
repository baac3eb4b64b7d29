//! What tasks are about: contacts, companies, deals and the activities that they came of; and a tenant's own fields of tasks.

use http::Method;
use serde_json::{Value, json};
use tests::person::person;
use tests::{Company, Story};

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

async fn made(company: &Company<'_>, noun: &str, words: Value) -> String {
    id(&company.post(&format!("/v1/{noun}"), &words).await.is(201))
}

/// The titles of a list, in its order.
async fn titles(company: &Company<'_>, query: &str) -> Vec<String> {
    let page = company.get(&format!("/v1/tasks?{query}")).await;
    page["data"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// What became of tasks, on a timeline, oldest first.
async fn told(company: &Company<'_>, path: &str) -> Vec<String> {
    let page = company.get(&format!("{path}/timeline?kind=task")).await;
    page["data"].as_array().unwrap().iter().rev().map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_task_stands_with_the_contact_company_and_deal_that_it_is_about() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let eve = acme.contact("Eve", "eve@example.com").await.id;
    let initech = made(&acme, "companies", json!({ "name": "Initech" })).await;
    let [seats, chairs] =
        [made(&acme, "deals", json!({ "title": "Seats" })).await, made(&acme, "deals", json!({ "title": "Chairs" })).await];
    let words = json!({ "title": "Offer", "contact_id": eve, "company_id": initech, "deal_id": seats });
    let offer = made(&acme, "tasks", words).await;
    made(&acme, "tasks", json!({ "title": "Sweep" })).await;
    stage.drain().await;
    for query in [format!("contact_id={eve}"), format!("company_id={initech}"), format!("deal_id={seats}")] {
        assert_eq!(titles(&acme, &query).await, ["Offer"], "{query}");
    }
    let path = format!("/v1/tasks/{offer}");
    let whole = acme.get(&format!("{path}?expand=contact,company,deal,activity")).await;
    assert_eq!(
        (&whole["expanded"]["company"]["name"], &whole["expanded"]["deal"]["title"]),
        (&json!("Initech"), &json!("Seats"))
    );
    assert_eq!((&whole["expanded"]["contact"]["id"], &whole["expanded"]["activity"]), (&json!(eve), &Value::Null));

    // It turns out to be about something else: the list follows, and what happened stays where it happened.
    acme.patch(&path, &json!({ "deal_id": chairs, "company_id": null })).await;
    assert!(titles(&acme, &format!("deal_id={seats}")).await.is_empty());
    assert!(titles(&acme, &format!("company_id={initech}")).await.is_empty());
    stage.clock.advance(1).unwrap();
    acme.post(&format!("{path}/complete"), &json!({})).await.is(200);
    stage.drain().await;
    assert_eq!(titles(&acme, &format!("deal_id={chairs}&status=completed")).await, ["Offer"]);
    assert_eq!(told(&acme, &format!("/v1/deals/{seats}")).await, ["created"]);
    assert_eq!(told(&acme, &format!("/v1/companies/{initech}")).await, ["created"]);
    assert_eq!(told(&acme, &format!("/v1/deals/{chairs}")).await, ["created", "completed"]);
    assert_eq!(told(&acme, &format!("/v1/contacts/{eve}")).await, ["created", "completed"]);
    // What is done is on no agenda any more.
    assert!(stage.rows_of("agenda").iter().all(|row| !format!("{row:?}").contains(offer.trim_start_matches("tsk_"))));

    // A list reads each deal once, and a deal that is gone is null.
    for number in 0..10 {
        made(&acme, "tasks", json!({ "title": format!("No. {number}"), "deal_id": chairs })).await;
    }
    let cost = async |query: &str| {
        let before = stage.memory.bill();
        let page = acme.get(&format!("/v1/tasks?deal_id={chairs}{query}")).await;
        (page, stage.memory.bill().since(before))
    };
    let ((_, plain), (page, expanded)) = (cost("").await, cost("&expand=deal").await);
    assert_eq!((page["data"].as_array().unwrap().len(), expanded.requests - plain.requests), (10, 1));
    assert_eq!(page["data"][9]["expanded"]["deal"]["title"], "Chairs");
    acme.delete(&format!("/v1/deals/{chairs}")).await;
    assert_eq!(cost("&expand=deal").await.0["data"][0]["expanded"], json!({ "deal": null }));
}

#[tokio::test]
async fn a_task_that_comes_of_an_activity_is_about_the_same() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let eve = acme.contact("Eve", "eve@example.com").await.id;
    let initech = made(&acme, "companies", json!({ "name": "Initech" })).await;
    let seats = made(&acme, "deals", json!({ "title": "Seats" })).await;
    let call = json!({
        "type": "call", "subject": "Wants an offer", "contact_id": eve, "company_id": initech, "deal_id": seats, "visibility": "private",
    });
    let call = made(&ada.sees, "activities", call).await;
    let task = ada.sees.post("/v1/tasks", &json!({ "activity_id": call })).await.is(201);
    assert_eq!((&task["title"], &task["activity_id"]), (&json!("Wants an offer"), &json!(call)));
    assert_eq!((&task["contact_id"], &task["company_id"], &task["deal_id"]), (&json!(eve), &json!(initech), &json!(seats)));
    stage.clock.advance(1).unwrap();
    // What is said counts, null too.
    let words = json!({ "activity_id": call, "title": "Send the offer", "company_id": null });
    let other = ada.sees.post("/v1/tasks", &words).await.is(201);
    assert_eq!(
        (&other["title"], &other["company_id"], &other["deal_id"]),
        (&json!("Send the offer"), &Value::Null, &json!(seats))
    );
    assert_eq!(titles(&ada.sees, &format!("activity_id={call}")).await, ["Wants an offer", "Send the offer"]);

    // The activity is Ada's own: to Bob it is an id of nobody, and what a task brings along of it is nothing.
    let before = stage.rows();
    let nobodys = format!("{}0123456789abcdef", &call[..call.len() - 16]);
    let [foreign, random] = [&call, &nobodys].map(|id| json!({ "title": "A", "activity_id": id }));
    let [foreign, random] = [bob.sees.post("/v1/tasks", &foreign).await, bob.sees.post("/v1/tasks", &random).await];
    assert_eq!(foreign.problem(422, "invalid"), ["/activity_id"]);
    assert_eq!(foreign.anonymous(), random.anonymous());
    let path = format!("/v1/tasks/{}", made(&bob.sees, "tasks", json!({ "title": "B" })).await);
    let linking = bob.sees.ask(Method::PATCH, &path).json(&json!({ "activity_id": call })).now().await;
    assert_eq!(linking.problem(422, "invalid"), ["/activity_id"]);
    bob.sees.delete(&path).await;
    stage.nothing_changed_since(&before, "an activity that one does not see");
    let path = format!("/v1/tasks/{}?expand=activity", id(&task));
    assert_eq!(ada.sees.get(&path).await["expanded"]["activity"]["subject"], "Wants an offer");
    assert_eq!(bob.sees.get(&path).await["expanded"], json!({ "activity": null }));

    // The contact is gone: what comes of the call now is about it as the call is.
    acme.delete(&format!("/v1/contacts/{eve}")).await;
    assert_eq!(ada.sees.post("/v1/tasks", &json!({ "activity_id": call })).await.is(201)["contact_id"], json!(eve));
    let words = json!({ "title": "C", "contact_id": eve });
    assert_eq!(ada.sees.post("/v1/tasks", &words).await.problem(422, "invalid"), ["/contact_id"]);
    stage.drain().await;
}

#[tokio::test]
async fn fields_of_tasks_hold_what_their_definitions_say() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let old = made(&acme, "tasks", json!({ "title": "Old", "fields": { "size": 7 } })).await;
    for field in [
        json!({ "object": "task", "key": "size", "kind": "select", "options": ["small", "large"] }),
        json!({ "object": "task", "key": "site", "label": "Site", "kind": "url", "required": true }),
        json!({ "object": "deal", "key": "room", "kind": "number" }),
    ] {
        made(&acme, "fields", field).await;
    }
    let before = stage.rows();
    for (fields, pointer) in [
        (json!({ "site": "https://example.com", "size": "huge" }), "/fields/size"),
        (json!({ "site": "nowhere" }), "/fields/site"),
        (json!({ "size": "small" }), "/fields/site"),
        (json!({ "site": "https://example.com", "room": {} }), "/fields/room"),
    ] {
        let refused = acme.post("/v1/tasks", &json!({ "title": "A", "fields": fields })).await;
        assert_eq!(refused.problem(422, "invalid"), [pointer]);
    }
    stage.nothing_changed_since(&before, "values that no task can have");
    // What stood before its definition stands, until it is changed; and nobody takes away what must be there.
    let path = format!("/v1/tasks/{old}");
    acme.patch(&path, &json!({ "title": "Older" })).await;
    let change = acme.ask(Method::PATCH, &path).json(&json!({ "fields": { "size": 8 } })).now().await;
    assert_eq!(change.problem(422, "invalid"), ["/fields/size"]);
    let fields = json!({ "site": "HTTPS://Example.com", "size": "large", "room": "no number: it is a field of deals" });
    let new = acme.post("/v1/tasks", &json!({ "title": "New", "fields": fields })).await.is(201);
    assert_eq!(new["fields"]["site"], "https://example.com/");
    let path = format!("/v1/tasks/{}", id(&new));
    let change = acme.ask(Method::PATCH, &path).json(&json!({ "fields": { "site": null } })).now().await;
    assert_eq!(change.problem(422, "invalid"), ["/fields/site"]);
    acme.patch(&path, &json!({ "fields": { "room": null } })).await;
    assert_eq!(acme.get(&path).await["fields"], json!({ "site": "https://example.com/", "size": "large" }));
    assert_eq!(titles(&acme, "field.size=large").await, ["New"]);
    assert_eq!(titles(&acme, "field.size=7").await, ["Older"]);
    stage.drain().await;
}
