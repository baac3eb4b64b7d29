//! Bad input, as a table: each is a problem that points to its place, and nothing is written.

use http::Method;
use serde_json::{Value, json};
use tests::{Company, Story};

/// A body that is JSON, what is wrong with it, and the places that the problem points to.
type Case = (&'static str, Value, &'static [&'static str]);

fn message(words: Value) -> Value {
    let mut order = json!({ "to": { "email": "ada@example.com" }, "content": { "subject": "Hi", "text": "Hello" } });
    for (name, value) in words.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

fn templated(words: Value) -> Value {
    let mut order = message(words);
    order.as_object_mut().unwrap().remove("content");
    order["template"] = order.get("template").cloned().unwrap_or(json!("invoice"));
    order
}

async fn refuses(acme: &Company<'_>, path: &str, cases: Vec<Case>) {
    acme.get("/v1/tenant").await;
    for (what, body, pointers) in cases {
        let before = acme.story.rows();
        let refused = acme.post(path, &body).await;
        assert_eq!(refused.status, 422, "{what}: {}", String::from_utf8_lossy(&refused.bytes));
        assert_eq!(refused.problem(422, "invalid"), pointers, "{what}");
        acme.story.nothing_changed_since(&before, what);
        // Neither does it use up a key.
        let keyed = acme.ask(Method::POST, path).header("idempotency-key", "k").json(&body).now().await;
        assert_eq!(keyed.problem(422, "invalid"), pointers, "{what}");
        acme.story.nothing_changed_since(&before, what);
    }
}

#[tokio::test]
async fn a_message_says_whom_it_is_for_and_what_it_is() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let contact = acme.contact_with(&json!({ "first_name": "No", "last_name": "Address" })).await.id;
    let both = json!({ "to": { "email": "a@example.com", "contact": contact } });
    let cases = vec![
        ("nobody", json!({ "content": { "subject": "Hi", "text": "Hi" } }), &["/to"] as &[_]),
        ("an empty recipient", message(json!({ "to": {} })), &["/to"]),
        ("two recipients", message(both), &["/to"]),
        ("a contact without address", message(json!({ "to": { "contact": contact } })), &["/to/contact"]),
        ("no address", message(json!({ "to": { "email": "ada" } })), &["/to/email"]),
        (
            "an address with a second line",
            message(json!({ "to": { "email": "a@example.com\r\nBcc: eve@example.com" } })),
            &["/to/email"],
        ),
        (
            "a name of two lines",
            message(json!({ "to": { "email": "a@example.com", "name": "A\r\nBcc: eve@example.com" } })),
            &["/to/name"],
        ),
        ("an unknown field", message(json!({ "subjekt": "x" })), &["/subjekt"]),
        ("an unknown field below", message(json!({ "to": { "email": "a@example.com", "phone": "1" } })), &["/to/phone"]),
        ("a wrong type", message(json!({ "sandbox": "yes" })), &["/sandbox"]),
        ("a list for an object", message(json!({ "variables": [1] })), &["/variables"]),
        ("a number for an id", message(json!({ "to": { "contact": 7 } })), &["/to/contact"]),
        (
            "an id of another kind",
            message(json!({ "to": { "contact": "msg_0195527c0d7b7c3e8a51d2b0f3a94c11" } })),
            &["/to/contact"],
        ),
        ("an account id of another kind", message(json!({ "account": contact })), &["/account"]),
        (
            "an unknown contact",
            message(json!({ "to": { "contact": "con_0195527c0d7b7c3e8a51d2b0f3a94c11" } })),
            &["/to/contact"],
        ),
        ("an unknown account", message(json!({ "account": "acc_0195527c0d7b7c3e8a51d2b0f3a94c11" })), &["/account"]),
        ("an unknown channel", message(json!({ "channel": "pigeon" })), &["/channel"]),
        ("an unknown locale", message(json!({ "locale": "no such" })), &["/locale"]),
        ("a category that is no word", message(json!({ "category": "Big Sale!" })), &["/category"]),
        ("no time", message(json!({ "send_at": "tomorrow" })), &["/send_at"]),
        ("a past time", message(json!({ "send_at": "2026-03-01T00:00:00Z" })), &["/send_at"]),
        ("a time too far", message(json!({ "send_at": "2036-03-01T00:00:00Z" })), &["/send_at"]),
        ("a bad copy", message(json!({ "cc": ["a@example.com", "b"] })), &["/cc/1"]),
        ("a bad reply address", message(json!({ "reply_to": "x\ny" })), &["/reply_to"]),
        ("many copies", message(json!({ "cc": vec!["a@example.com"; 50] })), &["/cc"]),
        ("many tags", message(json!({ "tags": vec!["t"; 21] })), &["/tags"]),
        ("a long tag", message(json!({ "tags": ["ok", "t".repeat(51)] })), &["/tags/1"]),
        ("an empty tag", message(json!({ "tags": [" "] })), &["/tags/0"]),
        (
            "several at once",
            message(json!({ "tags": [""], "to": {}, "send_at": "2026-01-01T00:00:00Z" })),
            &["/to", "/tags/0", "/send_at"],
        ),
    ];
    refuses(&acme, "/v1/messages", cases).await;
}

#[tokio::test]
async fn headers_are_names_and_single_lines_and_none_of_ours() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let with = |name: &str, value: &str| message(json!({ "headers": { name: value } }));
    let many: serde_json::Map<_, _> = (0..21).map(|number| (format!("X-{number}"), json!("x"))).collect();
    let cases = vec![
        ("two lines", with("X-A", "a\r\nBcc: eve@example.com"), &["/headers/X-A"] as &[_]),
        ("a bare line feed", with("X-A", "a\nb"), &["/headers/X-A"]),
        ("a NUL", with("X-A", "a\u{0}b"), &["/headers/X-A"]),
        ("a line separator", with("X-A", "a\u{2028}b"), &["/headers/X-A"]),
        ("an empty value", with("X-A", " "), &["/headers/X-A"]),
        ("a long value", with("X-A", &"x".repeat(1000)), &["/headers/X-A"]),
        ("a name with a line end", with("X-A\r\nBcc", "x"), &["/headers/X-A\r\nBcc"]),
        ("a name with a colon", with("X-A:", "x"), &["/headers/X-A:"]),
        ("a name with a space", with("X A", "x"), &["/headers/X A"]),
        ("no name", with("", "x"), &["/headers/"]),
        ("a name beyond ASCII", with("Grüße", "x"), &["/headers/Grüße"]),
        ("the sender", with("From", "eve@example.com"), &["/headers/From"]),
        ("hidden recipients", with("bCC", "eve@example.com"), &["/headers/bCC"]),
        ("the content type", with("Content-Type", "text/html"), &["/headers/Content-Type"]),
        ("what steers SES", with("X-SES-CONFIGURATION-SET", "x"), &["/headers/X-SES-CONFIGURATION-SET"]),
        ("our own", with("X-Switchboard-Ref", "x"), &["/headers/X-Switchboard-Ref"]),
        ("a slash and a tilde", with("X/~", "a\nb"), &["/headers/X~1~0"]),
        ("a number", message(json!({ "headers": { "X-A": 1 } })), &["/headers/X-A"]),
        ("too many", message(json!({ "headers": many })), &["/headers"]),
    ];
    refuses(&acme, "/v1/messages", cases).await;
}

#[tokio::test]
async fn a_template_and_its_variables_are_known_before_anything_is_accepted() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let good = json!({ "number": "1", "amount": "2" });
    acme.post("/v1/templates", &json!({ "name": "empty" })).await.is(201);
    acme.template(&json!({ "name": "off", "active": false }), &json!({ "subject": "Hi", "text": "Hi" })).await;
    acme.template(&json!({ "name": "frame", "use": "layout" }), &json!({ "html": "<b>frame</b>" })).await;
    acme.template(&json!({ "name": "deep" }), &json!({ "subject": "{{ order.id }}", "text": "{{ order.lines[0].name }}" }))
        .await;
    let cases = vec![
        ("an unknown template", templated(json!({ "template": "nothing" })), &["/template"] as &[_]),
        ("an unknown id", templated(json!({ "template": "tpl_0195527c0d7b7c3e8a51d2b0f3a94c11" })), &["/template"]),
        ("no version", templated(json!({ "template": "empty" })), &["/template"]),
        ("switched off", templated(json!({ "template": "off" })), &["/template"]),
        ("a layout", templated(json!({ "template": "frame" })), &["/template"]),
        ("an unknown version", templated(json!({ "version": 9, "variables": good })), &["/version"]),
        ("version 0", templated(json!({ "version": 0, "variables": good })), &["/version"]),
        ("a negative version", templated(json!({ "version": -1, "variables": good })), &["/version"]),
        ("neither template nor content", json!({ "to": { "email": "a@example.com" } }), &["/template"]),
        ("both", message(json!({ "template": "invoice" })), &["/template"]),
        ("a version of content", message(json!({ "version": 1 })), &["/version"]),
        ("missing variables", templated(json!({})), &["/variables/number", "/variables/amount"]),
        ("null is missing", templated(json!({ "variables": { "number": "1", "amount": null } })), &["/variables/amount"]),
        ("a wrong kind", templated(json!({ "variables": { "number": 1, "amount": "2" } })), &["/variables/number"]),
        (
            "what it uses undeclared",
            templated(json!({ "template": "deep" })),
            &["/variables/order/id", "/variables/order/lines/0/name"],
        ),
        (
            "large variables",
            templated(json!({ "variables": { "number": "1", "amount": "x".repeat(300_000) } })),
            &["/variables"],
        ),
        ("large metadata", message(json!({ "metadata": { "a": "x".repeat(300_000) } })), &["/metadata"]),
        (
            "large in all",
            message(json!({ "metadata": { "a": "x".repeat(200_000) }, "variables": { "b": "x".repeat(200_000) } })),
            &["/content"],
        ),
    ];
    for (what, body, pointers) in cases {
        let before = stage.rows();
        let refused = acme.post("/v1/messages", &body).await;
        assert_eq!(refused.status, 422, "{what}: {}", String::from_utf8_lossy(&refused.bytes));
        let mut places = refused.problem(422, "invalid");
        let mut pointers = pointers.to_vec();
        places.sort();
        pointers.sort_unstable();
        assert_eq!(places, pointers, "{what}");
        stage.nothing_changed_since(&before, what);
    }
}

