//! Templates: versions that never change, one of which is live.

use http::Method;
use serde_json::{Value, json};
use tests::{Company, Story};

fn says(text: &str) -> Value {
    json!({ "subject": text, "text": text })
}

async fn named(acme: &Company<'_>, words: &Value) -> String {
    acme.post("/v1/templates", words).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// What a message of the template says now.
async fn reads(acme: &Company<'_>, template: &str) -> String {
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": template })).await;
    acme.story.drain().await;
    acme.story.letters().pop().unwrap().text.trim().to_owned()
}

#[tokio::test]
async fn a_new_version_is_published_and_an_old_one_brought_back() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = named(&acme, &json!({ "name": "hello", "description": " Greets. " })).await;
    let path = format!("/v1/templates/{id}");
    assert_eq!((&acme.get(&path).await["live"], &acme.get(&path).await["latest"]), (&Value::Null, &json!(0)));

    let first = acme.version(&id, &json!({ "contents": { "en": says("one") }, "note": "First" })).await;
    assert_eq!((&first["number"], &first["live"], &first["note"]), (&json!(1), &json!(true), &json!("First")));
    assert_eq!(reads(&acme, "hello").await, "one");
    let second = acme.version(&id, &json!({ "contents": { "en": says("two") }, "publish": false })).await;
    assert_eq!((&second["number"], &second["live"]), (&json!(2), &json!(false)));
    assert_eq!(reads(&acme, "hello").await, "one", "a draft is not live");

    let publish = |number: u32| acme.ask(Method::POST, &format!("{path}/versions/{number}/publish"));
    assert_eq!(publish(2).now().await.is(200)["live"], 2);
    assert_eq!(reads(&acme, "hello").await, "two");
    let pinned = json!({ "to": { "email": "ada@example.com" }, "template": "hello", "version": 1 });
    acme.send_with(&pinned).await;
    stage.drain().await;
    assert_eq!(stage.letters().pop().unwrap().text.trim(), "one");
    assert_eq!(publish(1).now().await.is(200)["live"], 1);
    assert_eq!(reads(&acme, "hello").await, "one");

    let lines = acme.get(&format!("{path}/versions")).await["data"].clone();
    let shown: Vec<_> = lines.as_array().unwrap().iter().map(|line| (line["number"].clone(), line["live"].clone())).collect();
    assert_eq!(shown, [(json!(2), json!(false)), (json!(1), json!(true))]);
    assert_eq!(acme.get(&format!("{path}/versions/2")).await["contents"]["en"]["text"], "two");
    for number in ["0", "3", "x", "-1", "99999999999"] {
        acme.look(&format!("{path}/versions/{number}")).await.problem(404, "not-found");
        acme.order(&format!("{path}/versions/{number}/publish")).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_message_says_what_its_template_said_when_it_was_accepted() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = acme.template(&json!({ "name": "hello" }), &says("before")).await;
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "hello", "send_at": "2026-03-03T09:00:00Z" });
    let message = acme.send_with(&order).await;
    acme.version(&id, &json!({ "contents": { "en": says("after") } })).await;
    stage.drain().await;
    stage.pass_until("2026-03-03T09:00:00Z").await;
    assert_eq!(stage.letter().text.trim(), "before");
    assert_eq!(acme.message(&message).await["template"]["version"], 1);
}

#[tokio::test]
async fn a_version_pins_the_layouts_it_was_made_with() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let frame = |mark: &str| json!({ "html": format!("<i>{mark}</i>{{% block body %}}{{% endblock %}}"), "text": format!("{mark} {{% block body %}}{{% endblock %}}") });
    let layout = acme.template(&json!({ "name": "frame", "use": "layout" }), &frame("old")).await;
    let page = json!({
        "subject": "Hi", "html": "{% extends 'frame' %}{% block body %}<b>Hello</b>{% endblock %}",
        "text": "{% extends 'frame' %}{% block body %}Hello{% endblock %}",
    });
    let id = acme.template(&json!({ "name": "hello" }), &page).await;
    let pinned = acme.get(&format!("/v1/templates/{id}/versions/1")).await["layouts"].clone();
    assert_eq!(pinned, json!({ "frame": { "template": layout, "version": 1 } }));

    acme.version(&layout, &json!({ "contents": { "en": frame("new") } })).await;
    assert_eq!(reads(&acme, "hello").await, "old Hello", "a new layout changes no letter behind one's back");
    acme.version(&id, &json!({ "contents": { "en": page } })).await;
    assert_eq!(reads(&acme, "hello").await, "new Hello");
    let letter = stage.letters().pop().unwrap();
    assert!(letter.html.contains("<i>new</i>") && letter.html.contains("<b>Hello</b>"), "{}", letter.html);

    // A layout is no message, and one without a live version is no layout.
    named(&acme, &json!({ "name": "draft", "use": "layout" })).await;
    for name in ["draft", "nothing", "welcome"] {
        let contents = json!({ "contents": { "en": { "subject": "Hi", "html": format!("{{% extends '{name}' %}}") } } });
        let refused = acme.post(&format!("/v1/templates/{id}/versions"), &contents).await;
        assert_eq!(refused.problem(422, "invalid"), ["/contents/en"], "{name}");
    }
}

