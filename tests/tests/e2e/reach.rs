//! Who is limited to certain channels, templates and campaigns: nothing else is ordered or written by them, and nobody is let in who
//! reaches further. All can be seen.

use serde_json::{Value, json};
use tests::person::person;
use tests::{Company, Contact, Story};

async fn template(company: &Company<'_>, name: &str) -> String {
    company.template(&json!({ "name": name }), &json!({ "subject": name, "text": name })).await
}

/// The tenant as a new key of that role sees it, which is limited so.
async fn limited<'s>(company: &Company<'s>, role: &str, reach: &Value) -> Company<'s> {
    let body = json!({ "name": "limited", "role": role, "reach": reach });
    let made = company.post("/v1/api-keys", &body).await.is(201);
    assert_eq!(&made["reach"], reach);
    company.acting_as(made["secret"].as_str().unwrap())
}

fn order(to: &Contact, words: &Value) -> Value {
    let mut order = json!({ "to": { "contact": to.id } });
    for (name, value) in words.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

/// The key may send the templates `spring` and `summer` for the campaign `sale` by email.
async fn seller<'s>(acme: &Company<'s>, role: &str) -> Company<'s> {
    let templates = [template(acme, "spring").await, template(acme, "summer").await];
    template(acme, "secret").await;
    limited(acme, role, &json!({ "channels": ["email"], "templates": templates, "campaigns": ["sale"] })).await
}

#[tokio::test]
async fn a_limited_key_orders_what_it_reaches_and_is_told_the_place_of_all_else() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    tests::texts::twilio(&acme).await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "phones": ["+14155552671"] })).await;
    let ada = Contact { email: "ada@example.com".to_owned(), ..ada };
    let key = seller(&acme, "agent").await;
    let secret = acme.get("/v1/templates?name=secret").await["data"][0]["id"].clone();
    let before = stage.rows();
    let own = json!({ "subject": "Hi", "text": "Hi" });
    for (words, pointers) in [
        (json!({ "template": "secret", "campaign": "sale" }), vec!["/template"]),
        (json!({ "template": secret, "campaign": "sale" }), vec!["/template"]),
        (json!({ "content": own, "campaign": "sale" }), vec!["/content"]),
        (json!({ "template": "spring", "campaign": "other" }), vec!["/campaign"]),
        (json!({ "template": "spring" }), vec!["/campaign"]),
        (json!({ "channel": "sms", "content": { "text": "Hi" } }), vec!["/channel", "/content", "/campaign"]),
    ] {
        let order = order(&ada, &words);
        for path in ["/v1/messages", "/v1/messages/estimate"] {
            assert_eq!(key.post(path, &order).await.problem(403, "forbidden"), pointers, "{path} {words}");
        }
        let series = json!({ "order": order, "recurrence": "FREQ=DAILY" });
        let below: Vec<String> = pointers.iter().map(|pointer| format!("/order{pointer}")).collect();
        assert_eq!(key.post("/v1/series", &series).await.problem(403, "forbidden"), below, "{words}");
    }
    let refused = key.ask(http::Method::POST, "/v1/messages").header("idempotency-key", "k");
    let wrong = order(&ada, &json!({ "template": "secret", "campaign": "sale" }));
    assert_eq!(refused.clone().json(&wrong).now().await.problem(403, "forbidden"), ["/template"]);
    stage.nothing_changed_since(&before, "what a key does not reach");

    // A corrected request may use the same key, and what others may do is as it was.
    refused.json(&order(&ada, &json!({ "template": "spring", "campaign": "sale" }))).now().await.is(202);
    acme.send(&ada, "secret").await;
    stage.drain().await;
    let subjects: Vec<String> = stage.letters().into_iter().map(|letter| letter.subject).collect();
    assert_eq!(subjects, ["spring", "secret"]);
    assert_eq!(key.get("/v1/messages").await["data"].as_array().unwrap().len(), 2, "all can be seen");
    assert_eq!(key.get("/v1/templates?name=secret").await["data"][0]["id"], secret);
}

