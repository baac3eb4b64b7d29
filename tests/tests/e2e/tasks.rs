//! Tasks: given, handed on, done, listed; and found an assignee by themselves.

use http::Method;
use serde_json::{Value, json};
use tests::person::{Person, person};
use tests::{Company, Story};

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

async fn task(company: &Company<'_>, words: &Value) -> Value {
    company.post("/v1/tasks", words).await.is(201)
}

async fn act(company: &Company<'_>, task: &Value, deed: &str, body: &Value) -> Value {
    company.post(&format!("/v1/tasks/{}/{deed}", id(task)), body).await.is(200)
}

/// The titles of a list, in its order.
async fn titles(company: &Company<'_>, query: &str) -> Vec<String> {
    let page = company.get(&format!("/v1/tasks?{query}")).await;
    page["data"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// What a person was told, newest first.
async fn told(person: &Person<'_>) -> Vec<String> {
    let page = person.sees.get("/v1/notifications").await;
    page["data"].as_array().unwrap().iter().map(|one| one["about"].as_str().unwrap().to_owned()).collect()
}

async fn team(acme: &Company<'_>, members: &[&Person<'_>]) -> String {
    let members: Vec<Value> = members.iter().map(|person| json!({ "user": person.id })).collect();
    id(&acme.post("/v1/teams", &json!({ "name": "Sales", "members": members })).await.is(201))
}

#[tokio::test]
async fn a_task_is_given_and_done_and_those_concerned_are_told() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let contact = acme.contact("Eve", "eve@example.com").await;
    let words =
        json!({ "title": "Call Eve", "assignee": bob.id, "contact_id": contact.id, "due_at": "2026-03-05T10:00:00+01:00" });
    let call = task(&ada.sees, &words).await;
    assert_eq!((&call["creator"], &call["assigner"], &call["assignee"]), (&json!(ada.id), &json!(ada.id), &json!(bob.id)));
    assert_eq!((&call["status"], &call["due_at"]), (&json!("pending"), &json!("2026-03-05T09:00:00.000Z")));
    stage.drain().await;
    assert_eq!((told(&ada).await, told(&bob).await), (vec![], vec!["assigned".to_owned()]), "who did it is not told");
    for (person, query) in [(&bob, "list=mine"), (&ada, "list=assigned_by_me"), (&ada, "overdue=false")] {
        assert_eq!(titles(&person.sees, query).await, ["Call Eve"], "{query}");
    }
    assert_eq!(titles(&acme, &format!("contact_id={}", contact.id)).await, ["Call Eve"]);
    assert!(titles(&ada.sees, "list=mine").await.is_empty() && titles(&bob.sees, "list=assigned_by_me").await.is_empty());

    let done = act(&bob.sees, &call, "complete", &json!({ "outcome": "She buys." })).await;
    assert_eq!((&done["status"], &done["outcome"]), (&json!("completed"), &json!("She buys.")));
    let deeds: Vec<&Value> = done["history"].as_array().unwrap().iter().map(|deed| &deed["what"]).collect();
    assert_eq!(deeds, ["created", "completed"]);
    assert_eq!((&done["history"][0]["user"], &done["history"][1]["user"]), (&json!(ada.id), &json!(bob.id)));
    stage.drain().await;
    assert_eq!((told(&ada).await, told(&bob).await), (vec!["completed".to_owned()], vec!["assigned".to_owned()]));
    assert!(titles(&bob.sees, "list=mine").await.is_empty());
    assert_eq!(titles(&bob.sees, &format!("assignee={}&status=completed", bob.id)).await, ["Call Eve"]);

    let before = stage.rows();
    act(&bob.sees, &call, "complete", &json!({ "outcome": "Again." })).await;
    stage.nothing_changed_since(&before, "a task that is done already");
    acme.post(&format!("/v1/tasks/{}/cancel", id(&call)), &json!({})).await.problem(409, "conflict");
    stage.clock.advance(1_000).unwrap();
    act(&ada.sees, &call, "reopen", &json!({ "reason": "She does not." })).await;
    stage.drain().await;
    assert_eq!(titles(&bob.sees, "list=mine").await, ["Call Eve"]);
    assert_eq!(told(&bob).await[0], "reopened");
}

#[tokio::test]
async fn two_people_change_one_task_and_the_second_is_told_which_version_there_is() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = format!("/v1/tasks/{}", id(&task(&acme, &json!({ "title": "Offer" })).await));
    let etag = acme.look(&path).await.header("etag").unwrap().to_owned();
    let change = |title: &str| {
        acme.ask(Method::PATCH, &path).header("if-match", &etag).json(&json!({ "title": title, "status": "in_progress" }))
    };
    change("First").now().await.is(200);
    let second = change("Second").now().await;
    second.problem(412, "stale");
    assert_eq!(second.body["detail"], "The present version is 2.");
    assert_eq!(acme.get(&path).await["title"], "First");
    let complete = acme.ask(Method::POST, &format!("{path}/complete")).header("if-match", &etag).json(&json!({}));
    complete.now().await.problem(412, "stale");
}

