//! Double opt-in: somebody is asked by email, and has consented once the link is followed and the button is pressed.

use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};
use tests::{Company, Contact, Letter, Reply, Story};

async fn ask(acme: &Company<'_>, contact: &Contact) -> Value {
    let body = json!({ "channel": "email", "category": "marketing", "double_opt_in": true });
    let found = acme.post(&format!("/v1/contacts/{}/consents", contact.id), &body).await.is(200);
    acme.story.drain().await;
    found
}

/// The path of the link in the question.
fn link(letter: &Letter) -> String {
    let links = letter.links().into_iter().map(|link| link.replace("&#x2f;", "/"));
    let link = links.into_iter().find(|link| link.contains("/confirm/")).unwrap();
    link.strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

async fn press(stage: &Story, path: &str) -> Reply {
    let reply = stage.ask(Method::POST, path).body("application/x-www-form-urlencoded", "choice=yes").now().await;
    stage.drain().await;
    reply
}

async fn goes(acme: &Company<'_>, contact: &Contact) -> bool {
    let message = acme.news(contact).await;
    acme.story.drain().await;
    acme.status(&message).await == "sent"
}

#[tokio::test]
async fn only_the_pressed_button_is_a_consent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let found = ask(&acme, &ada).await;
    let asked = json!({ "asked_at": "2026-03-02T09:00:00.000Z", "expires_at": "2026-03-09T09:00:00.000Z" });
    assert_eq!((&found["pending"]["email:marketing"], &found["consents"]), (&asked, &json!({})));
    let letter = stage.letter();
    assert_eq!(letter.subject, "Please confirm: marketing from acme Ltd");
    assert!(!goes(&acme, &ada).await, "a question is no consent");

    let (path, before) = (link(&letter), stage.rows());
    for method in [Method::GET, Method::HEAD] {
        let page = stage.ask(method, &path).now().await;
        assert_eq!(page.status, 200);
    }
    stage.nothing_changed_since(&before, "a GET");
    assert!(!goes(&acme, &ada).await, "neither is a look");

    let done = press(&stage, &path).await;
    assert!(done.status == 200 && String::from_utf8_lossy(&done.bytes).contains("Thank you"));
    assert!(goes(&acme, &ada).await);
    let kept = acme.get(&format!("/v1/contacts/{}/consents", ada.id)).await["data"].clone();
    let said = |at: usize| (kept[at]["source"].clone(), kept[at]["answers"][0]["said"].clone());
    assert_eq!([said(0), said(1)], [(json!("double_opt_in"), json!("granted")), (json!("api"), json!("pending"))]);
    assert_eq!(kept[0]["text"], "Do you want to get marketing from acme Ltd by email?");

    let before = stage.rows();
    assert_eq!(press(&stage, &path).await.status, 200, "twice is once");
    ask(&acme, &ada).await;
    stage.nothing_changed_since(&before, "whoever has consented is not asked");
}

#[tokio::test]
async fn a_question_is_open_for_a_week_and_asked_once_a_day() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    ask(&acme, &ada).await;
    stage.pass(86_399).await;
    ask(&acme, &ada).await;
    assert_eq!(stage.letters().len(), 1);
    stage.pass(1).await;
    ask(&acme, &ada).await;
    let letters = stage.letters();
    assert_eq!(letters.len(), 2);

    stage.pass(7 * 86_400).await;
    for letter in &letters {
        stage.get(&link(letter)).await.problem(404, "not-found");
        press(&stage, &link(letter)).await.problem(404, "not-found");
    }
    let found = acme.get(&format!("/v1/contacts/{}/preferences", ada.id)).await;
    assert_eq!((&found["pending"], &found["consents"]), (&json!({}), &json!({})));
    assert!(!goes(&acme, &ada).await);
}

#[tokio::test]
async fn a_question_that_was_taken_back_is_not_answered_any_more() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    ask(&acme, &ada).await;
    let path = link(&stage.letter());
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": { "email:marketing": false } })).await;
    let late = press(&stage, &path).await;
    assert!(String::from_utf8_lossy(&late.bytes).contains("Too late"));
    assert!(!goes(&acme, &ada).await);
}