/// What others ordered is not set going again by somebody who could not have ordered it.
#[tokio::test]
async fn a_limited_key_sets_nothing_going_that_it_could_not_order() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    tests::texts::twilio(&acme).await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "phones": ["+14155552671"] })).await;
    let ada = Contact { email: "ada@example.com".to_owned(), ..ada };
    let key = limited(&acme, "admin", &json!({ "channels": ["sms"] })).await;

    let later = order(&ada, &json!({ "template": "welcome", "send_at": "2026-03-03T09:00:00Z" }));
    let message = acme.post("/v1/messages", &later).await.is(202)["id"].as_str().unwrap().to_owned();
    acme.order(&format!("/v1/messages/{message}/cancel")).await.is(200);
    let series = json!({ "order": order(&ada, &json!({ "template": "welcome" })), "recurrence": "FREQ=DAILY" });
    let series = acme.post("/v1/series", &series).await.is(201)["id"].as_str().unwrap().to_owned();
    acme.order(&format!("/v1/series/{series}/pause")).await.is(200);
    stage.drain().await;

    let before = stage.rows();
    for path in [format!("/v1/messages/{message}/retry"), format!("/v1/series/{series}/resume")] {
        assert!(key.order(&path).await.problem(403, "forbidden").is_empty(), "{path}");
    }
    let consent = json!({ "channel": "email", "category": "news", "double_opt_in": true });
    let refused = key.post(&format!("/v1/contacts/{}/consents", ada.id), &consent).await;
    assert_eq!(refused.problem(403, "forbidden"), ["/channel"]);
    let form = json!({ "active": true, "channel": "email", "topics": [{ "category": "news" }], "consent": { "en": "Yes" } });
    assert_eq!(key.ask(http::Method::PUT, "/v1/signup-form").json(&form).now().await.problem(403, "forbidden"), ["/channel"]);
    stage.nothing_changed_since(&before, "what a key does not reach");

    acme.order(&format!("/v1/messages/{message}/retry")).await.is(200);
    acme.order(&format!("/v1/series/{series}/resume")).await.is(200);
    stage.drain().await;
    stage.letter();
}

#[tokio::test]
async fn a_limited_key_answers_in_conversations_only_where_it_may_write_freely() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let conversation = tests::chat::conversation(&acme).await;
    let spring = template(&acme, "spring").await;
    let path = format!("/v1/conversations/{conversation}/messages");
    let answer = json!({ "content": { "text": "We open at nine." } });
    for (reach, pointer) in [
        (json!({ "templates": [spring] }), "/content"),
        (json!({ "campaigns": ["sale"] }), "/campaign"),
        (json!({ "channels": ["email"] }), "/channel"),
    ] {
        let key = limited(&acme, "agent", &reach).await;
        assert_eq!(key.post(&path, &answer).await.problem(403, "forbidden"), [pointer]);
    }
    limited(&acme, "agent", &json!({ "channels": ["telegram"] })).await.post(&path, &answer).await.is(202);
    stage.drain().await;
}

#[tokio::test]
async fn a_limited_key_writes_and_tries_no_other_template() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let spring = template(&acme, "spring").await;
    let key = limited(&acme, "manager", &json!({ "templates": [spring] })).await;
    let secret = template(&acme, "secret").await;
    let version = json!({ "contents": { "en": { "subject": "New", "text": "New" } } });
    let trial = json!({ "send_to": "ada@example.com" });
    let before = stage.rows();
    let forbidden = |reply: tests::Reply| assert!(reply.problem(403, "forbidden").is_empty(), "no field is at fault");
    forbidden(key.post("/v1/templates", &json!({ "name": "new" })).await);
    forbidden(key.post(&format!("/v1/templates/{secret}/versions"), &version).await);
    forbidden(key.order(&format!("/v1/templates/{secret}/versions/1/publish")).await);
    forbidden(key.post(&format!("/v1/templates/{secret}/test"), &trial).await);
    for method in [http::Method::PATCH, http::Method::DELETE] {
        let ask = key.ask(method.clone(), &format!("/v1/templates/{secret}"));
        let ask = if method == http::Method::PATCH { ask.json(&json!({ "active": false })) } else { ask };
        forbidden(ask.now().await);
    }
    stage.nothing_changed_since(&before, "templates that a key does not reach");
    key.post(&format!("/v1/templates/{secret}/preview"), &json!({})).await.is(200);

    key.version(&spring, &version).await;
    key.order(&format!("/v1/templates/{spring}/versions/1/publish")).await.is(200);
    key.post(&format!("/v1/templates/{spring}/test"), &trial).await.is(200);
    stage.drain().await;
    assert_eq!(stage.letter().subject, "spring");
    key.delete(&format!("/v1/templates/{spring}")).await;
}

#[tokio::test]
async fn a_limited_key_makes_no_rule_that_sends_for_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let spring = template(&acme, "spring").await;
    let key = limited(&acme, "manager", &json!({ "templates": [spring], "channels": ["email"] })).await;
    let rule = |action: Value| json!({ "name": "R", "trigger": "shop.visited", "actions": [action] });
    let before = stage.rows();
    for (action, pointer) in [
        (json!({ "send_message": { "template": "welcome" } }), "/actions/0/send_message/template"),
        (json!({ "call_webhook": { "url": "https://shop.example" } }), "/actions/0/call_webhook"),
    ] {
        assert_eq!(key.post("/v1/rules", &rule(action)).await.problem(403, "forbidden"), [pointer]);
    }
    assert!(!key.post("/v1/rules/shipped", &json!({ "name": "welcome" })).await.problem(403, "forbidden").is_empty());
    stage.nothing_changed_since(&before, "rules that a key does not reach");
    let made = key.post("/v1/rules", &rule(json!({ "send_message": { "template": "spring" } }))).await.is(201);
    let path = format!("/v1/rules/{}", made["id"].as_str().unwrap());
    let change = json!({ "actions": [{ "send_message": { "template": "welcome" } }] });
    let refused = key.ask(http::Method::PATCH, &path).json(&change).now().await;
    assert_eq!(refused.problem(403, "forbidden"), ["/actions/0/send_message/template"]);
}

