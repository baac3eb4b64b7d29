//! What one tenant was handed is of no use to another.

use std::collections::BTreeSet;

use serde_json::json;
use tests::Story;

#[tokio::test]
async fn a_cursor_of_another_tenant_or_list_is_refused() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    for company in [&acme, &bravo] {
        for number in 0..3 {
            company.contact("A", &format!("a{number}@example.com")).await;
        }
    }
    let next = bravo.get("/v1/contacts?limit=1").await["next"].as_str().unwrap().to_owned();
    bravo.get(&format!("/v1/contacts?after={next}")).await;
    for path in [format!("/v1/contacts?after={next}"), format!("/v1/messages?after={next}")] {
        assert_eq!(acme.look(&path).await.problem(422, "invalid"), ["?after"]);
    }
    for path in ["/v1/messages?", "/v1/contacts?tag=x&", "/v1/suppressions?"] {
        assert_eq!(bravo.look(&format!("{path}after={next}")).await.problem(422, "invalid"), ["?after"]);
    }
}

#[tokio::test]
async fn an_idempotency_key_is_a_tenants_own() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome" });
    let mut ids = BTreeSet::new();
    for company in [&acme, &bravo] {
        let reply = company.ask(http::Method::POST, "/v1/messages").header("idempotency-key", "same").json(&order).now().await;
        assert_eq!(reply.header("idempotency-replayed"), None);
        ids.insert(reply.is(202)["id"].as_str().unwrap().to_owned());
    }
    stage.drain().await;
    assert_eq!((ids.len(), stage.letters().len()), (2, 2));
}
