//! Exporting: files that programs of tables can open without harm, and that an import understands.

use serde_json::{Value, json};
use store::memory::Fault;
use tests::files::{bring, follow};
use tests::{Company, Story};

/// Orders an export and fetches its files.
async fn export(acme: &Company<'_>) -> (Value, Vec<String>) {
    export_of(acme, "contact").await
}

async fn export_of(acme: &Company<'_>, object: &str) -> (Value, Vec<String>) {
    let ordered = acme.post("/v1/exports", &json!({ "object": object })).await.is(202);
    acme.story.drain().await;
    fetched(acme, ordered["id"].as_str().unwrap()).await
}

/// Takes an exported file in again, all but the ids in it.
async fn take_in(target: &Company<'_>, object: &str, file: &str) -> Value {
    let attachment = bring(target, "c.csv", "text/csv", file.as_bytes()).await;
    let header = file.lines().next().unwrap().split(',').filter(|name| !["id", "deal_id"].contains(name));
    let mapping: serde_json::Map<String, Value> = header.map(|name| (name.to_owned(), json!(name))).collect();
    let mut order = json!({ "attachment": attachment, "object": object, "mapping": mapping });
    if object == "contact" {
        order["consent_source"] = json!("Moved house");
    }
    let import = target.post("/v1/imports", &order).await.is(202);
    target.story.drain().await;
    target.get(&format!("/v1/imports/{}", import["id"].as_str().unwrap())).await
}

async fn fetched(acme: &Company<'_>, id: &str) -> (Value, Vec<String>) {
    let done = acme.get(&format!("/v1/exports/{id}")).await;
    let mut files = Vec::new();
    for file in done["files"].as_array().unwrap() {
        let fetched = follow(acme.story, file, None).await;
        assert_eq!((fetched.status, fetched.bytes.len()), (200, usize::try_from(file["bytes"].as_u64().unwrap()).unwrap()));
        assert!(fetched.header("content-disposition").unwrap().starts_with("attachment"));
        files.push(String::from_utf8(fetched.bytes).unwrap());
    }
    (done, files)
}

/// What a contact is, but for what belongs to one tenant alone.
fn plain(contact: &Value) -> Value {
    let mut plain = contact.clone();
    for name in ["id", "created_at", "updated_at", "source"] {
        plain[name] = Value::Null;
    }
    for consent in plain["consents"].as_object_mut().unwrap().values_mut() {
        *consent = consent["granted"].clone();
    }
    plain
}

async fn all(company: &Company<'_>) -> Vec<Value> {
    let page = company.get("/v1/contacts?limit=100").await;
    let mut all: Vec<Value> = page["data"].as_array().unwrap().iter().map(plain).collect();
    all.sort_by_key(|contact| contact["emails"][0]["email"].as_str().unwrap().to_owned());
    all
}

#[tokio::test]
async fn what_was_exported_can_be_imported_and_is_the_same() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let first = acme
        .contact_with(&json!({
        "first_name": "=cmd|' /C calc'!A0", "last_name": "-Dash", "company": "@Home, \"Inc\"", "emails": ["a@example.com", "aa@example.com"],
        "phones": ["+14155550123"], "handles": [{ "channel": "telegram", "address": "1;2" }], "tags": ["+vip", "a;=b", "it's"],
        "zone": "Europe/Berlin", "locale": "de-AT", "do_not_contact": true, "quiet_hours": { "start": "21:00", "end": "08:00" },
        "consents": { "email:news": true, "sms:news": false }, "fields": { "plan": "=1+1", "seats": 3, "paid": true },
    }))
    .await;
    let refused = json!({ "channels": { "telegram": false }, "categories": { "offers": false }, "campaigns": { "spring": false }, "cap": { "per_week": 5 } });
    acme.patch(&format!("/v1/contacts/{}/preferences", first.id), &refused).await;
    acme.contact_with(&json!({ "first_name": "'quoted'", "emails": ["b@example.com"], "tags": ["[x]"] })).await;
    bravo.contact("Eve", "eve@example.com").await;

    let (done, files) = export(&acme).await;
    assert_eq!((&done["state"], &done["rows"], files.len()), (&json!("done"), &json!(2), 1));
    let file = &files[0];
    assert!(!file.contains("eve@example.com"), "another tenant's");
    for cell in [",=", ",+", ",-", ",@", ",\"=", ",\"+", ",\"-", ",\"@", ";=", ";+"] {
        assert!(!file.contains(cell), "{cell} in {file}");
    }

    let target = stage.tenant("target").await;
    let import = take_in(&target, "contact", file).await;
    assert_eq!((&import["counts"]["created"], &import["counts"]["failed"]), (&json!(2), &json!(0)));
    assert_eq!(all(&target).await, all(&acme).await);
    let moved = target.get("/v1/contacts?email=a@example.com").await["data"][0]["id"].clone();
    let moved = target.get(&format!("/v1/contacts/{}/preferences", moved.as_str().unwrap())).await;
    let stood = acme.get(&format!("/v1/contacts/{}/preferences", first.id)).await;
    for name in ["channels", "categories", "campaigns", "cap"] {
        assert_eq!(moved[name], stood[name], "a no moves along");
    }
    assert_eq!((&moved["channels"]["telegram"], &moved["campaigns"]), (&json!(false), &json!({ "spring": false })));
}

