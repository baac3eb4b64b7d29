//! Files of activities, with whom they were told by an address, a domain or a unique value.

use serde_json::{Value, json};
use store::memory::Fault;
use tests::{Company, Story};

use super::{counts, errors, import, order, path};

fn mapping() -> Value {
    json!({ "what": "type", "about": "subject", "when": "completed_at", "who": "contact.email" })
}

fn words(more: &Value) -> Value {
    let mut words = json!({ "object": "activity", "mapping": mapping() });
    words.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    words
}

/// Titles on a timeline, newest first.
async fn titles(acme: &Company<'_>, path: &str) -> Vec<String> {
    let page = acme.get(path).await;
    page["data"].as_array().unwrap().iter().filter_map(|entry| entry["title"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_was_done_long_ago_stands_in_its_place() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let company = acme.post("/v1/companies", &json!({ "name": "Engines", "domains": ["engines.example"] })).await.is(201);
    let company = company["id"].as_str().unwrap().to_owned();
    let now = json!({ "type": "note", "subject": "Today", "contact_id": ada.id });
    acme.post("/v1/activities", &now).await.is(201);
    let long = "What was said. ".repeat(60);
    let file = format!(
        "what,about,text,when,to be,who,firm,how,took,dir,prio,place,tags,extra\n\
         call,First,\"{long}\",2019-04-01T09:00:00+02:00,,ADA@example.com,Engines.example,positive,90,inbound,high,London,a;b,7\n\
         meeting,Second,,2021-06-05T12:00:00Z,,ada@example.com,,,,,,,,\n\
         meeting,Planned,,,2027-01-01T09:00:00Z,,engines.example,,,,,,,\n"
    );
    let mapping = json!({
        "what": "type", "about": "subject", "text": "description", "when": "completed_at", "to be": "scheduled_at",
        "who": "contact.email", "firm": "company.domain", "how": "outcome", "took": "duration", "dir": "direction", "prio": "priority",
        "place": "location", "tags": "tags", "extra": "field.extra",
    });
    let done = import(&acme, file.as_bytes(), &words(&json!({ "mapping": mapping }))).await;
    assert_eq!((counts(&done), errors(&acme, &done).await), ([3, 3, 0, 0], vec![]));
    assert_eq!((&done["mode"], &done["by"]), (&json!("create"), &Value::Null));

    assert_eq!(titles(&acme, &format!("/v1/contacts/{}/timeline", ada.id)).await, ["Today", "Second", "First"]);
    assert_eq!(titles(&acme, &format!("/v1/companies/{company}/timeline")).await, ["Planned", "First"]);
    assert_eq!(titles(&acme, "/v1/timeline?since=2019-01-01T00:00:00Z&until=2020-01-01T00:00:00Z").await, ["First"]);
    let rows = acme.get(&format!("/v1/activities?contact_id={}", ada.id)).await;
    let first = acme.get(&format!("/v1/activities/{}", rows["data"][2]["id"].as_str().unwrap())).await;
    let field = |name: &str| first[name].clone();
    assert_eq!([field("type"), field("status"), field("direction")], [json!("call"), json!("completed"), json!("inbound")]);
    assert_eq!((field("completed_at"), field("description")), (json!("2019-04-01T07:00:00.000Z"), json!(long.trim_end())));
    assert_eq!([field("outcome"), field("duration"), field("priority")], [json!("positive"), json!(90), json!("high")]);
    assert_eq!(
        [field("company_id"), field("location"), field("tags"), field("fields")],
        [json!(company), json!("London"), json!(["a", "b"]), json!({ "extra": "7" })]
    );
    let planned = acme.get(&format!("/v1/activities?company_id={company}&status=scheduled")).await;
    assert_eq!(planned["data"][0]["scheduled_at"], "2027-01-01T09:00:00.000Z");
}

#[tokio::test]
async fn with_whom_it_was_is_told_by_the_first_column_that_leads_to_somebody() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    for object in ["contact", "company"] {
        let field = json!({ "object": object, "key": "number", "kind": "number", "unique": true });
        acme.post("/v1/fields", &field).await.is(201);
    }
    stage.clock.advance(5_000).unwrap();
    let ada = acme.contact_with(&json!({ "phones": ["+14155550123"], "fields": { "number": 7 } })).await;
    let firm = acme.post("/v1/companies", &json!({ "name": "F", "fields": { "number": 7 } })).await.is(201)["id"].clone();
    bravo.contact("Eve", "eve@example.com").await;
    let mapping = json!({
        "t": "type", "s": "subject", "mail": "contact.email", "tel": "contact.phone", "no": "contact.field.number", "firm": "company.field.number",
    });
    let file = b"t,s,mail,tel,no,firm\n\
                 note,by phone,other@example.com,+1 415 555 0123,,\n\
                 note,by number,,,7.0,7\n\
                 note,another tenant's,eve@example.com,,,\n\
                 note,nobody,nobody@example.com,+14155550199,9,\n\
                 note,no such firm,,+14155550123,,8\n\
                 note,no address,nobody,,,\n\
                 note,no number,,,many,\n\
                 note,alone,,,,\n";
    for dry_run in [true, false] {
        let done = import(&acme, file, &words(&json!({ "mapping": mapping, "dry_run": dry_run }))).await;
        let told = |line: u64, column: &str, code: &str| (line, column.to_owned(), code.to_owned());
        let wanted = [
            told(4, "mail", "unknown"),
            told(5, "mail", "unknown"),
            told(6, "firm", "unknown"),
            told(7, "mail", "email"),
            told(8, "no", "field"),
            told(9, "-", "required"),
        ];
        assert_eq!(errors(&acme, &done).await, wanted, "dry run: {dry_run}");
        assert_eq!(counts(&done), [8, 2, 0, 6], "dry run: {dry_run}");
        assert_eq!(stage.rows_of("activity").len(), if dry_run { 0 } else { 2 });
    }
    let rows = acme.get(&format!("/v1/activities?contact_id={}", ada.id)).await;
    assert_eq!(rows["data"].as_array().unwrap().len(), 2);
    let by_number = rows["data"].as_array().unwrap().iter().find(|row| row["subject"] == "by number").unwrap();
    assert_eq!(by_number["company_id"], firm);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once_or_by_line_and_column() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.contact("Ada", "ada@example.com").await;
    let mapping = json!({
        "what": "type", "about": "subject", "when": "completed_at", "who": "contact.email", "is": "status", "took": "duration",
    });
    let file = b"what,about,when,who,is,took\n\
                 letter,S,yesterday,ada@example.com,,soon\n\
                 call,,,ada@example.com,,\n\
                 ,S,,ada@example.com,,\n\
                 call,S,2026-01-01T00:00:00Z,ada@example.com,cancelled,\n\
                 call,S,,ada@example.com,scheduled,\n";
    let done = import(&acme, file, &words(&json!({ "mapping": mapping }))).await;
    let told = |line: u64, column: &str, code: &str| (line, column.to_owned(), code.to_owned());
    let wanted = [
        told(2, "what", "word"),
        told(2, "when", "time"),
        told(2, "took", "duration"),
        told(3, "about", "title"),
        told(4, "what", "required"),
        told(5, "when", "status"),
        told(6, "-", "required"),
    ];
    assert_eq!((errors(&acme, &done).await, counts(&done)), (wanted.to_vec(), [5, 0, 0, 5]));

    let before = stage.rows();
    for (more, places) in [
        (json!({ "by": "email" }), vec!["/by"]),
        (json!({ "mode": "update" }), vec!["/mode"]),
        (json!({ "mode": "upsert" }), vec!["/mode"]),
        (json!({ "mapping": { "what": "type" } }), vec!["/mapping", "/mapping"]),
        (json!({ "mapping": { "who": "contact.domain" } }), vec!["/mapping/who"]),
        (json!({ "mapping": { "who": "emails" } }), vec!["/mapping/who"]),
    ] {
        let mut body = words(&more);
        body["attachment"] = done["attachment"].clone();
        assert_eq!(acme.post("/v1/imports", &body).await.problem(422, "invalid"), places, "{more}");
    }
    stage.nothing_changed_since(&before, "what cannot be meant");
}

#[tokio::test]
async fn rules_hear_of_it_unless_it_is_told_to_be_silent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.contact("Ada", "ada@example.com").await;
    let action = json!({ "raise_event": { "name": "import.seen" } });
    let rule = json!({ "name": "R", "trigger": "activity.created", "actions": [action] });
    let rule = acme.post("/v1/rules", &rule).await.is(201)["id"].as_str().unwrap().to_owned();
    stage.clock.advance(5_000).unwrap();
    let runs = async || acme.get(&format!("/v1/rules/{rule}/runs")).await["data"].as_array().unwrap().len();
    let file = b"what,about,when,who\ncall,S,2025-01-01T00:00:00Z,ada@example.com\n";
    import(&acme, file, &words(&json!({ "side_effects": false }))).await;
    assert_eq!(runs().await, 0);
    import(&acme, file, &words(&json!({}))).await;
    assert_eq!(runs().await, 1);
}

