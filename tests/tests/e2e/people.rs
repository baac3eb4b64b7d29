//! Contacts, users, accounts and tenants: kept, changed, found, deleted.

use http::Method;
use local::stage::PLATFORM_KEY;
use serde_json::{Value, json};
use store::memory::Faults;
use tests::Story;

#[tokio::test]
async fn a_contact_is_kept_changed_and_deleted() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let fields = json!({
        "first_name": " Ada ", "emails": ["Ada@Example.com", "ada@bücher.example"], "phones": ["+1 415 555 2671"], "zone": "Europe/Berlin",
        "locale": "de-AT", "tags": ["vip"], "fields": { "plan": "pro" }, "quiet_hours": { "start": "21:00", "end": "08:00" },
    });
    let made = acme.ask(Method::POST, "/v1/contacts").json(&fields).now().await;
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(made.header("etag"), Some("\"1\""));
    let made = made.is(201);
    assert_eq!(made["first_name"], "Ada");
    assert_eq!(made["emails"][0]["email"], "Ada@example.com");
    assert_eq!(made["emails"][1]["email"], "ada@xn--bcher-kva.example");
    assert_eq!(made["phones"], json!(["+14155552671"]));
    assert_eq!(acme.get(&path).await, made);

    stage.clock.advance(1_000).unwrap();
    let changed = acme.patch(&path, &json!({ "first_name": null, "tags": ["vip", "new"], "fields": { "seats": 3 } })).await;
    assert_eq!((&changed["first_name"], &changed["tags"]), (&Value::Null, &json!(["vip", "new"])));
    assert_eq!(changed["fields"], json!({ "plan": "pro", "seats": 3 }));
    assert_eq!(
        (&changed["created_at"], &changed["updated_at"]),
        (&json!("2026-03-02T09:00:00.000Z"), &json!("2026-03-02T09:00:01.000Z"))
    );
    assert_eq!(acme.look(&path).await.header("etag"), Some("\"2\""));

    acme.delete(&path).await;
    acme.look(&path).await.problem(404, "not-found");
    acme.ask(Method::DELETE, &path).now().await.problem(404, "not-found");
}

#[tokio::test]
async fn an_address_belongs_to_one_contact() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let before = stage.rows();
    let refused = acme.post("/v1/contacts", &json!({ "emails": ["bob@example.com", "ADA@example.com"] })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/emails/1"]);
    let twice = acme.post("/v1/contacts", &json!({ "emails": ["eve@example.com", "Eve@example.com"] })).await;
    assert_eq!(twice.problem(422, "invalid"), ["/emails/1"]);
    stage.nothing_changed_since(&before, "an address that is taken");

    assert_eq!(acme.get("/v1/contacts?email=Ada@Example.COM").await["data"][0]["id"], ada.id);
    assert_eq!(acme.get("/v1/contacts?email=bob@example.com").await["data"], json!([]));
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "emails": ["new@example.com"] })).await;
    acme.contact("Other", "ada@example.com").await;
    assert_eq!(acme.get("/v1/contacts?email=new@example.com").await["data"][0]["id"], ada.id);
}

