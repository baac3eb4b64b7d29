//! What tasks have to tell in time: reminders, escalation and the task that comes next, each once, whatever fails.

use kernel::Time;
use send::outbox::Kept;
use serde_json::{Value, json};
use store::memory::{Fault, Faults};
use tests::person::{Person, person};
use tests::{Company, Letter, Story};

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

async fn task(company: &Company<'_>, words: &Value) -> String {
    id(&company.post("/v1/tasks", words).await.is(201))
}

/// What a person was told, oldest first: what, and when.
async fn told(person: &Person<'_>) -> Vec<(String, String)> {
    let page = person.sees.get("/v1/notifications?limit=100").await;
    let mut told: Vec<(String, String)> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["about"].as_str().unwrap().to_owned(), one["at"].as_str().unwrap().to_owned()))
        .collect();
    told.sort_by(|a, b| a.1.cmp(&b.1));
    told
}

fn words(told: &[(String, String)]) -> Vec<&str> {
    told.iter().map(|(about, _)| about.as_str()).collect()
}

/// Ada, who is reminded by everything half an hour before ten o'clock.
fn reminding(ada: &Person<'_>) -> Value {
    json!({
        "title": "Call Eve", "assignee": ada.id, "due_at": "2026-03-02T10:00:00Z",
        "reminders": [{ "before": 30, "by": ["notification", "email", "sms"] }],
    })
}

async fn with_texts<'s>(stage: &'s Story) -> Company<'s> {
    let acme = stage.tenant("acme").await;
    tests::texts::twilio(&acme).await;
    acme
}

#[tokio::test]
async fn a_reminder_comes_at_its_time_by_every_way_and_once() {
    let stage = Story::begin().await;
    let acme = with_texts(&stage).await;
    let ada = person(&acme, "ada", "agent").await;
    task(&ada.sees, &reminding(&ada)).await;
    stage.drain().await;
    stage.pass_until("2026-03-02T09:29:59Z").await;
    assert!(stage.sent().is_empty() && told(&ada).await.is_empty());
    stage.pass_until("2026-03-02T09:30:00Z").await;
    assert_eq!(told(&ada).await, [("reminder".to_owned(), "2026-03-02T09:30:00.000Z".to_owned())]);
    let messages = acme.get("/v1/messages").await;
    let mut channels: Vec<&str> =
        messages["data"].as_array().unwrap().iter().map(|message| message["channel"].as_str().unwrap()).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["email", "sms"]);
    let sent = stage.sent();
    let said = |kept: &&Kept| String::from_utf8_lossy(&kept.raw).contains("Subject: Reminder: Call Eve");
    let letter = Letter::read(sent.iter().find(said).unwrap());
    assert!(letter.html.contains("2026-03-02 10:00"), "{}", letter.html);
    stage.replay_stream();
    stage.drain().await;
    stage.pass_until("2026-03-03T09:00:00Z").await;
    assert_eq!(words(&told(&ada).await), ["reminder", "overdue"]);
    assert_eq!(acme.get("/v1/messages").await["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_is_reminded_of_what_was_called_off_or_done_before() {
    for deed in ["cancel", "complete"] {
        let stage = Story::begin().await;
        let acme = with_texts(&stage).await;
        let ada = person(&acme, "ada", "agent").await;
        let call = task(&ada.sees, &reminding(&ada)).await;
        stage.pass_until("2026-03-02T09:29:59Z").await;
        ada.sees.post(&format!("/v1/tasks/{call}/{deed}"), &json!({})).await.is(200);
        stage.pass_until("2026-03-04T00:00:00Z").await;
        assert!(told(&ada).await.is_empty() && stage.sent().is_empty(), "{deed}");
        // Nor when it is called off between the scan and the telling.
        let call = task(&ada.sees, &json!({ "title": "B", "due_at": "2026-03-04T00:01:00Z", "assignee": ada.id })).await;
        stage.drain().await;
        stage.clock.advance(61_000).unwrap();
        assert_eq!(stage.scan().await.unwrap().moved, 1);
        ada.sees.post(&format!("/v1/tasks/{call}/{deed}"), &json!({})).await.is(200);
        stage.drain().await;
        assert!(told(&ada).await.is_empty(), "{deed}");
    }
}

#[tokio::test]
async fn a_task_that_is_moved_reminds_at_its_new_time() {
    let stage = Story::begin().await;
    let acme = with_texts(&stage).await;
    let ada = person(&acme, "ada", "agent").await;
    let call = task(&ada.sees, &reminding(&ada)).await;
    stage.pass_until("2026-03-02T09:45:00Z").await;
    ada.sees.patch(&format!("/v1/tasks/{call}"), &json!({ "due_at": "2026-03-02T12:00:00Z" })).await;
    stage.pass_until("2026-03-02T11:29:00Z").await;
    assert_eq!(words(&told(&ada).await), ["reminder"]);
    stage.pass_until("2026-03-02T12:00:00Z").await;
    let moments: Vec<String> = told(&ada).await.into_iter().map(|(_, at)| at).collect();
    assert_eq!(moments, ["2026-03-02T09:30:00.000Z", "2026-03-02T11:30:00.000Z", "2026-03-02T12:00:00.000Z"]);
}

#[tokio::test]
async fn what_nobody_sees_to_goes_up_step_by_step_until_somebody_does() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "manager").await);
    let (eve, kim) = (person(&acme, "eve", "agent").await, person(&acme, "kim", "admin").await);
    let members = json!([{ "user": ada.id }, { "user": eve.id, "lead": true }]);
    let team = id(&acme.post("/v1/teams", &json!({ "name": "Sales", "members": members })).await.is(201));
    let steps = json!([
        { "after_minutes": 10, "to": { "team": team } }, { "after_minutes": 20, "to": { "user": bob.id } },
        { "after_minutes": 30, "to": { "role": "admin" } },
    ]);
    let words = json!({ "title": "Fix", "assignee": ada.id, "due_at": "2026-03-02T10:00:00Z", "escalation": steps });
    let fix = task(&ada.sees, &words).await;
    stage.pass_until("2026-03-02T10:10:00Z").await;
    assert_eq!(self::words(&told(&eve).await), ["escalated"], "those who lead the team");
    assert!(told(&bob).await.is_empty());
    stage.pass_until("2026-03-02T10:20:00Z").await;
    assert_eq!(self::words(&told(&bob).await), ["escalated"]);
    ada.sees.order(&format!("/v1/tasks/{fix}/acknowledge")).await.is(200);
    stage.pass_until("2026-03-02T11:00:00Z").await;
    assert!(told(&kim).await.is_empty(), "somebody sees to it");
    let subjects: Vec<String> = stage.letters().into_iter().map(|letter| letter.subject).collect();
    assert_eq!(subjects, ["Overdue: Fix", "Overdue: Fix"]);
    assert_eq!(self::words(&told(&ada).await), ["overdue"]);
}

