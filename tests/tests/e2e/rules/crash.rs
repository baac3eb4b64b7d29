//! Every crash from an event to its last action: whatever strikes, each action is done once, and the run says so.

use http::Method;
use serde_json::{Value, json};
use store::memory::Fault;
use tests::{Company, Contact, Story};

use super::{rule, run, tag, tags};

/// Reports an event until it is answered, and lets time pass until all is done.
async fn tell(stage: &Story, acme: &Company<'_>, ada: &Contact, delayed: bool) {
    let event =
        json!({ "name": "shop.visited", "contact": ada.id, "key": "visit-1", "data": { "start_url": "https://example.com" } });
    for _ in 0..4 {
        let ask = acme.ask(Method::POST, "/v1/events").json(&event);
        if ask.attempt().await.is_some_and(|reply| reply.status == 202) {
            break;
        }
    }
    stage.drain().await;
    for _ in 0..if delayed { 5 } else { 3 } {
        stage.pass(400).await;
    }
    stage.faults.calm();
    stage.pass(8_000).await;
    stage.pass(8_000).await;
}

async fn walk(delay: Value) {
    let delayed = delay != json!({});
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict] {
        for at in 0.. {
            let stage = Story::begin().await;
            let acme = stage.bare_tenant("acme").await;
            // One that recognises repetitions, so that whatever was accepted goes.
            acme.account(&json!({ "provider": "capture" })).await;
            let ada = acme.contact("Ada", "ada@example.com").await;
            let actions = json!([
                { "send_message": { "template": "welcome" } }, tag("seen"), { "raise_event": { "name": "shop.noticed" } },
                { "create_task": { "title": "Greet", "description": "x".repeat(500) } },
                { "log_activity": { "type": "note", "subject": "Visited", "description": "x".repeat(500) } },
            ]);
            let visited = rule(&acme, &json!({ "trigger": "shop.visited", "delay": delay, "actions": actions })).await;
            let noticed = rule(&acme, &json!({ "trigger": "shop.noticed", "actions": [tag("noticed")] })).await;
            stage.drain().await;
            stage.faults.strike(stage.faults.calls() + at, fault);
            tell(&stage, &acme, &ada, delayed).await;
            let label = format!("{fault:?} at call {at}, {:?}", stage.faults.struck());
            assert_eq!(acme.get("/v1/messages").await["data"].as_array().unwrap().len(), 1, "{label}");
            assert_eq!(stage.outbox.taken(), 1, "{label}");
            assert_eq!(tags(&acme, &ada).await, json!(["seen", "noticed"]), "{label}");
            for rule in [&visited, &noticed] {
                assert_eq!(run(&acme, rule).await["state"], "done", "{label}");
            }
            for made in ["events", "tasks", "activities"] {
                let listed = acme.get(&format!("/v1/{made}")).await["data"].as_array().unwrap().len();
                assert_eq!(listed, if made == "events" { 2 } else { 1 }, "{made}, {label}");
            }
            assert_eq!(stage.hidden(), 0, "{label}: nothing comes again");
            if stage.faults.struck().is_empty() {
                assert!(at > 20, "{at} calls are too few");
                break;
            }
        }
    }
}

#[tokio::test]
async fn wherever_it_strikes_each_action_is_done_once() {
    walk(json!({})).await;
}

#[tokio::test]
async fn wherever_it_strikes_actions_that_wait_are_done_once() {
    walk(json!({ "minutes": 10 })).await;
}

/// A run whose first action changes a contact, with those of the table's calls refused: the number of the first call, the calls, and
/// how the run ended.
async fn play(strikes: &[u64]) -> (u64, Vec<&'static str>, Value) {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let actions = json!([tag("seen"), { "raise_event": { "name": "shop.noticed" } }]);
    let visited = rule(&acme, &json!({ "trigger": "shop.visited", "actions": actions })).await;
    stage.drain().await;
    acme.post("/v1/events", &json!({ "name": "shop.visited", "contact": ada.id })).await.is(202);
    for call in strikes {
        stage.faults.strike(*call, Fault::Throttle);
    }
    let first = stage.faults.calls();
    stage.faults.record();
    stage.drain().await;
    for seconds in [60, 300, 1_800, 7_200, 60] {
        stage.pass(seconds).await;
    }
    let log = stage.faults.log();
    (first, log, run(&acme, &visited).await)
}

#[tokio::test]
async fn what_fails_again_and_again_is_tried_later_and_then_given_up_while_the_rest_is_done() {
    let mut strikes = Vec::new();
    for failed in 0..5_u32 {
        let (first, log, run) = play(&strikes).await;
        assert_eq!((&run["state"], &run["tries"]), (&json!("done"), &json!(failed)));
        // The run is put, and then by each try the contact and the run.
        let puts: Vec<usize> = log.iter().enumerate().filter(|(_, port)| **port == "table.put").map(|(at, _)| at).collect();
        let contact = puts[usize::try_from(1 + 2 * failed).unwrap()];
        strikes.push(first + u64::try_from(contact).unwrap());
    }
    let given_up = |run: &Value| {
        let states: Vec<&Value> = run["actions"].as_array().unwrap().iter().map(|action| &action["state"]).collect();
        assert_eq!((&run["state"], states.as_slice()), (&json!("failed"), [&json!("failed"), &json!("done")].as_slice()));
        assert_eq!(run["actions"][0]["why"], "It failed again and again, for a reason that lies with us.");
    };
    let (first, log, run) = play(&strikes).await;
    assert_eq!(run["tries"], 0);
    given_up(&run);
    // The next action is put right behind the last try of the one before: it has tries of its own.
    let puts: Vec<usize> = log.iter().enumerate().filter(|(_, port)| **port == "table.put").map(|(at, _)| at).collect();
    strikes.push(first + u64::try_from(puts[10]).unwrap());
    let (_, _, run) = play(&strikes).await;
    assert_eq!(run["tries"], 1);
    given_up(&run);
}
