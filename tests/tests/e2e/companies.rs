//! Companies and the contacts that belong to them.

use http::Method;
use serde_json::{Value, json};
use tests::{Company, Story};

async fn company(acme: &Company<'_>, words: &Value) -> String {
    acme.post("/v1/companies", words).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn members(acme: &Company<'_>, company: &str) -> Vec<String> {
    let page = acme.get(&format!("/v1/contacts?company_id={company}")).await;
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_company_is_kept_changed_and_deleted() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let user = acme.post("/v1/users", &json!({ "name": "Eve", "email": "eve@acme.example", "role": "agent" })).await.is(201);
    let words = json!({
        "name": " Engines & Sons ", "domains": ["Engines.Example", "bücher.example"], "phone": "+1 415 555 2671",
        "website": "https://Engines.example", "address": ["1 Street", "London"], "owner": user["id"], "tags": ["key"],
        "fields": { "size": 12 },
    });
    let made = acme.ask(Method::POST, "/v1/companies").json(&words).now().await;
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(made.header("etag"), Some("\"1\""));
    let made = made.is(201);
    assert_eq!((&made["name"], &made["phone"]), (&json!("Engines & Sons"), &json!("+14155552671")));
    assert_eq!(made["domains"], json!(["engines.example", "xn--bcher-kva.example"]));
    assert_eq!(made["website"], "https://engines.example/");
    assert_eq!(acme.get(&path).await, made);
    for (query, found) in [("tag=key", 1), ("tag=none", 0), ("since=2026-03-03T00:00:00Z", 0)] {
        assert_eq!(acme.get(&format!("/v1/companies?{query}")).await["data"].as_array().unwrap().len(), found, "{query}");
    }
    let owned = format!("/v1/companies?owner={}", user["id"].as_str().unwrap());
    assert_eq!(acme.get(&owned).await["data"], json!([made]));
    let changed = acme.patch(&path, &json!({ "name": "Engines", "phone": null, "owner": null, "domains": null })).await;
    assert_eq!((&changed["name"], &changed["phone"], &changed["domains"]), (&json!("Engines"), &Value::Null, &json!([])));
    acme.delete(&path).await;
    acme.look(&path).await.problem(404, "not-found");
    assert!(stage.rows_of("find").is_empty() && stage.rows_of("unique").is_empty(), "nothing is left of it");

    let before = stage.rows();
    for (body, pointer) in [
        (json!({}), "/name"),
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "A", "domains": ["localhost"] }), "/domains/0"),
        (json!({ "name": "A", "domains": ["a.example", "A.example"] }), "/domains/1"),
        (json!({ "name": "A", "phone": "415" }), "/phone"),
        (json!({ "name": "A", "website": "example.com" }), "/website"),
        (json!({ "name": "A", "address": ["a", ""] }), "/address/1"),
        (json!({ "name": "A", "tags": (0..21).map(|tag| format!("t{tag}")).collect::<Vec<_>>() }), "/tags"),
    ] {
        assert_eq!(acme.post("/v1/companies", &body).await.problem(422, "invalid"), [pointer], "{body}");
    }
    stage.nothing_changed_since(&before, "a company that is wrong");
}

#[tokio::test]
async fn a_domain_belongs_to_one_company() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    let first = company(&acme, &json!({ "name": "First", "domains": ["a.example", "b.example"] })).await;
    company(&bravo, &json!({ "name": "Theirs", "domains": ["a.example"] })).await;
    let before = stage.rows();
    let refused = acme.post("/v1/companies", &json!({ "name": "Second", "domains": ["c.example", "B.example"] })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/domains/1"]);
    let told = &refused.body["errors"][0];
    assert!(told["code"] == "taken" && told["detail"].as_str().unwrap().contains(&first), "{told}");
    stage.nothing_changed_since(&before, "a domain that is taken");
    acme.patch(&format!("/v1/companies/{first}"), &json!({ "domains": ["a.example"] })).await;
    company(&acme, &json!({ "name": "Second", "domains": ["b.example"] })).await;
}

#[tokio::test]
async fn contacts_are_found_by_their_company() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let engines = company(&acme, &json!({ "name": "Engines" })).await;
    let looms = company(&acme, &json!({ "name": "Looms" })).await;
    let ada = acme.post("/v1/contacts", &json!({ "first_name": "Ada", "company_id": engines })).await.is(201);
    assert_eq!((&ada["company"], &ada["company_id"]), (&json!("Engines"), &json!(engines)));
    let ada = ada["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{ada}");
    stage.clock.advance(1).unwrap();
    let bob = acme.contact_with(&json!({ "first_name": "Bob", "company_id": engines, "tags": ["t"] })).await.id;
    acme.contact_with(&json!({ "first_name": "Eve", "company": "Engines" })).await;
    assert_eq!(members(&acme, &engines).await, [bob.clone(), ada.clone()]);
    let tagged = acme.get(&format!("/v1/contacts?company_id={engines}&tag=t")).await;
    assert_eq!((&tagged["data"][0]["id"], tagged["data"].as_array().unwrap().len()), (&json!(bob), 1));
    let first = acme.get(&format!("/v1/contacts?company_id={engines}&limit=1")).await;
    let next = first["next"].as_str().unwrap();
    let second = acme.get(&format!("/v1/contacts?company_id={engines}&limit=1&after={next}")).await;
    assert_eq!((&first["data"][0]["id"], &second["data"][0]["id"]), (&json!(bob), &json!(ada)));

    let moved = acme.patch(&path, &json!({ "company_id": looms })).await;
    assert_eq!(moved["company"], "Looms");
    assert_eq!((members(&acme, &engines).await, members(&acme, &looms).await), (vec![bob.clone()], vec![ada.clone()]));
    acme.delete(&format!("/v1/contacts/{bob}")).await;
    assert_eq!(members(&acme, &engines).await, [""; 0]);

    // Who names another company means that one.
    let renamed = acme.patch(&path, &json!({ "company": "Mills" })).await;
    assert_eq!((&renamed["company"], &renamed["company_id"]), (&json!("Mills"), &Value::Null));
    assert_eq!(members(&acme, &looms).await, [""; 0]);
    acme.patch(&path, &json!({ "company_id": looms })).await;

    // A company that goes leaves its name, and its id until the contact is changed next.
    acme.delete(&format!("/v1/companies/{looms}")).await;
    assert_eq!(acme.get(&path).await["company_id"], looms);
    let changed = acme.patch(&path, &json!({ "tags": ["t"] })).await;
    assert_eq!((&changed["company"], &changed["company_id"]), (&json!("Looms"), &Value::Null));
    assert_eq!(members(&acme, &looms).await, [""; 0]);
    assert!(stage.rows_of("member").is_empty());
}

#[tokio::test]
async fn the_contacts_of_a_company_cost_the_same_among_few_and_many() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let engines = company(&acme, &json!({ "name": "Engines" })).await;
    for _ in 0..5 {
        acme.contact_with(&json!({ "first_name": "Ada", "company_id": engines })).await;
    }
    let cost = async || {
        let before = stage.memory.bill();
        assert_eq!(members(&acme, &engines).await.len(), 5);
        stage.memory.bill().since(before).read_units
    };
    let few = cost().await;
    for _ in 0..600 {
        acme.contact_with(&json!({ "first_name": "Bob" })).await;
    }
    assert!((cost().await - few).abs() < f64::EPSILON);
}
