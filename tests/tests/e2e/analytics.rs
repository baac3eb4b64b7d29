//! Numbers told apart in every way: each leads to the very rows that it counts, days begin where people live, and a month costs the
//! same however much went out.

use std::collections::BTreeSet;

use http::Method;
use local::provider::Deed;
use serde_json::{Value, json};
use tests::{Company, Letter, Story, token};

pub(crate) const PERSON: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";

/// Somebody at work, as the API knows them.
pub(crate) async fn colleague<'s>(acme: &Company<'s>, subject: &str) -> (String, Company<'s>) {
    let user = json!({ "name": subject, "email": format!("{subject}@acme.example"), "role": "agent", "subject": subject });
    let id = acme.post("/v1/users", &user).await.is(201)["id"].as_str().unwrap().to_owned();
    let claims = token::claims(subject, acme.story.clock.now());
    (id, acme.acting_as(&token::signed(&claims)))
}

pub(crate) async fn opened(stage: &Story, letter: &Letter, agent: &str) {
    stage.ask(Method::GET, &letter.pixel().unwrap()).header("user-agent", agent).now().await;
    stage.drain().await;
}

async fn clicked(stage: &Story, letter: &Letter, agent: &str) {
    stage.ask(Method::GET, &letter.tracked_link()).header("user-agent", agent).now().await;
    stage.drain().await;
}

/// Every message of a list, over all of its pages.
pub(crate) async fn walked(acme: &Company<'_>, path: &str) -> BTreeSet<String> {
    let (mut found, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = acme.get(&format!("{path}&limit=3{after}")).await;
        for row in page["data"].as_array().unwrap() {
            assert!(found.insert(row["id"].as_str().unwrap().to_owned()), "a row comes twice: {path}");
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// A tenant to which much has happened: two accounts, a template and inline content, two categories, tags, a person and a key,
/// over a month's end.
async fn history<'s>(stage: &'s Story) -> Company<'s> {
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "priority": 1, "price": { "amount": "0.0001", "currency": "EUR", "per": "message" } })).await;
    acme.account(&json!({ "priority": 2 })).await;
    stage.pass_until("2026-03-31T22:10:00Z").await;
    let (grace, agent) = colleague(&acme, "grace").await;
    for (name, members) in [("Sales", json!([{ "user": grace }])), ("Help", json!([{ "user": grace }])), ("Nobody", json!([]))]
    {
        acme.post("/v1/teams", &json!({ "name": name, "members": members })).await.is(201);
    }
    for number in 0..6 {
        let order = json!({
            "to": { "email": format!("p{number}@example.com") }, "template": "welcome",
            "tags": (0..number).map(|tag| format!("t#{tag}")).collect::<Vec<_>>(),
        });
        if number % 2 == 0 { &acme } else { &agent }.send_with(&order).await;
    }
    stage.drain().await;
    stage.pass(3_600).await;
    let letters = stage.letters();
    for (letter, deed) in letters.iter().zip([Deed::Deliver, Deed::Bounce, Deed::Complain, Deed::Deliver]) {
        stage.told(letter, deed).await;
    }
    opened(stage, &letters[0], PERSON).await;
    opened(stage, &letters[3], "GoogleImageProxy").await;
    stage.pass(3 * 3_600).await;
    opened(stage, &letters[0], PERSON).await;
    let ada = json!({ "first_name": "Ada", "emails": ["ada@example.com"], "consents": { "email:marketing": true } });
    let ada = acme.contact_with(&ada).await;
    acme.news_at(&ada, &json!({ "tags": ["t#0"] })).await;
    acme.send_with(&json!({ "to": { "email": "eve@example.com" }, "category": "marketing", "template": "welcome" })).await;
    stage.drain().await;
    clicked(stage, stage.letters().last().unwrap(), PERSON).await;
    acme
}

#[tokio::test]
async fn every_number_leads_to_the_rows_that_it_counts() {
    let stage = Story::begin().await;
    let acme = history(&stage).await;
    let mut looked = 0;
    for group in ["hour", "day", "week", "month", "template", "account", "channel", "tag", "category", "user", "team"] {
        let numbers = acme.get(&format!("/v1/analytics/emails?zone=Europe/Berlin&group_by={group}")).await;
        let groups = numbers["groups"].as_array().unwrap();
        assert!(!groups.is_empty(), "{group}");
        let all = json!({ "counts": numbers["totals"], "rows": numbers["rows"] });
        for counted in groups.iter().chain([&all]) {
            let rows = counted["rows"].as_str().unwrap();
            for (mark, count) in counted["counts"].as_object().unwrap() {
                let found = walked(&acme, &format!("{rows}&reached={mark}")).await;
                assert_eq!(found.len(), usize::try_from(count.as_i64().unwrap()).unwrap(), "{group} {mark}: {rows}");
                looked += found.len();
            }
        }
    }
    assert!(looked > 200, "{looked}");
    // A channel's numbers and a template's lead to theirs.
    let channels = acme.get("/v1/analytics/channels").await["channels"].clone();
    for counted in channels.as_array().unwrap() {
        let found = walked(&acme, &format!("{}&reached=sent", counted["rows"].as_str().unwrap())).await;
        assert_eq!(json!(found.len()), counted["performance"]["sent"]);
    }
}