#[tokio::test]
async fn a_body_is_json_of_a_bounded_size() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.get("/v1/tenant").await;
    let before = stage.rows();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024));
    for path in ["/v1/messages", "/v1/contacts", "/v1/templates", "/v1/accounts"] {
        for broken in
            ["", "{", "nonsense", "{\"a\":1,}", "{\"to\":{\"email\":\"a@example.com\"}} trailing", "\u{feff}{}", "{'a':1}"]
        {
            let reply = acme.ask(Method::POST, path).body("application/json", broken).now().await;
            assert!([400, 422].contains(&reply.status), "{path} {broken:?}: {}", reply.status);
            if reply.status == 400 {
                reply.problem(400, "malformed");
            }
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "application/problem+json"] {
            acme.ask(Method::POST, path).body(kind, "{}").now().await.problem(415, "unsupported-media-type");
        }
        acme.order(path).await.problem(415, "unsupported-media-type");
        for keyed in [false, true] {
            let ask = acme.ask(Method::POST, path).body("application/json", large.clone());
            let ask = if keyed { ask.header("idempotency-key", "large") } else { ask };
            ask.now().await.problem(413, "too-large");
        }
        let reply = acme.ask(Method::POST, path).body("application/json", deep.clone()).now().await;
        assert!([400, 422].contains(&reply.status), "{path}: {}", reply.status);
        for not_an_object in ["[]", "null", "1", "\"x\""] {
            acme.ask(Method::POST, path).body("application/json", not_an_object).now().await.problem(422, "invalid");
        }
        let latin = acme.ask(Method::POST, path).body("application/json", b"{\"a\":\"\xe4\"}".to_vec()).now().await;
        assert!([400, 422].contains(&latin.status));
    }
    stage.nothing_changed_since(&before, "bodies that are none");
    // What mail programs call JSON is JSON.
    let ask = acme.ask(Method::POST, "/v1/contacts").body("Application/JSON; charset=utf-8", "{}");
    ask.now().await.is(201);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_problems_too() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let before = stage.rows();
    for path in
        ["/", "/v1", "/v1/", "/v2/messages", "/v1/messages/", "/v1/messages/x/y", "/v1/message", "/v1//messages", "/.env"]
    {
        stage.get(path).await.problem(404, "not-found");
    }
    let wrong = stage.ask(Method::PUT, "/v1/messages").now().await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").unwrap().contains("POST"), "{:?}", wrong.header("allow"));
    acme.ask(Method::DELETE, "/v1/messages").now().await.problem(405, "method-not-allowed");
    acme.ask(Method::POST, "/v1/analytics/emails").now().await.problem(405, "method-not-allowed");
    stage.nothing_changed_since(&before, "paths that are not there");
}

