//! What numbers leave out of nothing: every tag, every hour of a day wherever it begins, what is nobody's and what is gone. And each
//! number of a first look leads to the very rows that it counts.

use http::Method;
use local::provider::Deed;
use serde_json::{Value, json};
use tests::chat::{self, WORD};
use tests::{Company, Story};

use crate::analytics::{PERSON, colleague, opened, walked};
use crate::work::{groups, made, some};

/// Somebody writes down a call.
async fn called(acme: &Company<'_>) {
    made(acme, "activities", &json!({ "type": "call", "subject": "Talk" })).await;
    acme.story.drain().await;
}

#[tokio::test]
async fn tags_of_every_script_are_told_apart() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut tags = ["a", "~x", "ü", "日本", "🎈", "\u{10fffd}"];
    tags.sort_unstable();
    for tag in tags {
        made(&acme, "activities", &json!({ "type": "note", "subject": "Noted", "tags": [tag] })).await;
    }
    stage.drain().await;
    let told = groups(&acme, "activities?group_by=tag").await;
    assert_eq!(told, tags.map(|tag| (tag.to_owned(), "completed=1 logged=1".to_owned())));
    let table = acme.look("/v1/analytics/activities?group_by=tag&format=csv").await;
    let text = String::from_utf8(table.bytes.clone()).unwrap();
    assert!(text.contains(",ü,") && text.lines().count() == 1 + tags.len(), "{text}");
}

/// The look's days, as far as activities and sent messages go: since when, and how many now and before.
fn looked(look: &Value, span: &str) -> (String, [i64; 2]) {
    let logged = ["now", "before"].map(|which| look[span][which]["activities"].as_i64().unwrap());
    (look[span]["since"].as_str().unwrap().to_owned(), logged)
}

#[tokio::test]
async fn thirty_days_are_thirty_days_on_the_wall_whatever_the_clocks_did() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let look = async || acme.get("/v1/analytics/dashboard?zone=America/New_York").await;
    // The clocks go forward on the 8th of March. Around noon of the 5th, before midnight and after it.
    for moment in ["2026-03-05T16:30:00Z", "2026-03-06T04:30:00Z", "2026-03-06T05:10:00Z"] {
        stage.pass_until(moment).await;
        called(&acme).await;
    }
    stage.pass_until("2026-03-12T15:20:00Z").await;
    assert_eq!(looked(&look().await, "week"), ("2026-03-06T05:00:00.000Z".to_owned(), [1, 1]));
    // They go back on the 1st of November: the first half hour of the 24th of October is one of the thirty days.
    stage.pass_until("2026-10-24T04:30:00Z").await;
    called(&acme).await;
    stage.pass_until("2026-11-22T15:20:00Z").await;
    assert_eq!(looked(&look().await, "month"), ("2026-10-24T04:00:00.000Z".to_owned(), [1, 0]));
}

/// Where a day begins within an hour, that hour belongs to the day before, whoever tells.
#[tokio::test]
async fn all_reports_cut_days_alike_where_they_begin_within_an_hour() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    // In Kolkata before midnight, in the half hour after it, and after that.
    for moment in ["2026-03-09T18:10:00Z", "2026-03-09T18:40:00Z", "2026-03-09T19:10:00Z"] {
        stage.pass_until(moment).await;
        acme.send(&ada, "welcome").await;
        called(&acme).await;
    }
    let (ninth, tenth) = ("2026-03-08T18:30:00.000Z", "2026-03-09T18:30:00.000Z");
    let days = |list: &Value, key: &str, count: &str| -> Vec<(String, Value)> {
        let list = list.as_array().unwrap().iter();
        list.map(|day| (day[key].as_str().unwrap().to_owned(), day.pointer(count).unwrap().clone())).collect()
    };
    let expected = [(ninth.to_owned(), json!(2)), (tenth.to_owned(), json!(1))];
    // By day, and in the half hour after midnight that still belongs to the tenth.
    for (moment, before) in [("2026-03-10T12:00:00Z", 0), ("2026-03-10T18:40:00Z", 2)] {
        stage.pass_until(moment).await;
        let of = async |path: &str| acme.get(&format!("/v1/analytics/{path}?zone=Asia/Kolkata")).await;
        assert_eq!(days(&of("emails").await["groups"], "key", "/counts/sent"), expected);
        assert_eq!(days(&of("activities").await["groups"], "key", "/counts/logged"), expected);
        assert_eq!(days(&of("frequency").await["days"], "day", "/messages"), expected);
        let look = of("dashboard").await;
        assert_eq!(looked(&look, "today"), ("2026-03-09T19:00:00.000Z".to_owned(), [1, before]), "{moment}");
        assert_eq!(["now", "before"].map(|which| look["today"][which]["sent"].clone()), [json!(1), json!(before)]);
    }
}

