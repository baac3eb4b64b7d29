//! How users want to be told: by which ways, and when not to be disturbed; and what they have not read, for as long as it is there.

use http::Method;
use kernel::Clock;
use kernel::ids::{NotificationId, TaskId, TenantId, UserId};
use serde_json::{Value, json};
use tests::person::{Person, person};
use tests::{Company, Reply, Story};

const PATH: &str = "/v1/notifications/preferences";

async fn task(company: &Company<'_>, words: Value) -> String {
    company.post("/v1/tasks", &words).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// What a person was told in the notification centre, newest first.
async fn told(person: &Person<'_>) -> Vec<String> {
    let page = person.sees.get("/v1/notifications").await;
    page["data"].as_array().unwrap().iter().map(|one| one["about"].as_str().unwrap().to_owned()).collect()
}

async fn say(company: &Company<'_>, query: &str, words: &Value) -> Reply {
    company.ask(Method::PUT, &format!("{PATH}{query}")).json(words).now().await
}

fn subjects(stage: &Story) -> Vec<String> {
    stage.letters().into_iter().map(|letter| letter.subject).collect()
}

#[tokio::test]
async fn users_are_told_by_the_ways_that_they_say() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (ada, bob) = (person(&acme, "ada", "agent").await, person(&acme, "bob", "manager").await);
    let usual = ada.sees.get(PATH).await;
    assert_eq!((&usual["ways"]["assigned"], &usual["ways"]["reminder"]), (&json!(["notification"]), &Value::Null));
    assert_eq!((&usual["ways"]["escalated"], &usual["quiet_hours"]), (&json!(["email", "notification"]), &Value::Null));
    let words =
        json!({ "ways": { "assigned": ["email", "email"], "reminder": ["notification"], "overdue": [], "escalated": [] } });
    let said = say(&ada.sees, "", &words).await.is(200);
    assert_eq!((&said["user_id"], &said["ways"]["assigned"]), (&json!(ada.id), &json!(["email"])));
    assert_eq!(ada.sees.get(PATH).await, said);

    // A mail in place of the notification centre; and what the task asks for is said by Ada's way.
    let steps = json!([{ "after_minutes": 10, "to": { "user": ada.id } }]);
    let words = json!({
        "title": "Call Eve", "assignee": ada.id, "due_at": "2026-03-02T10:00:00Z", "escalation": steps,
        "reminders": [{ "before": 30, "by": ["email", "sms"] }],
    });
    task(&bob.sees, words).await;
    stage.pass_until("2026-03-02T11:00:00Z").await;
    assert_eq!((told(&ada).await, subjects(&stage)), (vec!["reminder".to_owned()], vec!["Assigned: Call Eve".to_owned()]));
    assert_eq!(told(&bob).await, ["overdue"], "Bob has said nothing");

    // Nobody misses that nobody sees to something urgent.
    let words = json!({
        "title": "Fire", "assignee": bob.id, "priority": "urgent", "due_at": "2026-03-02T12:00:00Z", "escalation": steps,
    });
    task(&bob.sees, words).await;
    stage.pass_until("2026-03-02T13:00:00Z").await;
    assert_eq!((told(&ada).await[0].as_str(), subjects(&stage).len()), ("escalated", 1));

    // All is as usual again.
    say(&ada.sees, "", &json!({})).await.is(200);
    assert_eq!(ada.sees.get(PATH).await, usual);
    task(&bob.sees, json!({ "title": "Pack", "assignee": ada.id })).await;
    stage.drain().await;
    assert_eq!((told(&ada).await[0].as_str(), subjects(&stage).len()), ("assigned", 1));
}

#[tokio::test]
async fn in_quiet_hours_mail_waits_on_the_users_clock_and_the_centre_does_not() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    acme.patch(&format!("/v1/users/{}", ada.id), &json!({ "zone": "Europe/Berlin" })).await;
    // Until noon in Berlin, which is eleven.
    say(&ada.sees, "", &json!({ "quiet_hours": { "start": "10:15", "end": "12:00" } })).await.is(200);
    let words = json!({
        "title": "Call Eve", "assignee": ada.id, "due_at": "2026-03-02T10:00:00Z",
        "reminders": [{ "before": 30, "by": ["notification", "email"] }],
    });
    task(&ada.sees, words).await;
    stage.pass_until("2026-03-02T09:30:00Z").await;
    stage.replay_stream();
    stage.pass_until("2026-03-02T10:59:59Z").await;
    assert_eq!((told(&ada).await, subjects(&stage).len()), (vec!["overdue".to_owned(), "reminder".to_owned()], 0));
    stage.pass_until("2026-03-02T11:00:00Z").await;
    assert_eq!(subjects(&stage), ["Reminder: Call Eve"]);
    // Out of them, it comes at once.
    let words =
        json!({ "title": "Pack", "assignee": ada.id, "reminders": [{ "at": "2026-03-02T11:30:00Z", "by": ["email"] }] });
    task(&ada.sees, words).await;
    stage.pass_until("2026-03-02T11:30:00Z").await;
    assert_eq!(subjects(&stage).len(), 2);
}

