//! Limits: how many requests a tenant and each of its credentials may make, told in headers, set by the platform alone, and kept
//! whatever fails.

use http::Method;
use local::stage::PLATFORM_KEY;
use serde_json::{Value, json};
use store::memory::Faults;
use tests::{Reply, Story};

/// The two headers.
fn told(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.header("ratelimit-policy"), reply.header("ratelimit"))
}

#[tokio::test]
async fn every_reply_tells_what_is_left_and_a_refusal_when_there_is_something_again() {
    let stage = Story::begin().await;
    let acme = stage.limited_tenant("acme", &json!(7), &json!(5)).await;
    let policy = Some("\"tenant\";q=7;w=3600, \"credential\";q=5;w=60");
    let first = acme.look("/v1/messages").await;
    assert_eq!((first.status, told(&first)), (200, (policy, Some("\"tenant\";r=6;t=3600, \"credential\";r=4;t=60"))));
    stage.clock.advance(20_500).unwrap();
    // Refusals of any kind count and tell as well.
    let missing = acme.look("/v1/contacts/con_0195527c0d7b7c3e8a51d2b0f3a94c11").await;
    assert_eq!((missing.status, told(&missing)), (404, (policy, Some("\"tenant\";r=5;t=3580, \"credential\";r=3;t=40"))));
    let put = acme.ask(Method::PUT, "/v1/messages").now().await;
    assert_eq!((put.status, told(&put)), (405, (policy, Some("\"tenant\";r=4;t=3580, \"credential\";r=2;t=40"))));
    assert!(put.header("allow").is_some());
    for left in [1, 0] {
        let reply = acme.look("/v1/contacts").await;
        assert!(reply.header("ratelimit").unwrap().ends_with(&format!("\"credential\";r={left};t=40")));
    }
    let before = (stage.rows(), stage.memory.bill());
    for _ in 0..20 {
        let refused = acme.post("/v1/contacts", &json!({})).await;
        assert_eq!(refused.problem(429, "too-many-requests"), [""; 0]);
        assert_eq!(refused.header("retry-after"), Some("40"));
        assert_eq!(told(&refused), (policy, Some("\"tenant\";r=2;t=3580, \"credential\";r=0;t=40")));
    }
    assert_eq!(stage.memory.bill().write_units, before.1.write_units, "a flood writes nothing");
    stage.nothing_changed_since(&before.0, "requests over the limit");

    // The next minute is a new one; the hour is the same.
    stage.clock.advance(39_500).unwrap();
    for left in [1, 0] {
        assert!(
            acme.look("/v1/contacts").await.header("ratelimit").unwrap().starts_with(&format!("\"tenant\";r={left};t=3540"))
        );
    }
    let refused = acme.look("/v1/contacts").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3540")));
    stage.clock.advance(3_540_000).unwrap();
    acme.get("/v1/contacts").await;
}

#[tokio::test]
async fn nobody_else_pays_for_a_busy_credential() {
    let stage = Story::begin().await;
    let acme = stage.limited_tenant("acme", &json!(100), &json!(10)).await;
    let bravo = stage.limited_tenant("bravo", &json!(100), &json!(10)).await;
    let robot = acme.acting_as(&acme.new_key("viewer").await);
    let mut answers = [0, 0];
    for _ in 0..300 {
        answers[usize::from(robot.look("/v1/contacts").await.status == 429)] += 1;
    }
    assert_eq!(answers, [10, 290]);
    let owner = acme.look("/v1/contacts").await;
    assert_eq!(owner.header("ratelimit"), Some("\"tenant\";r=88;t=3600, \"credential\";r=8;t=60"), "refusals used up nothing");
    assert_eq!(bravo.look("/v1/contacts").await.header("ratelimit"), Some("\"tenant\";r=99;t=3600, \"credential\";r=9;t=60"));
    // Who shows no valid credential is told nothing, and neither is the platform.
    let stranger = stage.ask(Method::GET, "/v1/contacts").bearer("swk_nobody").now().await;
    assert_eq!((stranger.status, told(&stranger)), (401, (None, None)));
    assert_eq!(told(&stage.get("/v1/contacts").await), (None, None));
    assert_eq!(told(&stage.ask(Method::GET, "/v1/tenants").bearer(PLATFORM_KEY).now().await), (None, None));
    assert_eq!(told(&acme.look("/health").await), (None, None));
}

#[tokio::test]
async fn an_answer_that_is_given_again_tells_and_counts_too() {
    let stage = Story::begin().await;
    let acme = stage.limited_tenant("acme", &Value::Null, &json!(50)).await;
    let ask = |path: &str, body: Value| acme.ask(Method::POST, path).header("idempotency-key", "once").json(&body);
    let contact = || ask("/v1/contacts", json!({ "first_name": "Ada" })).now();
    assert_eq!(told(&contact().await), (Some("\"credential\";q=50;w=60"), Some("\"credential\";r=49;t=60")));
    let again = contact().await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("ratelimit"), Some("\"credential\";r=48;t=60"));
}

