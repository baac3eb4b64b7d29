//! The bill of an email by template to a contact, from accepting to delivered, counted by AWS's rules: table units, queue
//! requests, invocations.

use local::provider::Deed;
use serde_json::{Value, json};
use store::bill::Bill;

use crate::Fallible;
use crate::world::{World, block_on};

mod timeline;

/// Messages of one run: as many as analytics takes in one batch (four changes each, a thousand changes a batch).
const MESSAGES: usize = 250;

pub(crate) fn measure() -> Fallible<Value> {
    block_on(async {
        let plain = run(false).await?;
        let keyed = run(true).await?;
        let per = |units: f64| (units / f64::from(u32::try_from(MESSAGES).unwrap_or(1)) * 1000.0).round() / 1000.0;
        Ok(json!({
            "write_units_per_email": per(plain.all.write_units),
            "write_units_message": per(plain.message.write_units),
            "write_units_counters": per(plain.counted.write_units - plain.message.write_units),
            "write_units_timelines": per(plain.all.write_units - plain.counted.write_units),
            "write_units_with_idempotency_key": per(keyed.all.write_units),
            "read_units_per_email": per(plain.all.read_units),
            "queue_requests_per_email": per(plain.queue),
            // One each for accepting and the event; relay and send by their batches; analytics once for all.
            "invocations_per_email": per(plain.invocations),
            "people_page_units": crate::people::measure().await?,
            "event_with_a_rule": event().await?,
            "list_page_units": { "of_1000": page(1_000).await?, "of_5000": page(5_000).await? },
            "timeline_page_units": timeline::pages().await?,
        }))
    })
}

struct Run {
    message: Bill,
    counted: Bill,
    all: Bill,
    queue: f64,
    invocations: f64,
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
async fn run(keyed: bool) -> Fallible<Run> {
    let world = World::new(50).await?;
    let stage = &world.stage;
    // A first message fills the caches that a warm function has.
    world.post("/v1/messages", &world.order(0), &[]).await?;
    stage.drain().await;
    let queue = relay::queue::Memory::default();
    let relay = relay::Relay { queues: relay::Queues::memory(&queue), clock: stage.clock.clone() };
    let (before, sent_before, stream_before) = (stage.memory.bill(), stage.sent().len(), stage.memory.stream(0).len());
    for n in 0..MESSAGES {
        let key = format!("bench-{n}");
        let header = [("idempotency-key", key.as_str())];
        world.post("/v1/messages", &world.order(n), if keyed { &header } else { &[] }).await?;
    }
    let records = stage.memory.stream(stream_before);
    relay::relay(&relay, &records).await.map_err(|error| format!("{error:?}"))?;
    let batches = crate::pipeline::send_all(stage, &queue).await?;
    for kept in stage.sent().iter().skip(sent_before) {
        let answer = stage.tell(kept, Deed::Deliver).await.ok_or("the stage died")?;
        if !answer.status.is_success() {
            return Err(format!("the event was refused: {}", answer.body).into());
        }
    }
    let message = stage.memory.bill().since(before);
    let changes = stage.memory.stream(stream_before);
    domain::flows::tally::tally(&stage.store, &changes).await.map_err(|error| format!("{error:?}"))?;
    let counted = stage.memory.bill().since(before);
    let chronicled = domain::flows::chronicle::chronicle(&stage.store, &changes, stage.clock.now()).await;
    chronicled.map_err(|error| format!("{error:?}"))?;
    let all = stage.memory.bill().since(before);
    stage.abandon();
    let relayed = (MESSAGES as f64 / 100.0).ceil();
    Ok(Run {
        message,
        counted,
        all,
        // A put, a receive and a delete for every batch of ten.
        queue: queue.requests() as f64 + 2.0 * batches as f64,
        invocations: 2.0 * MESSAGES as f64 + relayed + batches as f64 + 1.0,
    })
}

/// Units of a reported event that one rule waits for, whose one action changes the contact it is about.
async fn event() -> Fallible<Value> {
    let world = World::new(50).await?;
    let stage = &world.stage;
    let rule = json!({ "name": "Tag", "trigger": "shop.visited", "actions": [{ "update_contact": { "add_tags": ["seen"] } }] });
    world.post("/v1/rules", &rule, &[]).await?;
    stage.clock.advance(5_000).map_err(|error| format!("{error:?}"))?;
    let (before, requests) = (stage.memory.bill(), stage.queue_requests());
    for contact in &world.contacts {
        world.post("/v1/events", &json!({ "name": "shop.visited", "contact": contact }), &[]).await?;
    }
    stage.drain().await;
    let bill = stage.memory.bill().since(before);
    let each = f64::from(u32::try_from(world.contacts.len()).unwrap_or(1));
    let requests = f64::from(u32::try_from(stage.queue_requests() - requests).unwrap_or(u32::MAX));
    Ok(json!({
        "write_units": bill.write_units / each, "read_units": bill.read_units / each, "queue_requests": requests / each,
    }))
}

/// Read units of the first page of fifty, in a tenant of that many messages.
async fn page(messages: usize) -> Fallible<f64> {
    let world = World::new(1).await?;
    for n in 0..messages {
        world.post("/v1/messages", &world.order(n), &[]).await?;
    }
    let units = world.page_units("/v1/messages?limit=50", 50).await;
    world.stage.abandon();
    units
}