#[tokio::test]
async fn who_keeps_what_is_exported_and_taken_in_again() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, stage.bare_tenant("bravo").await);
    let mut users = Vec::new();
    for company in [&acme, &bravo] {
        let user = json!({ "name": "U", "email": "u@acme.example", "role": "agent" });
        users.push(company.post("/v1/users", &user).await.is(201)["id"].clone());
    }
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "owner": users[0] })).await;
    let firm = acme.post("/v1/companies", &json!({ "name": "E", "domains": ["e.example"], "owner": users[0] })).await.is(201);
    let firm = format!("/v1/companies/{}", firm["id"].as_str().unwrap());
    let ada = format!("/v1/contacts/{}", ada.id);
    for (object, path) in [("contact", &ada), ("company", &firm)] {
        let (_, files) = export_of(&acme, object).await;
        acme.patch(path, &json!({ "owner": null })).await;
        take_in(&acme, object, &files[0]).await;
        assert_eq!(acme.get(path).await["owner"], users[0], "{object}");

        // Another tenant's user is nobody.
        let foreign = files[0].replace(users[0].as_str().unwrap(), users[1].as_str().unwrap());
        let import = take_in(&acme, object, &foreign).await;
        let errors = acme.get(&format!("/v1/imports/{}/errors", import["id"].as_str().unwrap())).await;
        assert_eq!((&errors["data"][0]["line"], &errors["data"][0]["column"]), (&json!(2), &json!("owner")), "{errors:?}");
        assert_eq!(acme.get(path).await["owner"], users[0], "{object}");
    }
    let fields = json!({ "type": "call", "subject": "S", "company_id": firm[14..], "assignee": users[0], "owner": users[0] });
    acme.post("/v1/activities", &fields).await.is(201);
    let (_, files) = export_of(&acme, "activity").await;
    assert_eq!(take_in(&acme, "activity", &files[0]).await["counts"]["created"], 1);
    let both = acme.get("/v1/activities").await["data"].clone();
    for name in ["assignee", "owner", "visibility"] {
        assert_eq!((&both[0][name], both[0][name].is_null()), (&both[1][name], false), "{name}");
    }
}

