//! Time per message of accepting, relaying and sending, on the table in memory, on one thread, and the memory it takes. Run in a
//! process of its own, so that the peak is its own.

use std::time::Instant;

use aws_lambda_events::event::sqs::SqsEvent;
use local::stage::Stage;
use serde_json::{Value, json};
use store::Worker;

use crate::Fallible;
use crate::world::{World, block_on};

/// Messages measured, unless the command line says how many.
const MESSAGES: usize = 20_000;
/// Messages before, to fill caches.
const WARM: usize = 500;
/// Messages of one round: accepted, relayed and sent before the next.
const ROUND: usize = 500;
/// Records relayed at a time, as deployed.
const RECORDS: usize = 100;

/// Sends everything on the queue in batches of ten; answers with the number of batches.
pub(crate) async fn send_all(stage: &Stage, queue: &relay::queue::Memory) -> Fallible<usize> {
    let mut batches = 0;
    loop {
        let bodies = queue.take(Worker::Send, 10, stage.clock.now());
        if bodies.is_empty() {
            return Ok(batches);
        }
        batches += 1;
        let response = send::handle(&stage.sender, event(&bodies)?).await;
        if !response.batch_item_failures.is_empty() {
            return Err("a message was not settled".into());
        }
    }
}

fn event(bodies: &[String]) -> Fallible<SqsEvent> {
    let records: Vec<Value> =
        bodies.iter().enumerate().map(|(at, body)| json!({ "messageId": at.to_string(), "body": body })).collect();
    Ok(serde_json::from_value(json!({ "Records": records }))?)
}

pub(crate) fn measure(messages: Option<&String>) -> Fallible<Value> {
    let messages = messages.map_or(Ok(MESSAGES), |text| text.parse())?;
    block_on(async {
        let world = World::new(100).await?;
        let queue = relay::queue::Memory::default();
        let relay = relay::Relay { queues: relay::Queues::memory(&queue), clock: world.stage.clock.clone() };
        run(&world, &relay, &queue, WARM).await?;
        let times = run(&world, &relay, &queue, messages).await?;
        world.stage.abandon();
        let total = times.accept.mean() + times.relay.mean() + times.send.mean();
        Ok(json!({
            "accept_us": times.accept.mean(),
            "relay_us": times.relay.mean(),
            "send_us": times.send.mean(),
            "accept_p50_us": times.accept.at(0.5),
            "accept_p99_us": times.accept.at(0.99),
            "send_p50_us": times.send.at(0.5),
            "send_p99_us": times.send.at(0.99),
            "messages_per_second": (1_000_000.0 / total).round(),
            "peak_rss_mb": peak()?,
        }))
    })
}

struct Times {
    accept: Spread,
    relay: Spread,
    send: Spread,
}

/// Microseconds per message.
#[derive(Default)]
struct Spread(Vec<f64>);

impl Spread {
    fn add(&mut self, since: Instant, messages: usize) {
        let share = since.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(messages).unwrap_or(u32::MAX));
        self.0.extend(std::iter::repeat_n(share, messages));
    }

    #[expect(clippy::cast_precision_loss, reason = "tens of thousands")]
    fn mean(&self) -> f64 {
        (self.0.iter().sum::<f64>() / self.0.len().max(1) as f64 * 10.0).round() / 10.0
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = ((sorted.len() as f64 - 1.0).max(0.0) * part) as usize;
        (sorted.get(at).copied().unwrap_or(0.0) * 10.0).round() / 10.0
    }
}

async fn run(world: &World, relay: &relay::Relay, queue: &relay::queue::Memory, messages: usize) -> Fallible<Times> {
    let stage = &world.stage;
    let mut times = Times { accept: Spread::default(), relay: Spread::default(), send: Spread::default() };
    stage.memory.forget_stream();
    for round in 0..messages.div_ceil(ROUND) {
        for n in round * ROUND..(round + 1) * ROUND {
            let body = world.order(n).to_string().into_bytes();
            let start = Instant::now();
            let answer = world.call(http::Method::POST, "/v1/messages", Some(body), &[]).await?;
            times.accept.add(start, 1);
            if answer.status != http::StatusCode::ACCEPTED {
                return Err(format!("not accepted: {}", answer.body).into());
            }
        }
        for batch in stage.memory.stream(0).chunks(RECORDS) {
            let start = Instant::now();
            relay::relay(relay, batch).await.map_err(|error| format!("{error:?}"))?;
            times.relay.add(start, batch.len());
        }
        loop {
            let bodies = queue.take(Worker::Send, 10, stage.clock.now());
            if bodies.is_empty() {
                break;
            }
            let event = event(&bodies)?;
            let start = Instant::now();
            let response = send::handle(&stage.sender, event).await;
            times.send.add(start, bodies.len());
            if !response.batch_item_failures.is_empty() {
                return Err("a message was not settled".into());
            }
        }
        // The table's own stream keeps a day; a reader's memory holds what it reads.
        stage.memory.forget_stream();
    }
    Ok(times)
}

/// Peak resident memory of this process, from the kernel.
fn peak() -> Fallible<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok((kilobytes / 102.4).round() / 10.0)
}
