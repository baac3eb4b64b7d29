//! Tasks that come again: on whose clock, how often, and for whom.

use serde_json::{Value, json};
use tests::person::{Person, person};
use tests::{Company, Story};

async fn living<'s>(acme: &Company<'s>, name: &str, zone: &str) -> Person<'s> {
    let person = person(acme, name, "agent").await;
    acme.patch(&format!("/v1/users/{}", person.id), &json!({ "zone": zone })).await;
    person
}

async fn team(acme: &Company<'_>, member: &Person<'_>) -> Value {
    let words = json!({ "name": "Sales", "members": [{ "user": member.id }] });
    acme.post("/v1/teams", &words).await.is(201)["id"].clone()
}

/// A task that is to be done every day. The clocks of New York are changed on 8 March, and those of Kolkata never.
async fn daily(acme: &Company<'_>, words: Value) -> String {
    let mut task = json!({ "title": "Numbers", "due_at": "2026-03-07T14:00:00Z", "recurrence": "FREQ=DAILY" });
    task.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
    format!("/v1/tasks/{}", acme.post("/v1/tasks", &task).await.is(201)["id"].as_str().unwrap())
}

async fn act(acme: &Company<'_>, path: &str, deed: &str, words: Value) -> Value {
    acme.post(&format!("{path}/{deed}"), &words).await.is(200)
}

/// The task that comes when this one is done.
async fn next(acme: &Company<'_>, path: &str) -> (String, Value) {
    act(acme, path, "complete", json!({})).await;
    acme.story.drain().await;
    let next = format!("/v1/tasks/{}", acme.get(path).await["next"].as_str().unwrap());
    let task = acme.get(&next).await;
    (next, task)
}

/// When it is due, and on whose clock.
fn due(task: &Value) -> (&str, &str) {
    (task["due_at"].as_str().unwrap(), task["recurrence_zone"].as_str().unwrap())
}

#[tokio::test]
async fn the_next_task_is_at_the_same_hour_on_the_clock_of_who_has_it_then() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (kim, nora) = (living(&acme, "kim", "Asia/Kolkata").await, living(&acme, "nora", "America/New_York").await);
    // Half past seven in the evening in Kolkata, and then in New York.
    let first = daily(&acme, json!({ "assignee": kim.id })).await;
    assert_eq!(due(&acme.get(&first).await), ("2026-03-07T14:00:00.000Z", "Asia/Kolkata"));
    act(&acme, &first, "transfer", json!({ "user": nora.id })).await;
    let (second, task) = next(&acme, &first).await;
    assert_eq!(due(&task), ("2026-03-08T23:30:00.000Z", "America/New_York"));
    // She moves; nobody touches the task.
    acme.patch(&format!("/v1/users/{}", nora.id), &json!({ "zone": "Europe/Berlin" })).await;
    let (third, task) = next(&acme, &second).await;
    assert_eq!(due(&task), ("2026-03-09T18:30:00.000Z", "Europe/Berlin"));
    acme.patch(&third, &json!({ "assignee": kim.id })).await;
    let (fourth, task) = next(&acme, &third).await;
    assert_eq!(due(&task), ("2026-03-10T14:00:00.000Z", "Asia/Kolkata"));
    act(&acme, &fourth, "delegate", json!({ "user": nora.id })).await;
    let (fifth, task) = next(&acme, &fourth).await;
    assert_eq!((due(&task), &task["occurrence"]), (("2026-03-11T18:30:00.000Z", "Europe/Berlin"), &json!(5)));
    // A team's is on the tenant's clock.
    act(&acme, &fifth, "transfer", json!({ "team": team(&acme, &kim).await })).await;
    assert_eq!(due(&next(&acme, &fifth).await.1), ("2026-03-12T19:30:00.000Z", "UTC"));
}

#[tokio::test]
async fn a_task_that_finds_its_assignee_begins_on_their_clock() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let nora = living(&acme, "nora", "America/New_York").await;
    let assign = json!({ "strategy": "round_robin", "team": team(&acme, &nora).await });
    // Nine o'clock in New York on the day before the clocks are changed, and after it.
    let new = daily(&acme, json!({ "assign": assign })).await;
    let given = daily(&acme, json!({})).await;
    let words = json!({ "assign": assign, "recurrence": "FREQ=DAILY;INTERVAL=1;COUNT=3" });
    acme.patch(&given, &words).await;
    for task in [new, given] {
        assert_eq!(due(&acme.get(&task).await), ("2026-03-07T14:00:00.000Z", "America/New_York"));
        assert_eq!(due(&next(&acme, &task).await.1), ("2026-03-08T13:00:00.000Z", "America/New_York"));
    }
}

/// Forms send back what they were given.
#[tokio::test]
async fn a_rule_that_is_sent_as_it_stands_goes_on_where_it_is() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let first = daily(&acme, json!({ "recurrence": "FREQ=DAILY;COUNT=3" })).await;
    let (second, _) = next(&acme, &first).await;
    let form = json!({ "title": "Sums", "due_at": "2026-03-11T08:00:00Z", "recurrence": "FREQ=DAILY;INTERVAL=1;COUNT=3" });
    let put_off = acme.patch(&second, &form).await;
    assert_eq!((&put_off["occurrence"], &put_off["recurrence"]), (&json!(2), &json!("FREQ=DAILY;COUNT=3")));
    let (third, task) = next(&acme, &second).await;
    assert_eq!((due(&task).0, &task["occurrence"]), ("2026-03-09T14:00:00.000Z", &json!(3)), "this time was put off, not all");
    act(&acme, &third, "complete", json!({})).await;
    stage.drain().await;
    assert_eq!(acme.get(&third).await["next"], Value::Null, "three were wanted");

    let other = daily(&acme, json!({})).await;
    let (other, _) = next(&acme, &other).await;
    let weekly = acme.patch(&other, &json!({ "recurrence": "FREQ=WEEKLY" })).await;
    assert_eq!(weekly["occurrence"], 1, "another rule begins anew");
    assert_eq!(acme.patch(&other, &json!({ "recurrence": null })).await["occurrence"], Value::Null);
}
