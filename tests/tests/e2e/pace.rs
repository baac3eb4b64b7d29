//! Accounts keep their limits, per second and per day, over all senders: what is more goes through the next account, or waits for
//! its turn.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Company, Message, Story};

fn hello(person: usize) -> Value {
    json!({ "to": { "email": format!("person{person}@example.com") }, "template": "welcome" })
}

async fn send_many(acme: &Company<'_>, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    for person in 0..count {
        messages.push(acme.send_with(&hello(person)).await);
    }
    messages
}

/// How many went out in each second.
fn by_second(stage: &Story) -> BTreeMap<i64, usize> {
    let mut seconds = BTreeMap::new();
    for kept in stage.sent() {
        *seconds.entry(kept.at.seconds()).or_default() += 1;
    }
    seconds
}

/// How many went out from each address.
fn by_sender(stage: &Story) -> BTreeMap<String, usize> {
    let mut senders = BTreeMap::new();
    for letter in stage.letters() {
        *senders.entry(letter.from).or_default() += 1;
    }
    senders
}

/// Accounts of a message's tries, oldest first.
async fn ways(acme: &Company<'_>, message: &Message) -> Vec<Value> {
    let tries = acme.trace(message).await["tries"].clone();
    tries.as_array().unwrap().iter().map(|one| one["account"].clone()).collect()
}

#[tokio::test]
async fn two_senders_keep_ten_a_second_together_and_use_them_in_full() {
    let stage = Story::with_senders(2).await;
    let acme = stage.bare_tenant("acme").await;
    let unlimited = acme.account(&json!({})).await;
    let bill = async |limits: Value| {
        acme.patch(&format!("/v1/accounts/{unlimited}"), &json!({ "limits": limits })).await;
        stage.clock.advance(10_000).unwrap();
        let messages = send_many(&acme, 1_000).await;
        let (before, sent) = (stage.memory.bill(), stage.outbox.taken());
        stage.drain().await;
        let mut seconds = 0;
        while stage.outbox.taken() < sent + 1_000 {
            stage.clock.advance(1_000).unwrap();
            stage.drain().await;
            seconds += 1;
            assert!(seconds <= 110, "{} of 1,000 have gone", stage.outbox.taken() - sent);
        }
        (messages, seconds, stage.memory.bill().since(before).write_units)
    };
    let (_, seconds, without) = bill(json!(null)).await;
    assert_eq!(seconds, 0);

    let (messages, seconds, with) = bill(json!({ "per_second": 10 })).await;
    // The outbox keeps the latest thousand.
    let counts = by_second(&stage);
    assert!(counts.values().all(|count| *count <= 10), "{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), messages.len());
    assert!((99..=106).contains(&seconds), "{seconds} seconds for 1,000 messages");
    // One claim more and its end for each that had to wait, a write for twenty slots at most, and nothing else.
    let extra = with - without;
    assert!(extra <= 2.0 * 1_000.0 + 1_000.0 / 20.0 + 10.0, "{extra} units more");
    assert_eq!(stage.returned(), 0, "nothing went back to the queue");
    for message in messages.iter().step_by(100) {
        assert_eq!(acme.verdicts(message).await, ["sent"], "no try was used up by waiting");
    }
}

#[tokio::test]
async fn who_waits_for_its_turn_says_so_and_can_be_called_off() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "limits": { "per_second": 1 } })).await;
    let messages = send_many(&acme, 4).await;
    stage.drain().await;
    assert_eq!(stage.letters().len(), 1);

    let third = acme.message(&messages[2]).await;
    let until = "2026-03-02T09:00:02.000Z";
    assert_eq!((&third["status"], &third["hold"]), (&json!("queued"), &json!({ "why": "pace", "until": until })));
    let why = acme.why(&messages[2]).await;
    assert_eq!(why, format!("No account may carry more messages in this second; its turn comes at {until}."));
    acme.order(&format!("/v1/messages/{}/cancel", messages[2].id)).await.is(200);
    for _ in 0..5 {
        stage.pass(1).await;
    }
    assert_eq!(by_second(&stage).into_values().collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(acme.status(&messages[2]).await, "cancelled");
}

