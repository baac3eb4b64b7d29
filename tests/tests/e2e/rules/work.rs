//! Work that rules make for people: tasks and activities, each once, that say which rule they come from.

use serde_json::{Value, json};
use tests::person::person;
use tests::{Company, Story};

use super::{report, rule, run, runs};

fn overdue(contact: &str) -> Value {
    let data = json!({ "number": "4711", "amount": "EUR 12.50" });
    json!({ "name": "invoice.overdue", "contact": contact, "data": data, "occurred_at": "2026-03-01T20:00:00Z" })
}

/// A contact of that owner's.
async fn owned(company: &Company<'_>, owner: &str) -> String {
    company
        .contact_with(&json!({ "first_name": "Ada", "emails": ["ada@example.com"], "owner": owner, "zone": "Europe/Berlin" }))
        .await
        .id
}

async fn listed(company: &Company<'_>, path: &str) -> Vec<Value> {
    company.get(path).await["data"].as_array().unwrap().clone()
}

/// The one thing that a list has.
async fn one(company: &Company<'_>, path: &str) -> Value {
    let mut all = listed(company, path).await;
    assert_eq!(all.len(), 1, "{path}: {all:#?}");
    all.remove(0)
}

#[tokio::test]
async fn a_task_and_an_activity_are_made_once_with_what_the_event_says() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let grace = person(&acme, "grace", "agent").await;
    let ada = owned(&acme, &grace.id).await;
    let call = json!({ "create_task": {
        "title": "Call {{ contact.first_name }} about {{ number }}", "description": "{{ event.data.amount }} is due.{% if deal %} x{% endif %}",
        "kind": "follow_up", "priority": "high", "due": { "days": 1, "until": "09:30" }, "assignee": "owner",
    } });
    let note = json!({ "log_activity": { "type": "note", "subject": "Invoice {{number}} is overdue", "outcome": "negative" } });
    let visit =
        json!({ "log_activity": { "type": "meeting", "subject": "Visit", "status": "scheduled", "due": { "hours": 72 } } });
    let id = rule(&acme, &json!({ "trigger": "invoice.overdue", "actions": [call, note, visit] })).await;
    report(&acme, &overdue(&ada)).await;
    stage.replay_stream();
    stage.drain().await;

    let run = run(&acme, &id).await;
    assert_eq!(run["state"], "done");
    let cause = json!({ "rule": id, "run": run["id"] });
    let task = one(&acme, "/v1/tasks").await;
    let said = json!({
        "id": run["actions"][0]["made"], "title": "Call Ada about 4711", "description": "EUR 12.50 is due.", "kind": "follow_up",
        "priority": "high", "due_at": "2026-03-03T08:30:00.000Z", "assignee": grace.id, "contact_id": ada, "creator": null,
        "cause": cause,
    });
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(&task[field], value, "{field}");
    }
    assert_eq!(one(&grace.sees, "/v1/notifications").await["about"], "assigned");

    let activities = listed(&acme, &format!("/v1/activities?contact_id={ada}")).await;
    let seen: Vec<[&Value; 4]> =
        activities.iter().map(|it| [&it["subject"], &it["status"], &it["outcome"], &it["cause"]]).collect();
    let (scheduled, done) = (json!("scheduled"), json!("completed"));
    assert_eq!(
        seen,
        [
            [&json!("Visit"), &scheduled, &Value::Null, &cause],
            [&json!("Invoice 4711 is overdue"), &done, &json!("negative"), &cause],
        ]
    );
    assert_eq!(activities[0]["scheduled_at"], "2026-03-04T20:00:00.000Z");
}