/// Processes die at every turn, and somebody has it wait; the queue brings the work again.
#[tokio::test]
async fn an_activity_that_is_taken_in_twice_is_there_once() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict];
    for seed in 0..3 {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        acme.contact("Ada", "ada@example.com").await;
        let rows = (0..150).map(|n| format!("call,Call {n},2024-01-01T00:{:02}:00Z,ada@example.com\n", n % 60));
        let file: String = std::iter::once("what,about,when,who\n".to_owned()).chain(rows).collect();
        let ordered = order(&acme, file.as_bytes(), &words(&json!({}))).await;
        for (turn, fault) in (0..10).zip(faults.into_iter().cycle()) {
            stage.faults.strike(stage.faults.calls() + seed * 13 + turn * 29, fault);
        }
        stage.pass(0).await;
        acme.order(&format!("{}/pause", path(&ordered))).await;
        acme.order(&format!("{}/resume", path(&ordered))).await;
        for _ in 0..20 {
            stage.pass(200).await;
        }
        assert!(stage.faults.struck().len() > 6, "seed {seed}: {:?}", stage.faults.struck());
        let done = acme.get(&path(&ordered)).await;
        assert_eq!((counts(&done), &done["state"]), ([150, 150, 0, 0], &json!("done")), "seed {seed}");
        assert_eq!(stage.rows_of("activity").len(), 150, "seed {seed}");
    }
}

