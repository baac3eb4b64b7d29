//! Numbers of what people do: of activities, tasks and deals. Each leads to the very rows that it counts, and moves with them.

use serde_json::{Value, json};
use tests::{Company, Story, token};

use crate::analytics::{colleague, walked};

/// Numbers that are not zero, as `name=number`.
pub(crate) fn some(counts: &Value) -> String {
    let counts = counts.as_object().unwrap().iter();
    let flat = counts.flat_map(|(name, count)| match count {
        Value::Object(inner) => inner.iter().map(|(name, count)| (name.clone(), count.clone())).collect(),
        _ => vec![(name.clone(), count.clone())],
    });
    let mut words: Vec<String> = flat
        .filter(|(_, count)| count.as_i64().is_some_and(|it| it != 0))
        .map(|(name, count)| format!("{name}={count}"))
        .collect();
    words.sort();
    words.join(" ")
}

async fn totals(acme: &Company<'_>, path: &str) -> String {
    some(&acme.get(&format!("/v1/analytics/{path}")).await["totals"])
}

pub(crate) async fn groups(acme: &Company<'_>, path: &str) -> Vec<(String, String)> {
    let numbers = acme.get(&format!("/v1/analytics/{path}")).await;
    let key = |group: &Value| group["key"].as_str().unwrap_or("-").to_owned();
    numbers["groups"].as_array().unwrap().iter().map(|group| (key(group), some(&group["counts"]))).collect()
}

/// Makes something and answers with its address.
pub(crate) async fn made(company: &Company<'_>, noun: &str, fields: &Value) -> String {
    let made = company.post(&format!("/v1/{noun}"), fields).await.is(201);
    format!("/v1/{noun}/{}", made["id"].as_str().unwrap())
}

/// A tenant in which much is done over a month's end: by a person of a team, by another and by nobody.
async fn busy<'s>(stage: &'s Story) -> Company<'s> {
    let acme = stage.bare_tenant("acme").await;
    stage.pass_until("2026-03-31T21:10:00Z").await;
    let (grace, _) = colleague(&acme, "grace").await;
    // A token lasts an hour.
    let agent = || acme.acting_as(&token::signed(&token::claims("grace", stage.clock.now())));
    let (bob, _) = colleague(&acme, "bob").await;
    let team = acme.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": grace }] })).await.is(201);
    let team = team["id"].as_str().unwrap().to_owned();
    let outcomes = [json!("positive"), json!("no_answer"), Value::Null, json!("negative")];
    for number in 0..8 {
        let form = ["call", "meeting", "note"][number % 3];
        let activity = json!({
            "type": form, "subject": "Talk", "outcome": outcomes[number % 4],
            "duration": 60 * number, "tags": (0..number).map(|tag| format!("t#{tag}")).collect::<Vec<_>>(),
            "assignee": if number % 3 == 0 { json!(bob) } else { Value::Null },
        });
        if number % 2 == 0 {
            made(&acme, "activities", &activity).await;
        } else {
            made(&agent(), "activities", &activity).await;
        }
        let kind = ["task", "follow_up"][number % 2];
        let task = json!({
            "title": "Call", "kind": kind, "due_at": "2026-03-31T23:00:00Z",
            "assignee": if number % 3 == 0 { json!(grace) } else { Value::Null },
            "team": if number % 4 == 0 { json!(team) } else { Value::Null },
        });
        let task = made(&acme, "tasks", &task).await;
        let (currency, owner) = [("EUR", &grace), ("USD", &bob)][number % 2];
        let deal = json!({ "title": "Roof", "value": "1250.75", "currency": currency, "owner": owner });
        let deal = made(&acme, "deals", &deal).await;
        if number % 4 == 1 {
            acme.post(&format!("{task}/cancel"), &json!({})).await.is(200);
            acme.post(&format!("{deal}/lose"), &json!({ "reason": "late" })).await.is(200);
        } else if number != 6 {
            acme.post(&format!("{task}/complete"), &json!({})).await.is(200);
            acme.post(&format!("{deal}/win"), &json!({})).await.is(200);
        }
        stage.pass(1_500).await;
    }
    let later = json!({ "type": "meeting", "subject": "Later", "scheduled_at": "2026-04-02T10:00:00Z" });
    made(&acme, "activities", &later).await;
    made(&agent(), "activities", &json!({ "type": "note", "subject": "Mine", "visibility": "private", "tags": ["t#0"] })).await;
    stage.drain().await;
    acme
}

