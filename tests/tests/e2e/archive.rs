//! The archive: activities of past months take less room, and are found as before.

use domain::flows::archive;
use domain::{Archive, Tenant};
use http::Method;
use kernel::Time;
use kernel::ids::TenantId;
use serde_json::{Value, json};
use store::memory::{Fault, Faults};
use tests::{Company, Contact, Story};

/// The day on which the activities of the month in which stories begin are put away.
const THE_DAY: &str = "2027-04-01T00:00:01Z";

/// So many activities with somebody, a minute apart, every tenth with much to say.
async fn logged(company: &Company<'_>, contact: &Contact, count: usize) -> Vec<String> {
    let mut paths = Vec::new();
    for number in 0..count {
        company.story.clock.advance(60_000).unwrap();
        let mut fields = json!({ "type": "call", "subject": format!("Call {number}"), "contact_id": contact.id });
        if number % 10 == 0 {
            fields["description"] = json!(format!("What was said {number}. ").repeat(60));
        }
        let made = company.post("/v1/activities", &fields).await;
        paths.push(made.header("location").unwrap().to_owned());
        made.is(201);
    }
    company.story.drain().await;
    paths
}

/// Every activity that a list shows, page by page, without the word that says where it is.
async fn all(company: &Company<'_>, list: &str) -> Vec<Value> {
    let (mut rows, mut query) = (Vec::new(), String::new());
    loop {
        let page = company.get(&format!("{list}limit=7{query}")).await;
        rows.extend(page["data"].as_array().unwrap().iter().map(bare));
        let Some(next) = page["next"].as_str() else { return rows };
        query = format!("&after={next}");
    }
}

fn bare(activity: &Value) -> Value {
    let mut activity = activity.clone();
    activity.as_object_mut().unwrap().remove("archived");
    activity
}

#[tokio::test]
async fn what_is_old_is_put_away_and_found_as_before() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let paths = logged(&acme, &ada, 120).await;
    let lists = ["/v1/activities?".to_owned(), format!("/v1/activities?contact_id={}&", ada.id)];
    let mut before = Vec::new();
    for list in &lists {
        before.push(all(&acme, list).await);
    }
    assert_eq!((before[0].len(), before[1].len()), (120, 120));
    let entries = stage.rows_of("entry");
    stage.pass_until("2027-03-31T00:00:00Z").await;
    assert_eq!(stage.rows_of("activity").len(), 120, "not yet");
    stage.pass_until(THE_DAY).await;
    stage.pass(31 * 86_400).await;
    assert_eq!((stage.rows_of("activity").len(), stage.rows_of("text").len()), (0, 0));
    assert_eq!(stage.rows_of("pack").len(), 3, "some fifty in each");
    assert_eq!(stage.rows_of("entry"), entries, "timelines stay as they are");

    for (list, before) in lists.iter().zip(&before) {
        assert_eq!(&all(&acme, list).await, before, "{list}");
    }
    let old = acme.look(&paths[40]).await;
    assert_eq!(old.header("etag"), Some("\"2\""));
    let old = old.is(200);
    assert_eq!((&old["archived"], old["description"].as_str().unwrap().len()), (&json!(true), 60 * "What was said 40. ".len()));
    let timeline = acme.get(&format!("/v1/contacts/{}/timeline?expand=subject&limit=3", ada.id)).await;
    assert_eq!(timeline["data"][0]["expanded"]["activity"]["subject"], "Call 119");
    acme.look("/v1/activities/act_019cacff00007c3e8a51d2b0f3a94c11").await.problem(404, "not-found");

    // What comes later stands before it.
    acme.post("/v1/activities", &json!({ "type": "note", "subject": "New" })).await.is(201);
    let mixed = all(&acme, "/v1/activities?").await;
    assert_eq!((mixed.len(), &mixed[0]["subject"], &mixed[1..]), (121, &json!("New"), &before[0][..]));
    assert_eq!(all(&acme, "/v1/activities?since=2026-03-02T09:30:00Z&until=2026-03-02T09:40:00Z&").await.len(), 10);
}

#[tokio::test]
async fn changing_what_is_old_brings_it_back() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let paths = logged(&acme, &ada, 120).await;
    stage.pass_until(THE_DAY).await;
    stage.pass(31 * 86_400).await;
    let ask = |at: usize, tag: &str| {
        let ask = acme.ask(Method::PATCH, &paths[at]).header("if-match", tag);
        ask.json(&json!({ "subject": "Corrected" }))
    };
    ask(20, "\"1\"").now().await.problem(412, "stale");
    let changed = ask(20, "\"2\"").now().await.is(200);
    assert_eq!((&changed["subject"], &changed["archived"]), (&json!("Corrected"), &json!(false)));
    assert_eq!(stage.rows_of("activity").len(), 1, "it alone");
    ask(90, "\"2\"").now().await.is(200);
    acme.delete(&paths[30]).await;
    acme.look(&paths[30]).await.problem(404, "not-found");
    stage.drain().await;
    let subjects =
        async || -> Vec<Value> { all(&acme, "/v1/activities?").await.iter().map(|row| row["subject"].clone()).collect() };
    let expected: Vec<Value> = (0..120)
        .rev()
        .filter(|number| *number != 30)
        .map(|number| if number == 20 || number == 90 { json!("Corrected") } else { json!(format!("Call {number}")) })
        .collect();
    assert_eq!(subjects().await, expected);
    let timeline = acme.get(&format!("/v1/contacts/{}/timeline?kind=activity&limit=100", ada.id)).await;
    let titles: Vec<Value> = timeline["data"].as_array().unwrap().iter().map(|entry| entry["title"].clone()).collect();
    assert_eq!(titles, expected[..100]);

    // Both are put away again, where they were: in packs of their own.
    let packs = stage.rows_of("pack").len();
    stage.pass(31 * 86_400).await;
    assert_eq!((stage.rows_of("activity").len(), stage.rows_of("pack").len()), (0, packs));
    assert_eq!((subjects().await, acme.get(&paths[20]).await["archived"].clone()), (expected, json!(true)));
    ask(90, "\"5\"").now().await.is(200);
}