#[tokio::test]
async fn contacts_are_checked_to_the_last_field() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let many: serde_json::Map<_, _> = (0..51).map(|number| (format!("f{number}"), json!(1))).collect();
    let cases = vec![
        ("a zone that is none", json!({ "zone": "Mars/Olympus" }), &["/zone"] as &[_]),
        ("a locale that is none", json!({ "locale": "!" }), &["/locale"]),
        ("a phone that is none", json!({ "phones": ["+1 415 555 2671", "12"] }), &["/phones/1"]),
        ("an address that is none", json!({ "emails": ["a@example.com", "b@"] }), &["/emails/1"]),
        ("quiet hours that are none", json!({ "quiet_hours": { "start": "25:00", "end": "08:00" } }), &["/quiet_hours/start"]),
        ("half of quiet hours", json!({ "quiet_hours": { "start": "21:00" } }), &["/quiet_hours/end"]),
        ("a consent that is none", json!({ "consents": { "email": true } }), &["/consents/email"]),
        ("a consent to receipts", json!({ "consents": { "email:transactional": true } }), &["/consents/email:transactional"]),
        ("a name of two lines", json!({ "first_name": "A\nB" }), &["/first_name"]),
        ("an empty name", json!({ "last_name": "" }), &["/last_name"]),
        ("a long name", json!({ "company": "x".repeat(201) }), &["/company"]),
        ("a field's name", json!({ "fields": { "No Slug": 1 } }), &["/fields/No Slug"]),
        ("a field's value", json!({ "fields": { "a": { "b": 1 } } }), &["/fields/a"]),
        ("a long field", json!({ "fields": { "a": "x".repeat(1001) } }), &["/fields/a"]),
        ("many fields", json!({ "fields": many }), &["/fields"]),
        ("many addresses", json!({ "emails": (0..21).map(|n| format!("a{n}@example.com")).collect::<Vec<_>>() }), &["/emails"]),
        ("an unknown field", json!({ "frist_name": "A" }), &["/frist_name"]),
        ("a null that means nothing", json!({ "do_not_contact": null }), &["/do_not_contact"]),
        ("an id of one's own", json!({ "id": "con_0195527c0d7b7c3e8a51d2b0f3a94c11" }), &["/id"]),
    ];
    refuses(&acme, "/v1/contacts", cases).await;
}
