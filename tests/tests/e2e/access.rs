//! Who is let in: keys, tokens, and the platform's own key.

use http::Method;
use jsonwebtoken::Algorithm;
use local::stage::PLATFORM_KEY;
use serde_json::{Value, json};
use tests::contract::Lets;
use tests::token::{claims, signed, signed_with};
use tests::{Company, Contract, Reply, Story};

async fn asks(stage: &Story, credential: &str) -> Reply {
    stage.ask(Method::GET, "/v1/contacts").bearer(credential).now().await
}

/// A user with a subject, and the token of that person.
async fn person(acme: &Company<'_>, role: &str, subject: &str) -> (String, String) {
    let body = json!({ "name": subject, "email": format!("{subject}@acme.example"), "role": role, "subject": subject });
    let user = acme.post("/v1/users", &body).await.is(201);
    (user["id"].as_str().unwrap().to_owned(), signed(&claims(subject, acme.story.clock.now())))
}

#[tokio::test]
async fn the_platforms_key_opens_the_platform_and_nothing_else() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for operation in Contract::committed().operations() {
        let path = operation.path.replace("{id}", "x").replace("{number}", "1");
        match operation.lets() {
            Lets::Anybody => {}
            Lets::Tenants => stage
                .ask(operation.method.clone(), &path)
                .bearer(PLATFORM_KEY)
                .now()
                .await
                .problem(401, "unauthenticated")
                .clear(),
            Lets::Platform => {
                stage
                    .ask(operation.method.clone(), &path)
                    .bearer(&acme.key)
                    .now()
                    .await
                    .problem(401, "unauthenticated")
                    .clear();
            }
        }
    }
    let listed = stage.ask(Method::GET, "/v1/tenants").bearer(PLATFORM_KEY).now().await.is(200);
    assert_eq!(listed["data"], json!([{ "id": acme.id, "slug": "acme", "name": "acme Ltd" }]));
}

#[tokio::test]
async fn a_credential_is_a_bearer_credential() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    asks(&stage, &acme.key).await.is(200);
    let before = stage.rows();

    let key = acme.key.as_str();
    let basic = "Basic YWNtZTpodW50ZXIy".to_owned();
    for header in [
        key.to_owned(),
        basic,
        format!("Token {key}"),
        format!("Bearer{key}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {}", &key[..key.len() - 1]),
        format!("Bearer {key}A"),
        format!("Bearer {}", key.to_uppercase()),
        format!("Bearer {}", "x".repeat(5_000)),
        "Bearer swk_".to_owned(),
        "Bearer null".to_owned(),
    ] {
        let refused = stage.ask(Method::GET, "/v1/contacts").header("authorization", &header).now().await;
        refused.problem(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"), "{header}");
    }
    let two = stage.ask(Method::GET, "/v1/contacts").bearer(key).bearer(key).now().await;
    two.problem(401, "unauthenticated");
    stage.get(&format!("/v1/contacts?authorization={key}")).await.problem(401, "unauthenticated");
    stage.ask(Method::GET, "/v1/contacts").header("authorization", &format!("bearer {key}")).now().await.is(200);
    stage.nothing_changed_since(&before, "credentials that are none");
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let body = json!({ "name": "guest", "role": "viewer", "expires_at": "2026-03-02T10:00:00Z" });
    let made = acme.post("/v1/api-keys", &body).await.is(201);
    let key = made["secret"].as_str().unwrap();
    assert!(key.starts_with(made["start"].as_str().unwrap()) && made["start"].as_str().unwrap().len() < 16);

    stage.clock.advance(3_599_999).unwrap();
    asks(&stage, key).await.is(200);
    stage.clock.advance(1).unwrap();
    asks(&stage, key).await.problem(401, "unauthenticated");
    let past = json!({ "name": "guest", "role": "viewer", "expires_at": "2026-03-02T09:59:00Z" });
    assert_eq!(acme.post("/v1/api-keys", &past).await.problem(422, "invalid"), ["/expires_at"]);
}

