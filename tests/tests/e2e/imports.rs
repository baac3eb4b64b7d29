//! Taking in files: what comes of each row, what is wrong with which line, and that nothing is done twice.

mod activities;
mod companies;
mod files;

use http::Method;
use serde_json::{Value, json};
use store::memory::Fault;
use tests::files::bring;
use tests::{Company, Story};

/// Brings a file and orders its import.
async fn order(acme: &Company<'_>, file: &[u8], words: &Value) -> Value {
    let attachment = bring(acme, "people.csv", "text/csv", file).await;
    let mut body = json!({ "attachment": attachment, "mapping": { "email": "email", "name": "first_name" } });
    for (name, value) in words.as_object().unwrap() {
        body[name] = value.clone();
    }
    acme.post("/v1/imports", &body).await.is(202)
}

pub async fn import(acme: &Company<'_>, file: &[u8], words: &Value) -> Value {
    let ordered = order(acme, file, words).await;
    acme.story.drain().await;
    acme.get(&path(&ordered)).await
}

fn path(import: &Value) -> String {
    format!("/v1/imports/{}", import["id"].as_str().unwrap())
}

/// Rows, created, updated, failed.
fn counts(import: &Value) -> [u64; 4] {
    ["rows", "created", "updated", "failed"].map(|name| import["counts"][name].as_u64().unwrap())
}

async fn errors(acme: &Company<'_>, import: &Value) -> Vec<(u64, String, String)> {
    let page = acme.get(&format!("{}/errors", path(import))).await;
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| (row["line"].as_u64().unwrap(), word(&row["column"]), word(&row["code"]))).collect()
}

async fn by_email(acme: &Company<'_>, email: &str) -> Value {
    acme.get(&format!("/v1/contacts?email={email}")).await["data"][0].clone()
}

#[tokio::test]
async fn every_column_finds_its_place() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let file = "\u{feff}Vorname;Mail;Tel;Gruppen;Sprache;Zone;Plan;News;Ruhe;Extra\r\n\
                Jürgen;j@example.com|jj@example.com;'+14155550123;vip|new;de;Europe/Berlin;pro;yes;21:00-08:00;ignored\r\n\
                \"Ada, \"\"the\"\" first\";ada@example.com;;;;;;no;;\r\n";
    let mapping = json!({
        "Vorname": "first_name", "Mail": "emails", "Tel": "phone", "Gruppen": "tags", "Sprache": "locale", "Zone": "zone",
        "Plan": "field.plan", "News": "consent.email:newsletter", "Ruhe": "quiet_hours",
    });
    let words = json!({ "mapping": mapping, "delimiter": ";", "separator": "|", "consent_source": "The fair in March" });
    let done = import(&acme, file.as_bytes(), &words).await;
    assert_eq!(
        (counts(&done), &done["state"], &done["mapping"]),
        (
            [2, 2, 0, 0],
            &json!("done"),
            &json!({
                "Vorname": "first_name", "Mail": "emails", "Tel": "phones", "Gruppen": "tags", "Sprache": "locale", "Zone": "zone",
                "Plan": "field.plan", "News": "consent.email:newsletter", "Ruhe": "quiet_hours",
            })
        )
    );
    assert_eq!(done["bytes_read"], done["bytes"]);

    let one = by_email(&acme, "jj@example.com").await;
    assert_eq!(
        (&one["first_name"], &one["emails"][0]["email"], &one["phones"]),
        (&json!("Jürgen"), &json!("j@example.com"), &json!(["+14155550123"]))
    );
    assert_eq!(
        (&one["tags"], &one["locale"], &one["zone"], &one["fields"]),
        (&json!(["vip", "new"]), &json!("de"), &json!("Europe/Berlin"), &json!({ "plan": "pro" }))
    );
    assert_eq!((&one["quiet_hours"], &one["source"]), (&json!({ "start": "21:00", "end": "08:00" }), &json!("import")));
    let kept = acme.get(&format!("/v1/contacts/{}/consents", one["id"].as_str().unwrap())).await["data"][0].clone();
    assert_eq!(
        (&kept["source"], &kept["import"], &kept["text"], &kept["answers"][0]["said"]),
        (&json!("import"), &done["id"], &json!("The fair in March"), &json!("granted"))
    );
    let two = by_email(&acme, "ada@example.com").await;
    assert_eq!(
        (&two["first_name"], &two["consents"]["email:newsletter"]["granted"]),
        (&json!("Ada, \"the\" first"), &json!(false))
    );
}

