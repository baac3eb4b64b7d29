//! Content that means harm: endless loops, giant texts, deep includes, line ends where headers are. It is refused before it is
//! stored, or ends the message and nothing else.

use serde_json::{Value, json};
use tests::{Company, Story};

async fn accepted(acme: &Company<'_>, content: Value, variables: Value) -> tests::Reply {
    acme.post("/v1/messages", &json!({ "to": { "email": "ada@example.com" }, "content": content, "variables": variables }))
        .await
}

#[tokio::test]
async fn content_that_does_not_compile_is_refused_at_its_place() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.get("/v1/tenant").await;
    for (what, content, pointer) in [
        ("no subject", json!({ "text": "Hi" }), "/content/subject"),
        ("no body", json!({ "subject": "Hi" }), "/content"),
        ("an open tag", json!({ "subject": "Hi", "html": "<p>{{ name </p>" }), "/content/html"),
        ("an open block", json!({ "subject": "Hi {% if a %}", "text": "Hi" }), "/content/subject"),
        ("an unknown filter", json!({ "subject": "Hi", "text": "{{ a|env }}" }), "/content/text"),
        ("an unknown function", json!({ "subject": "Hi", "text": "{{ env('HOME') }}" }), "/content/text"),
        ("an unknown layout", json!({ "subject": "Hi", "html": "{% extends 'nothing' %}" }), "/content/html"),
        ("an unknown engine", json!({ "subject": "Hi", "text": "Hi", "engine": "php" }), "/content/engine"),
        ("an unknown markup", json!({ "subject": "Hi", "html": "Hi", "markup": "pdf" }), "/content/markup"),
        ("broken mjml", json!({ "subject": "Hi", "html": "<mjml><mj-body>", "markup": "mjml" }), "/content/html"),
        ("a giant part", json!({ "subject": "Hi", "text": "x".repeat(300_000) }), "/content/text"),
        ("broken go", json!({ "subject": "Hi", "text": "{{.a", "engine": "go" }), "/content/text"),
        ("an unknown field", json!({ "subject": "Hi", "text": "Hi", "amp": "x" }), "/content/amp"),
    ] {
        let before = stage.rows();
        let refused = accepted(&acme, content, json!({})).await;
        assert_eq!(refused.status, 422, "{what}: {}", String::from_utf8_lossy(&refused.bytes));
        assert_eq!(refused.problem(422, "invalid"), [pointer], "{what}");
        stage.nothing_changed_since(&before, what);
    }
}

/// What runs away is tried when it is accepted, within its limits, and refused.
#[tokio::test]
async fn content_that_runs_away_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let big = "x".repeat(100_000);
    let before = stage.rows();
    for text in [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
        "{% for i in range(1000) %}{{ big }}{% endfor %}",
        "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{{ big|replace('x', big) }}",
    ] {
        let refused = accepted(&acme, json!({ "subject": "Hi", "text": text }), json!({ "big": big })).await;
        assert_eq!(refused.problem(422, "invalid"), ["/content/text"], "{text}");
    }
    stage.nothing_changed_since(&before, "content that runs away");
}

/// What turns out so only later, because the contact has changed, ends its own message and holds up nobody.
#[tokio::test]
async fn content_that_runs_away_later_ends_its_message_and_no_other() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "fields": { "seats": 3, "title": "Countess" } })).await;
    let mut doomed = Vec::new();
    for content in [
        json!({ "subject": "Hi", "text": "{% for a in range(contact.seats) %}{% for b in range(contact.seats) %}x{% endfor %}{% endfor %}" }),
        json!({ "subject": "{{ contact.title }}", "text": "Hi" }),
    ] {
        doomed.push(acme.send_with(&json!({ "to": { "contact": ada.id }, "content": content })).await);
    }
    let healthy = acme.send_with(&json!({ "to": { "email": "bob@example.com" }, "template": "welcome" })).await;
    let evil = json!({ "seats": 99_999, "title": "x\r\nBcc: eve@example.com" });
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "fields": evil })).await;
    stage.drain().await;
    for (message, part) in doomed.iter().zip(["/text", "/subject"]) {
        assert_eq!(acme.status(message).await, "rejected");
        assert_eq!(acme.verdicts(message).await, ["rejected"]);
        let why = acme.why(message).await;
        assert!(why.starts_with(&format!("It was refused for good: {part}")), "{why}");
    }
    assert_eq!(acme.status(&healthy).await, "sent");
    assert_eq!(stage.letter().envelope, ["bob@example.com"]);
}