#[tokio::test]
async fn who_had_left_everything_comes_back_by_confirming() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let entry = json!({ "channel": "email", "address": "ada@example.com", "reason": "unsubscribe" });
    acme.post("/v1/suppressions", &entry).await.is(201);
    ask(&acme, &ada).await;
    press(&stage, &link(&stage.letter())).await;
    assert_eq!(acme.get("/v1/suppressions").await["data"], json!([]));
    assert!(goes(&acme, &ada).await);
}

#[tokio::test]
async fn who_unsubscribed_from_all_on_the_page_comes_back_by_confirming() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    acme.patch(
        &format!("/v1/contacts/{}/preferences", ada.id),
        &json!({ "channels": { "email": false }, "categories": { "marketing": false } }),
    )
    .await;
    ask(&acme, &ada).await;
    press(&stage, &link(&stage.letter())).await;
    assert!(goes(&acme, &ada).await);
}

#[tokio::test]
async fn a_yes_from_an_address_that_was_given_up_says_nothing_for_the_new_one() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    ask(&acme, &ada).await;
    let asked = link(&stage.letter());
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "emails": ["ada@new.example"] })).await;
    press(&stage, &asked).await;
    assert!(!goes(&acme, &ada).await);
}

#[tokio::test]
async fn the_shipped_words_ask_in_the_language_of_who_is_asked() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (number, (locale, subject)) in [
        ("fr-CA", "Merci de confirmer : marketing de acme Ltd"),
        ("nl", "Bevestig alstublieft: marketing van acme Ltd"),
        ("fi", "Please confirm: marketing from acme Ltd"),
    ]
    .into_iter()
    .enumerate()
    {
        let someone = json!({ "emails": [format!("p{number}@example.com")], "locale": locale });
        let someone = acme.contact_with(&someone).await;
        ask(&acme, &someone).await;
        let question = stage.letters().pop().unwrap();
        assert_eq!(question.subject, subject, "{locale}");
        press(&stage, &link(&question)).await;
        assert!(goes(&acme, &someone).await, "{locale}");
        stage.clock.advance(5_000).unwrap();
    }
}

#[tokio::test]
async fn the_tenants_own_words_ask_and_the_shipped_ones_where_there_are_none() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (ada, bob) = (acme.contact("Ada", "ada@example.com").await, acme.contact("Bob", "bob@example.com").await);
    let templates = acme.get("/v1/templates").await;
    let own = templates["data"].as_array().unwrap().iter().find(|one| one["name"] == "confirm-consent").unwrap()["id"].clone();
    let own = own.as_str().unwrap();
    let words = json!({ "subject": "Really, {{ contact.first_name }}?", "html": "<a href=\"{{ confirm_url }}\">Yes</a>" });
    acme.version(own, &json!({ "contents": { "en": words } })).await;
    ask(&acme, &ada).await;
    assert_eq!(stage.letter().subject, "Really, Ada?");

    acme.delete(&format!("/v1/templates/{own}")).await;
    stage.clock.advance(5_000).unwrap();
    ask(&acme, &bob).await;
    assert_eq!(stage.letters()[1].subject, "Please confirm: marketing from acme Ltd");

    let eva = acme.contact_with(&json!({ "emails": ["eva@example.com"], "locale": "de-AT" })).await;
    stage.clock.advance(5_000).unwrap();
    ask(&acme, &eva).await;
    assert_eq!(stage.letters()[2].subject, "Bitte bestätigen: marketing von acme Ltd", "in the language of who is asked");

    let nobody = acme.contact_with(&json!({ "first_name": "Eve" })).await;
    let body = json!({ "channel": "email", "category": "marketing", "double_opt_in": true });
    let refused = acme.post(&format!("/v1/contacts/{}/consents", nobody.id), &body).await;
    assert_eq!(refused.problem(422, "invalid"), ["/channel"]);
}
