//! Teams: who is in them, and what becomes of them when people go.

use http::Method;
use serde_json::{Value, json};
use tests::{Company, Story};

async fn person(acme: &Company<'_>, name: &str) -> String {
    let email = format!("{}@acme.example", name.to_lowercase());
    let made = acme.post("/v1/users", &json!({ "name": name, "email": email, "role": "agent" })).await.is(201);
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_team_is_made_of_users_and_forgets_who_has_gone() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (person(&acme, "Ada").await, person(&acme, "Bob").await);
    let members = json!([{ "user": ada, "lead": true }, { "user": bob, "lead": false }]);
    let team = acme.post("/v1/teams", &json!({ "name": " Sales ", "members": members })).await.is(201);
    assert_eq!((&team["name"], &team["members"]), (&json!("Sales"), &members));

    acme.delete(&format!("/v1/users/{ada}")).await;
    let path = format!("/v1/teams/{}", team["id"].as_str().unwrap());
    let left = json!([{ "user": bob, "lead": false }]);
    assert_eq!(acme.get(&path).await["members"], left);
    assert_eq!(acme.get("/v1/teams").await["data"][0]["members"], left);
    // Writing it drops her for good, and nobody can bring her back.
    assert_eq!(acme.patch(&path, &json!({ "name": "Service" })).await["members"], left);
    let again = acme.ask(Method::PATCH, &path).json(&json!({ "members": members })).now().await;
    assert_eq!(again.problem(422, "invalid"), ["/members/0/user"]);
}

#[tokio::test]
async fn a_team_that_cannot_be_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = person(&acme, "Ada").await;
    let before = stage.rows();
    let many: Vec<Value> = (0..201).map(|_| json!({ "user": ada })).collect();
    for (body, pointer) in [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "A", "members": [{ "user": ada }, { "user": ada }] }), "/members/1/user"),
        (json!({ "name": "A", "members": [{ "user": "usr_1" }] }), "/members/0/user"),
        (json!({ "name": "A", "members": many }), "/members"),
    ] {
        let places = acme.post("/v1/teams", &body).await.problem(422, "invalid");
        assert!(places.contains(&pointer.to_owned()), "{places:?}");
    }
    stage.nothing_changed_since(&before, "teams that cannot be");
    for number in 0..100 {
        acme.post("/v1/teams", &json!({ "name": format!("Team {number}") })).await.is(201);
    }
    acme.post("/v1/teams", &json!({ "name": "One more" })).await.problem(409, "conflict");
}

#[tokio::test]
async fn a_user_has_a_number_a_zone_and_may_be_away() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = format!("/v1/users/{}", person(&acme, "Ada").await);
    let fresh = acme.get(&path).await;
    assert_eq!((&fresh["phone"], &fresh["zone"], &fresh["available"]), (&Value::Null, &Value::Null, &json!(true)));
    let away = json!({ "phone": "+1 415 555 2671", "zone": "europe/berlin", "locale": "de", "available": false });
    let changed = acme.patch(&path, &away).await;
    assert_eq!((&changed["phone"], &changed["zone"]), (&json!("+14155552671"), &json!("Europe/Berlin")));
    assert_eq!((&changed["locale"], &changed["available"]), (&json!("de"), &json!(false)));
    let back = acme.patch(&path, &json!({ "phone": null, "zone": null, "available": true })).await;
    assert_eq!((&back["phone"], &back["zone"], &back["available"]), (&Value::Null, &Value::Null, &json!(true)));
}
