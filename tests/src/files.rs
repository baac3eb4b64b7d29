//! Files in a story: announced, brought by their link, fetched by another.

use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};

use crate::story::{Reply, Story};
use crate::tenant::Company;

/// Announces a file.
pub async fn announce(company: &Company<'_>, name: &str, media_type: &str, bytes: usize) -> Value {
    let body = json!({ "name": name, "media_type": media_type, "bytes": bytes });
    company.post("/v1/attachments", &body).await.is(201)
}

/// Asks for a link as it was given, with a body when it is for bringing one.
pub async fn follow(stage: &Story, link: &Value, body: Option<&[u8]>) -> Reply {
    let path = link["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let method = if body.is_some() { Method::PUT } else { Method::GET };
    let mut ask = stage.ask(method, path);
    for (name, value) in link["headers"].as_object().into_iter().flatten() {
        ask = ask.header(name, value.as_str().unwrap());
    }
    match body {
        Some(bytes) => ask.bytes(bytes).now().await,
        None => ask.now().await,
    }
}

/// Announces a file and brings it.
pub async fn bring(company: &Company<'_>, name: &str, media_type: &str, bytes: &[u8]) -> String {
    let announced = announce(company, name, media_type, bytes.len()).await;
    assert_eq!(follow(company.story, &announced["upload"], Some(bytes)).await.status, 200);
    announced["id"].as_str().unwrap().to_owned()
}
