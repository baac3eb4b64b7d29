//! Deals: from the first stage to won or lost, and what messages say of them.

use http::Method;
use serde_json::{Value, json};
use tests::Story;

#[tokio::test]
async fn a_deal_moves_from_stage_to_stage_until_it_is_won() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let words = json!({
        "title": " 200 seats ", "value": "1200.50", "currency": "EUR", "expected_close": "2026-04-01", "contact_id": ada.id,
        "tags": ["big"], "fields": { "seats": 200 },
    });
    let made = acme.ask(Method::POST, "/v1/deals").json(&words).now().await;
    let path = made.header("location").unwrap().to_owned();
    let made = made.is(201);
    assert_eq!((&made["title"], &made["stage"], &made["status"]), (&json!("200 seats"), &json!("new"), &json!("open")));
    assert_eq!((&made["value"], &made["currency"]), (&json!("1200.5"), &json!("EUR")));
    stage.clock.advance(60_000).unwrap();
    let moved = acme.patch(&path, &json!({ "stage": "offer" })).await;
    assert_eq!((&moved["stage"], &moved["stage_at"]), (&json!("offer"), &json!("2026-03-02T09:01:00.000Z")));
    stage.clock.advance(60_000).unwrap();
    assert_eq!(acme.patch(&path, &json!({ "tags": [] })).await["stage_at"], "2026-03-02T09:01:00.000Z", "it did not move");

    let won = acme.post(&format!("{path}/win"), &json!({ "reason": "price" })).await.is(200);
    assert_eq!((&won["status"], &won["reason"], &won["stage"]), (&json!("won"), &json!("price"), &json!("offer")));
    assert_eq!(won["closed_at"], "2026-03-02T09:02:00.000Z");
    let before = stage.rows();
    acme.post(&format!("{path}/win"), &json!({})).await.problem(409, "conflict");
    acme.post(&format!("{path}/lose"), &json!({ "reason": "late" })).await.problem(409, "conflict");
    acme.ask(Method::PATCH, &path).json(&json!({ "stage": "new" })).now().await.problem(409, "conflict");
    stage.nothing_changed_since(&before, "a deal that is decided");

    let open = acme.order(&format!("{path}/reopen")).await.is(200);
    assert_eq!((&open["status"], &open["reason"], &open["closed_at"]), (&json!("open"), &Value::Null, &Value::Null));
    acme.order(&format!("{path}/reopen")).await.problem(409, "conflict");
    assert_eq!(acme.post(&format!("{path}/lose"), &json!({})).await.problem(422, "invalid"), ["/reason"]);
    let lost = acme.post(&format!("{path}/lose"), &json!({ "reason": "too expensive" })).await.is(200);
    assert_eq!((&lost["status"], &lost["reason"]), (&json!("lost"), &json!("too expensive")));
    for (query, found) in [
        (format!("contact_id={}", ada.id), 1),
        ("status=lost&stage=offer".to_owned(), 1),
        ("status=open".to_owned(), 0),
        ("field.seats=200".to_owned(), 1),
        ("tag=big".to_owned(), 0),
    ] {
        assert_eq!(acme.get(&format!("/v1/deals?{query}")).await["data"].as_array().unwrap().len(), found, "{query}");
    }
    acme.delete(&path).await;
    acme.look(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn of_two_who_decide_one_deal_the_second_reads_again() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let made = acme.post("/v1/deals", &json!({ "title": "Seats" })).await;
    let (path, etag) = (made.header("location").unwrap().to_owned(), made.header("etag").unwrap().to_owned());
    let say = async |action: &str, body: Value| {
        acme.ask(Method::POST, &format!("{path}/{action}")).header("if-match", &etag).json(&body).now().await
    };
    say("win", json!({})).await.is(200);
    say("lose", json!({ "reason": "late" })).await.problem(412, "stale");
    assert_eq!(acme.get(&path).await["status"], "won");
}