#[tokio::test]
async fn who_keeps_the_deal_comes_before_who_keeps_the_contact_and_a_rule_may_say_who_that_is() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (grace, hank) = (person(&acme, "grace", "agent").await, person(&acme, "hank", "agent").await);
    let ada = acme.contact("Ada", "ada@example.com").await.id;
    let thank = json!({ "create_task": { "title": "{{ deal.title }} of {{ company.name }}", "assignee": "owner" } });
    let log = json!({ "log_activity": { "type": "note", "subject": "Won" } });
    let actions = json!([{ "update_contact": { "owner": grace.id } }, thank, log]);
    let won = rule(&acme, &json!({ "trigger": "deal.closed_won", "actions": actions })).await;
    let company = acme.post("/v1/companies", &json!({ "name": "Initech" })).await.is(201)["id"].clone();
    let mut assigned = Vec::new();
    for owner in [json!(hank.id), Value::Null] {
        let deal = json!({ "title": "Printers", "contact_id": ada, "company_id": company, "owner": owner });
        let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
        acme.post(&format!("/v1/deals/{deal}/win"), &json!({})).await.is(200);
        stage.drain().await;
        let run = runs(&acme, &won).await.remove(0);
        let task = acme.get(&format!("/v1/tasks/{}", run["actions"][1]["made"].as_str().unwrap())).await;
        assert_eq!(task["title"], "Printers of Initech");
        assert_eq!((&task["contact_id"], &task["company_id"], &task["deal_id"]), (&json!(ada), &company, &json!(deal)));
        assigned.push(task["assignee"].clone());
        let noted = one(&acme, &format!("/v1/activities?deal_id={deal}")).await;
        assert_eq!((&noted["contact_id"], &noted["company_id"]), (&json!(ada), &company));
        stage.clock.advance(1_000).unwrap();
    }
    assert_eq!(assigned, [json!(hank.id), json!(grace.id)], "the rule has given the contact to somebody before");
}

#[tokio::test]
async fn who_is_gone_is_left_out_and_the_run_says_so() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (grace, hank) = (person(&acme, "grace", "agent").await, person(&acme, "hank", "agent").await);
    let team = |name: &str| json!({ "name": name, "members": [{ "user": hank.id }] });
    let stays = acme.post("/v1/teams", &team("Sales")).await.is(201)["id"].as_str().unwrap().to_owned();
    let goes = acme.post("/v1/teams", &team("Help")).await.is(201)["id"].as_str().unwrap().to_owned();
    let (ada, bob) = (owned(&acme, &grace.id).await, acme.contact("Bob", "bob@example.com").await.id);
    let actions = json!([
        { "create_task": { "title": "A", "assignee": grace.id, "team": stays } },
        { "create_task": { "title": "B", "assignee": "owner", "team": goes } },
        { "create_task": { "title": "C", "assignee": hank.id } },
        { "log_activity": { "type": "note", "subject": "D" } },
    ]);
    let id = rule(&acme, &json!({ "trigger": "invoice.overdue", "delay": { "hours": 1 }, "actions": actions })).await;
    for contact in [&ada, &bob] {
        report(&acme, &overdue(contact)).await;
        stage.clock.advance(1_000).unwrap();
    }
    for gone in [format!("users/{}", grace.id), format!("teams/{goes}"), format!("contacts/{bob}")] {
        acme.delete(&format!("/v1/{gone}")).await;
    }
    stage.pass(3_600).await;

    let runs = runs(&acme, &id).await;
    let (user, team, contact) =
        ("there is no such user any more", "there is no such team any more", "there is no such contact any more");
    let nobody = "nobody keeps what the event is about";
    for (run, notes) in runs.iter().zip([
        [format!("{contact}; {user}"), format!("{nobody}; {contact}; {team}"), contact.to_owned(), contact.to_owned()],
        [user.to_owned(), format!("{team}; {user}"), String::new(), String::new()],
    ]) {
        assert_eq!(run["state"], "done", "{run:#}");
        let found: Vec<&str> =
            run["actions"].as_array().unwrap().iter().map(|action| action["note"].as_str().unwrap_or_default()).collect();
        assert_eq!(found, notes);
    }
    let mut held: Vec<[Value; 4]> = listed(&acme, "/v1/tasks")
        .await
        .iter()
        .map(|task| ["title", "contact_id", "assignee", "team"].map(|field| task[field].clone()))
        .collect();
    held.sort_by_key(|fields| format!("{}{}", fields[0], fields[1]));
    let (ada, hank, stays, none) = (json!(ada), json!(hank.id), json!(stays), Value::Null);
    let row = |title: &str, contact: &Value, assignee: &Value, team: &Value| {
        [json!(title), contact.clone(), assignee.clone(), team.clone()]
    };
    assert_eq!(
        held,
        [
            row("A", &ada, &none, &stays),
            row("A", &none, &none, &stays),
            row("B", &ada, &none, &none),
            row("B", &none, &none, &none),
            row("C", &ada, &hank, &none),
            row("C", &none, &hank, &none),
        ]
    );
}