#[tokio::test]
async fn preferences_are_a_persons_own() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    let (ada, bob, eve) =
        (person(&acme, "ada", "viewer").await, person(&acme, "bob", "manager").await, person(&bravo, "eve", "agent").await);
    let (of_ada, words) = (format!("?user_id={}", ada.id), json!({ "ways": { "completed": [] } }));
    let etag = ada.sees.look(PATH).await.header("etag").unwrap().to_owned();
    let viewer = acme.acting_as(&acme.new_key("viewer").await);
    let before = stage.rows();
    say(&bob.sees, &of_ada, &words).await.problem(403, "forbidden");
    bob.sees.look(&format!("{PATH}{of_ada}")).await.problem(403, "forbidden");
    say(&viewer, &of_ada, &words).await.problem(403, "forbidden");
    assert_eq!(say(&acme, "", &words).await.problem(422, "invalid"), ["?user_id"], "a key speaks for nobody");
    let nobody = format!("{}0123456789abcdef", &eve.id[..eve.id.len() - 16]);
    for body in [None, Some(&words)] {
        let ask = async |user: &str| match body {
            Some(words) => say(&acme, &format!("?user_id={user}"), words).await,
            None => acme.look(&format!("{PATH}?user_id={user}")).await,
        };
        let (foreign, random) = (ask(&eve.id).await, ask(&nobody).await);
        assert_eq!(foreign.problem(422, "invalid"), ["?user_id"]);
        assert_eq!(foreign.anonymous(), random.anonymous());
    }
    for (words, pointer) in [
        (json!({ "ways": { "assigned": ["pigeon"] } }), "/ways/assigned/0"),
        (json!({ "ways": { "nothing": [] } }), "/ways/nothing"),
        (json!({ "quiet_hours": { "start": "25:00", "end": "08:00" } }), "/quiet_hours/start"),
        (json!({ "email": true }), "/email"),
    ] {
        assert_eq!(say(&ada.sees, "", &words).await.problem(422, "invalid"), [pointer]);
    }
    stage.nothing_changed_since(&before, "preferences that cannot be");

    // Whoever keeps users may say it for them, over what is known alone.
    let said = acme.ask(Method::PUT, &format!("{PATH}{of_ada}")).header("if-match", &etag).json(&words).now().await;
    assert_eq!(said.is(200)["ways"]["completed"], json!([]));
    let stale = ada.sees.ask(Method::PUT, PATH).header("if-match", &etag).json(&json!({})).now().await;
    stale.problem(412, "stale");
    let before = stage.rows();
    say(&ada.sees, "", &words).await.is(200);
    stage.nothing_changed_since(&before, "saying the same again");
    stage.drain().await;
}

#[tokio::test]
async fn what_expired_unread_is_counted_no_more_and_a_hundred_are_enough() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    let counted = async || {
        let count = ada.sees.get("/v1/notifications/unread").await;
        (count["unread"].as_u64().unwrap(), count["more"].as_bool().unwrap())
    };
    for _ in 0..3 {
        task(&acme, json!({ "title": "Old", "assignee": ada.id })).await;
    }
    stage.drain().await;
    assert_eq!(counted().await, (3, false));
    stage.clock.advance(89 * 86_400_000).unwrap();
    for number in 0..100 {
        task(&acme, json!({ "title": format!("No. {number}"), "assignee": ada.id })).await;
    }
    stage.drain().await;
    assert_eq!(counted().await, (100, true));
    stage.clock.advance(86_400_000).unwrap();
    assert_eq!(counted().await, (100, false), "the first three are no more");
    assert_eq!(ada.sees.get("/v1/notifications?limit=100").await["data"].as_array().unwrap().len(), 100);
    let before = stage.memory.bill();
    counted().await;
    let bill = stage.memory.bill().since(before);
    assert!(bill.requests <= 2, "{bill:?}");
    let until = json!({ "until": stage.clock.now().to_string() });
    let left = ada.sees.post("/v1/notifications/read", &until).await.is(200);
    assert_eq!(left, json!({ "unread": 0, "more": false, "more_until": null }));
    assert!(ada.sees.get("/v1/notifications?read=false&limit=100").await["data"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_machine_reads_for_others_only_with_the_right_to_change_users() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    task(&acme, json!({ "title": "Call", "assignee": ada.id })).await;
    stage.drain().await;
    let read = json!({ "user_id": ada.id, "until": stage.clock.now().to_string() });
    for role in ["viewer", "agent", "manager"] {
        let machine = acme.acting_as(&acme.new_key(role).await);
        assert_eq!(machine.get(&format!("/v1/notifications/unread?user_id={}", ada.id)).await["unread"], 1);
        let before = stage.rows();
        machine.post("/v1/notifications/read", &read).await.problem(403, "forbidden");
        stage.nothing_changed_since(&before, role);
    }
    let admin = acme.acting_as(&acme.new_key("admin").await);
    assert_eq!(admin.post("/v1/notifications/read", &read).await.is(200)["unread"], 0);
}

/// Due moments are full hours: more may be told at one millisecond than one request marks.
#[tokio::test]
async fn more_of_one_moment_than_one_request_marks_are_marked_in_the_end() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = person(&acme, "ada", "agent").await;
    let scope = stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
    let (user, at) = (UserId::parse(&ada.id).unwrap(), stage.clock.now());
    for _ in 0..600 {
        let id = NotificationId::new(&stage.context.ids, &Clock::manual(at));
        let notification = domain::Notification {
            id,
            user,
            about: domain::notification::About::Overdue,
            task: TaskId::new(&stage.context.ids, &Clock::manual(at)),
            title: "Call".to_owned(),
            by: None,
            read: false,
            at,
        };
        scope.create(&notification).await.unwrap();
        scope.create(&domain::notification::Unread { user, notification: id }).await.unwrap();
    }
    let mut until = json!(at.to_string());
    let mut asked = 0;
    while !until.is_null() {
        until = ada.sees.post("/v1/notifications/read", &json!({ "until": until })).await.is(200)["more_until"].clone();
        asked += 1;
        assert!(asked < 5, "round and round");
    }
    assert_eq!((asked, &ada.sees.get("/v1/notifications/unread").await["unread"]), (3, &json!(0)));
    stage.drain().await;
}