/// What is nobody's has a group, so that groups of which nothing is in two add up to all there is; it leads to its rows.
#[tokio::test]
async fn what_is_nobodys_is_told_and_found() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (grace, agent) = colleague(&acme, "grace").await;
    let team = acme.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": grace }] })).await.is(201)["id"].clone();
    let hello = json!({ "to": { "email": "ada@example.com" }, "template": "welcome" });
    for (number, person) in [&acme, &agent, &acme].into_iter().enumerate() {
        person.send_with(&hello).await;
        made(person, "activities", &json!({ "type": "call", "subject": "Talk", "duration": 60 })).await;
        let given = if number == 1 { (json!(grace), team.clone()) } else { (Value::Null, Value::Null) };
        let task = made(&acme, "tasks", &json!({ "title": "Call", "assignee": given.0, "team": given.1 })).await;
        let deal = json!({ "title": "Roof", "value": "1.5", "currency": "EUR", "owner": given.0 });
        let deal = made(&acme, "deals", &deal).await;
        if number < 2 {
            acme.post(&format!("{task}/complete"), &json!({})).await.is(200);
            acme.post(&format!("{deal}/win"), &json!({})).await.is(200);
        }
    }
    stage.drain().await;
    let told = [
        ("emails", "user", &grace, "accepted=2 sent=2", "accepted=1 sent=1"),
        ("activities", "user", &grace, "completed=2 logged=2 seconds=120", "completed=1 logged=1 seconds=60"),
        ("tasks", "assignee", &grace, "completed=1 created=2", "completed=1 created=1"),
        ("tasks", "team", &team.as_str().unwrap().to_owned(), "completed=1 created=2", "completed=1 created=1"),
        ("deals", "owner", &grace, "opened=2 won=1", "opened=1 won=1"),
    ];
    for (noun, group, theirs, nobodys, hers) in told {
        let expected = [("-".to_owned(), nobodys.to_owned()), (theirs.clone(), hers.to_owned())];
        assert_eq!(groups(&acme, &format!("{noun}?group_by={group}")).await, expected, "{noun} {group}");
        // Whoever asks for one gets no group of nobody's.
        assert_eq!(groups(&acme, &format!("{noun}?group_by={group}&{group}={theirs}")).await, expected[1..], "{noun} {group}");
    }
    let deals = acme.get("/v1/analytics/deals?group_by=owner").await["groups"][0].clone();
    assert_eq!(deals["counts"]["value_won"], json!([{ "amount": "1.5", "currency": "EUR" }]));
    for (rows, group) in
        [("/done", "activities?group_by=user"), ("/created", "tasks?group_by=assignee"), ("/opened", "deals?group_by=owner")]
    {
        let nobodys = acme.get(&format!("/v1/analytics/{group}")).await["groups"][0]["rows"].clone();
        let found = walked(&acme, nobodys.pointer(rows).unwrap().as_str().unwrap()).await;
        assert_eq!(found.len(), 2, "{group}: {nobodys}");
    }
    // The list of what is open knows nobody, too.
    assert_eq!(walked(&acme, "/v1/tasks?assignee=none").await.len(), 1);
    assert_eq!(walked(&acme, "/v1/tasks?team=none").await.len(), 1);
    assert!(walked(&acme, &format!("/v1/tasks?assignee={grace}")).await.is_empty());
    assert_eq!(agent.look("/v1/tasks?list=mine&assignee=none").await.problem(422, "invalid"), ["?assignee"]);
}