/// Gives each of them much to say.
async fn expand(company: &Company<'_>, paths: &[String]) {
    for path in paths {
        company.patch(path, &json!({ "description": format!("What was said of {path}. ").repeat(200) })).await;
    }
}

#[tokio::test]
async fn a_pack_that_gets_too_much_is_divided() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let paths = logged(&acme, &ada, 50).await;
    stage.pass_until(THE_DAY).await;
    stage.pass(31 * 86_400).await;
    assert_eq!((stage.rows_of("activity").len(), stage.rows_of("pack").len()), (0, 1));
    expand(&acme, &paths).await;
    let before = all(&acme, "/v1/activities?").await;
    stage.pass(31 * 86_400).await;
    assert_eq!((stage.rows_of("activity").len(), stage.rows_of("text").len()), (0, 0));
    assert!(stage.rows_of("pack").len() > 2, "{} packs", stage.rows_of("pack").len());
    assert_eq!(all(&acme, "/v1/activities?").await, before);
    for path in &paths {
        assert_eq!(acme.get(path).await["archived"], true, "{path}");
    }
}

#[tokio::test]
async fn what_is_brought_back_in_between_stops_nothing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let paths = logged(&acme, &ada, 50).await;
    expand(&acme, &paths).await;
    stage.pass_until("2027-03-31T00:00:00Z").await;
    stage.clock.advance(86_402_000).unwrap();
    stage.scan().await.unwrap();
    // One step alone: all are marked, and some of them put away.
    let scope = stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
    let tenant = scope.find::<Tenant>(scope.tenant()).await.unwrap().row;
    let id = Archive::id_of(Time::parse("2026-03-02T09:00:00Z").unwrap().month());
    let working = scope.find::<Archive>(id).await.unwrap().row;
    archive::work(&scope, &tenant, id, working.state_seq, stage.clock.now()).await.unwrap();
    let left = stage.rows_of("activity").len();
    assert!((1..50).contains(&left), "{left} are left");
    acme.patch(&paths[0], &json!({ "subject": "Corrected" })).await;
    // The tenant wants none of it any more, which holds from the next month on.
    acme.patch("/v1/tenant", &json!({ "archive_after_days": 0 })).await;
    stage.clock.advance(6_000).unwrap();
    stage.drain().await;
    assert_eq!(stage.rows_of("activity").len(), 0);
    assert_eq!(all(&acme, "/v1/activities?").await[49]["subject"], "Corrected");
    assert_eq!(acme.patch(&paths[49], &json!({ "subject": "Corrected too" })).await["subject"], "Corrected too");
    stage.drain().await;
}

#[tokio::test]
async fn the_tenant_says_when() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let refused = acme.ask(Method::PATCH, "/v1/tenant").json(&json!({ "archive_after_days": 29 })).now().await;
    assert_eq!(refused.problem(422, "invalid"), ["/archive_after_days"]);
    acme.patch("/v1/tenant", &json!({ "archive_after_days": 0 })).await;
    logged(&acme, &ada, 3).await;
    stage.pass_until(THE_DAY).await;
    assert_eq!(stage.rows_of("activity").len(), 3, "never");
    acme.patch("/v1/tenant", &json!({ "archive_after_days": 30 })).await;
    stage.pass(31 * 86_400).await;
    assert_eq!((stage.rows_of("activity").len(), stage.rows_of("pack").len()), (0, 1));
}

/// The subjects of all activities and where they are, after a fault at that call of the archiving; how many calls there were.
async fn struck(at: u64, fault: Fault) -> (u64, Vec<Value>, usize) {
    let faults = Faults::none();
    let stage = Story::with(faults.clone()).await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    logged(&acme, &ada, 12).await;
    let before = faults.calls();
    faults.strike(before + at, fault);
    stage.pass_until(THE_DAY).await;
    let calls = faults.calls() - before;
    // Scans come every minute, and jobs come again.
    for _ in 0..4 {
        stage.pass(181).await;
    }
    faults.calm();
    let subjects = all(&acme, "/v1/activities?").await.iter().map(|row| row["subject"].clone()).collect();
    (calls, subjects, stage.rows_of("activity").len())
}

#[tokio::test]
async fn whatever_strikes_nothing_is_lost_and_nothing_shows_twice() {
    let expected: Vec<Value> = (0..12).rev().map(|number| json!(format!("Call {number}"))).collect();
    let (calls, ..) = struck(u64::MAX / 2, Fault::CrashBefore).await;
    assert!(calls > 20, "{calls} calls");
    for at in 0..calls {
        for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply] {
            let (_, subjects, left) = struck(at, fault).await;
            assert_eq!((subjects, left), (expected.clone(), 0), "{fault:?} at call {at}");
        }
    }
}