#[tokio::test]
async fn a_revoked_key_works_for_seconds_at_most() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let made = acme.post("/v1/api-keys", &json!({ "name": "script", "role": "agent" })).await.is(201);
    let (id, key) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    asks(&stage, key).await.is(200);
    let used = acme.get(&format!("/v1/api-keys/{id}")).await["last_used_at"].clone();
    assert_eq!(used, "2026-03-02T09:00:00.000Z");

    acme.delete(&format!("/v1/api-keys/{id}")).await;
    stage.clock.advance(10_000).unwrap();
    asks(&stage, key).await.problem(401, "unauthenticated");
    // And one that nobody has used lately, at once.
    let made = acme.post("/v1/api-keys", &json!({ "name": "script", "role": "agent" })).await.is(201);
    acme.delete(&format!("/v1/api-keys/{}", made["id"].as_str().unwrap())).await;
    asks(&stage, made["secret"].as_str().unwrap()).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn keys_are_shown_once() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let made = acme.post("/v1/api-keys", &json!({ "name": "script", "role": "agent" })).await.is(201);
    let (id, key) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    for path in ["/v1/api-keys".to_owned(), format!("/v1/api-keys/{id}")] {
        let shown = acme.get(&path).await.to_string();
        assert!(shown.contains(id) && !shown.contains(key) && !shown.contains("digest"), "{shown}");
    }
    assert!(!format!("{:?}", stage.rows()).contains(key));
}

#[tokio::test]
async fn a_person_comes_with_a_token_of_the_issuer() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (id, token) = person(&acme, "agent", "ada").await;
    asks(&stage, &token).await.is(200);
    let ada = acme.acting_as(&token);
    ada.contact("Bob", "bob@example.com").await;
    ada.look("/v1/users").await.problem(403, "forbidden");

    // A changed role holds within seconds, and so does a removal.
    acme.patch(&format!("/v1/users/{id}"), &json!({ "role": "admin" })).await;
    stage.clock.advance(10_000).unwrap();
    ada.look("/v1/users").await.is(200);
    acme.patch(&format!("/v1/users/{id}"), &json!({ "subject": "ada-2" })).await;
    stage.clock.advance(10_000).unwrap();
    asks(&stage, &token).await.problem(401, "unauthenticated");
    let renamed = signed(&claims("ada-2", stage.clock.now()));
    asks(&stage, &renamed).await.is(200);
    acme.delete(&format!("/v1/users/{id}")).await;
    stage.clock.advance(10_000).unwrap();
    asks(&stage, &renamed).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_that_is_not_quite_right_is_wrong() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (_, token) = person(&acme, "owner", "ada").await;
    asks(&stage, &token).await.is(200);
    let before = stage.rows();
    let now = stage.clock.now();
    let secret = b"the token secret of a stage, for tests alone";
    let change = |name: &str, value: Value| {
        let mut changed = claims("ada", now);
        changed[name] = value;
        changed
    };
    let without = |name: &str| {
        let mut changed = claims("ada", now);
        changed.as_object_mut().unwrap().remove(name);
        changed
    };
    let parts: Vec<&str> = token.split('.').collect();
    let none = kernel::crypto::encode(br#"{"alg":"none","typ":"JWT"}"#);
    for (what, token) in [
        ("expired", signed(&change("exp", json!(now.seconds() - 61)))),
        ("not yet", signed(&change("nbf", json!(now.seconds() + 61)))),
        ("for somebody else", signed(&change("aud", json!("another")))),
        ("of somebody else", signed(&change("iss", json!("https://evil.example")))),
        ("of nobody we know", signed(&change("sub", json!("eve")))),
        ("no end", signed(&without("exp"))),
        ("no subject", signed(&without("sub"))),
        ("no audience", signed(&without("aud"))),
        ("no issuer", signed(&without("iss"))),
        ("another secret", signed_with(&claims("ada", now), Algorithm::HS256, b"another secret of some length, really")),
        ("another algorithm", signed_with(&claims("ada", now), Algorithm::HS512, secret)),
        ("no algorithm", format!("{none}.{}.", parts[1])),
        ("no algorithm, signed", format!("{none}.{}.{}", parts[1], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("half", format!("{}.{}", parts[0], parts[1])),
        (
            "changed",
            format!("{}.{}.{}", parts[0], kernel::crypto::encode(change("sub", json!("eve")).to_string().as_bytes()), parts[2]),
        ),
    ] {
        let refused = asks(&stage, &token).await;
        assert_eq!(refused.status, 401, "{what}");
        refused.problem(401, "unauthenticated");
    }
    // A minute of skew is forgiven.
    asks(&stage, &signed(&change("exp", json!(now.seconds() - 30)))).await.is(200);
    asks(&stage, &signed(&change("aud", json!(["another", "switchboard"])))).await.is(200);
    stage.nothing_changed_since(&before, "tokens");
}

#[tokio::test]
async fn a_subject_belongs_to_one_person() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    person(&acme, "agent", "ada").await;
    let body = json!({ "name": "Ada", "email": "ada@bravo.example", "role": "owner", "subject": "ada" });
    let before = stage.rows();
    for company in [&acme, &bravo] {
        assert_eq!(company.post("/v1/users", &body).await.problem(422, "invalid"), ["/subject"]);
    }
    stage.nothing_changed_since(&before, "a subject that is taken");
}
