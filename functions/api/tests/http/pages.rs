//! What the API says about itself.

use serde_json::Value;

use crate::stage::Stage;

const NOBODY: &[(&str, &str)] = &[("authorization", "")];

#[tokio::test]
async fn pages_can_be_read_by_anybody_and_run_nothing_but_themselves() {
    let stage = Stage::new().await;
    for path in ["/docs", "/redoc", "/dev"] {
        let page = stage.send("GET", path, NOBODY, "").await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(page.text.contains("<main") && !page.text.contains("{{style}}") && !page.text.contains("{{script}}"));
    }
    let description = stage.send("GET", "/openapi.json", NOBODY, "").await;
    assert_eq!((description.status, description.header("content-type")), (200, "application/json"));
    assert!(description.json()["paths"]["/v1/messages"]["post"].is_object());
}

#[tokio::test]
async fn problems_are_listed_for_people_and_programs() {
    let stage = Stage::new().await;
    let list = stage.send("GET", "/problems", NOBODY, "").await.json();
    let first = list[0]["slug"].as_str().unwrap().to_owned();
    let page = stage.send("GET", "/problems", &[("accept", "text/html,*/*")], "").await;
    assert!(page.text.contains(&format!("/problems/{first}")) && page.header("vary") == "accept");
    let one = stage.send("GET", &format!("/problems/{first}"), NOBODY, "").await.json();
    assert_eq!(one["slug"], first);
    let page = stage.send("GET", &format!("/problems/{first}"), &[("accept", "text/html")], "").await;
    assert!(page.text.contains("<h1>"));
    stage.send("GET", "/problems/nothing", NOBODY, "").await.is(404);
    stage.send("GET", "/problems/%FF", NOBODY, "").await.is(404);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let stage = Stage::new().await;
    for path in ["/", "/v1", "/v1/nothing", "/v1/messages/a%20b", "/v1/messages/%FF", "/v1/templates/x/versions/1"] {
        let gone = stage.get(path).await.is(404);
        assert!(gone.header("x-request-id").starts_with("req_"), "{path}");
        assert_eq!(gone.json()["instance"].as_str().unwrap(), gone.header("x-request-id"));
    }
    assert_eq!(stage.delete("/v1/messages").await.is(405).json()["type"], "/problems/method-not-allowed");
}

#[tokio::test]
async fn the_service_says_how_it_is() {
    let stage = Stage::new().await;
    stage.clock.advance(5000).unwrap();
    let health = stage.send("GET", "/health", NOBODY, "").await;
    assert_eq!(
        (health.status, health.json()["status"].as_str(), health.json()["uptime_s"].as_i64()),
        (200, Some("ok"), Some(5))
    );
    assert_eq!(health.json()["dependencies"][0]["name"], Value::from("table"));
}

#[tokio::test]
async fn the_channels_say_what_they_carry() {
    let stage = Stage::new().await;
    let channels = stage.get("/v1/channels").await.is(200).json()["data"].clone();
    let channel = |word: &str| channels.as_array().unwrap().iter().find(|one| one["channel"] == word).unwrap().clone();
    assert_eq!(channels.as_array().unwrap().len(), 12);
    let (email, sms, whatsapp) = (channel("email"), channel("sms"), channel("whatsapp"));
    assert!(email["providers"].as_array().unwrap().contains(&Value::from("ses")), "{email}");
    assert_eq!(
        (&email["html"], &sms["html"], &sms["media"]),
        (&Value::from(true), &Value::from(false), &serde_json::json!([]))
    );
    assert_eq!((&whatsapp["window_hours"], &whatsapp["buttons"]["count"]), (&Value::from(24), &Value::from(3)));
    stage.send("GET", "/v1/channels", NOBODY, "").await.is(401);
}