#[tokio::test]
async fn includes_go_only_so_deep() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut below = String::from("the end");
    let mut refused = false;
    for number in 0..40 {
        let name = format!("layer{number}");
        let id = acme.post("/v1/templates", &json!({ "name": name, "use": "layout" })).await.is(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let contents = json!({ "contents": { "en": { "html": below, "text": below } } });
        let reply = acme.post(&format!("/v1/templates/{id}/versions"), &contents).await;
        if reply.status != 201 {
            reply.problem(422, "invalid");
            refused = true;
            break;
        }
        below = format!("{{% include '{name}' %}}");
    }
    if !refused {
        let id = acme.post("/v1/templates", &json!({ "name": "top" })).await.is(201)["id"].as_str().unwrap().to_owned();
        let contents = json!({ "contents": { "en": { "subject": "Hi", "html": below } } });
        let added = acme.post(&format!("/v1/templates/{id}/versions"), &contents).await;
        if added.status == 201 {
            let order = json!({ "to": { "email": "ada@example.com" }, "template": "top" });
            let message = acme.send_with(&order).await;
            stage.drain().await;
            assert_eq!(acme.status(&message).await, "rejected");
        } else {
            added.problem(422, "invalid");
        }
    }
    assert!(stage.letters().is_empty());
    stage.drain().await;
}

/// A value with a line end must not become a header, wherever it stands.
#[tokio::test]
async fn line_ends_in_values_never_reach_the_head_of_a_letter() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let evil = "x\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>";
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "fields": { "title": evil } })).await;
    let before = stage.rows();
    for subject in ["Order {{ number }}", "{{ contact.title }}"] {
        let content = json!({ "subject": subject, "html": "<p>{{ number }}</p>" });
        let order = json!({ "to": { "contact": ada.id }, "content": content, "variables": { "number": evil } });
        assert_eq!(acme.post("/v1/messages", &order).await.problem(422, "invalid"), ["/content/subject"]);
    }
    stage.nothing_changed_since(&before, "line ends in a subject");

    let content = json!({ "subject": "Order", "html": "<p title=\"{{ number }}\">{{ number }}</p>", "text": "{{ number }}" });
    accepted(&acme, content, json!({ "number": evil })).await.is(202);
    stage.drain().await;
    let letter = stage.letter();
    let head = letter.raw.split("\r\n\r\n").next().unwrap();
    assert!(!head.contains("eve@example.com"), "{head}");
    assert_eq!((letter.header("Bcc"), letter.envelope.clone()), (None, vec!["ada@example.com".to_owned()]));
    assert!(!letter.html.contains("<script>"), "{}", letter.html);
}

#[tokio::test]
async fn links_that_are_no_links_are_not_followed() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let html = "<a href=\"javascript:alert(1)\">a</a><a href=\"data:text/html,x\">b</a><a href=\"{{ url }}\">c</a><a href=\"//x.example\">d</a>";
    accepted(&acme, json!({ "subject": "Hi", "html": html }), json!({ "url": "javascript:alert(2)" })).await.is(202);
    stage.drain().await;
    let links = stage.letter().links();
    assert!(
        !links.iter().any(|link| link.contains("/t/c/") && !link.starts_with("https://switchboard.example/t/c/")),
        "{links:?}"
    );
    for link in links.iter().filter_map(|link| link.strip_prefix("https://switchboard.example")) {
        let reply = stage.get(link).await;
        assert!(reply.header("location").is_none_or(|place| place.starts_with("http")), "{link}");
    }
    stage.drain().await;
}