/// What is listed of what is counted: the name of the number, the link, and what stands behind it.
type Listed = (&'static str, &'static str, &'static str);

const ACTIVITIES: [Listed; 8] = [
    ("/logged", "logged", ""),
    ("/scheduled", "done", "&status=scheduled"),
    ("/completed", "done", "&status=completed"),
    ("/cancelled", "done", "&status=cancelled"),
    ("/outcomes/positive", "done", "&outcome=positive"),
    ("/outcomes/neutral", "done", "&outcome=neutral"),
    ("/outcomes/negative", "done", "&outcome=negative"),
    ("/outcomes/no_answer", "done", "&outcome=no_answer"),
];
const TASKS: [Listed; 4] = [
    ("/created", "created", ""),
    ("/completed", "ended", "&status=completed"),
    ("/completed_late", "ended", "&status=completed&late=true"),
    ("/cancelled", "ended", "&status=cancelled"),
];
const DEALS: [Listed; 3] = [("/opened", "opened", ""), ("/won", "closed", "&status=won"), ("/lost", "closed", "&status=lost")];

#[tokio::test]
async fn every_number_of_what_people_do_leads_to_the_rows_that_it_counts() {
    let stage = Story::begin().await;
    let acme = busy(&stage).await;
    let times = ["hour", "day", "week", "month"];
    let nouns: [(&str, &[&str], &[Listed], usize); 3] = [
        ("activities", &["type", "user", "team", "tag"], &ACTIVITIES, 100),
        ("tasks", &["kind", "assignee", "team"], &TASKS, 100),
        ("deals", &["owner"], &DEALS, 60),
    ];
    for (noun, own, listed, least) in nouns {
        let mut looked = 0;
        for group in times.iter().chain(own) {
            let path = format!("/v1/analytics/{noun}?zone=Europe/Berlin&until=2026-04-03T00:00:00Z&group_by={group}");
            let numbers = acme.get(&path).await;
            let groups = numbers["groups"].as_array().unwrap();
            assert!(!groups.is_empty(), "{noun} {group}");
            let all = json!({ "counts": numbers["totals"], "rows": numbers["rows"] });
            for counted in groups.iter().chain([&all]) {
                for (name, list, more) in listed {
                    let rows = format!("{}{more}", counted["rows"][list].as_str().unwrap());
                    let found = walked(&acme, &rows).await;
                    assert_eq!(counted["counts"].pointer(name), Some(&json!(found.len())), "{group} {name}: {rows}");
                    looked += found.len();
                }
            }
        }
        assert!(looked > least, "{noun}: {looked}");
        let table = acme.look(&format!("/v1/analytics/{noun}?format=csv")).await;
        assert_eq!(table.header("content-type"), Some("text/csv"), "{noun}");
        assert!(String::from_utf8(table.bytes.clone()).unwrap().trim_end().contains("\r\n"), "{noun}");
        let weekly = acme.get(&format!("/v1/analytics/{noun}?group_by=hour_of_week")).await["groups"][0].clone();
        assert_eq!(weekly["key"], "tue-21", "{noun}");
        assert!(weekly["rows"].as_object().unwrap().values().all(Value::is_null), "{noun}");
    }
}

#[tokio::test]
async fn activities_are_told_by_type_person_team_and_tag() {
    let stage = Story::begin().await;
    let acme = busy(&stage).await;
    let whole = "activities?until=2026-04-03T00:00:00Z";
    // Nine, of which the private one is none and one is still to be.
    let all = "completed=8 logged=9 negative=2 no_answer=2 positive=2 scheduled=1 seconds=1680";
    assert_eq!(totals(&acme, whole).await, all);
    assert_eq!(totals(&acme, "activities").await, all.replace(" scheduled=1", ""), "what is to be lies ahead");
    let by_type = [
        ("call", "completed=3 logged=3 negative=1 positive=1 seconds=540"),
        ("meeting", "completed=3 logged=4 negative=1 no_answer=1 positive=1 scheduled=1 seconds=720"),
        ("note", "completed=2 logged=2 no_answer=1 seconds=420"),
    ];
    let found = groups(&acme, &format!("{whole}&group_by=type")).await;
    assert_eq!(found, by_type.map(|(key, counts)| (key.to_owned(), counts.to_owned())));
    assert_eq!(totals(&acme, &format!("{whole}&type=call")).await, found[0].1);
    let users = acme.get("/v1/users").await["data"].clone();
    let id =
        |name: &str| users.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()["id"].as_str().unwrap().to_owned();
    // Bob was to do three of them; of the others Grace wrote three down.
    let mine = groups(&acme, &format!("{whole}&group_by=user")).await;
    let of = |name: &str| mine.iter().find(|(key, _)| *key == id(name)).map(|(_, counts)| counts.clone());
    assert!(of("bob").unwrap().starts_with("completed=3 logged=3"), "{mine:?}");
    assert!(of("grace").unwrap().starts_with("completed=3 logged=3"), "{mine:?}");
    assert_eq!(groups(&acme, &format!("{whole}&group_by=team")).await[0].1, of("grace").unwrap());
    assert_eq!(totals(&acme, &format!("{whole}&user={}", id("bob"))).await, of("bob").unwrap());
    // The first five tags of each count: of one to seven tags 1 + 2 + 3 + 4 + 5 + 5 + 5.
    let tags = groups(&acme, &format!("{whole}&group_by=tag")).await;
    let logged = |counts: &str| counts.split(' ').find_map(|it| it.strip_prefix("logged=")?.parse::<usize>().ok()).unwrap();
    assert_eq!((tags.len(), tags.iter().map(|(_, counts)| logged(counts)).sum::<usize>()), (5, 25));
    assert_eq!(totals(&acme, &format!("{whole}&tag=t%230")).await, tags[0].1);
    assert_eq!(totals(&acme, &format!("{whole}&group_by=tag")).await, all, "whatever is told apart");
}

/// How it went, who did it and when is known later, or better: the number moves along. In the archive it stays, and coming back from
/// there, too.
#[tokio::test]
async fn numbers_move_with_what_they_count() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let call = json!({ "type": "call", "subject": "Talk", "duration": 60, "outcome": "no_answer" });
    let (first, second) = (made(&acme, "activities", &call).await, made(&acme, "activities", &call).await);
    let span = "activities?since=2026-03-01T00:00:00Z&until=2026-03-10T00:00:00Z&group_by=day";
    let told = async || {
        stage.drain().await;
        totals(&acme, span).await
    };
    assert_eq!(told().await, "completed=2 logged=2 no_answer=2 seconds=120");
    acme.patch(&first, &json!({ "outcome": "positive", "duration": 600, "type": "meeting" })).await;
    assert_eq!(told().await, "completed=2 logged=2 no_answer=1 positive=1 seconds=660");
    assert_eq!(totals(&acme, &format!("{span}&type=meeting")).await, "completed=1 logged=1 positive=1 seconds=600");
    acme.patch(&second, &json!({ "status": "scheduled", "scheduled_at": "2026-03-05T10:00:00Z", "outcome": null })).await;
    assert_eq!(told().await, "completed=1 logged=2 positive=1 scheduled=1 seconds=600");
    let days = groups(&acme, span).await;
    assert_eq!(days[1], ("2026-03-05T00:00:00.000Z".to_owned(), "scheduled=1".to_owned()));
    acme.patch(&second, &json!({ "visibility": "private", "owner": colleague(&acme, "grace").await.0 })).await;
    assert_eq!(told().await, "completed=1 logged=1 positive=1 seconds=600", "no number tells of what is private");

    let before = told().await;
    stage.pass_until("2027-04-01T00:00:01Z").await;
    stage.pass(31 * 86_400).await;
    assert_eq!((stage.rows_of("activity").len(), told().await), (0, before));
    acme.patch(&first, &json!({ "outcome": "negative" })).await;
    assert_eq!(told().await, "completed=1 logged=1 negative=1 seconds=600");
    acme.delete(&first).await;
    assert_eq!(told().await, "");
}