/// Another tenant's things have no numbers here, like those of nobody; and nobody is in its teams.
#[tokio::test]
async fn numbers_of_another_tenants_things_are_those_of_nobodys() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let (bob, agent) = colleague(&bravo, "bob").await;
    let team = bravo.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": bob }] })).await.is(201)["id"].clone();
    agent.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    let first = async |path: &str| bravo.get(path).await["data"][0]["id"].clone();
    let theirs = [
        ("account", first("/v1/accounts").await),
        ("template", first("/v1/templates?name=welcome").await),
        ("team", team),
        ("user", json!(bob)),
    ];
    for (name, id) in theirs {
        let id = id.as_str().unwrap();
        let nobodys = format!("{}0123456789abcdef", &id[..id.len() - 16]);
        let foreign = acme.look(&format!("/v1/analytics/emails?{name}={id}")).await;
        let random = acme.look(&format!("/v1/analytics/emails?{name}={nobodys}")).await;
        let unnamed = String::from_utf8(foreign.anonymous()).unwrap().replace(id, &nobodys);
        assert_eq!(unnamed.into_bytes(), random.anonymous(), "{name}");
        if name == "team" {
            assert_eq!(foreign.problem(422, "invalid"), ["?team"]);
        } else {
            assert_eq!((foreign.status, &foreign.body["totals"]["sent"]), (200, &json!(0)), "{name}");
        }
        assert_eq!(bravo.get(&format!("/v1/analytics/emails?{name}={id}")).await["totals"]["sent"], 1, "{name}");
    }
}

