//! The pages below a tenant's word: asking for the link to one's preferences, seeing and changing them. Looking changes nothing.

use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};
use tests::{Company, Contact, Form, Reply, Story};

async fn post(stage: &Story, path: &str, form: &str) -> Reply {
    let reply = stage.ask(Method::POST, path).body("application/x-www-form-urlencoded", form).now().await;
    stage.drain().await;
    reply
}

fn html(reply: &Reply) -> String {
    String::from_utf8(reply.bytes.clone()).unwrap()
}

/// Somebody who wants news and surveys, and the path of the link that a message brought along.
async fn guest<'s>(stage: &'s Story) -> (Company<'s>, Contact, String) {
    let acme = stage.tenant("acme").await;
    let consents = json!({ "email:marketing": true, "email:surveys": true });
    let ada =
        acme.contact_with(&json!({ "emails": ["ada@example.com"], "phones": ["+14155550123"], "consents": consents })).await;
    let content = json!({ "subject": "S", "text": "{{ preferences_url }}" });
    acme.send_with(&json!({ "to": { "contact": ada.id }, "content": content })).await;
    stage.drain().await;
    let link = stage.letter().text.trim().to_owned();
    let path = link.strip_prefix(PUBLIC_URL).unwrap().to_owned();
    assert!(path.starts_with("/p/acme/"), "{path}");
    (acme, ada, path)
}

async fn preferences(acme: &Company<'_>, contact: &Contact) -> Value {
    acme.get(&format!("/v1/contacts/{}/preferences", contact.id)).await
}

#[tokio::test]
async fn the_page_shows_everything_and_looking_changes_nothing() {
    let stage = Story::begin().await;
    let (_, _, path) = guest(&stage).await;
    let before = stage.rows();
    for method in [Method::GET, Method::HEAD] {
        let page = stage.ask(method, &path).header("user-agent", "Barracuda link scanner").now().await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    let page = html(&stage.get(&path).await);
    for part in [
        "acme Ltd",
        "value=\"email:marketing\" checked> marketing by email",
        "name=\"channel\" value=\"sms\" checked",
        "<label for=\"zone\">",
        "color-scheme:light dark",
        "Unsubscribe from all",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("ada@example.com") && !page.contains("<script"), "the link may have been forwarded");
    stage.nothing_changed_since(&before, "a GET");
}

#[tokio::test]
async fn what_is_ticked_and_filled_in_is_saved() {
    let stage = Story::begin().await;
    let (acme, ada, path) = guest(&stage).await;
    acme.patch(&format!("/v1/contacts/{}/preferences", ada.id), &json!({ "campaigns": { "spring": false, "fall": false } }))
        .await;
    let form = Form::open(&stage, &path).await.untick("consent", "email:marketing").untick("channel", "sms");
    let form = form.untick("channel", "voice").untick("channel", "whatsapp").tick("campaign", "fall").fill("locale", "de");
    let form = form.fill("zone", "Europe/Berlin").fill("quiet_start", "21:00").fill("quiet_end", "08:00");
    let saved = form.save(&stage).await;
    assert!(saved.status == 200 && html(&saved).contains("role=\"status\">Gespeichert."));
    let found = preferences(&acme, &ada).await;
    let granted = |key: &str| found["consents"][key]["granted"].clone();
    assert_eq!((granted("email:marketing"), granted("email:surveys")), (json!(false), json!(true)));
    assert_eq!(found["channels"], json!({ "email": true, "sms": false, "voice": false, "whatsapp": false }));
    assert_eq!(found["campaigns"], json!({ "spring": false }));
    assert_eq!(
        (&found["locale"], &found["zone"], &found["quiet_hours"]),
        (&json!("de"), &json!("Europe/Berlin"), &json!({ "start": "21:00", "end": "08:00" }))
    );
    let kept = acme.get(&format!("/v1/contacts/{}/consents", ada.id)).await["data"][0].clone();
    assert_eq!(kept["source"], "preference_page");

    // What the page never offered cannot be smuggled in.
    post(&stage, &path, "choice=save&consent=email:secret&consent=email:transactional&channel=push&campaign=x").await;
    let found = preferences(&acme, &ada).await;
    let keys: Vec<&String> = found["consents"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["email:marketing", "email:surveys"]);
    assert!(found["channels"].get("push").is_none());
}

/// The page may lie open for a day while the person, or whoever brings an import, says more elsewhere.
#[tokio::test]
async fn a_saved_page_answers_what_it_asked_and_nothing_else() {
    let stage = Story::begin().await;
    let (acme, ada, path) = guest(&stage).await;
    let opened = Form::open(&stage, &path).await;
    let consents = json!({ "email:offers": true, "sms:alerts": true });
    let handles = json!([{ "channel": "telegram", "address": "7001" }]);
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": consents, "handles": handles })).await;
    acme.patch(&format!("/v1/contacts/{}/preferences", ada.id), &json!({ "campaigns": { "spring": false } })).await;
    assert_eq!(opened.untick("consent", "email:surveys").save(&stage).await.status, 200);

    let found = preferences(&acme, &ada).await;
    let granted = |key: &str| found["consents"][key]["granted"].clone();
    assert_eq!(
        ["email:marketing", "email:surveys", "email:offers", "sms:alerts"].map(granted),
        [json!(true), json!(false), json!(true), json!(true)]
    );
    let channels = json!({ "email": true, "sms": true, "telegram": true, "voice": true, "whatsapp": true });
    assert_eq!((&found["channels"], &found["campaigns"]), (&channels, &json!({ "spring": false })));
    let kept = acme.get(&format!("/v1/contacts/{}/consents", ada.id)).await["data"][0].clone();
    assert_eq!(
        (&kept["source"], &kept["answers"]),
        (
            &json!("preference_page"),
            &json!([{ "channel": "email", "category": "surveys", "campaign": null, "said": "withdrawn" }])
        )
    );

    // A form that does not say what it asked answers what is ticked, and leaves alone what it does not bring along.
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "locale": "de" })).await;
    post(&stage, &path, "choice=save&consent=email:surveys&channel=email").await;
    let found = preferences(&acme, &ada).await;
    let granted = |key: &str| found["consents"][key]["granted"].clone();
    assert_eq!(["email:marketing", "email:surveys"].map(granted), [json!(true), json!(true)]);
    assert_eq!((&found["channels"], &found["locale"]), (&channels, &json!("de")));
}