#[tokio::test]
async fn a_contact_has_addresses_on_every_channel() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let chat = json!({ "channel": "telegram", "address": "700000001" });
    let ada = acme.contact_with(&json!({ "phones": ["+14155552671"], "handles": [chat] })).await;
    let path = format!("/v1/contacts/{}", ada.id);
    let shown = json!([{ "channel": "telegram", "address": "700000001", "suppressed": null }]);
    assert_eq!(acme.get(&path).await["handles"], shown);
    acme.post("/v1/suppressions", &json!({ "channel": "telegram", "address": "700000001" })).await.is(201);
    assert_eq!(acme.get(&path).await["handles"][0]["suppressed"], "manual");
    let found = acme.get("/v1/contacts?phone=%2B14155552671").await["data"].clone();
    assert_eq!((&found[0]["id"], &found[1]), (&json!(ada.id), &Value::Null));
    assert_eq!(acme.get("/v1/contacts?phone=%2B14155552672").await["data"], json!([]));

    // Somebody who writes is the contact that was told of before.
    let hook = tests::chat::telegram(&acme).await;
    let update = tests::chat::written(700_000_001, 41, "Hello");
    assert_eq!(tests::chat::post(&stage, &hook, &update, tests::chat::WORD).await.status, 200);
    let conversations = acme.get("/v1/conversations?expand=contact").await["data"].clone();
    assert_eq!(conversations[0]["expanded"]["contact"], acme.get(&path).await);
    let one = format!("/v1/conversations/{}", conversations[0]["id"].as_str().unwrap());
    assert_eq!(acme.get(&format!("{one}?expand=contact")).await, conversations[0]);
    assert!(acme.get(&one).await.get("expanded").is_none());
    acme.delete(&path).await;
    assert_eq!(acme.get(&format!("{one}?expand=contact")).await["expanded"], json!({ "contact": null }));

    let wrong = json!([{ "channel": "sms", "address": "+14155552671" }, { "channel": "telegram", "address": "" }, chat, chat]);
    let refused = acme.post("/v1/contacts", &json!({ "handles": wrong })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/handles/0/channel", "/handles/1/address", "/handles/3"]);
    let taken = acme.post("/v1/contacts", &json!({ "handles": [chat] })).await.is(201);
    let again = acme.post("/v1/contacts", &json!({ "handles": [chat] })).await;
    assert_eq!(again.problem(422, "invalid"), ["/handles/0"]);
    acme.patch(&format!("/v1/contacts/{}", taken["id"].as_str().unwrap()), &json!({ "handles": null })).await;
    acme.post("/v1/contacts", &json!({ "handles": [chat] })).await.is(201);
}

#[tokio::test]
async fn a_change_over_a_change_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let account = acme.get("/v1/accounts").await["data"][0]["id"].as_str().unwrap().to_owned();
    let template = acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned();
    let user = acme.post("/v1/users", &json!({ "name": "Eve", "email": "eve@acme.example", "role": "agent" })).await.is(201);
    let made = acme.post("/v1/companies", &json!({ "name": "Engines" })).await.is(201);
    let deal = acme.post("/v1/deals", &json!({ "title": "Seats" })).await.is(201);
    for (path, change) in [
        (format!("/v1/contacts/{}", ada.id), json!({ "first_name": "Eve" })),
        (format!("/v1/companies/{}", made["id"].as_str().unwrap()), json!({ "name": "Other" })),
        (format!("/v1/deals/{}", deal["id"].as_str().unwrap()), json!({ "stage": "offer" })),
        (format!("/v1/accounts/{account}"), json!({ "name": "Other" })),
        (format!("/v1/templates/{template}"), json!({ "description": "Other" })),
        (format!("/v1/users/{}", user["id"].as_str().unwrap()), json!({ "name": "Other" })),
        ("/v1/tenant".to_owned(), json!({ "name": "Other" })),
    ] {
        let etag = acme.look(&path).await.header("etag").unwrap().to_owned();
        let ask = |method: Method, etag: &str| acme.ask(method, &path).header("if-match", etag);
        let changed = ask(Method::PATCH, &etag).json(&change).now().await;
        let newer = changed.header("etag").unwrap().to_owned();
        assert_ne!(newer, etag);
        let before = stage.rows();
        ask(Method::PATCH, &etag).json(&change).now().await.problem(412, "stale");
        assert_eq!(ask(Method::PATCH, "new").json(&change).now().await.problem(422, "invalid"), ["@If-Match"]);
        if path != "/v1/tenant" {
            ask(Method::DELETE, &etag).now().await.problem(412, "stale");
            assert_eq!(ask(Method::DELETE, "\"x\"").now().await.problem(422, "invalid"), ["@If-Match"]);
        }
        stage.nothing_changed_since(&before, "a stale change");
        ask(Method::PATCH, &newer).json(&change).now().await.is(200);
    }
}