#[tokio::test]
async fn tasks_and_deals_count_as_ended_until_they_are_taken_up_again() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let late = json!({ "title": "Call", "due_at": "2026-03-02T09:30:00Z" });
    let (late, other) = (made(&acme, "tasks", &late).await, made(&acme, "tasks", &json!({ "title": "Write" })).await);
    let deal = json!({ "title": "Roof", "value": "999999999999.999999", "currency": "EUR" });
    let mut deals = Vec::new();
    for _ in 0..12 {
        deals.push(made(&acme, "deals", &deal).await);
    }
    stage.pass(3_600).await;
    for (path, deed) in [(&late, "complete"), (&other, "complete")] {
        acme.post(&format!("{path}/{deed}"), &json!({})).await.is(200);
    }
    for deal in &deals {
        acme.post(&format!("{deal}/win"), &json!({})).await.is(200);
    }
    stage.drain().await;
    assert_eq!(totals(&acme, "tasks").await, "completed=2 completed_late=1 created=2");
    assert_eq!(acme.get("/v1/analytics/tasks").await["totals"]["late_rate"], json!(0.5));
    let worth = async || acme.get("/v1/analytics/deals").await["totals"]["value_won"].clone();
    assert_eq!(worth().await, json!([{ "amount": "11999999999999.999988", "currency": "EUR" }]), "more than an amount may be");
    let hours = groups(&acme, "deals?group_by=hour").await;
    assert_eq!(hours.iter().map(|(_, counts)| counts.as_str()).collect::<Vec<_>>(), ["opened=12", "won=12"]);

    acme.post(&format!("{late}/reopen"), &json!({})).await.is(200);
    acme.delete(&other).await;
    for deal in &deals[1..] {
        acme.order(&format!("{deal}/reopen")).await.is(200);
    }
    acme.post(&format!("{}/lose", deals[1]), &json!({ "reason": "late" })).await.is(200);
    stage.drain().await;
    assert_eq!(totals(&acme, "tasks").await, "created=1");
    assert_eq!(totals(&acme, "deals").await, "lost=1 opened=12 won=1");
    let now = acme.get("/v1/analytics/deals").await["totals"].clone();
    assert_eq!((&now["win_rate"], &now["value_won"][0]["amount"]), (&json!(0.5), &json!("999999999999.999999")));
}

