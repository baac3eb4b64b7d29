//! The pages on a stage: what is pressed on them, and what they make of hostile messages.

use api::{Api, Parts};
use aws::Fetch;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kernel::Secret;
use kernel::ids::TenantId;
use serde_json::{Value, json};
use tower::ServiceExt;
use webhook_intake::Intake;

use super::*;
use crate::played;
use crate::provider::{ORIGIN, TOPIC};
use crate::stage::{PLATFORM_KEY, Stage, issuer};

/// A stage, its pages, and a tenant on it that has one account.
struct Desk {
    stage: Stage,
    pages: Router,
    tenant: String,
    key: String,
}

async fn sent(router: &Router, request: Request<Body>) -> (StatusCode, http::HeaderMap, String) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

impl Desk {
    async fn new(provider: &str) -> Self {
        Box::pin(Self::made(provider)).await
    }

    async fn made(provider: &str) -> Self {
        let stage = Stage::new().unwrap();
        let (store, context) = (stage.store.clone(), stage.context.clone());
        let provider_here = Provider::of_process(stage.clock.now()).unwrap();
        let intake = webhook_intake::router(Intake::new(webhook_intake::Parts {
            store: store.clone(),
            context: context.clone(),
            vault: stage.vault.clone(),
            public_url: None,
            fetch: provider_here.certificates(),
            topics: vec![TOPIC.to_owned()],
            roots: provider_here.roots().unwrap(),
            origin: Some(ORIGIN.to_owned()),
        }));
        let api = api::router(Api::new(Parts {
            store,
            context: context.clone(),
            vault: stage.vault.clone(),
            public_url: None,
            fetch: Fetch::prepared(Vec::new()),
            platform_key: Secret::new(PLATFORM_KEY),
            issuer: Some(issuer()),
        }));
        let mut desk = Self { stage, pages: Router::new(), tenant: String::new(), key: PLATFORM_KEY.to_owned() };
        // Without limits: looking at a message is then no change, and a stage may be left after a look.
        let acme = json!({ "slug": "acme", "name": "Acme", "requests_per_hour": null, "requests_per_minute": null });
        let made = desk.api(Method::POST, "/v1/tenants", acme).await;
        desk.tenant = made["id"].as_str().unwrap().to_owned();
        desk.key = made["key"]["secret"].as_str().unwrap().to_owned();
        let (settings, credentials) = match provider {
            "smtp" => (json!({ "host": "localhost", "port": 2525, "security": "none" }), json!({})),
            "sms_gateway" => (played::gateway(), played::gateway_credentials()),
            "telegram" => (json!({}), played::bot_credentials()),
            _ => (json!({}), json!({})),
        };
        let mut account = json!({ "name": "Main", "provider": provider, "settings": settings, "credentials": credentials });
        if !matches!(provider, "sms_gateway" | "telegram") {
            account["from"] = json!({ "email": "news@acme.example", "name": "Acme" });
        }
        desk.api(Method::POST, "/v1/accounts", account).await;
        let keys = vec![(TenantId::parse(&desk.tenant).unwrap(), "acme".to_owned(), desk.key.clone())];
        desk.pages = router(Pages { outbox: desk.stage.outbox.clone(), provider: provider_here, intake, api, context, keys });
        desk
    }

    async fn api(&self, method: Method, path: &str, body: Value) -> Value {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = Some(body.to_string().into_bytes());
        let answer = Box::pin(self.stage.try_call(method, path, &headers, body)).await.unwrap();
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body
    }

    /// Sends a message and answers with its id and its place in the outbox.
    async fn send(&self, subject: &str, category: &str) -> (String, String) {
        let html = "<!doctype html><html><head></head><body><script>steal()</script><p>Hello \
            <a href=\"https://acme.example/first\">first</a> <a href=\"https://acme.example/second?a=1&amp;b=2\">second</a></p></body></html>";
        let made = self.api(
            Method::POST,
            "/v1/messages",
            json!({
                "to": { "email": "ada@example.com" }, "category": category,
                "content": { "subject": subject, "html": html, "text": "Hello </pre><script>steal()</script>" },
            }),
        );
        let id = made.await["id"].as_str().unwrap().to_owned();
        self.stage.drain().await;
        (id, format!("/local/outbox/{}", self.stage.sent().last().unwrap().id))
    }