#[tokio::test]
async fn a_person_is_limited_until_somebody_who_may_lifts_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let grace = person(&acme, "grace", "agent").await;
    let path = format!("/v1/users/{}", grace.id);
    let welcome = order(&ada, &json!({ "template": "welcome" }));
    grace.sees.post("/v1/messages", &welcome).await.is(202);
    let reach = json!({ "campaigns": [] });
    assert_eq!(acme.patch(&path, &json!({ "reach": reach })).await["reach"], reach);
    stage.clock.advance(10_000).unwrap();
    assert_eq!(grace.sees.post("/v1/messages", &welcome).await.problem(403, "forbidden"), ["/campaign"]);
    // Another word about the person leaves the limits as they are.
    assert_eq!(acme.patch(&path, &json!({ "role": "manager" })).await["reach"], reach);
    stage.clock.advance(10_000).unwrap();
    grace.sees.post("/v1/messages", &welcome).await.problem(403, "forbidden");
    assert_eq!(acme.patch(&path, &json!({ "reach": null })).await["reach"], Value::Null);
    stage.clock.advance(10_000).unwrap();
    grace.sees.post("/v1/messages", &welcome).await.is(202);
    stage.drain().await;
}

#[tokio::test]
async fn nobody_reaches_further_by_way_of_another() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let admin = limited(&acme, "admin", &json!({ "channels": ["email", "sms"] })).await;
    let grace = person(&acme, "grace", "agent").await;
    let free = acme.post("/v1/api-keys", &json!({ "name": "free", "role": "agent" })).await.is(201);
    let free = format!("/v1/api-keys/{}", free["id"].as_str().unwrap());
    let before = stage.rows();
    let key = |reach: Value| json!({ "name": "A", "role": "agent", "reach": reach });
    let user = |reach: Value| json!({ "name": "A", "email": "a@acme.example", "role": "agent", "reach": reach });
    for reach in [Value::Null, json!({}), json!({ "templates": [] }), json!({ "channels": ["email", "push"] })] {
        for (path, body) in [("/v1/api-keys", key(reach.clone())), ("/v1/users", user(reach.clone()))] {
            assert_eq!(admin.post(path, &body).await.problem(403, "forbidden"), ["/reach/channels"], "{path} {reach}");
        }
    }
    let path = format!("/v1/users/{}", grace.id);
    for change in [json!({ "name": "G" }), json!({ "subject": "mine" }), json!({ "reach": { "channels": ["email"] } })] {
        let refused = admin.ask(http::Method::PATCH, &path).json(&change).now().await;
        assert_eq!(refused.problem(403, "forbidden"), ["/reach/channels"], "somebody who reaches further: {change}");
    }
    admin.ask(http::Method::DELETE, &path).now().await.problem(403, "forbidden");
    admin.ask(http::Method::DELETE, &free).now().await.problem(403, "forbidden");
    stage.nothing_changed_since(&before, "reaching beyond oneself");
    let made = admin.post("/v1/users", &user(json!({ "channels": ["sms"], "campaigns": ["sale"] }))).await.is(201);
    admin.delete(&format!("/v1/users/{}", made["id"].as_str().unwrap())).await;
}

#[tokio::test]
async fn a_reach_that_cannot_be_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let before = stage.rows();
    let nobodys = "tpl_0195527c0d7b7c3e8a51d2b0f3a94c11";
    for (reach, pointer) in [
        (json!({ "templates": [nobodys] }), "/reach/templates"),
        (json!({ "campaigns": ["Spring Sale"] }), "/reach/campaigns/0"),
        (json!({ "campaigns": vec!["a"; 51] }), "/reach/campaigns"),
    ] {
        let body = json!({ "name": "A", "role": "viewer", "reach": reach });
        assert_eq!(acme.post("/v1/api-keys", &body).await.problem(422, "invalid"), [pointer]);
    }
    for reach in [json!({ "channels": ["pigeon"] }), json!({ "accounts": [] })] {
        let body = json!({ "name": "A", "role": "viewer", "reach": reach });
        acme.post("/v1/api-keys", &body).await.problem(422, "invalid");
    }
    stage.nothing_changed_since(&before, "a reach that cannot be");
}