/// What is told apart by tag or person does not add up to all there is, and is not said to.
#[tokio::test]
async fn totals_are_of_all_messages_whatever_is_told_apart() {
    let stage = Story::begin().await;
    let acme = history(&stage).await;
    let all = acme.get("/v1/analytics/emails").await["totals"].clone();
    assert_eq!((&all["accepted"], &all["sent"]), (&json!(8), &json!(7)));
    for group in ["hour", "week", "month", "hour_of_week", "template", "account", "channel", "tag", "category", "user", "team"]
    {
        let numbers = acme.get(&format!("/v1/analytics/emails?group_by={group}")).await;
        assert_eq!(numbers["totals"], all, "{group}");
        let sum: i64 = numbers["groups"].as_array().unwrap().iter().filter_map(|it| it["counts"]["accepted"].as_i64()).sum();
        // Fifteen tags on six messages and one more; three of eight were sent by a person, who is in two teams, the others by nobody.
        let expected = match group {
            "tag" => 16,
            "team" => 6,
            _ => 8,
        };
        assert_eq!(sum, expected, "{group}");
    }
    let sales =
        acme.get("/v1/teams").await["data"].as_array().unwrap().iter().find(|it| it["name"] == "Sales").unwrap()["id"].clone();
    let team = acme.get(&format!("/v1/analytics/emails?team={}&group_by=month", sales.as_str().unwrap())).await;
    assert_eq!((&team["totals"]["accepted"], &team["totals"]["bounced"]), (&json!(3), &json!(1)));
    let tagged = acme.get("/v1/analytics/emails?tag=t%230").await["totals"].clone();
    assert_eq!((&tagged["accepted"], &tagged["clicked"]), (&json!(6), &json!(1)));
    let marketing = acme.get("/v1/analytics/emails?category=marketing&group_by=account").await;
    assert_eq!((&marketing["totals"]["sent"], &marketing["totals"]["rejected"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn days_begin_where_people_live() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    // The clocks go forward in Berlin on the 29th of March: that day has 23 hours.
    stage.pass_until("2026-03-28T22:30:00Z").await;
    for _ in 0..26 {
        acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
        stage.drain().await;
        stage.pass(3_600).await;
    }
    let days = async |query: &str| {
        let groups = acme.get(&format!("/v1/analytics/emails?{query}")).await["groups"].clone();
        let day = |group: &Value| (group["key"].as_str().unwrap().to_owned(), group["counts"]["accepted"].as_i64().unwrap());
        groups.as_array().unwrap().iter().map(day).collect::<Vec<_>>()
    };
    let berlin = [("2026-03-27T23:00:00.000Z", 1), ("2026-03-28T23:00:00.000Z", 23), ("2026-03-29T22:00:00.000Z", 2)];
    let berlin = berlin.map(|(day, count)| (day.to_owned(), count));
    assert_eq!(days("zone=Europe/Berlin").await, berlin);
    let utc = [("2026-03-28T00:00:00.000Z", 2), ("2026-03-29T00:00:00.000Z", 24)];
    assert_eq!(days("").await, utc.map(|(day, count)| (day.to_owned(), count)));
    let week = [("2026-03-22T23:00:00.000Z".to_owned(), 24), ("2026-03-29T22:00:00.000Z".to_owned(), 2)];
    assert_eq!(days("zone=Europe/Berlin&group_by=week").await, week);
    // What nobody says is the tenant's own.
    acme.patch("/v1/tenant", &json!({ "zone": "Europe/Berlin" })).await;
    stage.pass(10).await;
    assert_eq!(days("").await, berlin);
    let hours = acme.get("/v1/analytics/emails?group_by=hour_of_week").await["groups"].clone();
    assert_eq!((&hours[0]["key"], &hours[0]["counts"]["accepted"]), (&json!("mon-00"), &json!(1)));
}

#[tokio::test]
async fn people_and_programs_are_counted_apart_and_messages_once() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = json!({ "first_name": "Ada", "emails": ["ada@example.com"], "consents": { "email:marketing": true } });
    let ada = acme.contact_with(&ada).await;
    for _ in 0..2 {
        acme.news(&ada).await;
        stage.drain().await;
    }
    let letters = stage.letters();
    for letter in &letters {
        stage.told(letter, Deed::Deliver).await;
    }
    // Opened and followed two hours later: three times by a person, once by a program.
    stage.pass(7_200).await;
    for agent in [PERSON, PERSON, "GoogleImageProxy", PERSON] {
        stage.clock.advance(120_000).unwrap();
        opened(&stage, &letters[0], agent).await;
        clicked(&stage, &letters[0], agent).await;
    }
    let numbers = acme.get("/v1/analytics/engagement").await;
    let totals = &numbers["totals"];
    let counts = ["sent", "delivered", "opened", "machine_opened", "clicked", "machine_clicked", "opens", "clicks"];
    assert_eq!(counts.map(|name| totals[name].as_i64().unwrap()), [2, 2, 1, 1, 1, 1, 3, 3]);
    assert_eq!((&totals["rates"]["open"], &totals["rates"]["reply"]), (&json!(0.5), &json!(0.0)));
    assert_eq!(numbers["groups"][0]["key"], Value::Null, "messages without a template");
    // Opened once more, in an hour in which nothing else happens: groups add up to the totals.
    stage.pass(3_600).await;
    opened(&stage, &letters[0], PERSON).await;
    let by_hour = acme.get("/v1/analytics/engagement?group_by=hour").await;
    let opens = |numbers: &Value| numbers["opens"].as_i64().unwrap();
    let sum: i64 = by_hour["groups"].as_array().unwrap().iter().map(|group| opens(&group["numbers"])).sum();
    assert_eq!((opens(&by_hour["totals"]), sum), (4, 4));
    // What became of those sent at nine, however late.
    let sent = acme.get("/v1/analytics/engagement?until=2026-03-02T09:59:00Z").await["totals"].clone();
    assert_eq!(
        (&sent["opened"], &sent["since_sent"]["opened"], &sent["since_sent"]["open"]),
        (&json!(0), &json!(1), &json!(0.5))
    );
    let hours = acme.get("/v1/analytics/engagement?group_by=hour_of_week").await;
    assert_eq!(hours["groups"][0]["key"], "mon-09");
    let best = json!({ "messages": 2, "least": 30, "hours": 0, "best": [] });
    assert_eq!(hours["best"], best, "two messages say nothing");
}

#[tokio::test]
async fn a_first_look_compares_with_the_span_before() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let chat = tests::chat::telegram(&acme).await;
    let hello = json!({ "to": { "email": "ada@example.com" }, "template": "welcome" });
    // Three today a month ago, two yesterday, one today; what comes in is counted too, a new conversation once.
    for (count, days) in [(3, 31), (2, 1), (1, 0)] {
        for _ in 0..count {
            acme.send_with(&hello).await;
        }
        stage.drain().await;
        let number = 40 + days;
        let update = tests::chat::written(700_000_001, number, "Hello");
        assert_eq!(tests::chat::post(&stage, &chat, &update, tests::chat::WORD).await.status, 200);
        stage.drain().await;
        stage.pass(i64::from(days) * 86_400).await;
    }
    let look = acme.get("/v1/analytics/dashboard").await;
    let glance = |span: &str| {
        let both = ["now", "before"].map(|which| &look[span][which]);
        both.map(|it| ["sent", "received", "conversations"].map(|name| it[name].as_i64().unwrap()))
    };
    assert_eq!(glance("today"), [[1, 1, 0], [2, 1, 0]]);
    assert_eq!(glance("week"), [[3, 2, 0], [0, 0, 0]]);
    assert_eq!(glance("month"), [[3, 2, 0], [3, 1, 1]]);
    let noted = acme.get("/v1/analytics/channels?channel=telegram").await["channels"].clone();
    assert_eq!(
        (&noted[0]["received"], &noted[1]["received"]),
        (&json!(2), &json!(2)),
        "the last thirty days, in sum and by account"
    );
}

#[tokio::test]
async fn templates_tell_what_they_are_used_for() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let words = json!({ "name": "rare", "category": "transactional" });
    let rare = acme.template(&words, &json!({ "subject": "Hi", "text": "Hi" })).await;
    for template in ["welcome", "rare", "welcome"] {
        acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": template })).await;
    }
    stage.drain().await;
    stage.told(&stage.letters()[0], Deed::Deliver).await;
    let used = acme.get("/v1/analytics/templates").await["templates"].clone();
    let seen = |at: usize| {
        (used[at]["name"].as_str(), used[at]["counts"]["accepted"].as_i64(), used[at]["rates"]["delivery"].as_f64())
    };
    assert_eq!([seen(0), seen(1)], [(Some("welcome"), Some(2), Some(0.5)), (Some("rare"), Some(1), Some(0.0))]);
    // Numbers outlive what they are about.
    acme.delete(&format!("/v1/templates/{rare}")).await;
    let used = acme.get("/v1/analytics/templates").await["templates"].clone();
    assert_eq!((&used[1]["template"], &used[1]["name"]), (&json!(rare), &Value::Null));
}