    /// Sends a message on another channel and answers with its id and its place.
    async fn send_note(&self, order: Value) -> (String, String) {
        let made = self.api(Method::POST, "/v1/messages", order).await;
        self.stage.drain().await;
        (made["id"].as_str().unwrap().to_owned(), format!("/local/notes/{}", self.stage.outbox.notes().last().unwrap().id))
    }

    /// Replies to it as its recipient.
    async fn reply(&self, place: &str, text: &str) -> String {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("text", text).finish();
        let request = Request::post(format!("{place}/deeds/reply")).header(header::HOST, "localhost:8080");
        let request = request.header(header::ORIGIN, "http://localhost:8080");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (status, headers, body) = sent(&self.pages, request.body(Body::from(form)).unwrap()).await;
        self.stage.drain().await;
        assert_eq!(status, 303, "{body}");
        self.look(headers[header::LOCATION].to_str().unwrap()).await
    }

    async fn look(&self, path: &str) -> String {
        let request = Request::get(path).header(header::HOST, "localhost:8080").body(Body::empty()).unwrap();
        let (status, headers, body) = sent(&self.pages, request).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"), "{path}");
        assert!(!body.contains("{{"), "{path} has a slot without a value: {body}");
        body
    }

    async fn post(&self, path: &str, origin: &str) -> (StatusCode, http::HeaderMap, String) {
        let request = Request::post(path).header(header::HOST, "localhost:8080").header(header::ORIGIN, origin);
        let answer = sent(&self.pages, request.body(Body::empty()).unwrap()).await;
        self.stage.drain().await;
        answer
    }

    async fn press(&self, place: &str, deed: &str) -> String {
        let (status, headers, body) = self.post(&format!("{place}/deeds/{deed}"), "http://localhost:8080").await;
        assert_eq!(status, 303, "{deed}: {body}");
        self.look(headers[header::LOCATION].to_str().unwrap()).await
    }

    async fn status(&self, id: &str) -> Value {
        self.api(Method::GET, &format!("/v1/messages/{id}"), Value::Null).await["status"].clone()
    }
}