/// By whom and for which deal something was done is told by ids, as a file has them that was exported here.
#[tokio::test]
async fn a_file_says_who_did_it_for_which_deal_and_who_sees_it() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, stage.bare_tenant("bravo").await);
    let user = async |of: &Company<'_>, name: &str| {
        let user = json!({ "name": name, "email": format!("{name}@acme.example"), "role": "agent" });
        of.post("/v1/users", &user).await.is(201)["id"].as_str().unwrap().to_owned()
    };
    let (eve, bob, foreign) = (user(&acme, "eve").await, user(&acme, "bob").await, user(&bravo, "u").await);
    let made = async |of: &Company<'_>, path: &str, fields: &Value| {
        of.post(path, fields).await.is(201)["id"].as_str().unwrap().to_owned()
    };
    let team = made(&acme, "/v1/teams", &json!({ "name": "T", "members": [{ "user": eve }] })).await;
    let deal = made(&acme, "/v1/deals", &json!({ "title": "D" })).await;
    let other = made(&bravo, "/v1/deals", &json!({ "title": "D" })).await;
    acme.contact("Ada", "ada@example.com").await;
    let mapping = json!({
        "what": "type", "about": "subject", "who": "contact.email", "did": "assignee", "whose": "owner", "group": "team",
        "for": "visibility", "deal": "deal",
    });
    let file = format!(
        "what,about,who,did,whose,group,for,deal\n\
         call,All,ada@example.com,{eve},{bob},{team},team,{deal}\n\
         call,For the deal,,,,,,{deal}\n\
         call,Foreign,ada@example.com,{foreign},,,,\n\
         call,Foreign,,,,,,{other}\n\
         call,Wrong,ada@example.com,eve,U,T,all,D\n\
         call,No team,ada@example.com,,,,team,\n"
    );
    for dry_run in [true, false] {
        let done = import(&acme, file.as_bytes(), &words(&json!({ "mapping": mapping, "dry_run": dry_run }))).await;
        let told = |line: u64, column: &str, code: &str| (line, column.to_owned(), code.to_owned());
        let wanted = [
            told(4, "did", "unknown"),
            told(5, "deal", "unknown"),
            told(6, "did", "user"),
            told(6, "whose", "user"),
            told(6, "group", "team"),
            told(6, "for", "word"),
            told(6, "deal", "deal"),
            told(7, "for", "team"),
        ];
        assert_eq!((errors(&acme, &done).await, counts(&done)), (wanted.to_vec(), [6, 2, 0, 4]), "dry run: {dry_run}");
    }
    stage.drain().await;
    let rows = acme.get(&format!("/v1/activities?deal_id={deal}")).await["data"].clone();
    let all = rows.as_array().unwrap().iter().find(|row| row["subject"] == "All").unwrap().clone();
    let fields = ["assignee", "owner", "team", "visibility", "deal_id"].map(|name| all[name].clone());
    assert_eq!(fields, [&eve, &bob, &team, "team", &deal].map(|text| json!(text)));
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let numbers = acme.get(&format!("/v1/analytics/activities?user={eve}")).await;
    assert_eq!(numbers["totals"]["logged"], 1, "{numbers}");
}
