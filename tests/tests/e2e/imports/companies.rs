//! Files of companies, recognised by their domain or a field of their own.

use serde_json::{Value, json};
use store::memory::Fault;
use tests::{Company, Story};

use super::{counts, errors, import, order, path};

fn words(mapping: &Value, more: &Value) -> Value {
    let mut words = json!({ "object": "company", "mapping": mapping });
    words.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    words
}

async fn companies(acme: &Company<'_>) -> Vec<Value> {
    acme.get("/v1/companies?limit=100").await["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_company_is_made_or_changed_by_its_domain() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let known = json!({ "name": "Old", "domains": ["old.example", "b.example"], "tags": ["kept"], "fields": { "size": 3 } });
    let known = acme.post("/v1/companies", &known).await.is(201)["id"].clone();
    let mapping = json!({
        "Firma": "name", "Web": "website", "Domain": "domains", "Tel": "phone", "Ort": "address", "Gruppe": "tags", "Plan": "field.plan",
    });
    let file = "Firma,Web,Domain,Tel,Ort,Gruppe,Plan\n\
                New Ltd,https://New.example,New.example;shop.new.example,+1 415 555 2671,1 Street;London,vip;key,pro\n\
                Better,,B.example,,,vip,\n";
    let done = import(&acme, file.as_bytes(), &words(&mapping, &json!({}))).await;
    assert_eq!(
        (counts(&done), &done["object"], &done["by"], &done["state"]),
        ([2, 1, 1, 0], &json!("company"), &json!("domain"), &json!("done"))
    );
    let rows = companies(&acme).await;
    let made = &rows[0];
    assert_eq!(
        (&made["name"], &made["domains"], &made["phone"], &made["address"]),
        (
            &json!("New Ltd"),
            &json!(["new.example", "shop.new.example"]),
            &json!("+14155552671"),
            &json!(["1 Street", "London"])
        )
    );
    assert_eq!((&made["tags"], &made["fields"]), (&json!(["vip", "key"]), &json!({ "plan": "pro" })));
    let changed = &rows[1];
    assert_eq!((&changed["id"], &changed["name"], &changed["fields"]), (&known, &json!("Better"), &json!({ "size": 3 })));
    assert_eq!((&changed["domains"], &changed["tags"]), (&json!(["old.example", "b.example"]), &json!(["kept", "vip"])));
}

#[tokio::test]
async fn each_wrong_row_is_told_and_a_dry_run_tells_the_same() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    let field = json!({ "object": "company", "key": "vat", "kind": "text", "unique": true });
    for company in [&acme, &bravo] {
        company.post("/v1/fields", &field).await.is(201);
    }
    stage.clock.advance(5_000).unwrap();
    let known = json!({ "name": "Known", "domains": ["known.example"], "fields": { "vat": "X1" } });
    acme.post("/v1/companies", &known).await.is(201);
    bravo.post("/v1/companies", &json!({ "name": "B", "domains": ["b.example"], "fields": { "vat": "X2" } })).await.is(201);

    let mapping = json!({ "n": "name", "d": "domain", "v": "field.vat", "p": "phone" });
    let file =
        b"n,d,v,p\nA,a.example,X1,\n,c.example,,\nB,localhost,,415\nC,known.example,X2,\nD,d.example;known.example,X3,\n,,,\n";
    for dry_run in [true, false] {
        let done = import(&acme, file, &words(&mapping, &json!({ "dry_run": dry_run }))).await;
        let told = |line: u64, column: &str, code: &str| (line, column.to_owned(), code.to_owned());
        let wanted = [
            told(2, "v", "taken"),
            told(3, "n", "title"),
            told(4, "d", "domain"),
            told(4, "p", "phone"),
            told(6, "d", "taken"),
            told(7, "d", "required"),
        ];
        assert_eq!(errors(&acme, &done).await, wanted, "dry run: {dry_run}");
        assert_eq!(counts(&done), [6, 0, 1, 5], "dry run: {dry_run}");
        let vat = if dry_run { "X1" } else { "X2" };
        assert_eq!(companies(&acme).await[0]["fields"]["vat"], vat, "another tenant's value stands in nobody's way");
    }
    let by_vat = words(&json!({ "n": "name", "v": "field.vat" }), &json!({ "by": "field.vat", "mode": "update" }));
    let done = import(&acme, b"n,v\nNamed,X2\nNobody,X9\n", &by_vat).await;
    assert_eq!((counts(&done), errors(&acme, &done).await), ([2, 0, 1, 1], vec![(3, "v".to_owned(), "unknown".to_owned())]));
    assert_eq!(companies(&acme).await[0]["name"], "Named");

    let before = stage.rows();
    let attachment = done["attachment"].clone();
    for (more, pointer) in [
        (json!({ "mapping": { "n": "first_name" } }), "/mapping/n"),
        (json!({ "mapping": { "n": "name" } }), "/by"),
        (json!({ "mapping": { "v": "field.vat" }, "by": "email" }), "/by"),
        (json!({ "mapping": { "v": "field.vat" }, "by": "field.other" }), "/by"),
        (json!({ "mapping": { "n": "domain" }, "consents": ["email:news"] }), "/consents"),
        (json!({ "mapping": { "n": "domain" }, "consent_source": "A fair" }), "/consent_source"),
    ] {
        let mut body = words(&json!({}), &more);
        body["attachment"] = attachment.clone();
        assert_eq!(acme.post("/v1/imports", &body).await.problem(422, "invalid"), [pointer], "{more}");
    }
    stage.nothing_changed_since(&before, "what cannot be meant");
}

