//! Contacts that are made or changed by what they are recognised by: alone, at the same moment, and several at once.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use store::memory::Faults;
use tests::{Company, Reply, Story};

async fn put(acme: &Company<'_>, by: &str, body: Value) -> Reply {
    acme.ask(Method::PUT, &format!("/v1/contacts?by={by}")).json(&body).now().await
}

async fn contacts(acme: &Company<'_>) -> usize {
    acme.get("/v1/contacts").await["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn whoever_is_known_is_changed_and_others_are_made() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let field = json!({ "object": "contact", "key": "number", "kind": "text", "unique": true });
    acme.post("/v1/fields", &field).await.is(201);
    let made = put(&acme, "email", json!({ "first_name": "Ada", "emails": ["Ada@example.com"], "tags": ["vip"] })).await;
    assert!(made.header("location").is_some());
    let made = made.is(201);
    let id = made["id"].as_str().unwrap().to_owned();
    acme.patch(&format!("/v1/contacts/{id}"), &json!({ "emails": ["ada@example.com", "home@example.com"] })).await;

    let body = json!({ "last_name": "Lovelace", "emails": ["ADA@example.com"], "phones": ["+14155552671"], "fields": { "number": "7" } });
    let known = put(&acme, "email", body).await;
    assert_eq!(known.header("etag"), Some("\"3\""));
    let known = known.is(200);
    assert_eq!((&known["id"], &known["first_name"], &known["last_name"]), (&json!(id), &json!("Ada"), &json!("Lovelace")));
    assert_eq!(known["tags"], json!(["vip"]));
    let emails: Vec<&Value> = known["emails"].as_array().unwrap().iter().map(|one| &one["email"]).collect();
    assert_eq!(emails, ["ADA@example.com", "home@example.com"], "what is not named stays");

    assert_eq!(put(&acme, "phone", json!({ "phones": ["+14155552671"], "first_name": "A." })).await.is(200)["id"], id);
    assert_eq!(put(&acme, "field.number", json!({ "fields": { "number": "7" } })).await.is(200)["first_name"], "A.");
    assert_ne!(put(&acme, "field.number", json!({ "fields": { "number": "8" } })).await.is(201)["id"], id);
    assert_eq!(contacts(&acme).await, 2);

    let before = stage.rows();
    for (by, body, pointer) in [
        ("email", json!({ "first_name": "A" }), "/emails"),
        ("phone", json!({ "emails": ["ada@example.com"] }), "/phones"),
        ("field.number", json!({ "emails": ["ada@example.com"] }), "/fields/number"),
        ("field.number", json!({ "fields": { "number": 7 } }), "/fields/number"),
        ("field.other", json!({ "fields": { "other": "7" } }), "?by"),
        ("name", json!({ "first_name": "A" }), "?by"),
        ("email", json!({ "emails": ["ada@example.com"], "zone": "Mars" }), "/zone"),
    ] {
        assert_eq!(put(&acme, by, body.clone()).await.problem(422, "invalid"), [pointer], "{by} {body}");
    }
    // Another one's address is not taken away by the way.
    acme.contact("Bob", "bob@example.com").await;
    let before = if contacts(&acme).await == 3 { stage.rows() } else { before };
    let taken = put(&acme, "email", json!({ "emails": ["ada@example.com", "bob@example.com"] })).await;
    assert_eq!(taken.problem(422, "invalid"), ["/emails/1"]);
    stage.nothing_changed_since(&before, "upserts that are wrong");
}

#[tokio::test]
async fn several_at_the_same_moment_make_one_contact() {
    for seed in 0..16 {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        let field = json!({ "object": "contact", "key": "number", "kind": "text", "unique": true });
        acme.post("/v1/fields", &field).await.is(201);
        faults.interleave(seed);
        let (by, body) = if seed % 2 == 0 {
            ("email", json!({ "emails": ["ada@example.com"], "first_name": "Ada" }))
        } else {
            ("field.number", json!({ "fields": { "number": "7" } }))
        };
        let (one, two, three) = tokio::join!(put(&acme, by, body.clone()), put(&acme, by, body.clone()), put(&acme, by, body));
        let mut statuses = [one.status, two.status, three.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 201], "seed {seed}");
        assert_eq!(contacts(&acme).await, 1, "seed {seed}");
        assert!(one.body["id"] == two.body["id"] && two.body["id"] == three.body["id"]);
    }
}