#[tokio::test]
async fn leaving_everything_leaves_everything_until_one_comes_back() {
    let stage = Story::begin().await;
    let (acme, ada, path) = guest(&stage).await;
    post(&stage, &path, "choice=none").await;
    let found = preferences(&acme, &ada).await;
    assert_eq!((&found["channels"]["email"], &found["consents"]["email:marketing"]["granted"]), (&json!(false), &json!(false)));
    let news = acme.news(&ada).await;
    stage.drain().await;
    assert_eq!(acme.stopped_by(&news).await, "opt_in");

    // Also who left by the link in the mail's head comes back here.
    let entry = json!({ "channel": "email", "address": "ada@example.com", "reason": "unsubscribe" });
    acme.post("/v1/suppressions", &entry).await.is(201);
    assert!(!html(&stage.get(&path).await).contains("checked> marketing"));
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": { "email:offers": true } })).await;
    post(&stage, &path, "choice=save&channel=email&locale=de").await;
    assert_eq!(acme.get("/v1/suppressions").await["data"][0]["reason"], "unsubscribe", "nobody asked for mail here");
    post(&stage, &path, "choice=save&consent=email:marketing&channel=email").await;
    assert_eq!(acme.get("/v1/suppressions").await["data"], json!([]));
    let news = acme.news(&ada).await;
    stage.drain().await;
    assert_eq!(acme.status(&news).await, "sent");
}