#[tokio::test]
async fn modes_say_what_may_happen_and_nothing_is_lost_by_a_change() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let fields =
        json!({ "emails": ["old@example.com", "ada@example.com"], "last_name": "L", "consents": { "email:news": false } });
    acme.contact_with(&fields).await;
    let file = b"email,name\nada@example.com,Ada\nbob@example.com,Bob\n";

    let updated = import(&acme, file, &json!({ "mode": "update" })).await;
    assert_eq!(
        (counts(&updated), errors(&acme, &updated).await),
        ([2, 0, 1, 1], vec![(3, "email".to_owned(), "unknown".to_owned())])
    );
    let created = import(&acme, file, &json!({ "mode": "create" })).await;
    assert_eq!(
        (counts(&created), errors(&acme, &created).await),
        ([2, 1, 0, 1], vec![(2, "email".to_owned(), "taken".to_owned())])
    );
    let consents = json!({ "mode": "upsert", "consents": ["email:news"], "consent_source": "A list" });
    assert_eq!(counts(&import(&acme, file, &consents).await), [2, 0, 2, 0]);

    let ada = by_email(&acme, "ada@example.com").await;
    let emails: Vec<&Value> = ada["emails"].as_array().unwrap().iter().map(|one| &one["email"]).collect();
    assert_eq!(
        (&ada["first_name"], &ada["last_name"], emails),
        (&json!("Ada"), &json!("L"), vec![&json!("ada@example.com"), &json!("old@example.com")])
    );
    assert_eq!(ada["consents"]["email:news"]["granted"], false, "who has said no is not made to say yes");
    assert_eq!(by_email(&acme, "bob@example.com").await["consents"]["email:news"]["granted"], true);
}

#[tokio::test]
async fn rules_hear_of_an_import_unless_it_is_told_to_be_silent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let action = json!({ "raise_event": { "name": "import.seen" } });
    let rule = json!({ "name": "R", "trigger": "contact.created", "actions": [action] });
    let rule = acme.post("/v1/rules", &rule).await.is(201)["id"].as_str().unwrap().to_owned();
    stage.clock.advance(5_000).unwrap();
    let runs = async || acme.get(&format!("/v1/rules/{rule}/runs")).await["data"].as_array().unwrap().len();
    import(&acme, b"email,name\na@example.com,A\n", &json!({ "side_effects": false })).await;
    assert_eq!(runs().await, 0);
    import(&acme, b"email,name\na@example.com,A\nb@example.com,B\n", &json!({})).await;
    assert_eq!(runs().await, 1, "of the new one alone");
}

#[tokio::test]
async fn custom_fields_are_read_as_their_definitions_hold_them() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for (key, kind) in [("seats", "number"), ("vip", "boolean")] {
        let field = json!({ "object": "contact", "key": key, "label": key, "kind": kind });
        acme.post("/v1/fields", &field).await.is(201);
    }
    stage.clock.advance(5_000).unwrap();
    let file = b"email,seats,vip\na@example.com,3,yes\nb@example.com,many,no\n";
    let mapping = json!({ "email": "email", "seats": "field.seats", "vip": "field.vip" });
    let done = import(&acme, file, &json!({ "mapping": mapping })).await;
    assert_eq!(errors(&acme, &done).await, [(3, "seats".to_owned(), "field".to_owned())]);
    assert_eq!(by_email(&acme, "a@example.com").await["fields"], json!({ "seats": 3, "vip": true }));
}

#[tokio::test]
async fn a_value_that_is_another_contacts_is_the_rows_fault_and_holds_nobody_up() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let field = json!({ "object": "contact", "key": "number", "kind": "number", "unique": true });
    acme.post("/v1/fields", &field).await.is(201);
    stage.clock.advance(5_000).unwrap();
    acme.contact_with(&json!({ "emails": ["ada@example.com"], "phones": ["+14155550123"], "fields": { "number": 7 } })).await;
    let file = b"email,number,tel\neve@example.com,7,\nbob@example.com,8,\nsam@example.com,9,+14155550123\n";
    let mapping = json!({ "email": "email", "number": "field.number", "tel": "phone" });
    for dry_run in [true, false] {
        let done = import(&acme, file, &json!({ "mapping": mapping, "dry_run": dry_run })).await;
        assert_eq!((counts(&done), &done["state"]), ([3, 1, 0, 2], &json!("done")), "dry run: {dry_run}");
        let told = |line: u64, column: &str| (line, column.to_owned(), "taken".to_owned());
        assert_eq!(errors(&acme, &done).await, [told(2, "number"), told(4, "tel")], "dry run: {dry_run}");
    }
    let by_number = json!({ "mapping": { "email": "email", "number": "field.number" }, "by": "field.number" });
    let done = import(&acme, b"number,email\n7,ada@new.example\n,nobody@example.com\n", &by_number).await;
    assert_eq!((counts(&done), &done["by"]), ([2, 0, 1, 1], &json!("field.number")));
    assert_eq!(errors(&acme, &done).await, [(3, "number".to_owned(), "required".to_owned())]);
    assert_eq!(by_email(&acme, "ada@new.example").await["phones"], json!(["+14155550123"]));
}