#[tokio::test]
async fn a_translation_that_fell_behind_is_marked() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = named(&acme, &json!({ "name": "hello" })).await;
    let add = async |en: &str, de: &str, fr: &str| {
        let contents = json!({ "en": says(en), "de": says(de), "fr": says(fr) });
        acme.version(&id, &json!({ "contents": contents })).await["stale"].clone()
    };
    assert_eq!(add("one", "eins", "un").await, json!([]));
    assert_eq!(add("two", "zwei", "un").await, json!(["fr"]));
    assert_eq!(add("two", "zwei", "un").await, json!(["fr"]), "it stays behind");
    assert_eq!(add("two", "zwei", "deux").await, json!([]));
    assert_eq!(acme.get(&format!("/v1/templates/{id}/versions")).await["data"][1]["stale"], json!(["fr"]));
}

#[tokio::test]
async fn a_preview_shows_what_a_recipient_would_see() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "first_name": "Ada", "emails": ["ada@example.com"], "locale": "de" })).await;
    let id = named(&acme, &json!({ "name": "hello" })).await;
    let page = |word: &str| json!({ "subject": format!("{word} {{{{ number }}}}"), "html": format!("<p>{word} {{{{ contact.first_name }}}}</p>") });
    let variables = json!([{ "name": "number", "kind": "number", "required": true }, { "name": "note", "kind": "text", "default": "none" }]);
    acme.version(&id, &json!({ "contents": { "en": page("Hello"), "de": page("Hallo") }, "variables": variables })).await;
    let before = stage.rows();

    let path = format!("/v1/templates/{id}/preview");
    let good = acme.post(&path, &json!({ "contact": ada.id, "variables": { "number": 7 } })).await.is(200);
    assert_eq!((&good["ok"], &good["subject"], &good["locale"]), (&json!(true), &json!("Hallo 7"), &json!("de")));
    assert!(good["html"].as_str().unwrap().contains("Hallo Ada"));
    let sample = acme.post(&path, &json!({ "variables": { "number": 7 } })).await.is(200);
    assert_eq!(sample["subject"], "Hello 7");
    let missing = acme.post(&path, &json!({})).await.is(200);
    assert_eq!(missing["ok"], false);
    assert!(
        missing["faults"].to_string().contains("/variables/number") || missing["missing"] == json!(["number"]),
        "{missing}"
    );
    let wrong = acme.post(&path, &json!({ "variables": { "number": "seven" } })).await.is(200);
    assert_eq!((&wrong["ok"], &wrong["faults"][0]["place"]), (&json!(false), &json!("/variables/number")));
    assert_eq!(acme.post(&path, &json!({ "version": 9 })).await.problem(422, "invalid"), ["/version"]);
    stage.nothing_changed_since(&before, "previews");
}

