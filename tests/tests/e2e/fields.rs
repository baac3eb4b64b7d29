//! Custom fields: what a definition says, values hold to, and no two things share what is unique.

use http::Method;
use serde_json::{Value, json};
use tests::{Company, Story};

async fn define(acme: &Company<'_>, field: &Value) -> String {
    acme.post("/v1/fields", field).await.is(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn values_hold_to_their_definitions() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for (key, kind) in [
        ("note", "long_text"),
        ("seats", "number"),
        ("trial", "boolean"),
        ("born", "date"),
        ("seen", "datetime"),
        ("page", "url"),
        ("mail", "email"),
        ("desk", "phone"),
    ] {
        define(&acme, &json!({ "object": "contact", "key": key, "kind": kind })).await;
    }
    define(&acme, &json!({ "object": "contact", "key": "plan", "kind": "select", "options": ["free", "pro"] })).await;
    define(&acme, &json!({ "object": "contact", "key": "topics", "kind": "multi_select", "options": ["a", "b"] })).await;

    let given = json!({
        "note": "one\ntwo", "seats": 3, "trial": true, "born": "1990-12-31", "seen": "2026-03-02T10:00:00+01:00",
        "page": "https://Example.com/x", "mail": "Ada@EXAMPLE.com", "desk": "+1 415 555 2671", "plan": "pro", "topics": ["b", "a"],
        "own": "as it was",
    });
    let kept = json!({
        "note": "one\ntwo", "seats": 3, "trial": true, "born": "1990-12-31", "seen": "2026-03-02T09:00:00.000Z",
        "page": "https://example.com/x", "mail": "Ada@example.com", "desk": "+14155552671", "plan": "pro", "topics": ["a", "b"],
        "own": "as it was",
    });
    let made = acme.post("/v1/contacts", &json!({ "fields": given })).await.is(201);
    assert_eq!(made["fields"], kept);

    let wrong = json!({
        "note": 1, "seats": "3", "trial": "yes", "born": "1990-02-30", "seen": "1990-12-31", "page": "ftp://example.com", "mail": "nobody",
        "desk": "415", "plan": "gold", "topics": ["a", "c"], "own": [1],
    });
    let before = stage.rows();
    let path = format!("/v1/contacts/{}", made["id"].as_str().unwrap());
    let pointers = [
        "/fields/born",
        "/fields/desk",
        "/fields/mail",
        "/fields/note",
        "/fields/own",
        "/fields/page",
        "/fields/plan",
        "/fields/seats",
        "/fields/seen",
        "/fields/topics/1",
        "/fields/trial",
    ];
    for (method, path) in [(Method::POST, "/v1/contacts"), (Method::PATCH, path.as_str()), (Method::PUT, "/v1/contacts")] {
        let body = json!({ "emails": ["ada@example.com"], "fields": wrong });
        let refused = acme.ask(method, path).json(&body).now().await;
        assert_eq!(refused.problem(422, "invalid"), pointers, "{path}");
    }
    stage.nothing_changed_since(&before, "values that do not hold to their definitions");
    // Those of another noun are not asked.
    acme.post("/v1/companies", &json!({ "name": "C", "fields": { "seats": "many" } })).await.is(201);
}

#[tokio::test]
async fn a_field_that_is_needed_is_there_from_the_beginning_and_stays() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let early = acme.post("/v1/deals", &json!({ "title": "Early" })).await.is(201);
    let field = define(&acme, &json!({ "object": "deal", "key": "source", "kind": "text", "required": true })).await;
    let refused = acme.post("/v1/deals", &json!({ "title": "Late" })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/fields/source"]);
    let made = acme.post("/v1/deals", &json!({ "title": "Late", "fields": { "source": "fair" } })).await.is(201);
    let path = format!("/v1/deals/{}", made["id"].as_str().unwrap());
    for taken in [json!({ "fields": { "source": null } }), json!({ "fields": null })] {
        let refused = acme.ask(Method::PATCH, &path).json(&taken).now().await;
        assert_eq!(refused.problem(422, "invalid"), ["/fields/source"]);
    }
    // What was there before is not asked for it.
    acme.patch(&format!("/v1/deals/{}", early["id"].as_str().unwrap()), &json!({ "stage": "offer" })).await;

    acme.patch(&format!("/v1/fields/{field}"), &json!({ "archived": true })).await;
    assert_eq!(acme.patch(&path, &json!({ "fields": { "source": null } })).await["fields"], json!({}));
    acme.post("/v1/deals", &json!({ "title": "Free" })).await.is(201);
    let archived = acme.get("/v1/fields?archived=true&object=deal").await;
    assert_eq!((&archived["data"][0]["id"], &archived["data"][1]), (&json!(field), &Value::Null));
}

#[tokio::test]
async fn a_unique_value_belongs_to_one_thing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    for company in [&acme, &bravo] {
        define(company, &json!({ "object": "contact", "key": "number", "kind": "number", "unique": true })).await;
    }
    let ada = acme.contact_with(&json!({ "first_name": "Ada", "fields": { "number": 7 } })).await;
    let before = stage.rows();
    let refused = acme.post("/v1/contacts", &json!({ "fields": { "number": 7.0 } })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/fields/number"]);
    let told = &refused.body["errors"][0];
    assert!(told["code"] == "taken" && told["detail"].as_str().unwrap().contains(&ada.id), "{told}");
    stage.nothing_changed_since(&before, "a value that is taken");
    bravo.contact_with(&json!({ "fields": { "number": 7 } })).await;
    // Of companies it is another field.
    acme.post("/v1/companies", &json!({ "name": "C", "fields": { "number": 7 } })).await.is(201);

    let bob = acme.contact_with(&json!({ "first_name": "Bob", "fields": { "number": 8 } })).await;
    let path = format!("/v1/contacts/{}", bob.id);
    acme.ask(Method::PATCH, &path).json(&json!({ "fields": { "number": 7 } })).now().await.problem(422, "invalid");
    // A value that is given up, or whose holder is gone, is free.
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "fields": { "number": 9 } })).await;
    acme.patch(&path, &json!({ "fields": { "number": 7 } })).await;
    acme.delete(&path).await;
    acme.contact_with(&json!({ "fields": { "number": 7 } })).await;
    assert_eq!(stage.rows_of("unique").len(), 3, "acme's 9 and 7, bravo's 7");
    // Written otherwise it is the same value.
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "fields": { "number": 9.0 } })).await;
    acme.post("/v1/contacts", &json!({ "fields": { "number": 9 } })).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_unique_address_belongs_to_one_thing_in_any_case() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    define(&acme, &json!({ "object": "contact", "key": "login", "kind": "email", "unique": true })).await;
    let ada = acme.contact_with(&json!({ "fields": { "login": "Ada@Example.com" } })).await;
    let refused = acme.post("/v1/contacts", &json!({ "fields": { "login": "ada@example.com" } })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/fields/login"]);
    let body = json!({ "last_name": "L", "fields": { "login": "ADA@example.com" } });
    let found = acme.ask(Method::PUT, "/v1/contacts?by=field.login").json(&body).now().await;
    assert_eq!((&found.is(200)["id"], acme.get("/v1/contacts").await["data"].as_array().unwrap().len()), (&json!(ada.id), 1));
}

