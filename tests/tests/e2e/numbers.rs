//! Numbers equal what happened, and stay so however often the stream is read.

use http::Method;
use local::provider::Deed;
use providers::Reply as Said;
use serde_json::{Value, json};
use tests::{Company, Story};

const PERSON: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";

/// Counts that are not zero, as `name=count`.
fn some(counts: &Value) -> String {
    let counts = counts.as_object().unwrap().iter().filter(|(_, count)| **count != 0);
    let mut words: Vec<String> = counts.map(|(name, count)| format!("{name}={count}")).collect();
    words.sort();
    words.join(" ")
}

async fn groups(acme: &Company<'_>, query: &str) -> Vec<(String, String)> {
    let numbers = acme.get(&format!("/v1/analytics/emails?{query}")).await;
    let key = |group: &Value| group["key"].as_str().unwrap_or("-").to_owned();
    numbers["groups"].as_array().unwrap().iter().map(|group| (key(group), some(&group["counts"]))).collect()
}

#[tokio::test]
async fn every_fate_is_counted_where_it_belongs_and_once() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let main = acme.account(&json!({ "priority": 1 })).await;
    let spare = acme.account(&json!({ "priority": 2 })).await;
    let welcome = acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned();
    let people: Vec<_> = (0..8).map(|number| format!("p{number}@example.com")).collect();
    let hello = |to: &str| json!({ "to": { "email": to }, "template": "welcome" });

    // Four go out at nine: delivered, bounced, complained about, opened and clicked.
    for to in &people[..4] {
        acme.send_with(&hello(to)).await;
    }
    stage.drain().await;
    let letters = stage.letters();
    for (letter, deed) in letters.iter().zip([Deed::Deliver, Deed::Bounce, Deed::Deliver, Deed::Deliver]) {
        stage.told(letter, deed).await;
    }
    stage.told(&letters[2], Deed::Complain).await;
    // At ten: one through the spare account, one cancelled, one rejected, one with inline content.
    stage.pass(3_600).await;
    stage.told(&letters[3], Deed::Deliver).await;
    stage.ask(Method::GET, &letters[3].pixel().unwrap()).header("user-agent", PERSON).now().await;
    stage.providers_say([Said::Unreached { text: "down".to_owned() }]);
    acme.send_with(&hello(&people[4])).await;
    stage.drain().await;
    let off = acme.send_with(&hello(&people[5])).await;
    acme.order(&format!("/v1/messages/{}/cancel", off.id)).await.is(200);
    let mut stopped = hello(&people[6]);
    stopped["category"] = json!("marketing");
    acme.send_with(&stopped).await;
    acme.send_with(&json!({ "to": { "email": people[7] }, "content": { "subject": "Hi", "text": "Hi" } })).await;
    stage.drain().await;

    let numbers = acme.get("/v1/analytics/emails").await;
    let all = "accepted=8 bounced=1 cancelled=1 complained=1 delivered=3 opened=1 rejected=1 sent=6";
    assert_eq!(some(&numbers["totals"]), all);
    assert_eq!((&numbers["rates"]["delivery"], &numbers["rates"]["bounce"]), (&json!(0.5), &json!(0.1667)));
    let by_hour = [
        ("2026-03-02T09:00:00.000Z".to_owned(), "accepted=4 bounced=1 complained=1 delivered=3 sent=4".to_owned()),
        ("2026-03-02T10:00:00.000Z".to_owned(), "accepted=4 cancelled=1 opened=1 rejected=1 sent=2".to_owned()),
    ];
    assert_eq!(groups(&acme, "group_by=hour").await, by_hour);
    assert_eq!(groups(&acme, "group_by=day").await, [("2026-03-02T00:00:00.000Z".to_owned(), all.to_owned())]);
    let by_template = [
        ("-".to_owned(), "accepted=1 sent=1".to_owned()),
        (welcome.clone(), "accepted=7 bounced=1 cancelled=1 complained=1 delivered=3 opened=1 rejected=1 sent=5".to_owned()),
    ];
    assert_eq!(groups(&acme, "group_by=template").await, by_template);
    let mut by_account = vec![
        ("-".to_owned(), "accepted=8 cancelled=1 rejected=1".to_owned()),
        (main.clone(), "bounced=1 complained=1 delivered=3 opened=1 sent=5".to_owned()),
        (spare.clone(), "sent=1".to_owned()),
    ];
    by_account.sort();
    assert_eq!(groups(&acme, "group_by=account").await, by_account);
    let one = acme.get(&format!("/v1/analytics/emails?account={spare}")).await;
    assert_eq!(some(&one["totals"]), "sent=1");
    let made = acme.get(&format!("/v1/analytics/emails?template={welcome}&group_by=week")).await;
    assert_eq!(some(&made["totals"]), by_template[1].1);
    let nine = acme.get("/v1/analytics/emails?since=2026-03-02T09:00:00Z&until=2026-03-02T10:00:00Z").await;
    assert_eq!(some(&nine["totals"]), by_hour[0].1);

    // The stream comes again from its beginning, twice over: nothing is counted twice and nothing is sent twice.
    let (before, sent) = (stage.rows(), stage.outbox.taken());
    for _ in 0..2 {
        stage.replay_stream();
        stage.drain().await;
    }
    stage.nothing_changed_since(&before, "a replayed stream");
    assert_eq!(stage.outbox.taken(), sent);
}