#[tokio::test]
async fn every_number_of_a_first_look_leads_to_its_rows() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let day = async |number: u32, count: usize| {
        for _ in 0..count {
            acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
            called(&acme).await;
            let task = made(&acme, "tasks", &json!({ "title": "Call", "due_at": "2026-04-20T09:00:00Z" })).await;
            acme.post(&format!("{task}/complete"), &json!({})).await.is(200);
            let deal = made(&acme, "deals", &json!({ "title": "Roof", "value": "2", "currency": "EUR" })).await;
            acme.post(&format!("{deal}/win"), &json!({})).await.is(200);
        }
        let update = chat::written(700_000_001 + number % 2, 40 + number, "Hello");
        chat::post(&stage, &hook, &update, WORD).await.is(200);
        stage.drain().await;
        let letters = stage.letters();
        for (letter, deed) in letters.iter().rev().take(count).zip([Deed::Deliver, Deed::Bounce]) {
            stage.told(letter, deed).await;
        }
        opened(&stage, letters.last().unwrap(), PERSON).await;
    };
    for (number, moment) in
        (1..).zip(["2026-03-02T10:00:00Z", "2026-04-01T08:00:00Z", "2026-04-09T12:00:00Z", "2026-04-15T07:00:00Z"])
    {
        stage.pass_until(moment).await;
        day(number, 2).await;
    }
    stage.pass_until("2026-04-16T10:10:00Z").await;
    day(5, 3).await;
    let owed = json!({ "title": "Late", "due_at": "2026-04-16T10:05:00Z" });
    made(&acme, "tasks", &owed).await;
    made(&acme, "tasks", &json!({ "title": "Some day" })).await;
    stage.drain().await;

    let look = acme.get("/v1/analytics/dashboard?zone=Asia/Kolkata").await;
    let leads = [
        ("sent", "messages", "&reached=sent"),
        ("delivered", "messages", "&reached=delivered"),
        ("bounced", "messages", "&reached=bounced"),
        ("opened", "messages", "&reached=opened"),
        ("replied", "messages", "&reached=replied"),
        ("received", "received", ""),
        ("conversations", "conversations", ""),
        ("activities", "activities", ""),
        ("tasks_created", "tasks_created", ""),
        ("tasks_completed", "tasks_completed", ""),
        ("deals_won", "deals_won", ""),
    ];
    let mut looked = 0;
    for (span, which) in
        [("today", "now"), ("today", "before"), ("week", "now"), ("week", "before"), ("month", "now"), ("month", "before")]
    {
        let glance = &look[span][which];
        for (name, list, more) in leads {
            let rows = format!("{}{more}", glance["rows"][list].as_str().unwrap());
            let found = walked(&acme, &rows).await;
            assert_eq!(glance[name], json!(found.len()), "{span} {which} {name}: {rows}");
            looked += found.len();
        }
    }
    assert!(looked > 100, "{looked}");
    for (name, count) in [("open", 2), ("overdue", 1)] {
        assert_eq!(look["tasks"][name], count);
        let rows = acme.get(look["tasks"]["rows"][name].as_str().unwrap()).await;
        assert_eq!(rows["data"].as_array().unwrap().len(), count, "{name}");
    }
}

/// Who was written to most often: as many rows as the number says, without what came back and what was a rehearsal.
#[tokio::test]
async fn what_came_back_is_not_among_the_rows_of_how_often() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    for sandbox in [false, false, false, true] {
        acme.send_with(&json!({ "to": { "contact": ada.id }, "template": "welcome", "sandbox": sandbox })).await;
        stage.drain().await;
    }
    stage.told(&stage.letters()[1], Deed::Bounce).await;
    stage.told(&stage.letters()[2], Deed::Complain).await;
    let most = acme.get("/v1/analytics/frequency").await["most"][0].clone();
    assert_eq!(most["messages"], 2);
    assert_eq!(walked(&acme, most["rows"].as_str().unwrap()).await.len(), 2);
    let count = async |query: &str| walked(&acme, &format!("/v1/messages?{query}")).await.len();
    assert_eq!([count("came_back=true").await, count("came_back=false").await], [1, 3]);
    assert_eq!([count("sandbox=true").await, count("sandbox=false").await], [1, 3]);
}