#[tokio::test]
async fn what_is_pressed_is_what_happens_to_the_message() {
    let desk = Desk::new("capture").await;
    let (id, place) = desk.send("Hello", "transactional").await;
    assert_eq!(desk.status(&id).await, "sent");
    assert!(desk.look(&place).await.contains(">sent<"));
    let page = desk.press(&place, "deliver").await;
    assert!(page.contains(r#"role="status">The provider told"#) && page.contains(">delivered<"), "{page}");
    let page = desk.press(&place, "open").await;
    assert!(page.contains("<strong>opened</strong>") && page.contains("Firefox"), "{page}");
    let page = desk.press(&place, "click?n=1").await;
    assert!(page.contains("<strong>clicked</strong>") && page.contains("https://acme.example/second?a=1&amp;b=2 · "), "{page}");
    desk.press(&place, "delay").await;
    assert_eq!(desk.status(&id).await, "delivered");
    desk.press(&place, "bounce").await;
    assert_eq!(desk.status(&id).await, "bounced");
    let page = desk.press(&place, "complain").await;
    assert!(page.contains(">complained<"));
    let list = desk.look("/local/outbox").await;
    assert!(list.contains(">complained<") && list.contains(">opened<") && list.contains(">clicked<"), "{list}");
    // The address is suppressed now.
    let made = json!({ "to": { "email": "ada@example.com" }, "content": { "subject": "x", "text": "x" }, "category": "transactional" });
    let stopped = desk.api(Method::POST, "/v1/messages", made).await;
    desk.stage.drain().await;
    assert_eq!(desk.status(stopped["id"].as_str().unwrap()).await, "rejected");
}

#[tokio::test]
async fn soft_bounces_and_rejections_end_a_message_and_looking_does_nothing() {
    let desk = Desk::new("capture").await;
    for (deed, status) in [("soft-bounce", "bounced"), ("reject", "failed")] {
        let (id, place) = desk.send("Hello", "transactional").await;
        let before = desk.stage.memory.rows();
        for path in [place.clone(), format!("{place}/html"), "/local/outbox".to_owned(), "/local/outbox.json".to_owned()] {
            desk.look(&path).await;
        }
        assert_eq!(before, desk.stage.memory.rows(), "looking changes nothing");
        desk.press(&place, deed).await;
        assert_eq!(desk.status(&id).await, status, "{deed}");
    }
}

#[tokio::test]
async fn a_message_of_the_smtp_provider_is_known_by_its_head() {
    let desk = Desk::new("smtp").await;
    let (id, place) = desk.send("Hello", "transactional").await;
    assert!(desk.stage.sent()[0].tag.is_empty());
    assert!(desk.press(&place, "deliver").await.contains(">delivered<"));
    assert_eq!(desk.status(&id).await, "delivered");
}

#[tokio::test]
async fn nothing_of_a_message_becomes_markup_and_its_frame_can_do_nothing() {
    let desk = Desk::new("capture").await;
    let (id, place) = desk.send("\"><script>steal()</script>{{ '{{told}}' }}", "transactional").await;
    let request = |path: &str| Request::get(path).header(header::HOST, "127.0.0.1:8080").body(Body::empty()).unwrap();
    for path in [&place, "/local/outbox"] {
        let (_, _, page) = sent(&desk.pages, request(path)).await;
        assert!(!page.contains("<script>") && page.contains("&quot;&gt;&lt;script&gt;steal()"), "{page}");
        assert!(page.contains("{{told}}"), "what a message says is no slot");
    }
    let (status, headers, html) = sent(&desk.pages, request(&format!("{place}/html"))).await;
    assert_eq!(status, 200);
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox "));
    assert!(html.contains("<base target=\"_blank\">") && html.contains("/t/c/") && !html.contains(mail::OPEN), "{html}");
    let (_, headers, raw) = sent(&desk.pages, request(&format!("{place}/raw"))).await;
    assert_eq!(headers[header::CONTENT_TYPE], "message/rfc822");
    assert!(headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    assert_eq!(raw.into_bytes(), desk.stage.sent()[0].raw);
    let (_, _, told) = sent(&desk.pages, request("/local/outbox.json")).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["data"][0]["message"], id);
    assert_eq!((&told["data"][0]["tenant"], &told["data"][0]["status"]), (&json!("acme"), &json!("sent")));
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let desk = Desk::new("capture").await;
    let (_, place) = desk.send("Hello", "transactional").await;
    let own = "http://localhost:8080";
    for (path, origin, status, word) in [
        ("/local/outbox/none/deeds/open".to_owned(), own, 404, "no such message"),
        (format!("{place}/deeds/explode"), own, 404, "no such deed"),
        (format!("{place}/deeds/click?n=2"), own, 404, "no such link"),
        (format!("{place}/deeds/click"), own, 404, "no such link"),
        (format!("{place}/deeds/unsubscribe"), own, 409, "no List-Unsubscribe header"),
        (format!("{place}/deeds/open"), "https://evil.example", 403, "Only a page of this origin"),
    ] {
        let (given, _, page) = desk.post(&path, origin).await;
        assert_eq!(given, status, "{path}");
        assert!(page.contains(word), "{path}: {page}");
    }
    for (path, host, status) in
        [("/local/outbox/none", "localhost", 404), ("/local/x", "localhost", 404), ("/local/outbox", "evil.example", 421)]
    {
        let request = Request::get(path).header(header::HOST, host).body(Body::empty()).unwrap();
        assert_eq!(sent(&desk.pages, request).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn the_mail_programs_button_unsubscribes() {
    let desk = Desk::new("capture").await;
    let contact = json!({
        "first_name": "Ada", "emails": ["ada@example.com"], "consents": { "email:marketing": true },
    });
    desk.api(Method::POST, "/v1/contacts", contact).await;
    let (_, place) = desk.send("News", "marketing").await;
    let page = desk.look(&place).await;
    assert!(page.contains("Preference page") && page.contains("/deeds/unsubscribe"), "{page}");
    let page = desk.press(&place, "unsubscribe").await;
    assert!(page.contains("<strong>unsubscribed</strong>"), "{page}");
}

#[tokio::test]
async fn an_empty_outbox_says_so_and_a_long_one_is_turned() {
    let desk = Desk::new("capture").await;
    assert!(desk.look("/local/outbox").await.contains("Nothing has been sent yet"));
    for number in 0..101 {
        desk.send(&format!("Number {number}."), "transactional").await;
    }
    let first = desk.look("/local/outbox").await;
    assert!(first.contains("Number 100.") && first.contains("Number 1.") && !first.contains("Number 0."));
    assert!(first.contains("/local/outbox?page=2") && first.contains("Page 1 of 2"));
    let last = desk.look("/local/outbox?page=99").await;
    assert!(last.contains("Number 0.") && !last.contains("Number 1.") && last.contains("Page 2 of 2"));
    for wrong in ["0", "-1", "x", ""] {
        assert!(desk.look(&format!("/local/outbox?page={wrong}")).await.contains("Page 1 of 2"));
    }
}

#[tokio::test]
async fn a_text_message_is_shown_delivered_and_answered() {
    let desk = Desk::new("sms_gateway").await;
    let order = json!({ "to": { "phone": "+14155550123" }, "content": { "text": "Your code is <4711>.\nBye" } });
    let (id, place) = desk.send_note(order.clone()).await;
    assert_eq!(desk.status(&id).await, "sent");
    let page = desk.look(&place).await;
    assert!(page.contains("Your code is &lt;4711&gt;.\nBye") && page.contains("+14155550123"), "{page}");
    let list = desk.look("/local/outbox").await;
    assert!(list.contains(&place) && list.contains("Your code is &lt;4711&gt;.") && list.contains(">sent<"), "{list}");
    assert!(desk.press(&place, "deliver").await.contains(">delivered<"));
    assert_eq!(desk.status(&id).await, "delivered");

    assert!(desk.reply(&place, "Thank you & bye").await.contains("The reply was posted"));
    let conversations = desk.api(Method::GET, "/v1/conversations", Value::Null).await;
    assert_eq!(
        (&conversations["data"][0]["preview"], &conversations["data"][0]["unread"]),
        (&json!("Thank you & bye"), &json!(1))
    );
    desk.stage.clock.advance(1_000).unwrap();
    desk.reply(&place, "Stop").await;
    let confirmed = desk.stage.outbox.notes().pop().unwrap();
    assert!(confirmed.text.unwrap().starts_with("Acme: You will get no more messages"));
    let stopped = desk.api(Method::POST, "/v1/messages", order).await;
    desk.stage.drain().await;
    assert_eq!(desk.status(stopped["id"].as_str().unwrap()).await, "rejected");
}

#[tokio::test]
async fn a_number_that_nobody_has_is_not_written_to_again() {
    let desk = Desk::new("sms_gateway").await;
    let order = json!({ "to": { "phone": "+14155550123" }, "content": { "text": "Hello" } });
    for (deed, status) in [("fail", "bounced"), ("vanish", "bounced")] {
        let (id, place) = desk.send_note(order.clone()).await;
        desk.press(&place, deed).await;
        assert_eq!(desk.status(&id).await, status, "{deed}");
    }
    let stopped = desk.api(Method::POST, "/v1/messages", order).await;
    desk.stage.drain().await;
    assert_eq!(desk.status(stopped["id"].as_str().unwrap()).await, "rejected");
}

#[tokio::test]
async fn a_chat_shows_buttons_and_places_and_is_answered() {
    let desk = Desk::new("telegram").await;
    let to = json!({ "address": "700000001" });
    let button = json!({ "reply": { "title": "<Yes>", "id": "y" } });
    let order = json!({ "to": to, "channel": "telegram", "content": { "text": "Tea?" }, "buttons": [button] });
    let (_, place) = desk.send_note(order).await;
    assert!(desk.look(&place).await.contains("&lt;Yes&gt;"));
    desk.reply(&place, "Yes please").await;
    let conversations = desk.api(Method::GET, "/v1/conversations?channel=telegram", Value::Null).await;
    assert_eq!(conversations["data"][0]["preview"], "Yes please");
    let spot = json!({ "latitude": 52.5, "longitude": 13.4, "name": "Harbour" });
    let (_, place) = desk.send_note(json!({ "to": to, "channel": "telegram", "location": spot })).await;
    assert!(desk.look(&place).await.contains("Harbour (52.5, 13.4)"));

    let own = "http://localhost:8080";
    for (path, origin, status) in [
        (format!("{place}/deeds/deliver"), own, 409),
        (format!("{place}/deeds/reply"), own, 409),
        (format!("{place}/deeds/explode"), own, 404),
        ("/local/notes/none/deeds/reply".to_owned(), own, 404),
        (format!("{place}/deeds/reply"), "https://evil.example", 403),
    ] {
        assert_eq!(desk.post(&path, origin).await.0, status, "{path}");
    }
}