/// The open tasks of a tenant by the moment they are due.
async fn due(acme: &Company<'_>) -> Vec<String> {
    let page = acme.get("/v1/tasks?limit=100").await;
    page["data"].as_array().unwrap().iter().map(|task| task["due_at"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_task_comes_again_when_it_is_done_or_when_its_time_has_come() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    acme.patch(&format!("/v1/users/{}", ada.id), &json!({ "zone": "Europe/Berlin" })).await;
    // Ten o'clock in Berlin, across the change of its clock on 29 March.
    let words = json!({
        "title": "Report", "assignee": ada.id, "due_at": "2026-03-23T10:00:00+01:00", "recurrence": "FREQ=WEEKLY",
        "checklist": [{ "text": "Numbers", "done": true }], "reminders": [{ "before": 60, "by": ["notification"] }],
    });
    let first = task(&ada.sees, &words).await;
    let done = ada.sees.post(&format!("/v1/tasks/{first}/complete"), &json!({})).await.is(200);
    assert_eq!(done["next"], Value::Null, "it is made in a moment");
    stage.drain().await;
    assert_eq!(due(&acme).await, ["2026-03-30T08:00:00.000Z"]);
    let next = acme.get(&format!("/v1/tasks/{first}")).await["next"].as_str().unwrap().to_owned();
    let second = acme.get(&format!("/v1/tasks/{next}")).await;
    assert_eq!((&second["occurrence"], &second["checklist"][0]["done"]), (&json!(2), &json!(false)));
    ada.sees.post(&format!("/v1/tasks/{first}/reopen"), &json!({})).await.is(200);
    ada.sees.post(&format!("/v1/tasks/{first}/complete"), &json!({})).await.is(200);
    stage.replay_stream();
    stage.drain().await;
    assert_eq!(due(&acme).await.len(), 1, "completing it twice makes no third one");

    // Nobody does the second: the third comes when its time has come.
    stage.pass_until("2026-03-30T08:00:00Z").await;
    assert_eq!(due(&acme).await, ["2026-03-30T08:00:00.000Z", "2026-04-06T08:00:00.000Z"]);
    assert_eq!(words_of(&ada).await, ["reminder", "overdue"]);
    // The house is down for three weeks: one task, not three.
    stage.pass_until("2026-04-28T00:00:00Z").await;
    assert_eq!(due(&acme).await[2..], ["2026-05-04T08:00:00.000Z"]);
    // Called off, it comes no more.
    let last = acme.get("/v1/tasks?limit=100").await["data"][2].clone();
    acme.post(&format!("/v1/tasks/{}/cancel", id(&last)), &json!({})).await.is(200);
    stage.pass_until("2026-06-01T00:00:00Z").await;
    assert_eq!(due(&acme).await.len(), 2);
}

async fn words_of(person: &Person<'_>) -> Vec<String> {
    told(person).await.into_iter().map(|(about, _)| about).collect()
}

/// What there must be in the end of the story of a reminder: one of everything.
async fn judge(stage: &Story, acme: &Company<'_>, ada: &Person<'_>, label: &str) {
    assert_eq!(words_of(ada).await, ["assigned", "reminder", "overdue"], "{label}");
    assert_eq!(ada.sees.get("/v1/notifications/unread").await["unread"], 3, "{label}");
    let letters = stage.letters();
    let reminders = letters.iter().filter(|letter| letter.subject == "Reminder: Call Eve").count();
    assert_eq!((letters.len(), reminders), (1, 1), "{label}");
    assert_eq!(acme.get("/v1/messages").await["data"].as_array().unwrap().len(), 1, "{label}");
    assert_eq!(due(acme).await, ["2026-03-02T10:00:00.000Z", "2026-03-03T10:00:00.000Z"], "{label}: the next task, once");
}

async fn set_up<'s>(stage: &'s Story) -> (Company<'s>, Person<'s>) {
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "provider": "capture" })).await;
    let ada = person(&acme, "ada", "agent").await;
    (acme, ada)
}