#[tokio::test]
async fn numbers_come_as_a_table_without_formulas() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "tags": ["=SUM(A1)", "plain, really"] });
    acme.send_with(&order).await;
    stage.drain().await;
    let by_parameter = acme.look("/v1/analytics/emails?group_by=tag&format=csv").await;
    let by_header = acme.ask(Method::GET, "/v1/analytics/emails?group_by=tag").header("accept", "text/csv").now().await;
    assert_eq!(by_parameter.bytes, by_header.bytes);
    assert_eq!((by_header.status, by_header.header("content-type")), (200, Some("text/csv")));
    let text = String::from_utf8(by_header.bytes.clone()).unwrap();
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    let column = |name: &str| lines[0].split(',').position(|column| column == name).unwrap();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains("'=SUM(A1)") && lines[2].contains("\"plain, really\""), "{text}");
    assert_eq!(lines[1].split(',').nth(column("counts_accepted")), Some("1"));
    let json = acme.ask(Method::GET, "/v1/analytics/emails?format=json").header("accept", "text/csv").now().await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    for path in ["channels", "engagement", "templates"] {
        let table = acme.look(&format!("/v1/analytics/{path}?format=csv")).await;
        assert!(String::from_utf8(table.bytes.clone()).unwrap().trim_end().contains("\r\n"), "{path}");
    }
}

/// Ten messages a day or many more: a month is the same few reads.
#[tokio::test]
async fn a_month_costs_the_same_however_much_went_out() {
    let stage = Story::begin().await;
    let (small, large) = (stage.bare_tenant("small").await, stage.bare_tenant("large").await);
    stage.pass_until("2026-04-01T00:00:00Z").await;
    for _ in 0..30 {
        for (company, count) in [(&small, 2), (&large, 40)] {
            for _ in 0..count {
                company.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
            }
        }
        stage.drain().await;
        stage.pass(86_400).await;
    }
    for path in ["emails?group_by=day", "emails?group_by=template", "engagement?group_by=hour_of_week", "channels", "dashboard"]
    {
        let mut costs = Vec::new();
        for company in [&small, &large] {
            company.get("/v1/analytics/dashboard").await;
            let before = stage.memory.bill();
            company.get(&format!("/v1/analytics/{path}")).await;
            let bill = stage.memory.bill().since(before);
            costs.push((bill.requests, bill.read_units, bill.write_units));
        }
        assert_eq!(costs[0], costs[1], "{path}");
        assert!(costs[0].0 <= 8 && costs[0].1 <= 8.0, "{path}: {costs:?}");
    }
}