#[tokio::test]
async fn a_turn_that_is_missed_is_given_up_and_another_one_taken() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "limits": { "per_second": 2 } })).await;
    send_many(&acme, 10).await;
    stage.drain().await;
    // Nobody works for a minute: everything is late then, and still no more than two go at once.
    stage.pass(60).await;
    for _ in 0..10 {
        stage.pass(1).await;
    }
    let seconds = by_second(&stage);
    assert!(seconds.values().all(|count| *count <= 2), "{seconds:?}");
    assert_eq!(stage.letters().len(), 10);
}

#[tokio::test]
async fn a_turn_that_is_far_off_is_waited_for_in_the_index_and_kept() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({ "limits": { "per_second": 1 } })).await;
    let messages = send_many(&acme, 1_000).await;
    stage.drain().await;
    let last = acme.message(&messages[999]).await;
    assert_eq!((&last["status"], &last["hold"]["why"]), (&json!("held"), &json!("pace")));
    assert_eq!(last["hold"]["until"], "2026-03-02T09:16:39.000Z");
    for minute in 0..17 {
        stage.scan().await.unwrap();
        for _ in 0..60 {
            stage.drain().await;
            stage.clock.advance(1_000).unwrap();
        }
        let gone = stage.outbox.taken();
        assert!(gone >= (60 * (minute + 1)).min(1_000) - 1, "minute {minute}: {gone}");
    }
    let seconds = by_second(&stage);
    assert!(seconds.values().all(|count| *count == 1), "each in a second of its own");
    assert_eq!(seconds.len(), 1_000);
    assert_eq!(acme.verdicts(&messages[999]).await, ["sent"]);
    acme.get(&format!("/v1/accounts/{account}")).await;
}

#[tokio::test]
async fn what_a_day_cannot_take_waits_for_the_next_ones() {
    let stage = Story::with_senders(2).await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "limits": { "per_day": 40 } })).await;
    let messages = send_many(&acme, 100).await;
    stage.drain().await;
    assert_eq!(stage.letters().len(), 40);
    let waiting = acme.message(&messages[99]).await;
    assert_eq!((&waiting["status"], &waiting["hold"]["why"]), (&json!("held"), &json!("day_limit")));
    let why = acme.why(&messages[99]).await;
    assert!(why.starts_with("No account may carry more messages in this day"), "{why}");

    let before = stage.memory.bill();
    for _ in 0..14 {
        stage.pass(3_600).await;
    }
    assert_eq!(stage.letters().len(), 40);
    assert!(stage.memory.bill().since(before).write_units < 1.0, "nobody tries in vain");
    for day in 3..=5 {
        let gone = stage.letters().len();
        stage.pass_until(&format!("2026-03-0{day}T00:20:00Z")).await;
        assert!(stage.letters().len() <= gone + 40, "day {day}");
    }
    assert_eq!(stage.letters().len(), 100);
    for message in &messages {
        assert_eq!(acme.verdicts(message).await, ["sent"]);
    }
}

#[tokio::test]
async fn the_next_account_takes_what_the_first_may_not_and_the_first_comes_back_by_itself() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let limits = json!({ "per_second": 3 });
    let first = acme.account(&json!({ "priority": 1, "limits": limits, "from": { "email": "first@acme.example" } })).await;
    let second = acme.account(&json!({ "priority": 2, "from": { "email": "second@acme.example" } })).await;
    let messages = send_many(&acme, 10).await;
    stage.drain().await;
    let sent = BTreeMap::from([("first@acme.example".to_owned(), 3), ("second@acme.example".to_owned(), 7)]);
    assert_eq!(by_sender(&stage), sent);

    let trace = acme.trace(&messages[9]).await;
    assert_eq!(ways(&acme, &messages[9]).await, [json!(second)], "passing over is no try");
    let expected = json!([{ "at": "2026-03-02T09:00:00.000Z", "from": first, "to": second, "why": "pace" }]);
    assert_eq!(trace["failovers"], expected);
    assert_eq!(acme.trace(&messages[0]).await["failovers"], json!([]));
    stage.pass(1).await;
    let later = acme.send_with(&hello(11)).await;
    stage.drain().await;
    assert_eq!(ways(&acme, &later).await, [json!(first)]);
}