#[tokio::test]
async fn the_platform_sets_the_limits_and_the_tenant_does_not() {
    let stage = Story::begin().await;
    let body = json!({ "slug": "acme", "name": "Acme" });
    let made = stage.ask(Method::POST, "/v1/tenants").bearer(PLATFORM_KEY).json(&body).now().await.is(201);
    assert_eq!((&made["requests_per_hour"], &made["requests_per_minute"]), (&json!(1_000), &json!(100)));
    let acme = tests::Company::of(&stage, "acme", &made);
    let policy = async || acme.look("/v1/tenant").await.header("ratelimit-policy").map(str::to_owned);
    assert_eq!(policy().await.as_deref(), Some("\"tenant\";q=1000;w=3600, \"credential\";q=100;w=60"));

    let path = format!("/v1/tenants/{}", acme.id);
    let set = |body: Value| stage.ask(Method::PATCH, &path).bearer(PLATFORM_KEY).json(&body).now();
    let changed = set(json!({ "requests_per_hour": 5_000 })).await.is(200);
    assert_eq!((&changed["requests_per_hour"], &changed["requests_per_minute"]), (&json!(5_000), &json!(100)));
    assert_eq!(policy().await.as_deref(), Some("\"tenant\";q=5000;w=3600, \"credential\";q=100;w=60"));
    set(json!({ "requests_per_minute": null })).await.is(200);
    assert_eq!(policy().await.as_deref(), Some("\"tenant\";q=5000;w=3600"));
    set(json!({ "requests_per_hour": null })).await.is(200);
    assert_eq!(policy().await, None);

    let before = stage.rows();
    for wrong in [json!(0), json!(-1), json!(1.5), json!("many")] {
        for name in ["requests_per_hour", "requests_per_minute"] {
            assert_eq!(set(json!({ name: wrong })).await.problem(422, "invalid"), [format!("/{name}")]);
            let body = json!({ "slug": "bravo", "name": "Bravo", name: wrong });
            let founding = stage.ask(Method::POST, "/v1/tenants").bearer(PLATFORM_KEY).json(&body).now().await;
            assert_eq!(founding.problem(422, "invalid"), [format!("/{name}")]);
        }
    }
    let own = acme.ask(Method::PATCH, "/v1/tenant").json(&json!({ "requests_per_hour": 9 })).now().await;
    assert_eq!(own.problem(422, "invalid"), ["/requests_per_hour"]);
    acme.ask(Method::PATCH, &path).json(&json!({ "requests_per_hour": 9 })).now().await.problem(401, "unauthenticated");
    let late = stage.ask(Method::PATCH, &path).bearer(PLATFORM_KEY).header("if-match", "\"1\"").json(&json!({})).now().await;
    late.problem(412, "stale");
    let nobody = "/v1/tenants/ten_0195527c0d7b7c3e8a51d2b0f3a94c11";
    stage.ask(Method::PATCH, nobody).bearer(PLATFORM_KEY).json(&json!({})).now().await.problem(404, "not-found");
    stage.nothing_changed_since(&before, "limits that cannot be taken");
}

#[tokio::test]
async fn no_more_than_the_limit_is_served_while_calls_fail() {
    for seed in 0..20 {
        let faults = Faults::seeded(seed, 6);
        faults.calm();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.limited_tenant("acme", &Value::Null, &json!(60)).await;
        acme.get("/v1/tenant").await;
        let mut served = 1;
        for call in 0..300_u64 {
            if call % 5 == 0 {
                faults.strike(faults.calls(), fault(seed + call));
            }
            match acme.ask(Method::GET, "/v1/contacts").attempt().await {
                Some(reply) if reply.status == 200 => served += 1,
                Some(reply) => assert!([429, 503].contains(&reply.status), "{}", reply.status),
                None => {}
            }
        }
        faults.calm();
        assert!(served <= 60, "seed {seed}: {served}");
        let row = &stage.rows_of("allowance")[0];
        let used = store::change::number(row.get("used")).unwrap();
        assert!(served <= used && used <= 60, "seed {seed}: {served} of {used}");
    }
}

fn fault(number: u64) -> store::memory::Fault {
    use store::memory::Fault::{Conflict, CrashAfter, CrashBefore, LostReply, Throttle};
    [CrashBefore, CrashAfter, LostReply, Throttle, Conflict][usize::try_from(number % 5).unwrap()]
}