#[tokio::test]
async fn a_storm_about_one_person_loses_nothing() {
    for seed in 0..4 {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        faults.interleave(seed);
        let bodies =
            (0..8).map(|n| json!({ "emails": ["ada@example.com", format!("ada{n}@example.com")], "tags": [format!("t{n}")] }));
        let replies = join_all(bodies.map(|body| put(&acme, "email", body))).await;
        assert!(replies.iter().all(|reply| [200, 201].contains(&reply.status)), "seed {seed}");
        let emails = acme.get("/v1/contacts").await["data"][0]["emails"].as_array().unwrap().len();
        assert_eq!((contacts(&acme).await, emails), (1, 9), "seed {seed}");
    }
}

#[tokio::test]
async fn each_contact_of_a_batch_has_its_own_answer() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let body = json!({ "contacts": [
        { "emails": ["ada@example.com"], "last_name": "Lovelace" },
        { "emails": ["bob@example.com"] },
        { "emails": ["nobody"] },
        { "first_name": "Eve" },
        { "emails": ["bob@example.com"], "first_name": "Bob" },
        7,
    ] });
    let ask = || acme.ask(Method::POST, "/v1/contacts/batch").header("idempotency-key", "import-1").json(&body);
    let results = ask().now().await.is(200)["results"].clone();
    let statuses: Vec<&Value> = results.as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [&json!(200), &json!(201), &json!(422), &json!(422), &json!(200), &json!(422)]);
    assert_eq!(results[0]["id"], ada.id);
    assert_eq!(results[1]["id"], results[4]["id"]);
    assert_eq!(results[2]["problem"]["errors"][0]["pointer"], "/emails/0");
    assert_eq!(results[3]["problem"]["errors"][0]["pointer"], "/emails");
    assert_eq!(contacts(&acme).await, 2);
    let before = stage.rows();
    assert_eq!(ask().now().await.is(200)["results"], results, "the same request has one effect");
    for wrong in [json!([]), json!(vec![json!({}); 26])] {
        let refused = acme.post("/v1/contacts/batch", &json!({ "contacts": wrong })).await;
        assert_eq!(refused.problem(422, "invalid"), ["/contacts"]);
    }
    let refused = acme.post("/v1/contacts/batch", &json!({ "by": "name", "contacts": [{}] })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/by"]);
    stage.nothing_changed_since(&before, "batches that are wrong or repeated");
}

/// A batch that was cut off is completed when it comes again, and makes nothing twice.
#[tokio::test]
async fn a_batch_that_was_cut_off_goes_on_where_it_stopped() {
    let body = json!({ "contacts": (0..4).map(|n| json!({ "emails": [format!("p{n}@example.com")] })).collect::<Vec<_>>() });
    let mut cut = 0;
    for strike in 0..24 {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        let ask = || acme.ask(Method::POST, "/v1/contacts/batch").header("idempotency-key", "import-1").json(&body);
        acme.get("/v1/contacts").await;
        faults.strike(faults.calls() + strike, store::memory::Fault::Throttle);
        let first = ask().now().await;
        cut += usize::from(first.status == 503);
        // Another may take the key over when the lease of the one that died has run out.
        stage.clock.advance(120_000).unwrap();
        let again = if first.status == 503 { ask().now().await } else { first };
        let results = again.is(200)["results"].clone();
        faults.calm();
        let mut ids: Vec<String> =
            results.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), contacts(&acme).await), (4, 4), "strike {strike}");
    }
    assert!(cut > 5, "{cut}");
}
