//! What happens to a task while somebody does something to it: alarms that ring are nobody's change, and other people's are.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::person::{Person, person};
use tests::{Ask, Company, Story};

/// A task that has a lot to tell: Bob is given it, reminded of it, it is overdue, and it comes again.
async fn telling(ada: &Person<'_>, bob: &Person<'_>) -> String {
    let words = json!({
        "title": "Report", "assignee": bob.id, "due_at": "2026-03-02T10:00:00Z", "recurrence": "FREQ=DAILY",
        "reminders": [{ "before": 30, "by": ["notification"] }],
    });
    let made = ada.sees.post("/v1/tasks", &words).await;
    assert_eq!(made.header("etag"), Some("\"1\""));
    format!("/v1/tasks/{}", made.is(201)["id"].as_str().unwrap())
}

async fn pair<'s>(acme: &Company<'s>) -> (Person<'s>, Person<'s>) {
    (person(acme, "ada", "agent").await, person(acme, "bob", "agent").await)
}

fn change<'s>(company: &Company<'s>, path: &str, title: &str) -> Ask<'s> {
    company.ask(Method::PATCH, path).json(&json!({ "title": title }))
}

async fn told(person: &Person<'_>) -> Vec<String> {
    let page = person.sees.get("/v1/notifications").await;
    let mut told: Vec<String> =
        page["data"].as_array().unwrap().iter().map(|one| one["about"].as_str().unwrap().to_owned()).collect();
    told.sort_unstable();
    told
}

async fn open_tasks(acme: &Company<'_>) -> usize {
    acme.get("/v1/tasks").await["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_a_task_tells_and_makes_by_itself_is_no_change_to_who_has_it_open() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = pair(&acme).await;
    let path = telling(&ada, &bob).await;
    stage.drain().await;
    stage.pass_until("2026-03-02T09:30:00Z").await;
    stage.pass_until("2026-03-02T10:00:00Z").await;
    assert_eq!((told(&bob).await, open_tasks(&acme).await), (["assigned", "overdue", "reminder"].map(str::to_owned).into(), 2));
    assert_eq!(acme.look(&path).await.header("etag"), Some("\"1\""), "nobody has changed it");

    let changed = change(&bob.sees, &path, "Mine").header("if-match", "\"1\"").now().await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    let late = change(&ada.sees, &path, "Hers").header("if-match", "\"1\"").now().await;
    late.problem(412, "stale");
    assert_eq!(late.body["detail"], "The present version is 2.");
    for (number, deed) in (3..).zip(["acknowledge", "complete", "reopen", "cancel"]) {
        let done = acme.post(&format!("{path}/{deed}"), &json!({})).await;
        assert_eq!((done.status, done.header("etag")), (200, Some(format!("\"{number}\"").as_str())), "{deed}");
        stage.drain().await;
        assert_eq!(acme.look(&path).await.header("etag"), done.header("etag"), "{deed}");
    }
}

/// Whatever the house writes between the reading and the writing of a request, the request is carried out.
#[tokio::test]
async fn whoever_meets_a_ringing_alarm_gets_what_they_asked_for() {
    for seed in 0..24 {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let (ada, bob) = pair(&acme).await;
        let path = telling(&ada, &bob).await;
        stage.faults.interleave(seed);
        let mine = change(&ada.sees, &path, "Mine").header("if-match", "\"1\"");
        let ((), changed) = tokio::join!(stage.drain(), mine.now());
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "seed {seed}");
        // Two who name no version, and what the task tells of it.
        let complete = acme.ask(Method::POST, &format!("{path}/complete")).json(&json!({ "outcome": "Up." }));
        let ((), done, again) = tokio::join!(stage.drain(), complete.now(), change(&acme, &path, "Again").now());
        assert_eq!((done.status, again.status), (200, 200), "seed {seed}");
        stage.drain().await;
        let task = acme.get(&path).await;
        assert_eq!((&task["title"], &task["outcome"]), (&json!("Again"), &json!("Up.")), "seed {seed}");
        assert_eq!((told(&ada).await, told(&bob).await), (vec!["completed".to_owned()], vec!["assigned".to_owned()]));
        assert_eq!(open_tasks(&acme).await, 1, "seed {seed}: the one that comes next");
        let gone = acme.ask(Method::DELETE, &path).header("if-match", "\"3\"").now();
        let ((), kept) = tokio::join!(stage.drain(), gone);
        kept.problem(412, "stale");
        acme.ask(Method::DELETE, &path).header("if-match", "\"4\"").now().await.is(204);
    }
}

#[tokio::test]
async fn of_two_people_who_have_the_same_version_open_one_is_told() {
    for seed in 0..16 {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let (ada, bob) = pair(&acme).await;
        let path = telling(&ada, &bob).await;
        stage.faults.interleave(seed);
        let save =
            async |company: &Company<'_>, title: &str| change(company, &path, title).header("if-match", "\"1\"").now().await;
        let ((), one, other) = tokio::join!(stage.drain(), save(&ada.sees, "One"), save(&bob.sees, "Other"));
        let (kept, refused) = if one.status == 200 { (one, other) } else { (other, one) };
        refused.problem(412, "stale");
        assert_eq!(acme.get(&path).await["title"], kept.is(200)["title"], "seed {seed}");
    }
}

/// Forms on a web page, say: as many at once as a team has hands.
#[tokio::test]
async fn many_new_tasks_at_one_moment_all_find_somebody_in_turn() {
    for seed in 0..8 {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let (ada, bob) = pair(&acme).await;
        let members = json!([{ "user": ada.id }, { "user": bob.id }]);
        let team = acme.post("/v1/teams", &json!({ "name": "Sales", "members": members })).await.is(201);
        let lead = json!({ "title": "Lead", "assign": { "strategy": "round_robin", "team": team["id"] } });
        stage.faults.interleave(seed);
        let made = join_all((0..12).map(|_| acme.post("/v1/tasks", &lead))).await;
        let given: Vec<Value> = made.into_iter().map(|made| made.is(201)["assignee"].clone()).collect();
        for person in [&ada, &bob] {
            assert_eq!(given.iter().filter(|user| **user == json!(person.id)).count(), 6, "seed {seed}");
        }
    }
}