#[tokio::test]
async fn saving_lifts_nothing_of_an_address_that_the_page_does_not_speak_of() {
    let stage = Story::begin().await;
    let (acme, ada, path) = guest(&stage).await;
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "emails": ["ada@example.com", "ada@home.example"] })).await;
    let entry = json!({ "channel": "email", "address": "ada@example.com", "reason": "unsubscribe" });
    acme.post("/v1/suppressions", &entry).await.is(201);
    post(&stage, &path, "choice=save&consent=email:marketing&channel=email&locale=de").await;
    assert_eq!(acme.get("/v1/suppressions").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_that_cannot_be_meant_is_shown_again_and_saves_nothing() {
    let stage = Story::begin().await;
    let (_, _, path) = guest(&stage).await;
    let before = stage.rows();
    for form in [
        "choice=save&locale=klingon",
        "choice=save&zone=Mars/Base",
        "choice=save&quiet_start=21:00",
        "choice=save&quiet_start=25:00&quiet_end=08:00",
    ] {
        let page = post(&stage, &path, form).await;
        assert_eq!(page.status, 422, "{form}");
        assert!(
            html(&page).contains("role=\"alert\">Nothing was saved. "),
            "{form}: a page for people, not a problem for programs"
        );
    }
    for form in ["", "choice=", "choice=all", "{}"] {
        assert_eq!(post(&stage, &path, form).await.problem(422, "invalid"), ["/choice"]);
    }
    stage.nothing_changed_since(&before, "nothing that can be meant");
}

#[tokio::test]
async fn a_link_is_one_contacts_and_ends_with_it() {
    let stage = Story::begin().await;
    let (acme, ada, path) = guest(&stage).await;
    stage.tenant("bravo").await;
    let token = path.rsplit('/').next().unwrap();
    let last = if token.ends_with('A') { "B" } else { "A" };
    let forged = format!("/p/acme/{}{last}", &token[..token.len() - 1]);
    let wrong = [forged, format!("/p/bravo/{token}"), format!("/p/acme/confirm/{token}"), format!("/u/{token}")];
    for path in wrong.iter().map(String::as_str).chain(["/p/acme/x", "/p/acme/%FF%FE", "/p/acme/", "/p/"]) {
        stage.get(path).await.problem(404, "not-found");
        let asked = stage.ask(Method::POST, path).body("application/x-www-form-urlencoded", "choice=none").now().await;
        asked.problem(404, "not-found");
    }
    stage.clock.advance(367 * 86_400_000).unwrap();
    stage.get(&path).await.problem(404, "not-found");
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    stage.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn who_asks_for_the_link_is_told_the_same_whether_known_or_not() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let form = html(&stage.get("/p/acme").await);
    assert!(form.contains("acme Ltd") && form.contains("<label for=\"email\">"));

    let stranger = post(&stage, "/p/acme", "email=nobody@example.com").await;
    let known = post(&stage, "/p/acme", "email=%20ADA@example.com").await;
    assert_eq!((stranger.status, known.status, html(&stranger)), (200, 200, html(&known)));
    let letter = stage.letter();
    assert_eq!(
        (letter.subject.as_str(), letter.envelope.clone()),
        ("Your messages from acme Ltd", vec!["ADA@example.com".to_owned()])
    );
    let link = letter.text.split_whitespace().find(|word| word.starts_with(PUBLIC_URL)).unwrap().to_owned();
    let path = link.strip_prefix(PUBLIC_URL).unwrap();
    post(&stage, path, "choice=save&locale=fr").await;
    assert_eq!(preferences(&acme, &ada).await["locale"], "fr");

    // One an hour, and nothing is told of that either.
    assert_eq!(html(&post(&stage, "/p/acme", "email=ada@example.com").await), html(&known));
    assert_eq!(stage.letters().len(), 1);
    stage.pass(3600).await;
    post(&stage, "/p/acme", "email=ada@example.com").await;
    assert_eq!(stage.letters().len(), 2);

    let before = stage.rows();
    post(&stage, "/p/acme", "email=nobody@example.com").await;
    for wrong in ["email=nobody", ""] {
        let page = post(&stage, "/p/acme", wrong).await;
        assert_eq!(page.status, 422, "{wrong:?}");
        assert!(html(&page).contains("role=\"alert\"") && html(&page).contains("<label for=\"email\">"), "the form once more");
    }
    for slug in ["/p/nobody", "/p/a%23b", "/p/%FF"] {
        stage.get(slug).await.problem(404, "not-found");
        post(&stage, slug, "email=ada@example.com").await.problem(404, "not-found");
    }
    stage.nothing_changed_since(&before, "strangers");
}
