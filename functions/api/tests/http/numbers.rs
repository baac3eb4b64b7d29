//! Numbers: exact, by hour, day and account.

use domain::flows::release::enter;
use domain::flows::tally::tally;
use domain::message::{Message, State, Try, Verdict};
use kernel::Time;
use kernel::ids::{AccountId, MessageId};
use serde_json::{Value, json};
use store::schema::attr;
use store::{Cond, Outcome};

use crate::stage::Stage;

impl Stage {
    async fn accepted(&self, template: &str) -> MessageId {
        let variables = json!({"number": "1", "title": "x", "service": "s", "since": "now"});
        let body = json!({"to": {"email": "ada@example.com"}, "template": template, "variables": variables});
        MessageId::parse(&self.post("/v1/messages", body).await.is(202).id()).unwrap()
    }

    async fn carried(&self, id: MessageId, account: AccountId) {
        let now = self.clock.now();
        let attempt = Try {
            n: 1,
            account: Some(account),
            at: now,
            ms: None,
            verdict: Verdict::Sent,
            id: None,
            note: None,
            cost: None,
            passed: Vec::new(),
        };
        let change = enter(State::Sent, now).append(attr::TRIES, store::scope::value(&attempt).unwrap());
        let changed = self.scope.change::<Message>(id, change, Cond::Present).await.unwrap();
        assert!(matches!(changed, Outcome::Done(_)));
    }
}

fn counts(group: &Value) -> (i64, i64) {
    (group["counts"]["accepted"].as_i64().unwrap(), group["counts"]["sent"].as_i64().unwrap())
}

#[tokio::test]
async fn messages_are_counted_by_what_became_of_them() {
    let stage = Stage::new().await;
    let account = AccountId::new(&stage.context.ids, &stage.clock);
    for hour in 0..30 {
        let id = stage.accepted(if hour < 10 { "ticket" } else { "outage" }).await;
        if hour % 2 == 0 {
            stage.carried(id, account).await;
        }
        stage.clock.advance(3_600_000).unwrap();
    }
    // The 1st of April, over the end of a month.
    stage.clock.advance(Time::parse("2026-04-01T00:10:00Z").unwrap().since(stage.clock.now())).unwrap();
    stage.accepted("ticket").await;
    tally(&stage.store, &stage.memory.stream(0)).await.unwrap();

    let all = stage.get("/v1/analytics/emails").await.is(200).json();
    assert_eq!(
        (&all["totals"]["accepted"], &all["totals"]["sent"], &all["totals"]["opened"]),
        (&json!(31), &json!(15), &json!(0))
    );
    assert_eq!(
        (&all["until"], &all["rates"]["delivery"], &all["rates"]["open"]),
        (&json!("2026-04-01T01:00:00.000Z"), &json!(0.0), &json!(null))
    );
    let days: Vec<_> =
        all["groups"].as_array().unwrap().iter().map(|group| (group["key"].as_str().unwrap(), counts(group))).collect();
    assert_eq!(
        days,
        [("2026-03-10T00:00:00.000Z", (15, 8)), ("2026-03-11T00:00:00.000Z", (15, 7)), ("2026-04-01T00:00:00.000Z", (1, 0))]
    );
    let part = "since=2026-03-10T10:10:00Z&until=2026-03-10T11:10:00Z&group_by=hour";
    let hours = stage.get(&format!("/v1/analytics/emails?{part}")).await.is(200).json();
    assert_eq!((&hours["since"], &hours["until"]), (&json!("2026-03-10T10:00:00.000Z"), &json!("2026-03-10T12:00:00.000Z")));
    assert_eq!(hours["groups"].as_array().unwrap().iter().map(counts).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    let accounts = stage.get("/v1/analytics/emails?group_by=account").await.is(200).json();
    assert_eq!(accounts["groups"][0]["key"], json!(null));
    assert_eq!(accounts["groups"][1]["key"], json!(account));
}

#[tokio::test]
async fn more_rows_than_one_read_brings_are_all_counted() {
    let stage = Stage::new().await;
    let mut expected = 0;
    for _ in 0..1_100 {
        let account = AccountId::new(&stage.context.ids, &stage.clock);
        let id = stage.accepted("ticket").await;
        stage.carried(id, account).await;
        expected += 1;
    }
    tally(&stage.store, &stage.memory.stream(0)).await.unwrap();
    let totals = stage.get("/v1/analytics/emails").await.is(200).json()["totals"].clone();
    assert_eq!((&totals["accepted"], &totals["sent"]), (&json!(expected), &json!(expected)));
}

#[tokio::test]
async fn a_span_that_cannot_be_is_refused() {
    let stage = Stage::new().await;
    for (query, place) in [
        ("since=2026-01-01T00:00:00Z&until=2026-06-01T00:00:00Z&group_by=hour", "since"),
        ("since=2024-01-01T00:00:00Z&until=2026-06-01T00:00:00Z", "since"),
        ("since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "until"),
        ("since=yesterday", "since"),
        ("group_by=weather", "group_by"),
        ("zone=Mars/Olympus", "zone"),
        ("format=xml", "format"),
        ("template=acc_1", "template"),
        ("team=tea_0195527c0d7b7c3e8a51d2b0f3a94c11", "team"),
        ("account=acc_0195527c0d7b7c3e8a51d2b0f3a94c11&group_by=template", "account"),
        ("channel=sms&tag=x", "tag"),
        ("by=day", "by"),
    ] {
        assert_eq!(stage.get(&format!("/v1/analytics/emails?{query}")).await.is(422).faults()[0].0, place);
    }
    // What is gone can be asked for: what nobody ever had has no numbers.
    for query in [
        "template=tpl_0195527c0d7b7c3e8a51d2b0f3a94c11",
        "account=acc_0195527c0d7b7c3e8a51d2b0f3a94c11",
        "user=usr_0195527c0d7b7c3e8a51d2b0f3a94c11",
    ] {
        let found = stage.get(&format!("/v1/analytics/emails?{query}")).await.is(200).json()["totals"].clone();
        assert!(found.as_object().unwrap().values().all(|number| *number == 0), "{query}: {found}");
    }
}