#[tokio::test]
async fn whoever_delegates_keeps_sight_and_whoever_transfers_does_not() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob, eve) =
        (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await, person(&acme, "eve", "agent").await);
    let sales = team(&acme, &[&eve]).await;
    let offer = task(&ada.sees, &json!({ "title": "Offer", "assignee": ada.id })).await;
    act(&ada.sees, &offer, "delegate", &json!({ "user": bob.id, "note": "You know them." })).await;
    assert_eq!((titles(&ada.sees, "list=mine").await.len(), titles(&ada.sees, "list=assigned_by_me").await.len()), (0, 1));
    let moved = act(&bob.sees, &offer, "transfer", &json!({ "team": sales, "reason": "On leave." })).await;
    assert_eq!((&moved["assignee"], &moved["team"]), (&Value::Null, &json!(sales)));
    assert_eq!(moved["history"][2]["note"], "On leave.");
    assert!(titles(&bob.sees, "list=mine").await.is_empty() && titles(&bob.sees, "list=assigned_by_me").await.is_empty());
    assert_eq!(titles(&eve.sees, &format!("team={sales}")).await, ["Offer"]);
    stage.drain().await;
    assert_eq!((told(&bob).await, told(&eve).await), (vec!["delegated".to_owned()], vec!["transferred".to_owned()]));
    let path = format!("/v1/tasks/{}/transfer", id(&offer));
    let before = stage.rows();
    act(&acme, &offer, "transfer", &json!({ "team": sales })).await;
    stage.nothing_changed_since(&before, "a task that is there already");
    assert_eq!(acme.post(&path, &json!({ "team": sales, "user": bob.id })).await.problem(422, "invalid"), [""]);
}

#[tokio::test]
async fn what_has_ended_is_given_to_nobody_else() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let sales = team(&acme, &[&bob]).await;
    for deed in ["complete", "cancel"] {
        let offer = task(&acme, &json!({ "title": "Offer", "assignee": ada.id })).await;
        act(&acme, &offer, deed, &json!({})).await;
        stage.drain().await;
        let (path, before) = (format!("/v1/tasks/{}", id(&offer)), stage.rows());
        for words in [
            json!({ "assignee": bob.id }),
            json!({ "assignee": null, "team": sales }),
            json!({ "assign": { "strategy": "round_robin", "team": sales } }),
        ] {
            acme.ask(Method::PATCH, &path).json(&words).now().await.problem(409, "conflict");
        }
        stage.nothing_changed_since(&before, deed);
        acme.patch(&path, &json!({ "title": "The offer", "assignee": ada.id })).await;
        assert!(told(&bob).await.is_empty());
    }
}

#[tokio::test]
async fn members_take_turns_and_those_who_are_away_are_passed_over() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob, eve) =
        (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await, person(&acme, "eve", "agent").await);
    let sales = team(&acme, &[&ada, &bob, &eve]).await;
    let body = json!({ "title": "Lead", "assign": { "strategy": "round_robin", "team": sales } });
    let mut given = Vec::new();
    for number in 0..6 {
        if number == 3 {
            acme.patch(&format!("/v1/users/{}", bob.id), &json!({ "available": false })).await;
        }
        given.push(task(&acme, &body).await["assignee"].clone());
    }
    assert_eq!(given, [&ada.id, &bob.id, &eve.id, &ada.id, &eve.id, &ada.id].map(|id| json!(id)));

    for person in [&ada, &eve] {
        acme.patch(&format!("/v1/users/{}", person.id), &json!({ "available": false })).await;
    }
    let before = stage.rows();
    assert_eq!(acme.post("/v1/tasks", &body).await.problem(422, "invalid"), ["/assign"]);
    stage.nothing_changed_since(&before, "nobody is there");
    let assign = json!({ "strategy": "round_robin", "team": sales, "fallback": "unassigned" });
    let left = task(&acme, &json!({ "title": "Lead", "assign": assign })).await;
    assert_eq!((&left["assignee"], &left["team"]), (&Value::Null, &json!(sales)));
}