/// Whatever way a value was written in, that way finds it.
#[tokio::test]
async fn filters_read_values_as_their_definitions_hold_them() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut fields = serde_json::Map::new();
    let written = [
        ("email", "Ada@Example.com", "ada@example.com"),
        ("phone", "+49 151 23456789", "+4915123456789"),
        ("datetime", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
        ("url", "https://example.com", "https://EXAMPLE.com/"),
        ("number", "7", "7.0"),
    ];
    for (kind, value, _) in written {
        define(&acme, &json!({ "object": "contact", "key": format!("f-{kind}"), "kind": kind })).await;
        fields.insert(format!("f-{kind}"), if kind == "number" { json!(7) } else { json!(value) });
    }
    let ada = acme.contact_with(&json!({ "fields": fields })).await;
    for (kind, value, otherwise) in written {
        for text in [value, otherwise] {
            let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let found = acme.get(&format!("/v1/contacts?field.f-{kind}={text}")).await;
            assert_eq!(found["data"][0]["id"], json!(ada.id), "{kind} {text}");
        }
        assert_eq!(acme.get(&format!("/v1/contacts?field.f-{kind}=8")).await["data"], json!([]), "{kind}");
    }
}

#[tokio::test]
async fn two_who_take_one_value_at_the_same_moment_leave_one() {
    for seed in 0..12 {
        let faults = store::memory::Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        define(&acme, &json!({ "object": "company", "key": "vat", "kind": "text", "unique": true })).await;
        faults.interleave(seed);
        let make =
            async |name: &str| acme.post("/v1/companies", &json!({ "name": name, "fields": { "vat": "X1" } })).await.status;
        let mut statuses = [0_u16; 2];
        (statuses[0], statuses[1]) = tokio::join!(make("One"), make("Two"));
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "seed {seed}");
        assert_eq!(acme.get("/v1/companies").await["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn definitions_that_make_no_sense_are_refused() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let field = define(&acme, &json!({ "object": "contact", "key": "plan", "label": "Plan", "kind": "text" })).await;
    let before = stage.rows();
    for (body, pointer) in [
        (json!({ "object": "contact", "key": "plan", "kind": "number" }), "/key"),
        (json!({ "object": "contact", "key": "My Plan", "kind": "text" }), "/key"),
        (json!({ "object": "house", "key": "a", "kind": "text" }), "/object"),
        (json!({ "object": "contact", "key": "a", "kind": "colour" }), "/kind"),
        (json!({ "object": "contact", "key": "a", "kind": "select" }), "/options"),
        (json!({ "object": "contact", "key": "a", "kind": "text", "options": ["x"] }), "/options"),
        (json!({ "object": "contact", "key": "a", "kind": "select", "options": ["x", "x"] }), "/options/1"),
        (json!({ "object": "contact", "key": "a", "kind": "boolean", "unique": true }), "/unique"),
        (json!({ "object": "deal", "key": "a", "kind": "text", "unique": true }), "/unique"),
        (json!({ "object": "activity", "key": "a", "kind": "text", "unique": true }), "/unique"),
        (json!({ "object": "task", "key": "a", "kind": "text", "unique": true }), "/unique"),
    ] {
        assert_eq!(acme.post("/v1/fields", &body).await.problem(422, "invalid"), [pointer], "{body}");
    }
    let path = format!("/v1/fields/{field}");
    for fixed in ["key", "kind", "object", "unique"] {
        let refused = acme.ask(Method::PATCH, &path).json(&json!({ fixed: "text" })).now().await;
        refused.problem(422, "invalid");
    }
    stage.nothing_changed_since(&before, "definitions that make no sense");
    // Two who change one definition: the second reads first.
    let etag = acme.look(&path).await.header("etag").unwrap().to_owned();
    acme.patch(&path, &json!({ "label": "Tariff" })).await;
    let late = acme.ask(Method::PATCH, &path).header("if-match", &etag).json(&json!({ "label": "Late" })).now().await;
    late.problem(412, "stale");
    // The same key is another field of another noun.
    define(&acme, &json!({ "object": "company", "key": "plan", "kind": "text" })).await;
}

#[tokio::test]
async fn lists_are_filtered_by_custom_fields() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    define(&acme, &json!({ "object": "contact", "key": "topics", "kind": "multi_select", "options": ["a", "b"] })).await;
    let ada = acme.contact_with(&json!({ "fields": { "plan": "pro", "seats": 3, "topics": ["a", "b"] } })).await;
    stage.clock.advance(1).unwrap();
    let bob = acme.contact_with(&json!({ "fields": { "plan": "pro", "trial": true } })).await;
    let ids = async |query: &str| {
        let page = acme.get(&format!("/v1/contacts?{query}")).await;
        page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("field.plan=pro").await, [bob.id.clone(), ada.id.clone()]);
    for query in ["field.plan=pro&field.seats=3", "field.seats=3.0", "field.topics=b"] {
        assert_eq!(ids(query).await, std::slice::from_ref(&ada.id), "{query}");
    }
    assert_eq!(ids("field.trial=true").await, std::slice::from_ref(&bob.id));
    assert_eq!(ids("field.plan=free").await, [""; 0]);
    for (noun, body) in
        [("companies", json!({ "name": "C", "fields": { "f": 1 } })), ("deals", json!({ "title": "D", "fields": { "f": 1 } }))]
    {
        acme.post(&format!("/v1/{noun}"), &body).await.is(201);
        assert_eq!(acme.get(&format!("/v1/{noun}?field.f=1")).await["data"].as_array().unwrap().len(), 1);
        assert_eq!(acme.get(&format!("/v1/{noun}?field.f=2")).await["data"], json!([]));
    }
    for (query, parameter) in [
        ("field.=1", "?field."),
        ("field.My%20Plan=1", "?field.My Plan"),
        ("field.a=1&field.a=2", "?field.a"),
        ("field.a=1&field.b=1&field.c=1&field.d=1&field.e=1&field.f=1", "?field.f"),
    ] {
        assert_eq!(acme.look(&format!("/v1/contacts?{query}")).await.problem(422, "invalid"), [parameter]);
    }
    assert_eq!(acme.look("/v1/templates?field.a=1").await.problem(422, "invalid"), ["?field.a"]);
    let page = acme.get("/v1/contacts?field.plan=pro&limit=1").await;
    let other = acme.look(&format!("/v1/contacts?field.plan=free&after={}", page["next"].as_str().unwrap())).await;
    assert_eq!(other.problem(422, "invalid"), ["?after"]);
}