#[tokio::test]
async fn a_draft_is_tried_without_being_stored_and_sent_when_it_is_whole() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = acme.template(&json!({ "name": "hello" }), &says("stored")).await;
    let path = format!("/v1/templates/{id}/test");
    let before = stage.rows();
    let draft =
        json!({ "subject": "{{ number }} {{ whatever }}", "html": "<p>{{ contact.first_name }} {{ contact.nickname }}</p>" });
    let tried = acme.post(&path, &json!({ "content": draft, "variables": { "number": 1 } })).await.is(200);
    assert_eq!((&tried["ok"], &tried["version"]), (&json!(false), &Value::Null));
    assert_eq!(tried["missing"], json!(["contact.nickname", "whatever"]));
    assert!(tried["bytes"]["html"].as_u64().unwrap() > 0 && tried["hints"].is_array());
    let unsent = json!({ "content": draft, "send_to": "me@acme.example" });
    assert!(acme.post(&path, &unsent).await.problem(422, "invalid").contains(&"/variables/whatever".to_owned()));
    let broken = json!({ "content": { "subject": "Hi", "html": "{% if %}" } });
    assert_eq!(acme.post(&path, &broken).await.problem(422, "invalid"), ["/content/html"]);
    stage.nothing_changed_since(&before, "trials");

    let whole = json!({ "content": { "subject": "Draft {{ a }}", "text": "{{ '{{' }} stays" }, "variables": { "a": 1 }, "send_to": "me@acme.example" });
    let sent = acme.post(&path, &whole).await.is(200);
    stage.drain().await;
    let letter = stage.letter();
    assert_eq!((letter.subject.as_str(), letter.text.trim()), ("Draft 1", "{{ stays"), "what is shown is sent, word for word");
    assert_eq!(letter.to, ["me@acme.example"]);
    assert_eq!(acme.get(&format!("/v1/messages/{}", sent["message"].as_str().unwrap())).await["tags"], json!(["test"]));
}

#[tokio::test]
async fn a_name_is_unique_and_free_again_when_it_is_left() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = acme.template(&json!({ "name": "hello" }), &says("hello")).await;
    let path = format!("/v1/templates/{id}");
    let before = stage.rows();
    for name in ["hello", "welcome"] {
        assert_eq!(acme.post("/v1/templates", &json!({ "name": name })).await.problem(422, "invalid"), ["/name"]);
    }
    for name in ["", "Hello", "1st", "a b", "a#b", "ä", &"x".repeat(65)] {
        assert_eq!(acme.post("/v1/templates", &json!({ "name": name })).await.problem(422, "invalid"), ["/name"], "{name}");
    }
    let taken = acme.ask(Method::PATCH, &path).json(&json!({ "name": "welcome" })).now().await;
    assert_eq!(taken.problem(422, "invalid"), ["/name"]);
    stage.nothing_changed_since(&before, "names");

    acme.patch(&path, &json!({ "name": "greeting" })).await;
    assert_eq!(reads(&acme, "greeting").await, "hello");
    named(&acme, &json!({ "name": "hello" })).await;
    acme.patch(&path, &json!({ "active": false })).await;
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "greeting" });
    assert_eq!(acme.post("/v1/messages", &order).await.problem(422, "invalid"), ["/template"]);
}

#[tokio::test]
async fn a_version_that_is_not_sound_is_refused_at_its_place() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = named(&acme, &json!({ "name": "hello" })).await;
    let (path, before) = (format!("/v1/templates/{id}/versions"), stage.rows());
    let variable = |name: &str| json!([{ "name": name, "kind": "text" }]);
    for (what, body, pointer) in [
        ("no content", json!({ "contents": {} }), "/contents"),
        ("not the own locale", json!({ "contents": { "de": says("Hallo") } }), "/contents"),
        ("no locale", json!({ "contents": { "!": says("x") } }), "/contents/!"),
        ("no subject", json!({ "contents": { "en": { "text": "x" } } }), "/contents/en/subject"),
        ("no body", json!({ "contents": { "en": { "subject": "x" } } }), "/contents/en"),
        ("a broken translation", json!({ "contents": { "en": says("x"), "de": says("{{ x") } }), "/contents/de/subject"),
        ("a variable's name", json!({ "contents": { "en": says("x") }, "variables": variable("a b") }), "/variables/0"),
        (
            "a variable twice",
            json!({ "contents": { "en": says("x") }, "variables": [variable("a")[0], variable("a")[0]] }),
            "/variables/1",
        ),
        (
            "a variable's kind",
            json!({ "contents": { "en": says("x") }, "variables": [{ "name": "a", "kind": "colour" }] }),
            "/variables/0/kind",
        ),
        ("a long note", json!({ "contents": { "en": says("x") }, "note": "x".repeat(501) }), "/note"),
    ] {
        let refused = acme.post(&path, &body).await;
        assert_eq!(refused.status, 422, "{what}: {}", String::from_utf8_lossy(&refused.bytes));
        let places = refused.problem(422, "invalid");
        assert_eq!(places.first().map(String::as_str), Some(pointer), "{what}: {places:?}");
        stage.nothing_changed_since(&before, what);
    }
}