#[tokio::test]
async fn the_last_owner_stays() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let user = |name: &str| json!({ "name": name, "email": format!("{name}@acme.example"), "role": "owner" });
    let ada = acme.post("/v1/users", &user("ada")).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/users/{ada}");
    acme.ask(Method::DELETE, &path).now().await.problem(409, "conflict");
    acme.ask(Method::PATCH, &path).json(&json!({ "role": "admin" })).now().await.problem(409, "conflict");
    let bob = acme.post("/v1/users", &user("bob")).await.is(201)["id"].as_str().unwrap().to_owned();
    acme.delete(&path).await;
    acme.ask(Method::DELETE, &format!("/v1/users/{bob}")).now().await.problem(409, "conflict");
    assert_eq!(acme.get("/v1/users").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_owners_who_remove_each_other_at_the_same_moment_leave_one() {
    let mut refused = 0;
    for seed in 0..24 {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        let owner = async |name: &str| {
            let user = json!({ "name": name, "email": format!("{name}@acme.example"), "role": "owner" });
            format!("/v1/users/{}", acme.post("/v1/users", &user).await.is(201)["id"].as_str().unwrap())
        };
        let (ada, bob) = (owner("ada").await, owner("bob").await);
        faults.interleave(seed);
        // One is removed, or lowered.
        let gone = async |path: &str| {
            if seed % 2 == 0 {
                acme.ask(Method::DELETE, path).now().await.status
            } else {
                acme.ask(Method::PATCH, path).json(&json!({ "role": "viewer" })).now().await.status
            }
        };
        let (one, other) = tokio::join!(gone(&ada), gone(&bob));
        let owners = acme.get("/v1/users").await;
        let owners = owners["data"].as_array().unwrap().iter().filter(|user| user["role"] == "owner").count();
        assert_eq!(owners, 1, "seed {seed}: {one} and {other}");
        refused += usize::from(one == 409) + usize::from(other == 409);
    }
    assert_eq!(refused, 24);
}

#[tokio::test]
async fn fields_hold_any_number_that_json_can_say() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let fields = json!({ "huge": 1e300, "tiny": -1e-300, "long": 0.123_456_789_012_345_68, "whole": 1.0, "most": u64::MAX });
    let ada = acme.contact_with(&json!({ "fields": fields })).await;
    let path = format!("/v1/contacts/{}", ada.id);
    assert_eq!(acme.get(&path).await["fields"], fields);
    assert!(matches!(&stage.rows_of("contact")[0]["fields"], store::Value::S(_)), "the table's own numbers have 38 digits");
    assert_eq!(acme.patch(&path, &json!({ "fields": { "huge": null } })).await["fields"].as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn a_new_name_of_a_tenant_is_in_the_directory_too() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let listed = async || stage.ask(Method::GET, "/v1/tenants").bearer(PLATFORM_KEY).now().await.is(200)["data"][0].clone();
    assert_eq!(listed().await["name"], "acme Ltd");
    acme.patch("/v1/tenant", &json!({ "name": "Acme Holding" })).await;
    assert_eq!(listed().await, json!({ "id": acme.id, "slug": "acme", "name": "Acme Holding" }));
    assert_eq!(acme.get("/v1/tenant").await["name"], "Acme Holding");
    let before = stage.rows();
    let stale = acme.ask(Method::PATCH, "/v1/tenant").header("if-match", "\"1\"").json(&json!({ "name": "Late" })).now().await;
    stale.problem(412, "stale");
    stage.nothing_changed_since(&before, "a stale name");
}

#[tokio::test]
async fn an_account_is_checked_by_its_provider_and_shows_no_credentials() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let from = json!({ "email": "hello@acme.example" });
    let before = stage.rows();
    for (body, pointer) in [
        (json!({ "name": "A", "provider": "pigeon", "from": from }), "/provider"),
        (
            json!({ "name": "A", "provider": "smtp", "from": from, "settings": { "host": "x y", "port": 25, "security": "tls" } }),
            "/settings/host",
        ),
        (
            json!({ "name": "A", "provider": "smtp", "from": from, "settings": { "host": "mail.example.com", "port": 25, "security": "none" } }),
            "/settings/security",
        ),
        (json!({ "name": "A", "provider": "ses", "from": from, "credentials": { "key": "hunter2" } }), "/credentials"),
        (json!({ "name": "A", "provider": "ses", "from": from, "settings": { "region": "moon" } }), "/settings/region"),
        (json!({ "name": " ", "provider": "ses", "from": from }), "/name"),
        (json!({ "name": "A", "provider": "ses", "from": { "email": "nobody" } }), "/from/email"),
        (json!({ "name": "A", "provider": "ses", "from": from, "priority": -1 }), "/priority"),
        (
            json!({ "name": "A", "provider": "ses", "from": from, "settings": { "configuration_set": "x".repeat(17_000) } }),
            "/settings",
        ),
    ] {
        let refused = acme.post("/v1/accounts", &body).await;
        let places = refused.problem(422, "invalid");
        assert!(places.iter().any(|place| place.starts_with(pointer)), "{pointer}: {places:?}");
        assert!(!String::from_utf8_lossy(&refused.bytes).contains("hunter2"));
    }
    stage.nothing_changed_since(&before, "an account that is wrong");

    let settings = json!({ "host": "mail.example.com", "port": 587, "security": "starttls" });
    let credentials = json!({ "username": "mailer", "password": "hunter2" });
    let id = acme.account(&json!({ "provider": "smtp", "settings": settings, "credentials": credentials })).await;
    let path = format!("/v1/accounts/{id}");
    let shown = acme.get(&path).await;
    assert!(shown.get("credentials").is_none() && !shown.to_string().contains("hunter2"));
    let changed = acme.patch(&path, &json!({ "settings": { "port": 465, "security": "tls" }, "enabled": false })).await;
    assert_eq!(changed["settings"], json!({ "host": "mail.example.com", "port": 465, "security": "tls" }));
    assert_eq!(changed["enabled"], false);
    acme.delete(&path).await;
    acme.look(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_tenants_word_is_its_own_and_the_directory_pages_through_all() {
    let stage = Story::begin().await;
    let words = ["alfa", "bravo", "charlie", "delta", "echo"];
    for word in words {
        stage.bare_tenant(word).await;
        stage.clock.advance(20 * 86_400_000).unwrap();
    }
    let again = json!({ "slug": "alfa", "name": "Another" });
    let before = stage.rows();
    let refused = stage.ask(Method::POST, "/v1/tenants").bearer(PLATFORM_KEY).json(&again).now().await;
    assert_eq!(refused.problem(422, "invalid"), ["/slug"]);
    stage.nothing_changed_since(&before, "a slug that is taken");

    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = stage.ask(Method::GET, &format!("/v1/tenants?limit=2{after}")).bearer(PLATFORM_KEY).now().await.is(200);
        found.extend(page["data"].as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(found, ["echo", "delta", "charlie", "bravo", "alfa"]);
}

#[tokio::test]
async fn a_suppression_is_found_by_its_address_and_lifted() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let entry = json!({ "channel": "email", "address": "Ada@example.com", "reason": "unsubscribe" });
    let made = acme.post("/v1/suppressions", &entry).await.is(201);
    assert_eq!((&made["address"], &made["source"], &made["contact"]), (&json!("ada@example.com"), &json!("api"), &Value::Null));
    assert_eq!(acme.post("/v1/suppressions", &entry).await.is(201)["id"], made["id"], "the entry that stands is kept");
    let stronger = acme.post("/v1/suppressions", &json!({ "channel": "email", "address": "ada@example.com" })).await.is(201);
    assert_eq!(stronger["reason"], "manual");
    assert_eq!(
        acme.post("/v1/suppressions", &entry).await.is(201)["reason"],
        "manual",
        "what stops everything is not weakened"
    );

    assert_eq!(acme.get("/v1/suppressions?address=ADA@example.com").await["data"], json!([stronger]));
    assert_eq!(acme.get("/v1/suppressions?reason=unsubscribe").await["data"], json!([]));
    let path = format!("/v1/suppressions/{}", stronger["id"].as_str().unwrap());
    acme.delete(&path).await;
    acme.look(&path).await.problem(404, "not-found");
    assert_eq!(acme.get("/v1/suppressions?address=ada@example.com").await["data"], json!([]));
}