#[tokio::test]
async fn rules_hear_of_it_unless_it_is_told_to_be_silent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut rules = Vec::new();
    for trigger in ["company.created", "company.updated"] {
        let action = json!({ "raise_event": { "name": "import.seen" } });
        let rule = json!({ "name": trigger, "trigger": trigger, "actions": [action] });
        rules.push(acme.post("/v1/rules", &rule).await.is(201)["id"].as_str().unwrap().to_owned());
    }
    stage.clock.advance(5_000).unwrap();
    let runs = async || {
        let mut runs = Vec::new();
        for rule in &rules {
            runs.push(acme.get(&format!("/v1/rules/{rule}/runs")).await["data"].as_array().unwrap().len());
        }
        runs
    };
    let mapping = json!({ "n": "name", "d": "domain" });
    for (file, side_effects, heard) in [
        (b"n,d\nA,a.example\n".as_slice(), false, [0, 0]),
        (b"n,d\nAA,a.example\n", false, [0, 0]),
        (b"n,d\nAAA,a.example\nB,b.example\n", true, [1, 1]),
    ] {
        let done = import(&acme, file, &words(&mapping, &json!({ "side_effects": side_effects }))).await;
        assert_eq!((counts(&done)[3], runs().await), (0, heard.to_vec()));
    }
}

/// Processes die at every turn; the queue brings the work again.
#[tokio::test]
async fn whoever_dies_on_the_way_every_company_is_there_once() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict];
    for seed in 0..3 {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        acme.post("/v1/companies", &json!({ "name": "Seven", "domains": ["c7.example"] })).await.is(201);
        let rows = (0..130).map(|n| format!("C{n},c{n}.example\n"));
        let file: String = std::iter::once("n,d\n".to_owned()).chain(rows).collect();
        let mapping = json!({ "n": "name", "d": "domain" });
        let ordered = order(&acme, file.as_bytes(), &words(&mapping, &json!({}))).await;
        for (turn, fault) in (0..10).zip(faults.into_iter().cycle()) {
            stage.faults.strike(stage.faults.calls() + seed * 13 + turn * 41, fault);
        }
        for _ in 0..20 {
            stage.pass(200).await;
        }
        assert!(stage.faults.struck().len() > 6, "seed {seed}: {:?}", stage.faults.struck());
        let done = acme.get(&path(&ordered)).await;
        assert_eq!((counts(&done), &done["state"]), ([130, 129, 1, 0], &json!("done")), "seed {seed}");
        assert_eq!(stage.rows_of("company").len(), 130, "seed {seed}");
    }
}