#[tokio::test]
async fn companies_and_activities_move_house_too() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, stage.bare_tenant("bravo").await);
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "phones": ["+14155550123"] })).await;
    let firm = json!({
        "name": "=Engines", "domains": ["engines.example", "e.example"], "phone": "+14155552671", "website": "https://engines.example/",
        "address": ["1; Street", "London"], "tags": ["key"], "fields": { "size": 12 },
    });
    let firm = acme.post("/v1/companies", &firm).await.is(201)["id"].clone();
    let deal = acme.post("/v1/deals", &json!({ "title": "D" })).await.is(201)["id"].clone();
    let user =
        acme.post("/v1/users", &json!({ "name": "U", "email": "u@acme.example", "role": "agent" })).await.is(201)["id"].clone();
    let long = vec!["What was said, and \"more\"."; 40].join("\n");
    for activity in [
        json!({
            "type": "call", "subject": "@Home", "description": long, "contact_id": ada.id, "company_id": firm, "deal_id": deal, "duration": 60,
            "completed_at": "2024-01-01T09:00:00Z", "direction": "outbound", "outcome": "no_answer", "priority": "low", "location": "L",
            "tags": ["t"], "fields": { "f": true },
        }),
        json!({ "type": "meeting", "subject": "Planned", "company_id": firm, "scheduled_at": "2027-01-01T09:00:00Z" }),
        json!({ "type": "note", "subject": "Mine alone", "contact_id": ada.id, "owner": user, "visibility": "private" }),
    ] {
        acme.post("/v1/activities", &activity).await.is(201);
    }
    bravo.contact("Ada", "ada@example.com").await;

    let (done, files) = export_of(&acme, "company").await;
    assert_eq!((&done["object"], &done["rows"]), (&json!("company"), &json!(1)));
    assert!(!files[0].contains(",=") && files[0].contains("'=Engines"), "{}", files[0]);
    assert_eq!(take_in(&bravo, "company", &files[0]).await["counts"]["created"], 1);
    let (done, files) = export_of(&acme, "activity").await;
    assert_eq!(done["rows"], 2, "what is somebody's alone stays where it is");
    let import = take_in(&bravo, "activity", &files[0]).await;
    assert_eq!((&import["counts"]["created"], &import["counts"]["failed"]), (&json!(2), &json!(0)));

    let companies = async |of: &Company<'_>| {
        let mut rows = of.get("/v1/companies").await["data"].clone();
        for name in ["id", "created_at", "updated_at"] {
            rows[0][name] = Value::Null;
        }
        rows
    };
    assert_eq!(companies(&bravo).await, companies(&acme).await);
    let activities = async |of: &Company<'_>| {
        let mut rows = Vec::new();
        for row in of.get("/v1/activities").await["data"].as_array().unwrap() {
            let mut row = of.get(&format!("/v1/activities/{}", row["id"].as_str().unwrap())).await;
            for name in ["contact_id", "company_id"] {
                row[name] = json!(row[name].is_string());
            }
            for name in ["id", "deal_id", "owner", "created_at", "updated_at"] {
                row[name] = Value::Null;
            }
            rows.push(row);
        }
        rows.retain(|row| row["visibility"] == "tenant");
        rows.sort_by_key(|row| row["subject"].to_string());
        rows
    };
    let moved = activities(&bravo).await;
    assert_eq!((moved.len(), &moved), (2, &activities(&acme).await));
}

#[tokio::test]
async fn activities_of_the_archive_are_exported_with_all_that_they_say() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let long = "What was said. ".repeat(60);
    for number in 0..3 {
        let call = json!({ "type": "call", "subject": format!("Call {number}"), "description": long, "contact_id": ada.id });
        acme.post("/v1/activities", &call).await.is(201);
    }
    stage.drain().await;
    stage.pass_until("2027-04-01T00:00:01Z").await;
    assert!(stage.rows_of("activity").is_empty() && stage.rows_of("text").is_empty());
    let (done, files) = export_of(&acme, "activity").await;
    assert_eq!((&done["rows"], files[0].matches(long.trim_end()).count()), (&json!(3), 3));
}

#[tokio::test]
async fn many_contacts_are_many_files_and_each_is_there_once_whoever_dies() {
    for seed in 0..4 {
        let stage = Story::begin().await;
        let acme = stage.tenant("acme").await;
        let rows = (0..2_050).map(|n| format!("p{n}@example.com,P{n}\n"));
        let file: String = std::iter::once("email,name\n".to_owned()).chain(rows).collect();
        let attachment = bring(&acme, "p.csv", "text/csv", file.as_bytes()).await;
        let order = json!({ "attachment": attachment, "mapping": { "email": "email", "name": "first_name" } });
        acme.post("/v1/imports", &order).await.is(202);
        stage.drain().await;
        let ordered = acme.post("/v1/exports", &json!({})).await.is(202);
        for (turn, fault) in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle].into_iter().enumerate()
        {
            stage.faults.strike(stage.faults.calls() + seed * 5 + u64::try_from(turn).unwrap() * 11, fault);
        }
        for _ in 0..8 {
            stage.pass(200).await;
        }
        let (done, files) = fetched(&acme, ordered["id"].as_str().unwrap()).await;
        assert_eq!((&done["state"], &done["rows"], files.len()), (&json!("done"), &json!(2_050), 2), "seed {seed}");
        let mut emails: Vec<&str> =
            files.iter().flat_map(|file| file.lines().skip(1)).map(|row| row.split(',').nth(6).unwrap()).collect();
        emails.sort_unstable();
        emails.dedup();
        assert_eq!(emails.len(), 2_050, "seed {seed}");
    }
}

#[tokio::test]
async fn an_export_of_nobody_is_a_header_and_it_ends_after_a_week() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (done, files) = export(&acme).await;
    assert_eq!((&done["rows"], files[0].lines().count()), (&json!(0), 1));
    assert_eq!(done["expires_at"], "2026-03-09T09:00:00.000Z");
    stage.clock.advance(8 * 86_400_000).unwrap();
    stage.memory.sweep(stage.clock.now());
    acme.look(&format!("/v1/exports/{}", done["id"].as_str().unwrap())).await.problem(404, "not-found");
}