#[tokio::test]
async fn each_wrong_row_is_told_by_line_and_column_and_holds_nobody_up() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut file = b"email,name,tags,zone\n\
                     ada@example.com,Ada,,\n\
                     nobody,\"two\nlines\",,Mars/Base\n\
                     ,Nobody,,\n\
                     too,few\n\
                     J\xfcrgen,x,,\n\
                     bob@example.com,Bob,\"a\x01b\",\n\
                     "
    .to_vec();
    file.extend(b"long@example.com,");
    file.extend(std::iter::repeat_n(b'x', 70_000));
    file.extend(b",,\nlast@example.com,Last,,");
    let mapping = json!({ "email": "email", "name": "first_name", "tags": "tags", "zone": "zone" });
    let before = stage.rows_of("contact").len();
    let dry = import(&acme, &file, &json!({ "mapping": mapping, "dry_run": true })).await;
    assert_eq!((counts(&dry), stage.rows_of("contact").len()), ([8, 2, 0, 6], before));
    let done = import(&acme, &file, &json!({ "mapping": mapping })).await;
    assert_eq!(counts(&done), [8, 2, 0, 6]);
    let told = |line: u64, column: &str, code: &str| (line, column.to_owned(), code.to_owned());
    let wanted = [
        told(3, "email", "email"),
        told(3, "zone", "zone"),
        told(5, "email", "required"),
        told(6, "-", "columns"),
        told(7, "-", "encoding"),
        told(8, "tags", "title"),
        told(9, "-", "too_long"),
    ];
    assert_eq!(errors(&acme, &done).await, wanted);
    assert_eq!(errors(&acme, &dry).await, wanted, "a dry run tells the same");
    assert_eq!(by_email(&acme, "last@example.com").await["first_name"], "Last");
    assert_eq!(done["counts"]["errors"], 7);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_its_place_and_writes_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let good = bring(&acme, "a.csv", "text/csv", b"email,name,name\nada@example.com,Ada,A\n").await;
    let twice = bring(&acme, "h.csv", "text/csv", b"email,a,b\nada@example.com,A,B\n").await;
    let latin = bring(&acme, "b.csv", "text/csv", b"email,Stra\xdfe\n").await;
    let empty = bring(&acme, "c.csv", "text/csv", b"\r\n").await;
    let absent = tests::files::announce(&acme, "d.csv", "text/csv", 4).await["id"].as_str().unwrap().to_owned();
    let bravo = stage.tenant("bravo").await;
    let foreign = bring(&bravo, "e.csv", "text/csv", b"email\neve@example.com\n").await;
    let message = acme.send_with(&json!({ "to": { "email": "a@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    let before = stage.rows();
    let email = json!({ "email": "email" });
    for (body, places) in [
        (json!({ "attachment": absent, "mapping": email }), vec!["/attachment"]),
        (json!({ "attachment": empty, "mapping": email }), vec!["/attachment"]),
        (json!({ "attachment": foreign, "mapping": email }), vec!["/attachment"]),
        (json!({ "attachment": message.id, "mapping": email }), vec!["/attachment"]),
        (json!({ "attachment": latin, "mapping": email }), vec!["/encoding"]),
        (json!({ "attachment": good, "mapping": { "E-Mail": "email", "email": "emails" } }), vec!["/mapping/E-Mail"]),
        (json!({ "attachment": good, "mapping": { "email": "pigeon" } }), vec!["/mapping/email"]),
        (json!({ "attachment": good, "mapping": { "email": "email", "name": "first_name" } }), vec!["/mapping/name"]),
        (
            json!({ "attachment": twice, "mapping": { "email": "email", "a": "first_name", "b": "first_name" } }),
            vec!["/mapping/b"],
        ),
        (json!({ "attachment": good, "mapping": email, "by": "phone" }), vec!["/by"]),
        (
            json!({ "attachment": good, "mapping": email, "delimiter": "ab", "separator": "\"" }),
            vec!["/delimiter", "/separator"],
        ),
        (json!({ "attachment": good, "mapping": email, "consents": ["email:news"] }), vec!["/consent_source"]),
        (json!({ "attachment": good, "mapping": email, "consents": ["email:transactional"] }), vec!["/consents/0"]),
        (json!({ "attachment": good, "mapping": email, "object": "pigeon" }), vec!["/object"]),
        (json!({ "attachment": good, "mapping": email, "object": "deal" }), vec!["/object"]),
        (json!({ "attachment": good, "mapping": email, "by": "domain" }), vec!["/by"]),
        (json!({ "attachment": good, "mapping": email, "by": "field.number" }), vec!["/by"]),
    ] {
        let refused = acme.post("/v1/imports", &body).await;
        assert_eq!(refused.problem(422, "invalid"), places, "{body}");
    }
    stage.nothing_changed_since(&before, "what cannot be meant");
    let done = import(
        &acme,
        b"Mail,Ort\nj@example.com,K\xf6ln\n",
        &json!({ "mapping": { "Mail": "email", "Ort": "field.ort" }, "encoding": "latin1" }),
    )
    .await;
    assert_eq!(
        (counts(&done), by_email(&acme, "j@example.com").await["fields"].clone()),
        ([1, 1, 0, 0], json!({ "ort": "Köln" }))
    );
}

/// A file of that many people.
fn people(count: usize) -> Vec<u8> {
    let rows = (0..count).map(|n| format!("p{n}@example.com,P{n}\n"));
    std::iter::once("email,name\n".to_owned()).chain(rows).collect::<String>().into_bytes()
}

#[tokio::test]
async fn an_import_waits_goes_on_and_ends_when_it_is_told_to() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ordered = order(&acme, &people(250), &json!({})).await;
    let go = async |word: &str, status: u16| acme.order(&format!("{}/{word}", path(&ordered))).await.is(status);
    assert_eq!(go("pause", 200).await["state"], "paused");
    go("pause", 200).await;
    stage.drain().await;
    assert_eq!(counts(&acme.get(&path(&ordered)).await), [0, 0, 0, 0]);
    assert_eq!(go("resume", 200).await["state"], "queued");
    stage.drain().await;
    assert_eq!(counts(&acme.get(&path(&ordered)).await), [250, 250, 0, 0]);
    for word in ["pause", "resume", "cancel"] {
        acme.order(&format!("{}/{word}", path(&ordered))).await.problem(409, "conflict");
    }
    let second = order(&acme, &people(250), &json!({})).await;
    assert_eq!(acme.order(&format!("{}/cancel", path(&second))).await.is(200)["state"], "cancelled");
    stage.drain().await;
    assert_eq!(counts(&acme.get(&path(&second)).await), [0, 0, 0, 0]);
}

/// Processes die at every turn; the queue brings the work again.
#[tokio::test]
async fn whoever_dies_on_the_way_every_row_is_done_once_and_counted_once() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict];
    for seed in 0..5 {
        let stage = Story::begin().await;
        let acme = stage.tenant("acme").await;
        acme.contact("P7", "p7@example.com").await;
        let mut file = people(230);
        file.extend(b"nobody,N\np3@example.com,Again\n");
        let ordered = order(&acme, &file, &json!({})).await;
        for (turn, fault) in (0..15).zip(faults.into_iter().cycle()) {
            stage.faults.strike(stage.faults.calls() + seed * 13 + turn * 47, fault);
        }
        for _ in 0..20 {
            stage.pass(200).await;
        }
        assert!(stage.faults.struck().len() > 10, "seed {seed}: {:?}", stage.faults.struck());
        let done = acme.get(&path(&ordered)).await;
        assert_eq!((counts(&done), &done["state"]), ([232, 229, 2, 1], &json!("done")), "seed {seed}");
        assert_eq!(stage.rows_of("contact").len(), 230, "seed {seed}");
        assert_eq!(errors(&acme, &done).await, [(232, "email".to_owned(), "email".to_owned())], "seed {seed}");
    }
}

