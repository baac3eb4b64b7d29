//! Leaving: by one click from the mail program, or on the page. Looking never changes anything.

use http::Method;
use serde_json::{Value, json};
use tests::{Company, Contact, Form, Letter, Message, Reply, Story};

/// Somebody who wants news and surveys, and has just got news.
async fn reader<'s>(stage: &'s Story) -> (Company<'s>, Contact, Message, Letter) {
    let acme = stage.tenant("acme").await;
    let consents = json!({ "email:marketing": true, "email:surveys": true });
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": consents })).await;
    let message = acme.news(&ada).await;
    stage.drain().await;
    (acme, ada, message, stage.letter())
}

async fn post(stage: &Story, path: &str, form: &str) -> Reply {
    let reply = stage.ask(Method::POST, path).body("application/x-www-form-urlencoded", form).now().await;
    stage.drain().await;
    reply
}

async fn consents(acme: &Company<'_>, contact: &Contact) -> Value {
    let contact = acme.get(&format!("/v1/contacts/{}", contact.id)).await;
    let one = |(key, it): (&String, &Value)| (key.clone(), it["granted"].clone());
    Value::Object(contact["consents"].as_object().unwrap().iter().map(one).collect())
}

/// Whether a message of that category would go.
async fn goes(acme: &Company<'_>, contact: &Contact, category: &str) -> bool {
    let message = acme.news_at(contact, &json!({ "category": category })).await;
    acme.story.drain().await;
    acme.status(&message).await == "sent"
}

#[tokio::test]
async fn looking_at_the_page_changes_nothing() {
    let stage = Story::begin().await;
    let (_, _, _, letter) = reader(&stage).await;
    let before = stage.rows();
    for method in [Method::GET, Method::HEAD] {
        let page = stage.ask(method, &letter.unsubscribe()).header("user-agent", "Barracuda link scanner").now().await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    }
    let page = String::from_utf8(stage.get(&letter.unsubscribe()).await.bytes).unwrap();
    assert!(
        page.contains("acme Ltd") && page.contains("value=\"marketing\" checked") && page.contains("value=\"surveys\" checked")
    );
    assert!(!page.contains("ada@example.com"), "the link may have been forwarded");
    stage.nothing_changed_since(&before, "a GET");
}

#[tokio::test]
async fn one_click_leaves_this_kind_of_mail_and_no_other() {
    let stage = Story::begin().await;
    let (acme, ada, message, letter) = reader(&stage).await;
    assert_eq!(post(&stage, &letter.unsubscribe(), "List-Unsubscribe=One-Click").await.status, 200);

    assert_eq!(consents(&acme, &ada).await, json!({ "email:marketing": false, "email:surveys": true }));
    let consent = acme.get(&format!("/v1/contacts/{}", ada.id)).await["consents"]["email:marketing"].clone();
    assert_eq!((&consent["source"], &consent["at"]), (&json!("one_click"), &json!("2026-03-02T09:00:00.000Z")));
    assert_eq!(acme.events(&message).await, ["unsubscribed"]);
    assert_eq!(acme.get("/v1/analytics/emails").await["totals"]["unsubscribed"], 1);
    assert!(!goes(&acme, &ada, "marketing").await);
    assert!(goes(&acme, &ada, "surveys").await && goes(&acme, &ada, "transactional").await);

    let before = stage.rows();
    post(&stage, &letter.unsubscribe(), "List-Unsubscribe=One-Click").await;
    stage.nothing_changed_since(&before, "a second click");
}

#[tokio::test]
async fn the_page_saves_what_is_ticked() {
    let stage = Story::begin().await;
    let (acme, ada, message, letter) = reader(&stage).await;
    let saved = Form::open(&stage, &letter.unsubscribe()).await.untick("category", "surveys").save(&stage).await;
    assert!(String::from_utf8_lossy(&saved.bytes).contains("Saved."));
    assert_eq!(consents(&acme, &ada).await, json!({ "email:marketing": true, "email:surveys": false }));
    assert_eq!(acme.events(&message).await, [""; 0], "this kind was kept");

    post(&stage, &letter.unsubscribe(), "category=surveys&choice=save").await;
    assert_eq!(consents(&acme, &ada).await, json!({ "email:marketing": false, "email:surveys": true }));
    assert!(goes(&acme, &ada, "surveys").await && !goes(&acme, &ada, "marketing").await);

    // Categories that were never offered cannot be smuggled in.
    post(&stage, &letter.unsubscribe(), "choice=save&category=transactional&category=secret").await;
    assert_eq!(consents(&acme, &ada).await, json!({ "email:marketing": false, "email:surveys": true }));
}