fn daily(ada: &Person<'_>) -> Value {
    json!({
        "title": "Call Eve", "assignee": ada.id, "due_at": "2026-03-02T10:00:00Z", "recurrence": "FREQ=DAILY",
        "reminders": [{ "before": 30, "by": ["notification", "email"] }],
    })
}

/// Every call of scan, relay, automation and send is struck by every fault, each in a run of its own.
#[tokio::test]
async fn wherever_anybody_dies_everything_is_told_once() {
    let mut runs = 0;
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict] {
        for at in 0.. {
            let faults = Faults::none();
            let stage = Story::with(faults.clone()).await;
            let (acme, ada) = set_up(&stage).await;
            task(&acme, &daily(&ada)).await;
            faults.strike(faults.calls() + at, fault);
            stage.drain().await;
            for moment in ["2026-03-02T09:30:00Z", "2026-03-02T09:36:00Z", "2026-03-02T10:00:00Z", "2026-03-02T10:06:00Z"] {
                stage.pass_until(moment).await;
            }
            stage.pass(301).await;
            stage.pass(301).await;
            let struck = !faults.struck().is_empty();
            faults.calm();
            judge(&stage, &acme, &ada, &format!("{fault:?} at call {at}")).await;
            runs += 1;
            if !struck {
                break;
            }
        }
    }
    println!("{runs} runs");
    assert!(runs > 150, "{runs}");
}

/// Scanners that meet, come late, or whose clocks are off by minutes: nothing is missed and nothing told twice.
#[tokio::test]
async fn scanners_that_meet_or_whose_clocks_are_off_tell_everything_once() {
    for (ahead, behind) in [(0, 0), (180_000, 0), (0, 180_000), (240_000, 120_000)] {
        let stage = Story::begin().await;
        let (acme, ada) = set_up(&stage).await;
        task(&acme, &daily(&ada)).await;
        stage.drain().await;
        for minute in 0..100 {
            for off in [ahead, -behind, 0] {
                stage.clock.advance(off).unwrap();
                stage.scan().await;
                if minute % 2 == 0 {
                    stage.scan().await;
                }
                stage.clock.advance(-off).unwrap();
            }
            if minute % 3 == 0 {
                stage.drain().await;
            }
            stage.clock.advance(60_000).unwrap();
        }
        stage.drain().await;
        judge(&stage, &acme, &ada, &format!("{ahead} ms ahead, {behind} behind")).await;
    }
    // And one that comes a day late, for everything at once.
    let stage = Story::begin().await;
    let (acme, ada) = set_up(&stage).await;
    task(&acme, &daily(&ada)).await;
    stage.drain().await;
    stage.pass_until("2026-03-03T09:00:00Z").await;
    judge(&stage, &acme, &ada, "a day late").await;
}

/// Twenty thousand tasks of one tenant are due at the same moment.
#[tokio::test]
async fn twenty_thousand_alarms_at_once_are_released_with_one_write_each() {
    const MANY: u64 = 20_000;
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let tenant = kernel::ids::TenantId::parse(&acme.id).unwrap();
    let scope = stage.store.platform().reopen(tenant).await.unwrap();
    let due = Time::parse("2026-03-02T10:00:00Z").unwrap();
    for _ in 0..MANY {
        let id = kernel::ids::TaskId::new(&stage.context.ids, &stage.context.clock);
        let mut task = domain::Task::new(id, "Call".to_owned(), stage.clock.now());
        task.due_at = Some(due);
        scope.create(&task).await.unwrap();
    }
    stage.clock.advance(3_600_000).unwrap();
    let before = stage.memory.bill();
    let scanned = stage.scan().await.unwrap();
    let bill = stage.memory.bill().since(before);
    assert_eq!((scanned.moved, scanned.failed), (MANY, 0), "one scan takes them all");
    assert!(bill.requests < MANY + 400, "one request each, and one look for a hundred: {bill:?}");
    // Released a second time: nothing is left.
    assert_eq!(stage.scan().await.unwrap().moved, 0);
    stage.abandon();
}
