//! Series: a message that comes again and again, by the recipient's own clock, each time once.

use serde_json::{Value, json};
use store::memory::{Fault, Faults};
use tests::{Company, Story};

async fn begin(acme: &Company<'_>, words: &Value) -> String {
    let mut body =
        json!({ "order": { "to": { "email": "ada@example.com" }, "template": "welcome" }, "recurrence": "FREQ=DAILY" });
    for (name, value) in words.as_object().unwrap() {
        body[name] = value.clone();
    }
    acme.post("/v1/series", &body).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn series(acme: &Company<'_>, id: &str) -> Value {
    acme.get(&format!("/v1/series/{id}")).await
}

#[tokio::test]
async fn a_series_keeps_to_the_recipients_clock_across_its_changes_and_comes_to_its_end() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "zone": "Europe/Berlin" })).await;
    let order = json!({ "to": { "contact": ada.id }, "template": "welcome" });
    let words =
        json!({ "order": order, "recurrence": "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "start_at": "2026-03-20T10:00:00+01:00" });
    let news = begin(&acme, &words).await;
    for (next, before) in [("2026-03-23T09:00:00Z", 0), ("2026-03-30T08:00:00Z", 1), ("2026-04-06T08:00:00Z", 2)] {
        assert_eq!(series(&acme, &news).await["next_at"], next.replace('Z', ".000Z"));
        let last = kernel::Time::parse(next).unwrap().plus_millis(-1).to_string();
        stage.pass_until(&last).await;
        assert_eq!(stage.letters().len(), before);
        stage.pass_until(next).await;
        assert_eq!(stage.letters().len(), before + 1);
    }
    let ended = series(&acme, &news).await;
    assert_eq!((&ended["status"], &ended["next_at"], &ended["made"]), (&json!("ended"), &Value::Null, &json!(3)));
    let last = acme.get(&format!("/v1/messages/{}", ended["last_message"].as_str().unwrap())).await;
    assert_eq!(last["status"], "sent");
    stage.pass_until("2026-05-01T00:00:00Z").await;
    assert_eq!(stage.letters().len(), 3);
    acme.order(&format!("/v1/series/{news}/resume")).await.problem(409, "conflict");
}

#[tokio::test]
async fn who_moves_west_between_two_messages_gets_one_a_day_all_the_same() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "zone": "Europe/Berlin" })).await;
    let order = json!({ "to": { "contact": ada.id }, "template": "welcome" });
    let news = begin(&acme, &json!({ "order": order, "start_at": "2026-03-02T10:00:00+01:00" })).await;
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "zone": "America/New_York" })).await;
    stage.pass_until("2026-03-02T09:00:00Z").await;
    assert_eq!((stage.letters().len(), &series(&acme, &news).await["next_at"]), (1, &json!("2026-03-03T15:00:00.000Z")));
    stage.pass_until("2026-03-03T14:59:59Z").await;
    assert_eq!(stage.letters().len(), 1);
}

#[tokio::test]
async fn what_was_accepted_before_a_crash_is_counted_though_it_could_not_be_ordered_any_more() {
    let mut accepted = 0;
    for at in 0.. {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.tenant("acme").await;
        let ada = acme.contact("Ada", "ada@example.com").await;
        let order = json!({ "to": { "contact": ada.id }, "template": "welcome" });
        let news = begin(&acme, &json!({ "order": order, "start_at": "2026-03-02T10:00:00Z" })).await;
        stage.drain().await;
        faults.strike(faults.calls() + at, Fault::CrashAfter);
        stage.pass_until("2026-03-02T10:00:00Z").await;
        let struck = !faults.struck().is_empty();
        faults.calm();
        acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
        stage.pass(301).await;
        stage.pass(301).await;
        let now = series(&acme, &news).await;
        let messages = acme.get("/v1/messages").await["data"].as_array().unwrap().len();
        assert_eq!(
            (now["made"] == 1, now["failure"].is_null()),
            (messages == 1, messages == 1),
            "crash after call {at}: {now}"
        );
        accepted += messages;
        if !struck {
            break;
        }
    }
    assert!(accepted > 3, "{accepted}");
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_by_one_message() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let news = begin(&acme, &json!({ "start_at": "2026-03-02T10:00:00Z" })).await;
    stage.pass_until("2026-03-02T10:00:00Z").await;
    acme.order(&format!("/v1/series/{news}/pause")).await.is(200);
    stage.pass_until("2026-03-06T12:00:00Z").await;
    assert_eq!(stage.letters().len(), 1, "it is paused");
    acme.order(&format!("/v1/series/{news}/resume")).await.is(200);
    stage.pass(60).await;
    let now = series(&acme, &news).await;
    assert_eq!(
        (stage.letters().len(), &now["passed_over"], &now["next_at"]),
        (2, &json!(3), &json!("2026-03-07T10:00:00.000Z"))
    );
    // The house is down for two days.
    stage.pass_until("2026-03-08T12:00:00Z").await;
    assert_eq!((stage.letters().len(), &series(&acme, &news).await["next_at"]), (3, &json!("2026-03-09T10:00:00.000Z")));
    acme.order(&format!("/v1/series/{news}/cancel")).await.is(200);
    stage.pass_until("2026-04-01T00:00:00Z").await;
    assert_eq!(stage.letters().len(), 3, "it was called off");
}