#[tokio::test]
async fn a_page_that_lay_open_says_nothing_of_what_it_did_not_show() {
    let stage = Story::begin().await;
    let (acme, ada, _, letter) = reader(&stage).await;
    let opened = Form::open(&stage, &letter.unsubscribe()).await.untick("category", "marketing");
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": { "email:offers": true } })).await;
    opened.save(&stage).await;
    let now = json!({ "email:marketing": false, "email:offers": true, "email:surveys": true });
    assert_eq!(consents(&acme, &ada).await, now);
}

#[tokio::test]
async fn one_click_brings_nobody_back_who_left_everything() {
    let stage = Story::begin().await;
    let (acme, _, _, letter) = reader(&stage).await;
    post(&stage, &letter.unsubscribe(), "choice=none").await;
    post(&stage, &letter.unsubscribe(), "List-Unsubscribe=One-Click").await;
    assert_eq!(acme.get("/v1/suppressions").await["data"][0]["reason"], "unsubscribe");
}

#[tokio::test]
async fn leaving_everything_leaves_everything_that_can_be_left_until_one_comes_back() {
    let stage = Story::begin().await;
    let (acme, ada, _, letter) = reader(&stage).await;
    post(&stage, &letter.unsubscribe(), "choice=none").await;
    assert_eq!(consents(&acme, &ada).await, json!({ "email:marketing": false, "email:surveys": false }));
    let entry = acme.get("/v1/suppressions").await["data"][0].clone();
    assert_eq!((&entry["reason"], &entry["contact"]), (&json!("unsubscribe"), &json!(ada.id)));
    assert!(!goes(&acme, &ada, "marketing").await && goes(&acme, &ada, "transactional").await);

    post(&stage, &letter.unsubscribe(), "choice=save&category=marketing").await;
    assert_eq!(acme.get("/v1/suppressions").await["data"], json!([]));
    assert!(goes(&acme, &ada, "marketing").await && !goes(&acme, &ada, "surveys").await);
}

#[tokio::test]
async fn what_was_refused_elsewhere_is_shown_as_such_and_ticking_it_takes_the_refusal_back() {
    let stage = Story::begin().await;
    let (acme, ada, _, letter) = reader(&stage).await;
    let path = format!("/v1/contacts/{}/preferences", ada.id);
    acme.patch(&path, &json!({ "channels": { "email": false } })).await;
    let page = stage.get(&letter.unsubscribe()).await;
    assert!(!String::from_utf8_lossy(&page.bytes).contains("checked"));
    post(&stage, &letter.unsubscribe(), "choice=save&category=marketing").await;
    assert!(goes(&acme, &ada, "marketing").await);
}

#[tokio::test]
async fn a_decision_that_is_none_is_refused() {
    let stage = Story::begin().await;
    let (_, _, _, letter) = reader(&stage).await;
    let before = stage.rows();
    for form in ["", "choice=", "choice=all", "List-Unsubscribe=yes", "category=marketing", "{}"] {
        assert_eq!(post(&stage, &letter.unsubscribe(), form).await.problem(422, "invalid"), ["/choice"]);
    }
    stage.nothing_changed_since(&before, "no decision");
}

#[tokio::test]
async fn whoever_is_no_contact_any_more_can_still_leave() {
    let stage = Story::begin().await;
    let (acme, ada, message, letter) = reader(&stage).await;
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    assert_eq!(stage.get(&letter.unsubscribe()).await.status, 200);
    post(&stage, &letter.unsubscribe(), "List-Unsubscribe=One-Click").await;

    assert_eq!(acme.get("/v1/suppressions").await["data"][0]["reason"], "unsubscribe");
    assert_eq!(acme.events(&message).await, ["unsubscribed"]);
    let again = acme.contact_with(&json!({ "emails": ["ADA@example.com"], "consents": { "email:marketing": true } })).await;
    assert!(!goes(&acme, &again, "marketing").await, "a list that is imported again wakes nobody");
    assert!(goes(&acme, &again, "transactional").await);
}

#[tokio::test]
async fn a_stronger_reason_is_not_lifted_by_coming_back() {
    let stage = Story::begin().await;
    let (acme, ada, _, letter) = reader(&stage).await;
    acme.post("/v1/suppressions", &json!({ "channel": "email", "address": "ada@example.com" })).await.is(201);
    post(&stage, &letter.unsubscribe(), "choice=none").await;
    post(&stage, &letter.unsubscribe(), "choice=save&category=marketing&category=surveys").await;
    assert_eq!(acme.get("/v1/suppressions").await["data"][0]["reason"], "manual");
    assert!(!goes(&acme, &ada, "marketing").await && !goes(&acme, &ada, "transactional").await);
}