/// Numbers outlive what they are about, and can still be asked for by its id.
#[tokio::test]
async fn what_is_gone_can_still_be_asked_for() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({})).await;
    let template = acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned();
    let (grace, agent) = colleague(&acme, "grace").await;
    let team = acme.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": grace }] })).await.is(201);
    let team = team["id"].as_str().unwrap().to_owned();
    agent.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    called(&agent).await;
    made(&acme, "tasks", &json!({ "title": "Call", "assignee": grace })).await;
    made(&acme, "tasks", &json!({ "title": "Call", "team": team })).await;
    made(&acme, "deals", &json!({ "title": "Roof", "owner": grace })).await;
    stage.drain().await;
    let asked = [
        ("emails?template", &template, "accepted=1 sent=1"),
        ("emails?account", &account, "sent=1"),
        ("emails?user", &grace, "accepted=1 sent=1"),
        ("activities?user", &grace, "completed=1 logged=1"),
        ("tasks?assignee", &grace, "created=1"),
        ("tasks?team", &team, "created=1"),
        ("deals?owner", &grace, "opened=1"),
    ];
    for gone in [false, true] {
        if gone {
            for path in [
                format!("/v1/accounts/{account}"),
                format!("/v1/templates/{template}"),
                format!("/v1/teams/{team}"),
                format!("/v1/users/{grace}"),
            ] {
                acme.delete(&path).await;
            }
            stage.pass(60).await;
        }
        for (asked, id, counts) in &asked {
            let numbers = acme.get(&format!("/v1/analytics/{asked}={id}")).await;
            assert_eq!(&some(&numbers["totals"]), counts, "{asked}, gone: {gone}");
        }
    }
}

#[tokio::test]
async fn a_table_is_told_to_those_who_want_one_most() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    called(&acme).await;
    for (accepted, kind) in [
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/*, application/json;q=0.9", "text/csv"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("text/csv;q=0, application/json", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("*/*", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=lots", "application/json"),
    ] {
        let told = acme.ask(Method::GET, "/v1/analytics/activities").header("accept", accepted).now().await;
        assert_eq!((told.status, told.header("content-type")), (200, Some(kind)), "{accepted}");
    }
}

#[tokio::test]
async fn a_first_look_is_a_table_too() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    called(&acme).await;
    let table = acme.look("/v1/analytics/dashboard?format=csv").await;
    let text = String::from_utf8(table.bytes.clone()).unwrap();
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    let column = |name: &str| lines[0].split(',').position(|column| column == name).unwrap();
    let cells = |line: usize| ["span", "compared", "activities"].map(|name| lines[line].split(',').nth(column(name)).unwrap());
    assert_eq!((lines.len(), cells(1), cells(2)), (7, ["today", "now", "1"], ["today", "before", "0"]), "{text}");
}

#[tokio::test]
async fn a_moment_behind_all_calendars_is_refused_for_what_it_is() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let why = |reply: &tests::Reply| reply.body["errors"][0]["detail"].as_str().unwrap().to_owned();
    for (moment, words) in
        [("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z"), ("tomorrow", "RFC 3339"), ("2026-02-30T00:00:00Z", "RFC 3339")]
    {
        let asked = acme.look(&format!("/v1/analytics/emails?until={moment}")).await;
        assert_eq!(asked.problem(422, "invalid"), ["?until"]);
        assert!(why(&asked).contains(words), "{}", why(&asked));
        let call = json!({ "type": "call", "subject": "Talk", "completed_at": moment });
        let told = acme.post("/v1/activities", &call).await;
        assert_eq!(told.problem(422, "invalid"), ["/completed_at"]);
        assert!(why(&told).contains(words), "{}", why(&told));
    }
}

#[tokio::test]
async fn a_tag_said_twice_is_one() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for (noun, name) in [("activities", "subject"), ("tasks", "title"), ("deals", "title")] {
        let mut fields = json!({ (name): "Talk", "tags": ["b", "a", " b ", "c", "a"] });
        if noun == "activities" {
            fields["type"] = json!("call");
        }
        let path = made(&acme, noun, &fields).await;
        assert_eq!(acme.get(&path).await["tags"], json!(["b", "a", "c"]), "{noun}");
        assert_eq!(acme.patch(&path, &json!({ "tags": ["d", "d"] })).await["tags"], json!(["d"]), "{noun}");
    }
}