#[tokio::test]
async fn work_that_makes_work_comes_to_an_end() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let task = |title: &str| json!([{ "create_task": { "title": title, "due": { "minutes": 1 } } }]);
    let made = rule(&acme, &json!({ "trigger": "task.created", "actions": task("Made") })).await;
    let late = rule(&acme, &json!({ "trigger": "task.overdue", "actions": task("Late") })).await;
    let log = json!([{ "log_activity": { "type": "note", "subject": "Logged" } }]);
    let logged = rule(&acme, &json!({ "trigger": "activity.created", "actions": log })).await;
    acme.post("/v1/tasks", &json!({ "title": "First", "due_at": "2026-03-02T09:01:00Z" })).await.is(201);
    acme.post("/v1/activities", &json!({ "type": "note", "subject": "First" })).await.is(201);
    for _ in 0..10 {
        stage.pass(60).await;
    }
    // First, what was made of it, what was late of both, and what was made of that.
    let titles: Vec<String> =
        listed(&acme, "/v1/tasks").await.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
    let count = |title: &str| titles.iter().filter(|other| *other == title).count();
    assert_eq!((count("First"), count("Made"), count("Late")), (1, 2, 2), "{titles:?}");
    assert_eq!(listed(&acme, "/v1/activities").await.len(), 2);
    for rule in [&made, &late, &logged] {
        let ended: Vec<Value> =
            runs(&acme, rule).await.into_iter().filter(|run| run["state"] == "skipped").map(|run| run["why"].clone()).collect();
        assert!(
            !ended.is_empty() && ended.iter().all(|why| why.as_str().unwrap().starts_with("It would go round")),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn what_somebody_completes_is_done_by_a_person_whoever_made_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let again = json!([{ "create_task": { "title": "Again" } }]);
    let id = rule(&acme, &json!({ "trigger": "task.completed", "actions": again })).await;
    acme.post("/v1/tasks", &json!({ "title": "First" })).await.is(201);
    for _ in 0..3 {
        let task = one(&acme, "/v1/tasks").await;
        acme.post(&format!("/v1/tasks/{}/complete", task["id"].as_str().unwrap()), &json!({})).await.is(200);
        stage.drain().await;
        stage.clock.advance(1_000).unwrap();
    }
    assert_eq!(one(&acme, "/v1/tasks").await["title"], "Again");
    assert!(runs(&acme, &id).await.iter().all(|run| run["state"] == "done"));
}

#[tokio::test]
async fn a_trial_shows_the_work_and_makes_none() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let grace = person(&acme, "grace", "agent").await;
    let ada = owned(&acme, &grace.id).await;
    let actions = json!([
        { "create_task": { "title": "Call {{ contact.name }}", "due": { "hours": 2 }, "assignee": "owner" } },
        { "log_activity": { "type": "note", "subject": "Invoice {{ number }}", "description": "{{ 1 / 0 }}" } },
        { "log_activity": { "type": "note", "subject": "Invoice {{ number }}", "description": "x" } },
        { "create_task": { "title": "{{ nothing }}" } },
    ]);
    let id = rule(&acme, &json!({ "trigger": "invoice.overdue", "actions": actions })).await;
    let before = stage.rows();
    let mut event = overdue(&ada);
    event.as_object_mut().unwrap().remove("occurred_at");
    let tried = acme.post(&format!("/v1/rules/{id}/test"), &json!({ "event": event })).await.is(200)["actions"].clone();
    assert_eq!(
        tried[0]["task"],
        json!({
            "kind": "task", "title": "Call Ada", "description": null, "priority": "normal", "due_at": "2026-03-02T11:00:05.000Z",
            "assignee": grace.id, "team": null, "contact_id": ada, "company_id": null, "deal_id": null,
        })
    );
    assert!(tried[1]["why"].as_str().unwrap().starts_with("it cannot be rendered"), "{tried:#}");
    assert_eq!(
        tried[2]["activity"],
        json!({
            "type": "note", "subject": "Invoice 4711", "description": "x", "status": "completed", "outcome": null,
            "scheduled_at": null, "contact_id": ada, "company_id": null, "deal_id": null,
        })
    );
    assert_eq!(tried[3]["why"], "with what is known of the event its title is empty");
    let nobodys = json!({ "event": { "name": "invoice.overdue" } });
    let tried = acme.post(&format!("/v1/rules/{id}/test"), &nobodys).await.is(200)["actions"].clone();
    assert_eq!(tried[0]["note"], "nobody keeps what the event is about");
    stage.nothing_changed_since(&before, "a trial");
}