#[tokio::test]
async fn the_one_with_the_least_to_do_gets_the_next() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let sales = team(&acme, &[&ada, &bob]).await;
    let first = task(&acme, &json!({ "title": "One", "assignee": ada.id })).await;
    task(&acme, &json!({ "title": "Two", "assignee": ada.id })).await;
    let body = json!({ "title": "Lead", "assign": { "strategy": "load", "team": sales } });
    let mut given = Vec::new();
    for _ in 0..3 {
        given.push(task(&acme, &body).await["assignee"].clone());
    }
    assert_eq!(given, [&bob.id, &bob.id, &ada.id].map(|id| json!(id)), "of those who have as much to do the first");
    // What is done, handed on or deleted is nobody's load any more: Ada has one left, and Bob three.
    act(&acme, &first, "complete", &json!({})).await;
    let two = acme.get(&format!("/v1/tasks?assignee={}", ada.id)).await["data"][0].clone();
    act(&acme, &two, "transfer", &json!({ "user": bob.id })).await;
    assert_eq!(task(&acme, &body).await["assignee"], json!(ada.id));
}

#[tokio::test]
async fn lists_begin_with_what_is_due_soonest_and_go_on_where_a_page_ended() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for (title, due, priority) in [
        ("never", Value::Null, "low"),
        ("late", json!("2026-03-02T08:00:00Z"), "high"),
        ("friday", json!("2026-03-06T08:00:00Z"), "low"),
        ("tuesday", json!("2026-03-03T08:00:00Z"), "high"),
    ] {
        task(&acme, &json!({ "title": title, "due_at": due, "priority": priority, "tags": [title] })).await;
    }
    assert_eq!(titles(&acme, "").await, ["late", "tuesday", "friday", "never"]);
    assert_eq!(titles(&acme, "overdue=true").await, ["late"]);
    assert_eq!(titles(&acme, "overdue=false&priority=high").await, ["tuesday"]);
    assert_eq!(titles(&acme, "tag=friday&limit=1").await, ["friday"]);
    let first = acme.get("/v1/tasks?limit=3").await;
    let rest = acme.get(&format!("/v1/tasks?limit=3&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((rest["data"][0]["title"].as_str(), rest["has_more"].as_bool()), (Some("never"), Some(false)));
    // A key speaks for nobody.
    assert_eq!(acme.look("/v1/tasks?list=mine").await.problem(422, "invalid"), ["?assignee"]);
    assert_eq!(acme.look("/v1/notifications").await.problem(422, "invalid"), ["?user_id"]);
    stage.drain().await;
    stage.pass(60).await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_place_and_nothing_is_written() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    let before = stage.rows();
    let due = "2026-03-05T09:00:00Z";
    let step = |minutes: u32| json!({ "after_minutes": minutes, "to": { "user": ada.id } });
    for (words, pointer) in [
        (json!({}), "/title"),
        (json!({ "title": "A", "recurrence": "FREQ=DAILY" }), "/due_at"),
        (json!({ "title": "A", "due_at": "0001-01-01T00:00:00Z", "recurrence": "FREQ=DAILY" }), "/due_at"),
        (json!({ "title": "A", "due_at": due, "recurrence": "FREQ=SOMETIMES" }), "/recurrence"),
        (json!({ "title": "A", "due_at": due, "recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" }), "/recurrence"),
        (json!({ "title": "A", "due_at": due, "recurrence": "FREQ=DAILY;UNTIL=20260304" }), "/recurrence"),
        (json!({ "title": "A", "reminders": [{ "before": 5, "by": ["email"] }] }), "/reminders/0/before"),
        (
            json!({ "title": "A", "due_at": due, "reminders": [{ "at": "2026-03-05T09:00:01Z", "by": ["sms"] }] }),
            "/reminders/0/at",
        ),
        (
            json!({ "title": "A", "due_at": due, "reminders": [{ "at": "2026-03-01T09:00:01Z", "by": ["sms"] }] }),
            "/reminders/0/at",
        ),
        (json!({ "title": "A", "due_at": due, "reminders": [{ "before": 5, "by": [] }] }), "/reminders/0/by"),
        (json!({ "title": "A", "due_at": due, "reminders": [{ "before": 5, "by": ["pigeon"] }] }), "/reminders/0/by/0"),
        (json!({ "title": "A", "due_at": due, "escalation": [step(5), step(10)] }), "/escalation/1/to"),
        (
            json!({ "title": "A", "due_at": due, "escalation": [step(5), { "after_minutes": 5, "to": { "role": "owner" } }] }),
            "/escalation/1/after_minutes",
        ),
        (json!({ "title": "A", "escalation": (1..12).map(step).collect::<Vec<_>>() }), "/escalation"),
        (json!({ "title": "A", "fields": { "deep": {} } }), "/fields/deep"),
        (json!({ "title": "A", "checklist": [{ "text": "" }] }), "/checklist/0/text"),
    ] {
        let places = acme.post("/v1/tasks", &words).await.problem(422, "invalid");
        assert!(places.contains(&pointer.to_owned()), "{words}: {places:?}");
    }
    stage.nothing_changed_since(&before, "tasks that cannot be");
}

#[tokio::test]
async fn a_mention_is_told_once_and_notifications_are_read_one_by_one_or_all() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let note = task(&ada.sees, &json!({ "title": "Offer", "description": format!("Ask @{} first", bob.id) })).await;
    let path = format!("/v1/tasks/{}", id(&note));
    ada.sees.patch(&path, &json!({ "description": format!("Ask @{} and @{}", bob.id, ada.id) })).await;
    stage.clock.advance(1_000).unwrap();
    for number in 0..3 {
        task(&ada.sees, &json!({ "title": format!("Call {number}"), "assignee": bob.id })).await;
    }
    stage.drain().await;
    stage.replay_stream();
    stage.drain().await;
    assert_eq!(told(&bob).await, ["assigned", "assigned", "assigned", "mentioned"]);
    assert!(told(&ada).await.is_empty());
    let unread = async || bob.sees.get("/v1/notifications/unread").await["unread"].clone();
    assert_eq!(unread().await, 4);

    let all = bob.sees.get("/v1/notifications").await;
    let newest = id(&all["data"][0]);
    let read = json!({ "ids": [newest, newest] });
    assert_eq!(bob.sees.post("/v1/notifications/read", &read).await.is(200)["unread"], 3);
    assert_eq!(bob.sees.post("/v1/notifications/read", &read).await.is(200)["unread"], 3, "once more changes nothing");
    assert_eq!(bob.sees.get("/v1/notifications?read=true").await["data"][0]["id"], json!(newest));
    assert_eq!(ada.sees.post("/v1/notifications/read", &read).await.problem(422, "invalid"), ["/ids/0"], "they are Bob's");
    ada.sees.look(&format!("/v1/notifications?user_id={}", bob.id)).await.problem(403, "forbidden");
    let until = json!({ "until": stage.clock.now().to_string() });
    assert_eq!(
        bob.sees.post("/v1/notifications/read", &until).await.is(200),
        json!({ "unread": 0, "more": false, "more_until": null })
    );
    assert_eq!(unread().await, 0);
}