#[tokio::test]
async fn an_order_that_cannot_be_taken_any_more_is_noted_and_the_series_goes_on() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let order = json!({ "to": { "contact": ada.id }, "template": "welcome" });
    let news = begin(&acme, &json!({ "order": order, "start_at": "2026-03-02T10:00:00Z" })).await;
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    stage.pass_until("2026-03-02T10:00:00Z").await;
    let now = series(&acme, &news).await;
    assert_eq!((&now["failure"], &now["made"]), (&json!("/to/contact: no such contact"), &json!(0)));
    assert_eq!((&now["status"], &now["next_at"]), (&json!("active"), &json!("2026-03-03T10:00:00.000Z")));
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn a_series_that_cannot_be_is_refused_at_its_place() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let before = stage.rows();
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome" });
    let with = |name: &str, value: Value| {
        let mut order = order.clone();
        order[name] = value;
        order
    };
    for (body, pointer) in [
        (json!({ "order": order, "recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" }), "/recurrence"),
        (json!({ "order": order, "recurrence": "FREQ=DAILY;UNTIL=20260101" }), "/recurrence"),
        (json!({ "order": order, "recurrence": "FREQ=DAILY", "start_at": "2026-03-01T00:00:00Z" }), "/start_at"),
        (json!({ "order": order, "recurrence": "FREQ=DAILY", "zone": "Mars/Olympus" }), "/zone"),
        (json!({ "order": with("send_at", json!("2026-03-05T00:00:00Z")), "recurrence": "FREQ=DAILY" }), "/order/send_at"),
        (json!({ "order": with("template", json!("nothing")), "recurrence": "FREQ=DAILY" }), "/order/template"),
        (json!({ "order": with("to", json!({ "email": "nobody" })), "recurrence": "FREQ=DAILY" }), "/order/to/email"),
    ] {
        assert_eq!(acme.post("/v1/series", &body).await.problem(422, "invalid"), [pointer], "{body}");
    }
    stage.nothing_changed_since(&before, "series that cannot be");
}

#[tokio::test]
async fn wherever_anybody_dies_each_message_of_a_series_is_made_once() {
    let mut runs = 0;
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict] {
        for at in 0.. {
            let faults = Faults::none();
            let stage = Story::with(faults.clone()).await;
            let acme = stage.bare_tenant("acme").await;
            acme.account(&json!({ "provider": "capture" })).await;
            let news = begin(&acme, &json!({ "start_at": "2026-03-02T10:00:00Z", "recurrence": "FREQ=DAILY;COUNT=2" })).await;
            stage.drain().await;
            faults.strike(faults.calls() + at, fault);
            for moment in ["2026-03-02T10:00:00Z", "2026-03-02T10:04:00Z", "2026-03-02T11:00:00Z", "2026-03-03T10:00:00Z"] {
                stage.pass_until(moment).await;
            }
            stage.pass(301).await;
            stage.pass(301).await;
            let struck = !faults.struck().is_empty();
            faults.calm();
            let now = series(&acme, &news).await;
            let label = format!("{fault:?} at call {at}");
            assert_eq!((stage.letters().len(), &now["made"], &now["status"]), (2, &json!(2), &json!("ended")), "{label}");
            runs += 1;
            if !struck {
                break;
            }
        }
    }
    assert!(runs > 80, "{runs}");
}