#[tokio::test]
async fn a_first_look_shows_what_there_is_to_do_and_what_was_won() {
    let stage = Story::begin().await;
    let acme = busy(&stage).await;
    let look = acme.get("/v1/analytics/dashboard").await;
    let week = &look["week"]["now"];
    let numbers = ["activities", "tasks_created", "tasks_completed", "deals_won"].map(|name| week[name].clone());
    assert_eq!(numbers, [9, 8, 5, 5].map(|it| json!(it)));
    let eur_usd = json!([{ "amount": "3752.25", "currency": "EUR" }, { "amount": "2501.5", "currency": "USD" }]);
    assert_eq!(week["value_won"], eur_usd);
    assert_eq!(look["week"]["before"]["value_won"], json!([]));
    let open = |look: &Value| ["open", "overdue", "complete"].map(|name| look["tasks"][name].clone());
    assert_eq!(open(&look), [json!(1), json!(1), json!(true)]);
    for number in 0..1_000 {
        let due = if number < 3 { json!("2026-04-01T03:00:00Z") } else { Value::Null };
        acme.post("/v1/tasks", &json!({ "title": "More", "due_at": due })).await.is(201);
    }
    stage.pass(86_400).await;
    let look = acme.get("/v1/analytics/dashboard").await;
    assert_eq!(open(&look), [json!(1_000), json!(4), json!(false)], "a thousand, and said so");
}

/// Another tenant's people and teams have done nothing here, and nobody is in its teams.
#[tokio::test]
async fn people_and_teams_of_another_tenant_are_nobody() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, busy_elsewhere(&stage).await);
    let user = bravo.get("/v1/users").await["data"][0]["id"].as_str().unwrap().to_owned();
    let team = bravo.get("/v1/teams").await["data"][0]["id"].as_str().unwrap().to_owned();
    for (path, name, id) in [
        ("activities", "user", &user),
        ("activities", "team", &team),
        ("tasks", "assignee", &user),
        ("tasks", "team", &team),
        ("deals", "owner", &user),
    ] {
        let ask = |id: &str| format!("/v1/analytics/{path}?{name}={id}");
        let nobodys = format!("{}0123456789abcdef", &id[..id.len() - 16]);
        let (foreign, random) = (acme.look(&ask(id)).await, acme.look(&ask(&nobodys)).await);
        let unnamed = String::from_utf8(foreign.anonymous()).unwrap().replace(id.as_str(), &nobodys);
        assert_eq!(unnamed.into_bytes(), random.anonymous(), "{path} {name}");
        if (path, name) == ("activities", "team") {
            assert_eq!(foreign.problem(422, "invalid"), ["?team"]);
        } else {
            assert_eq!(some(&foreign.body["totals"]), "", "{path} {name}");
        }
        assert_eq!(bravo.look(&ask(id)).await.status, 200, "{path} {name}");
    }
    assert_eq!(totals(&acme, "activities").await, "");
    assert_eq!(totals(&bravo, "activities").await, "completed=1 logged=1");
}

async fn busy_elsewhere(stage: &Story) -> Company<'_> {
    let bravo = stage.bare_tenant("bravo").await;
    let (user, _) = colleague(&bravo, "bob").await;
    bravo.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": user }] })).await.is(201);
    made(&bravo, "activities", &json!({ "type": "call", "subject": "Talk" })).await;
    stage.drain().await;
    bravo
}
