//! What a task has to tell, and those who are to hear it are gone or cannot be reached by the way that is wanted: somebody hears it.

use serde_json::{Value, json};
use tests::person::{Person, person};
use tests::{Company, Story};

/// What a person was told, newest first.
async fn told(person: &Person<'_>) -> Vec<String> {
    let page = person.sees.get("/v1/notifications").await;
    page["data"].as_array().unwrap().iter().map(|one| one["about"].as_str().unwrap().to_owned()).collect()
}

async fn task(company: &Company<'_>, words: Value) -> String {
    format!("/v1/tasks/{}", company.post("/v1/tasks", &words).await.is(201)["id"].as_str().unwrap())
}

async fn leaves(acme: &Company<'_>, person: &Person<'_>) {
    acme.delete(&format!("/v1/users/{}", person.id)).await;
}

/// A task of every day, and who is told ten minutes after it was due.
fn daily(assignee: &Person<'_>, team: &Value, told: &Person<'_>) -> Value {
    json!({
        "title": "Numbers", "assignee": assignee.id, "team": team, "due_at": "2026-03-02T10:00:00Z", "recurrence": "FREQ=DAILY",
        "escalation": [{ "after_minutes": 10, "to": { "user": told.id } }],
    })
}

#[tokio::test]
async fn whoever_is_gone_is_given_no_more_and_the_owners_hear_of_what_was_theirs() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (olga, ada, bob) =
        (person(&acme, "olga", "owner").await, person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let sales = json!({ "name": "Sales", "members": [{ "user": bob.id }] });
    let sales = acme.post("/v1/teams", &sales).await.is(201)["id"].clone();
    let alone = task(&acme, daily(&ada, &Value::Null, &ada)).await;
    leaves(&acme, &ada).await;
    stage.pass_until("2026-03-02T10:00:00Z").await;
    assert_eq!(told(&olga).await, ["overdue"]);
    stage.pass_until("2026-03-02T10:10:00Z").await;
    assert_eq!(told(&olga).await, ["escalated", "overdue"]);
    assert_eq!(stage.letter().subject, "Overdue: Numbers");
    assert_eq!(acme.get(&alone).await["assignee"], json!(ada.id), "it says whose it was");
    let next = acme.get(&format!("/v1/tasks/{}", acme.get(&alone).await["next"].as_str().unwrap())).await;
    assert_eq!((&next["assignee"], &next["team"], &next["occurrence"]), (&Value::Null, &Value::Null, &json!(2)));
    assert!(next["history"][0]["note"].as_str().unwrap().ends_with(&format!("without {}, who is gone", ada.id)));

    // What a team has stays the team's: its members hear of the next one, and nobody else.
    let eve = person(&acme, "eve", "agent").await;
    let words = json!({ "title": "Sums", "assignee": eve.id, "team": sales, "due_at": "2026-03-02T12:00:00Z", "recurrence": "FREQ=DAILY" });
    task(&acme, words).await;
    leaves(&acme, &eve).await;
    stage.pass_until("2026-03-02T12:00:00Z").await;
    assert_eq!((told(&olga).await.len(), told(&bob).await), (3, vec![]));
    let of_team = acme.get(&format!("/v1/tasks?team={sales}&overdue=false", sales = sales.as_str().unwrap())).await;
    assert_eq!((&of_team["data"][0]["assignee"], &of_team["data"][0]["occurrence"]), (&Value::Null, &json!(2)));
    stage.pass_until("2026-03-03T12:00:00Z").await;
    assert_eq!(told(&bob).await, ["overdue"]);
}

#[tokio::test]
async fn owners_are_left_alone_where_somebody_else_hears() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (olga, ada, bob) =
        (person(&acme, "olga", "owner").await, person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    task(&bob.sees, daily(&ada, &Value::Null, &bob)).await;
    // Nor of what nobody was to hear of in the first place.
    task(&acme, json!({ "title": "Whoever likes to", "due_at": "2026-03-02T10:00:00Z" })).await;
    leaves(&acme, &ada).await;
    stage.pass_until("2026-03-02T10:10:00Z").await;
    assert_eq!((told(&bob).await, told(&olga).await), (vec!["escalated".to_owned(), "overdue".to_owned()], vec![]));
}
