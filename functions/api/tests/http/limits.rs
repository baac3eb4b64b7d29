//! What limits cost, and that they hold over several processes.

use serde_json::{Value, json};

use crate::stage::{PLATFORM_KEY, Stage};

impl Stage {
    /// The platform sets the limits; every process has seen them when this returns.
    async fn limit(&self, per_hour: Value, per_minute: Value) {
        let body = json!({"requests_per_hour": per_hour, "requests_per_minute": per_minute}).to_string();
        let bearer = format!("Bearer {PLATFORM_KEY}");
        let path = format!("/v1/tenants/{}", self.scope.tenant());
        self.send("PATCH", &path, &[("authorization", &bearer)], &body).await.is(200);
        self.clock.advance(60_000).unwrap();
        self.get("/v1/contacts").await.is(200);
    }

    /// Write units and reads of so many requests that write nothing.
    async fn cost(&self, requests: usize) -> (f64, u64) {
        let before = self.memory.bill();
        for _ in 0..requests {
            self.get("/v1/tenants").await.is(401);
        }
        let bill = self.memory.bill().since(before);
        (bill.write_units, bill.requests)
    }
}

#[tokio::test]
async fn a_hundred_requests_cost_five_writes_at_most_and_no_read() {
    let stage = Stage::new().await;
    stage.limit(json!(null), json!(null)).await;
    assert_eq!(stage.cost(100).await, (0.0, 0), "without limits");
    stage.limit(json!(100_000), json!(10_000)).await;
    assert_eq!(stage.cost(100).await, (4.0, 4), "fifty at a time, of the tenant and of the credential");
    // What a minute allows is taken in parts that grow: 5, 10, 20, 40 and the rest, beside two of the tenant's.
    stage.limit(json!(1_000), json!(100)).await;
    stage.clock.advance(3_600_000).unwrap();
    stage.get("/v1/contacts").await.is(200);
    let (writes, _) = stage.cost(99).await;
    assert!((writes - 5.0).abs() < f64::EPSILON, "and the first of each came with the first request: {writes}");
}

#[tokio::test]
async fn processes_share_one_limit() {
    let stage = Stage::new().await;
    stage.limit(json!(100), json!(null)).await;
    stage.clock.advance(3_600_000).unwrap();
    let processes = [stage.beside(), stage.beside(), stage];
    let mut served = [0; 3];
    for request in 0..600 {
        let answer = processes[request % 3].get("/v1/contacts").await;
        match answer.status {
            200 => served[request % 3] += 1,
            _ => assert_eq!((answer.status, answer.header("ratelimit").starts_with("\"tenant\";r=0;")), (429, true)),
        }
    }
    assert_eq!(served.iter().sum::<u32>(), 100, "{served:?}");
    assert!(served.iter().all(|served| *served >= 15), "{served:?}: nobody was left with nothing");
}
