//! What recipients do: opens and clicks, people and machines told apart.

use http::Method;
use local::provider::Deed;
use serde_json::{Value, json};
use tests::sns::{Speaker, TOPIC};
use tests::{Company, Letter, Message, Story};

const PERSON: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
const PROXY: &str = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";

/// A newsletter that has arrived.
async fn arrived<'s>(stage: &'s Story) -> (Company<'s>, Message, Letter) {
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await;
    let message = acme.news(&ada).await;
    stage.drain().await;
    let letter = stage.letter();
    stage.told(&letter, Deed::Deliver).await;
    (acme, message, letter)
}

async fn visit(stage: &Story, method: Method, path: &str, agent: &str) -> tests::Reply {
    let reply = stage.ask(method, path).header("user-agent", agent).now().await;
    stage.drain().await;
    reply
}

/// Kind, machine, count of each engagement.
async fn engagement(acme: &Company<'_>, message: &Message) -> Vec<(String, bool, u64)> {
    let message = acme.message(message).await;
    let one = |one: &Value| {
        (one["kind"].as_str().unwrap().to_owned(), one["machine"].as_bool().unwrap(), one["count"].as_u64().unwrap())
    };
    message["engagement"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn an_open_and_a_click_are_noted_and_leave_the_status_alone() {
    let stage = Story::begin().await;
    let (acme, message, letter) = arrived(&stage).await;

    let pixel = visit(&stage, Method::GET, &letter.pixel().unwrap(), PERSON).await;
    assert_eq!((pixel.status, pixel.header("content-type")), (200, Some("image/gif")));
    assert!(pixel.bytes.starts_with(b"GIF89a") && pixel.header("cache-control").unwrap().contains("no-store"));
    stage.clock.advance(5_000).unwrap();
    let click = visit(&stage, Method::GET, &letter.tracked_link(), PERSON).await;
    assert_eq!((click.status, click.header("location")), (302, Some("https://shop.example/new?a=1&b=2")));
    assert_eq!(click.header("referrer-policy"), Some("no-referrer"));

    assert_eq!(acme.status(&message).await, "delivered");
    assert_eq!(engagement(&acme, &message).await, [("opened".to_owned(), false, 1), ("clicked".to_owned(), false, 1)]);
    let events = acme.message(&message).await["events"].clone();
    assert_eq!((&events[2]["url"], &events[2]["agent"]), (&json!("https://shop.example/new?a=1&b=2"), &json!(PERSON)));
}

#[tokio::test]
async fn an_event_that_comes_again_costs_the_process_that_stored_it_nothing() {
    let stage = Story::begin().await;
    let (acme, message, letter) = arrived(&stage).await;
    let rows = stage.rows();
    let before = stage.memory.bill();
    stage.told(&letter, Deed::Deliver).await;
    let spent = |before| {
        let bill = stage.memory.bill().since(before);
        (bill.write_units, bill.read_units)
    };
    assert_eq!(spent(before), (0.0, 0.0));

    // Another process has it refused; what is told with other words is another event.
    let speaker = Speaker::new(&stage);
    let before = stage.memory.bill();
    assert_eq!(speaker.post("/hooks/ses", &speaker.signed(&speaker.envelope(TOPIC, &letter, Deed::Deliver))).await, 200);
    assert_eq!(spent(before), (1.0, 0.0));
    stage.nothing_changed_since(&rows, "an event that was told before");
    stage.clock.advance(60_000).unwrap();
    stage.told(&letter, Deed::Bounce).await;
    assert_eq!(acme.status(&message).await, "bounced");
}

#[tokio::test]
async fn machines_are_told_apart_from_people() {
    let stage = Story::begin().await;
    let (acme, message, letter) = arrived(&stage).await;
    for (path, agent) in
        [(letter.pixel().unwrap(), PROXY), (letter.tracked_link(), "python-requests/2.32"), (letter.pixel().unwrap(), PERSON)]
    {
        visit(&stage, Method::GET, &path, agent).await;
    }
    let mut found = engagement(&acme, &message).await;
    found.sort();
    assert_eq!(found, [("clicked".to_owned(), true, 1), ("opened".to_owned(), false, 1), ("opened".to_owned(), true, 1)]);
    let numbers = acme.get("/v1/analytics/emails").await["totals"].clone();
    let of = |name: &str| numbers[name].as_i64().unwrap();
    assert_eq!([of("opened"), of("machine_opened"), of("clicked"), of("machine_clicked")], [1, 1, 0, 1]);
}

#[tokio::test]
async fn loading_the_pixel_again_at_once_is_the_same_open_and_an_hour_later_another() {
    let stage = Story::begin().await;
    let (acme, message, letter) = arrived(&stage).await;
    let pixel = letter.pixel().unwrap();
    for _ in 0..3 {
        visit(&stage, Method::GET, &pixel, PERSON).await;
    }
    assert_eq!(engagement(&acme, &message).await, [("opened".to_owned(), false, 1)]);
    let quiet = stage.rows();
    visit(&stage, Method::GET, &pixel, PERSON).await;
    stage.nothing_changed_since(&quiet, "a repeated open");
    for _ in 0..30 {
        stage.clock.advance(3_600_000).unwrap();
        visit(&stage, Method::GET, &pixel, PERSON).await;
    }
    assert_eq!(
        engagement(&acme, &message).await,
        [("opened".to_owned(), false, 12)],
        "the earliest dozen is kept: the row stays small"
    );
    assert_eq!(acme.get("/v1/analytics/emails").await["totals"]["opened"], 1, "a message is opened once");
}

#[tokio::test]
async fn looking_ahead_is_no_click() {
    let stage = Story::begin().await;
    let (_, _, letter) = arrived(&stage).await;
    let before = stage.rows();
    let click = visit(&stage, Method::HEAD, &letter.tracked_link(), PERSON).await;
    assert_eq!((click.status, click.header("location")), (302, Some("https://shop.example/new?a=1&b=2")));
    assert_eq!(visit(&stage, Method::HEAD, &letter.pixel().unwrap(), PERSON).await.status, 200);
    stage.nothing_changed_since(&before, "a HEAD");
}

#[tokio::test]
async fn forged_tokens_lead_nowhere() {
    let stage = Story::begin().await;
    let (_, _, letter) = arrived(&stage).await;
    let (pixel, link, leave) = (letter.pixel().unwrap(), letter.tracked_link(), letter.unsubscribe());
    let token = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let before = stage.rows();

    let mut forged = Vec::new();
    for genuine in [&link, &leave] {
        let mut flipped = genuine.clone();
        let last = if flipped.pop() == Some('A') { 'B' } else { 'A' };
        flipped.push(last);
        forged.extend([flipped, format!("{genuine}A"), genuine[..genuine.len() - 4].to_owned()]);
    }
    // A token of one purpose is none of another's.
    forged.extend([format!("/u/{}", token(&pixel)), format!("/u/{}", token(&link)), format!("/t/c/{}", token(&leave))]);
    forged.extend(["/t/c/x".to_owned(), "/u/x".to_owned(), "/t/c/https:%2F%2Fevil.example".to_owned(), "/u/%FF%FE".to_owned()]);
    for path in &forged {
        visit(&stage, Method::GET, path, PERSON).await.problem(404, "not-found");
        if path.starts_with("/u/") {
            stage
                .ask(Method::POST, path)
                .body("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
                .now()
                .await
                .problem(404, "not-found");
        }
    }
    // The pixel is drawn for everybody: a reader never sees our errors. It notes nothing.
    for path in [format!("/t/o/{}", token(&leave)), "/t/o/x".to_owned(), "/t/o/%FF.gif".to_owned()] {
        let drawn = visit(&stage, Method::GET, &path, PERSON).await;
        assert_eq!((drawn.status, drawn.header("content-type")), (200, Some("image/gif")), "{path}");
    }
    stage.nothing_changed_since(&before, "a forged token");
}

#[tokio::test]
async fn every_way_in_answers_in_problems() {
    let stage = Story::begin().await;
    let (_, _, letter) = arrived(&stage).await;
    let leave = letter.unsubscribe();
    stage.get("/hooks/ses").await.problem(405, "method-not-allowed");
    stage.ask(Method::DELETE, &leave).now().await.problem(405, "method-not-allowed");
    stage.ask(Method::POST, &letter.tracked_link()).now().await.problem(405, "method-not-allowed");
    stage.get("/u/").await.problem(404, "not-found");
    stage.get("/t/x/y").await.problem(404, "not-found");
    stage.ask(Method::POST, "/hooks/pigeon").now().await.problem(404, "not-found");
    stage.ask(Method::POST, "/hooks/ses").body("text/plain", "{").now().await.problem(400, "malformed");
    stage.ask(Method::POST, "/hooks/ses").body("text/plain", vec![b' '; 1024 * 1024 + 1]).now().await.problem(413, "too-large");
    stage
        .ask(Method::POST, &leave)
        .body("application/x-www-form-urlencoded", vec![b'a'; 3_000_000])
        .now()
        .await
        .problem(413, "too-large");
    let strange = stage.ask(Method::POST, &leave).body("application/x-www-form-urlencoded", vec![0xff, 0xfe]).now().await;
    assert_eq!(strange.problem(422, "invalid"), ["/choice"]);
}

#[tokio::test]
async fn events_of_a_provider_come_in_any_order_and_as_often_as_they_like() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let content = json!({ "subject": "Hi", "text": "Hello" });
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content })).await;
    stage.drain().await;
    let letter = stage.letter();
    for deed in [Deed::Complain, Deed::Deliver, Deed::Delay, Deed::Complain, Deed::Deliver] {
        stage.told(&letter, deed).await;
    }
    assert_eq!(acme.status(&message).await, "complained");
    let mut kinds = acme.events(&message).await;
    kinds.sort();
    assert_eq!(kinds, ["complained", "delayed", "delivered"]);
    let before = stage.rows();
    stage.told(&letter, Deed::Deliver).await;
    stage.nothing_changed_since(&before, "a repeated notification");
}

#[tokio::test]
async fn what_a_provider_drops_after_taking_it_has_failed() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let content = json!({ "subject": "Hi", "text": "Hello" });
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content })).await;
    stage.drain().await;
    stage.told(&stage.letter(), Deed::Reject).await;
    assert_eq!(acme.status(&message).await, "failed");
    assert!(acme.why(&message).await.starts_with("The provider dropped it after taking it"));
    assert_eq!(acme.get("/v1/analytics/emails").await["totals"]["failed"], 1);
}