#[tokio::test]
async fn people_delete_their_own_tasks_and_managers_those_of_others() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "agent").await);
    let (one, two) = (task(&ada.sees, &json!({ "title": "A" })).await, task(&ada.sees, &json!({ "title": "B" })).await);
    bob.sees.ask(Method::DELETE, &format!("/v1/tasks/{}", id(&one))).now().await.problem(403, "forbidden");
    ada.sees.delete(&format!("/v1/tasks/{}", id(&one))).await;
    acme.delete(&format!("/v1/tasks/{}", id(&two))).await;
    assert!(titles(&acme, "").await.is_empty());
    assert!(stage.rows_of("agenda").is_empty());
}

/// What a page of a list costs does not hang on how many tasks there are.
#[tokio::test]
async fn a_page_costs_the_same_however_many_tasks_there_are() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut bills = Vec::new();
    for number in 0..400 {
        let due = stage.clock.now().plus_seconds(86_400 + number).to_string();
        task(&acme, &json!({ "title": "Call", "due_at": due })).await;
        if [99, 399].contains(&number) {
            let before = stage.memory.bill();
            assert_eq!(titles(&acme, "limit=20").await.len(), 20);
            bills.push(stage.memory.bill().since(before));
        }
    }
    assert_eq!(bills[0], bills[1]);
    println!("a page of twenty tasks: {:?}", bills[0]);
}

/// Rules may wait for what happens to tasks.
#[tokio::test]
async fn rules_hear_of_tasks_that_are_made_done_and_overdue() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let contact = acme.contact("Eve", "eve@example.com").await;
    let tagging = |trigger: &str| json!({ "name": trigger, "trigger": trigger, "actions": [{ "update_contact": { "add_tags": [trigger] } }] });
    for trigger in ["task.created", "task.completed", "task.overdue"] {
        acme.post("/v1/rules", &tagging(trigger)).await.is(201);
    }
    stage.clock.advance(6_000).unwrap();
    let tags = async || acme.get(&format!("/v1/contacts/{}", contact.id)).await["tags"].clone();
    let words = json!({ "title": "Call", "contact_id": contact.id, "due_at": "2026-03-02T10:00:00Z" });
    let call = task(&acme, &words).await;
    stage.drain().await;
    assert_eq!(tags().await, json!(["task.created"]));
    stage.pass_until("2026-03-02T10:00:00Z").await;
    assert_eq!(tags().await, json!(["task.created", "task.overdue"]));
    act(&acme, &call, "complete", &json!({})).await;
    stage.drain().await;
    assert_eq!(tags().await, json!(["task.created", "task.overdue", "task.completed"]));
}