#[tokio::test]
async fn a_deal_that_is_wrong_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let before = stage.rows();
    for (body, pointer) in [
        (json!({}), "/title"),
        (json!({ "title": "A", "stage": "" }), "/stage"),
        (json!({ "title": "A", "value": "1,5", "currency": "EUR" }), "/value"),
        (json!({ "title": "A", "value": "-1", "currency": "EUR" }), "/value"),
        (json!({ "title": "A", "value": "1234567890123", "currency": "EUR" }), "/value"),
        (json!({ "title": "A", "value": "1" }), "/currency"),
        (json!({ "title": "A", "currency": "EUR" }), "/currency"),
        (json!({ "title": "A", "value": "1", "currency": "euro" }), "/currency"),
        (json!({ "title": "A", "expected_close": "2026-02-30" }), "/expected_close"),
        (json!({ "title": "A", "status": "won" }), "/status"),
    ] {
        assert_eq!(acme.post("/v1/deals", &body).await.problem(422, "invalid"), [pointer], "{body}");
    }
    stage.nothing_changed_since(&before, "a deal that is wrong");
}

#[tokio::test]
async fn a_message_about_a_deal_knows_it_and_its_company() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let engines = acme.post("/v1/companies", &json!({ "name": "Engines", "fields": { "branch": "steam" } })).await.is(201);
    let own = acme.post("/v1/companies", &json!({ "name": "Looms" })).await.is(201);
    let ada = json!({ "first_name": "Ada", "emails": ["ada@example.com"], "company_id": own["id"] });
    let ada = acme.contact_with(&ada).await;
    let deal = json!({
        "title": "200 seats", "value": "1200.50", "currency": "EUR", "company_id": engines["id"], "fields": { "seats": 200 },
    });
    let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
    let text =
        "{{ deal.title }}: {{ deal.value }} {{ deal.currency }}, {{ deal.seats }}, {{ company.name }} ({{ company.branch }})";
    let offer = json!({ "to": { "contact": ada.id }, "content": { "subject": "Offer", "text": text }, "deal_id": deal });
    let sent = acme.send_with(&offer).await;
    // What is accepted says what was known then.
    acme.patch(&format!("/v1/deals/{deal}"), &json!({ "title": "300 seats" })).await;
    stage.drain().await;
    assert_eq!(stage.letter().text.trim(), "200 seats: 1200.5 EUR, 200, Engines (steam)");
    assert_eq!(acme.message(&sent).await["deal_id"], deal);

    // Without a deal it is the contact's company, and costs nothing more.
    let cost = async |order: &Value| {
        let before = stage.memory.bill();
        acme.send_with(order).await;
        let bill = stage.memory.bill().since(before);
        (bill.read_units, bill.write_units)
    };
    let plain = json!({ "to": { "contact": ada.id }, "content": { "subject": "Hi", "text": "Hello" } });
    let named = json!({ "to": { "contact": ada.id }, "content": { "subject": "Hi", "text": "{{ company.name }}" } });
    assert_eq!(cost(&plain).await, cost(&named).await);
    stage.drain().await;
    assert_eq!(stage.letters().last().unwrap().text.trim(), "Looms");
    let missing = json!({ "to": { "email": "bob@example.com" }, "content": { "subject": "Hi", "text": "{{ deal.title }}" } });
    assert_eq!(acme.post("/v1/messages", &missing).await.problem(422, "invalid"), ["/variables/deal/title"]);
}

/// What a deal points to may be deleted: its next change leaves that out.
#[tokio::test]
async fn a_deal_lets_go_of_what_is_gone() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let firm = acme.post("/v1/companies", &json!({ "name": "E" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let words = json!({ "title": "D", "contact_id": ada.id, "company_id": firm });
    let path = format!("/v1/deals/{}", acme.post("/v1/deals", &words).await.is(201)["id"].as_str().unwrap());
    acme.patch(&path, &json!({ "title": "E" })).await;
    assert_eq!(acme.get(&path).await["contact_id"], json!(ada.id), "both are there");
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    acme.delete(&format!("/v1/companies/{firm}")).await;
    acme.patch(&path, &json!({ "title": "F" })).await;
    let deal = acme.get(&path).await;
    assert_eq!((&deal["title"], &deal["contact_id"], &deal["company_id"]), (&json!("F"), &Value::Null, &Value::Null));
    stage.drain().await;
}