#[tokio::test]
async fn a_thousand_errors_are_kept_and_all_are_counted() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut file = b"email,name\n".to_vec();
    file.extend(b"nobody,N\n".repeat(1_050));
    let done = import(&acme, &file, &json!({})).await;
    assert_eq!((counts(&done), stage.rows_of("import_fault").len()), ([1_050, 0, 0, 1_050], 1_000));
    let page = acme.get(&format!("{}/errors?limit=2", path(&done))).await;
    let next = acme.get(&format!("{}/errors?limit=1&after={}", path(&done), page["next"].as_str().unwrap())).await;
    assert_eq!([&page["data"][0]["line"], &page["data"][1]["line"], &next["data"][0]["line"]], [2, 3, 4]);
}

#[tokio::test]
async fn a_file_that_is_gone_ends_its_import() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ordered = order(&acme, &people(3), &json!({})).await;
    acme.delete(&format!("/v1/attachments/{}", ordered["attachment"].as_str().unwrap())).await;
    stage.drain().await;
    let failed = acme.get(&path(&ordered)).await;
    assert_eq!((&failed["state"], &failed["why"]), (&json!("failed"), &json!("the file is gone")));
    acme.ask(Method::DELETE, &path(&ordered)).now().await.problem(405, "method-not-allowed");
}