#[tokio::test]
async fn numbers_of_months_add_up() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for _ in 0..40 {
        acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
        stage.drain().await;
        stage.told(&stage.letters().pop().unwrap(), Deed::Deliver).await;
        stage.pass(2 * 86_400).await;
    }
    let numbers = acme.get("/v1/analytics/emails?since=2026-03-01T00:00:00Z&until=2026-05-31T00:00:00Z").await;
    assert_eq!(some(&numbers["totals"]), "accepted=40 delivered=40 sent=40");
    assert_eq!(numbers["groups"].as_array().unwrap().len(), 40);
    let april = acme.get("/v1/analytics/emails?since=2026-04-01T00:00:00Z&until=2026-05-01T00:00:00Z").await;
    assert_eq!(some(&april["totals"]), "accepted=15 delivered=15 sent=15");
}

/// A message of March that bounces in April counts in April, under the account that carried it.
#[tokio::test]
async fn an_event_counts_in_its_own_hour() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.pass_until("2026-03-31T23:30:00Z").await;
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    stage.pass(3_600).await;
    stage.told(&stage.letter(), Deed::Bounce).await;
    let expected = [
        ("2026-03-31T23:00:00.000Z".to_owned(), "accepted=1 sent=1".to_owned()),
        ("2026-04-01T00:00:00.000Z".to_owned(), "bounced=1".to_owned()),
    ];
    assert_eq!(groups(&acme, "group_by=hour").await, expected);
}

#[tokio::test]
async fn tenants_are_counted_apart() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    for company in [&acme, &acme, &bravo] {
        company.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    }
    stage.drain().await;
    assert_eq!(some(&acme.get("/v1/analytics/emails").await["totals"]), "accepted=2 sent=2");
    assert_eq!(some(&bravo.get("/v1/analytics/emails").await["totals"]), "accepted=1 sent=1");
}

/// Two hundred are as exact as two, and are counted in a few rows, not in two hundred.
#[tokio::test]
async fn counting_is_done_by_the_batch() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for number in 0..200 {
        acme.send_with(&json!({ "to": { "email": format!("p{number}@example.com") }, "template": "welcome" })).await;
    }
    stage.drain().await;
    assert_eq!(some(&acme.get("/v1/analytics/emails").await["totals"]), "accepted=200 sent=200");
    assert!(stage.rows_of("statistic").len() <= 8, "{}", stage.rows_of("statistic").len());
}