#[tokio::test]
async fn a_failover_after_a_refusal_is_told_as_well() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let first = acme.account(&json!({ "priority": 1 })).await;
    let second = acme.account(&json!({ "priority": 2 })).await;
    stage.providers_say([providers::Reply::Unreached { text: "connection refused".to_owned() }]);
    let message = acme.send_with(&hello(1)).await;
    stage.drain().await;
    let told = acme.trace(&message).await["failovers"].clone();
    assert_eq!(told, json!([{ "at": "2026-03-02T09:00:00.000Z", "from": first, "to": second, "why": "retry" }]));
}

#[tokio::test]
async fn accounts_of_one_priority_share_by_weight_and_a_message_always_chooses_the_same() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let heavy = acme.account(&json!({ "weight": 3, "from": { "email": "heavy@acme.example" } })).await;
    acme.account(&json!({ "weight": 1, "from": { "email": "light@acme.example" } })).await;
    send_many(&acme, 1_000).await;
    stage.drain().await;
    let sent = by_sender(&stage);
    assert!((710..=790).contains(&sent["heavy@acme.example"]), "{sent:?}");
    assert_eq!(sent.values().sum::<usize>(), 1_000);

    // A message that its account cannot carry goes through the other, and back when it is tried again.
    stage.providers_say(std::iter::repeat_n(
        providers::Reply::Refused {
            status: 429,
            code: "TooManyRequestsException".to_owned(),
            text: String::new(),
            after: None,
        },
        2,
    ));
    let message = acme.send_with(&hello(1)).await;
    stage.drain().await;
    stage.pass(31).await;
    let ways = ways(&acme, &message).await;
    assert_eq!((ways.len(), &ways[0]), (3, &ways[2]), "{ways:?}");
    assert_ne!(ways[0], ways[1]);
    let path = format!("/v1/accounts/{heavy}");
    assert_eq!(acme.get(&path).await["weight"], 3);
}

#[tokio::test]
async fn terms_are_checked_kept_and_changed() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let terms = json!({
        "weight": 5, "limits": { "per_second": 14, "per_day": 50_000 },
        "price": { "amount": "0.00010", "currency": "USD", "per": "message" },
        "warm_up": { "from": "2026-03-01", "first_day": 50, "growth": 20 },
    });
    let path = format!("/v1/accounts/{}", acme.account(&terms).await);
    let account = acme.get(&path).await;
    assert_eq!(
        (&account["weight"], &account["limits"], &account["warm_up"]),
        (&terms["weight"], &terms["limits"], &terms["warm_up"])
    );
    assert_eq!(account["price"], json!({ "amount": "0.0001", "currency": "USD", "per": "message" }));
    let change = json!({ "limits": { "per_second": null }, "price": null, "weight": 1 });
    let changed = acme.patch(&path, &change).await;
    assert_eq!((&changed["limits"], &changed["price"]), (&json!({ "per_second": null, "per_day": 50_000 }), &Value::Null));
    assert_eq!(changed["warm_up"], terms["warm_up"]);

    let before = stage.rows();
    for (field, bad, pointer) in [
        ("weight", json!(0), "/weight"),
        ("weight", json!(101), "/weight"),
        ("limits", json!({ "per_second": 0 }), "/limits/per_second"),
        ("limits", json!({ "per_day": 100_000_001 }), "/limits/per_day"),
        ("limits", json!({ "per_hour": 1 }), "/limits/per_hour"),
        ("price", json!({ "amount": "1,5", "currency": "EUR", "per": "message" }), "/price/amount"),
        ("price", json!({ "amount": "1.5", "currency": "eur", "per": "message" }), "/price/currency"),
        ("price", json!({ "amount": "1.5", "currency": "EUR", "per": "segment" }), "/price/per"),
        ("price", json!({ "amount": "1.5", "currency": "EUR" }), "/price/per"),
        ("warm_up", json!({ "from": "2026-02-30", "first_day": 1 }), "/warm_up/from"),
    ] {
        let ask = acme.ask(http::Method::PATCH, &path).json(&json!({ field: bad }));
        assert_eq!(ask.now().await.problem(422, "invalid"), [pointer], "{field}");
    }
    stage.nothing_changed_since(&before, "terms that are none");
}
