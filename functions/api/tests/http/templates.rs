//! Templates and versions: named, numbered, published, looked at.

use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

fn version(text: &str) -> Value {
    json!({"contents": {"en": {"subject": "Parcel {{ number }}", "html": format!("<p>{text}</p>")}},
           "variables": [{"name": "number", "kind": "text", "required": true}]})
}

async fn template(stage: &Stage, name: &str) -> Answer {
    stage.post("/v1/templates", json!({"name": name, "description": " For tests "})).await.is(201)
}

#[tokio::test]
async fn a_template_is_made_changed_and_deleted() {
    let stage = Stage::new().await;
    let made = template(&stage, "shipped").await;
    let (view, path) = (made.json(), made.header("location").to_owned());
    assert_eq!(
        (&view["description"], &view["use"], &view["live"], &view["latest"]),
        (&json!("For tests"), &json!("message"), &json!(null), &json!(0))
    );
    assert_eq!(
        stage.post("/v1/templates", json!({"name": "shipped"})).await.is(422).faults()[0],
        ("/name".into(), "taken".into())
    );
    assert_eq!(stage.post("/v1/templates", json!({"name": "Shipped!"})).await.is(422).faults()[0].0, "/name");
    assert_eq!(stage.post("/v1/templates", json!({"name": "a", "channel": "pigeon"})).await.is(422).faults()[0].0, "/channel");

    let stale = [("if-match", "\"7\"")];
    stage.send("PATCH", &path, &stale, r#"{"active": false}"#).await.is(412);
    let changed = stage
        .send("PATCH", &path, &[("if-match", made.header("etag"))], r#"{"active": false, "description": null}"#)
        .await
        .is(200);
    assert_eq!((&changed.json()["active"], &changed.json()["description"]), (&json!(false), &json!(null)));
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(stage.patch(&path, json!({"name": "welcome"})).await.is(422).faults()[0].1, "taken");
    assert_eq!(stage.patch(&path, json!({"active": null})).await.is(422).faults()[0].0, "/active");
    stage.patch(&path, json!({"name": "sent-off"})).await.is(200);
    template(&stage, "shipped").await;

    let list = stage.get("/v1/templates?name=sent-off").await.is(200).json();
    assert_eq!(list["data"][0]["id"], view["id"]);
    stage.delete(&path).await.is(204);
    stage.get(&path).await.is(404);
    template(&stage, "sent-off").await;
}

#[tokio::test]
async fn versions_are_numbered_published_and_rolled_back() {
    let stage = Stage::new().await;
    let path = template(&stage, "shipped").await.header("location").to_owned();
    let versions = format!("{path}/versions");
    let first = stage.post(&versions, version("one")).await.is(201);
    assert_eq!(
        (&first.json()["number"], &first.json()["live"], first.header("location")),
        (&json!(1), &json!(true), format!("{versions}/1").as_str())
    );
    let mut draft = version("two");
    draft["publish"] = json!(false);
    draft["note"] = json!("shorter");
    stage.post(&versions, draft).await.is(201);
    assert_eq!((&stage.get(&path).await.json()["live"], &stage.get(&path).await.json()["latest"]), (&json!(1), &json!(2)));
    let send = json!({"to": {"email": "ada@example.com"}, "template": "shipped", "variables": {"number": "1"}});
    assert_eq!(stage.post("/v1/messages", send.clone()).await.is(202).json()["template"]["version"], 1);
    let live = stage.send("POST", &format!("{versions}/2/publish"), &[], "").await.is(200);
    assert_eq!(live.json()["live"], 2);
    assert_eq!(stage.post("/v1/messages", send).await.is(202).json()["template"]["version"], 2);
    stage.send("POST", &format!("{versions}/1/publish"), &[], "").await.is(200);
    stage.send("POST", &format!("{versions}/9/publish"), &[], "").await.is(404);
    stage.send("POST", &format!("{versions}/x/publish"), &[], "").await.is(404);
    let one = stage.get(&format!("{versions}/1")).await.is(200).json();
    assert_eq!((&one["live"], &one["contents"]["en"]["engine"]), (&json!(true), &json!("jinja")));

    let page = stage.get(&format!("{versions}?limit=1")).await.is(200).json();
    assert_eq!((&page["data"][0]["number"], &page["data"][0]["note"]), (&json!(2), &json!("shorter")));
    let next = page["next"].as_str().unwrap();
    let page = stage.get(&format!("{versions}?limit=1&after={next}")).await.is(200).json();
    assert_eq!((&page["data"][0]["number"], &page["has_more"]), (&json!(1), &json!(false)));
    let other = template(&stage, "other").await.header("location").to_owned();
    stage.get(&format!("{other}/versions?after={next}")).await.is(422);
}

#[tokio::test]
async fn a_version_that_cannot_be_used_is_refused() {
    let stage = Stage::new().await;
    let path = template(&stage, "shipped").await.header("location").to_owned() + "/versions";
    for (body, place, code) in [
        (json!({"contents": {}}), "/contents", "required"),
        (json!({"contents": {"en": {"subject": "s"}}}), "/contents/en", "required"),
        (json!({"contents": {"en": {"html": "h"}}}), "/contents/en/subject", "required"),
        (json!({"contents": {"en": {"subject": "s", "html": "{{ x"}}}), "/contents/en/html", "template"),
        (json!({"contents": {"en": {"subject": "s", "html": "{% extends \"base\" %}"}}}), "/contents/en", "layout"),
        (json!({"contents": {"english": {"subject": "s", "html": "h"}}}), "/contents/english", "type"),
        (json!({"contents": {"en": {"subject": "s", "html": "h", "amp": "a"}}}), "/contents/en/amp", "unknown_field"),
        (
            json!({"contents": {"en": {"subject": "s", "html": "h"}}, "variables": [{"name": "a.b", "kind": "text"}]}),
            "/variables/0",
            "variable",
        ),
        (
            json!({"contents": {"en": {"subject": "s", "html": "h"}}, "variables": [{"name": "a", "kind": "money"}]}),
            "/variables/0/kind",
            "type",
        ),
        (
            json!({"contents": {"en": {"subject": "s", "html": "h".repeat(250_000), "text": "t".repeat(250_000)}}}),
            "/contents",
            "too_long",
        ),
    ] {
        let refused = stage.post(&path, body).await.is(422);
        assert_eq!(refused.faults()[0], (place.to_owned(), code.to_owned()), "{}", refused.text);
    }
    assert_eq!(stage.get(&path).await.is(200).json()["data"], json!([]));
}

#[tokio::test]
async fn a_layout_is_pinned() {
    let stage = Stage::new().await;
    let layout =
        stage.post("/v1/templates", json!({"name": "base", "use": "layout"})).await.is(201).header("location").to_owned();
    let frame = |word: &str| json!({"contents": {"en": {"html": format!("<b>{word}</b>{{% block body %}}{{% endblock %}}")}}});
    stage.post(&format!("{layout}/versions"), frame("old")).await.is(201);
    let path = template(&stage, "shipped").await.header("location").to_owned();
    let content = json!({"subject": "s", "html": "{% extends \"base\" %}{% block body %}<p>hi</p>{% endblock %}"});
    let made = stage.post(&format!("{path}/versions"), json!({"contents": {"en": content}})).await.is(201).json();
    assert_eq!(made["layouts"]["base"]["version"], 1);
    stage.post(&format!("{layout}/versions"), frame("new")).await.is(201);
    let seen = stage.post(&format!("{path}/preview"), json!({})).await.is(200).json();
    assert!(seen["html"].as_str().unwrap().contains("<b>old</b>"), "{seen}");
    stage.clock.advance(6000).unwrap();
    let tried =
        stage.post(&format!("{path}/test"), json!({"content": content, "send_to": "me@example.com"})).await.is(200).json();
    assert!(tried["html"].as_str().unwrap().contains("<b>new</b>"), "{tried}");
    assert!(tried["message"].is_string());
}

#[tokio::test]
async fn a_preview_tells_what_is_missing() {
    let stage = Stage::new().await;
    let path = template(&stage, "shipped").await.header("location").to_owned();
    assert_eq!(stage.post(&format!("{path}/preview"), json!({})).await.is(422).faults()[0].1, "unpublished");
    stage.post(&format!("{path}/versions"), version("Hello {{ contact.first_name }}, {{ tenant.name }}")).await.is(201);
    let seen = stage.post(&format!("{path}/preview"), json!({})).await.is(200).json();
    assert_eq!((&seen["ok"], &seen["missing"], &seen["subject"]), (&json!(false), &json!(["number"]), &json!("Parcel ")));
    assert_eq!(seen["faults"][0]["place"], "/variables/number");
    let seen = stage.post(&format!("{path}/preview"), json!({"variables": {"number": "7"}})).await.is(200).json();
    assert_eq!(
        (&seen["ok"], &seen["subject"], &seen["version"], &seen["locale"]),
        (&json!(true), &json!("Parcel 7"), &json!(1), &json!("en"))
    );
    assert!(seen["html"].as_str().unwrap().contains("Hello Ada, Acme"));
    assert_eq!(seen["bytes"]["subject"], 8);
    stage.post(&format!("{path}/preview"), json!({"version": 3})).await.is(422);
    stage.post(&format!("{path}/preview"), json!({"contact": "con_00000000000070008000000000000000"})).await.is(422);

    let contact = json!({"first_name": "Grace", "emails": ["grace@example.com"], "locale": "de"});
    let contact = stage.post("/v1/contacts", contact).await.is(201).id();
    let seen =
        stage.post(&format!("{path}/preview"), json!({"contact": contact, "variables": {"number": "7"}})).await.is(200).json();
    assert!(seen["html"].as_str().unwrap().contains("Hello Grace"), "{seen}");
}

#[tokio::test]
async fn a_draft_is_tried_and_sent_word_for_word() {
    let stage = Stage::new().await;
    let path = template(&stage, "shipped").await.header("location").to_owned() + "/test";
    let content = json!({"subject": "Parcel {{ number }}", "html": "<p>{{ contact.first_name }} {{ \"{{ x }}\" }}</p>"});
    let mut body = json!({"content": content, "send_to": "me@example.com"});
    let refused = stage.post(&path, body.clone()).await.is(422);
    assert_eq!(refused.faults()[0], ("/variables/number".into(), "missing".into()));
    body["variables"] = json!({"number": "7"});
    let tried = stage.keyed(&path, "once", &body).await.is(200);
    assert_eq!((&tried.json()["ok"], &tried.json()["version"]), (&json!(true), &json!(null)));
    let again = stage.keyed(&path, "once", &body).await.is(200);
    assert_eq!((again.text.as_str(), again.header("idempotency-replayed")), (tried.text.as_str(), "true"));

    let message = stage.get(&format!("/v1/messages/{}", tried.json()["message"].as_str().unwrap())).await.is(200).json();
    assert_eq!(
        (&message["tags"], &message["to"]["address"], &message["template"]),
        (&json!(["test"]), &json!("me@example.com"), &json!(null))
    );
    assert_eq!(stage.get("/v1/messages?tag=test").await.json()["data"].as_array().unwrap().len(), 1);
    let strict = stage.post(&path, json!({"content": {"subject": "s", "text": "{{ contact.nickname }}"}})).await.is(200).json();
    assert_eq!((&strict["ok"], &strict["missing"]), (&json!(false), &json!(["contact.nickname"])));
    let broken = stage.post(&path, json!({"content": {"subject": "s", "text": "{{"}})).await.is(422);
    assert_eq!(broken.faults()[0].0, "/content/text");
}
