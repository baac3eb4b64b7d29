//! What tasks cost: a reminder from its making to its delivery, pages of lists, and a scan with a hundred thousand rows due.

use std::time::Instant;

use domain::Task;
use kernel::Time;
use kernel::ids::{TaskId, TenantId};
use local::provider::Deed;
use serde_json::{Value, json};

use crate::watch::rounded;
use crate::world::{World, block_on, text};
use crate::{Fallible, note};

/// Reminders of one run.
const REMINDERS: u32 = 100;
/// Rows due at once.
const DUE: u32 = 100_000;
/// Runs of the scan, of which the median counts.
const SCANS: usize = 3;

pub(crate) fn measure() -> Fallible<Value> {
    block_on(async {
        Ok(json!({
            "reminder": reminder().await?,
            "list_page_units": { "of_1000": page(1_000).await?, "of_5000": page(5_000).await? },
            "scan": scans().await?,
        }))
    })
}

/// Units of a task with one reminder in the notification centre and by email: making it, its reminder with the message to `sent`, and
/// the message's delivery.
async fn reminder() -> Fallible<Value> {
    let world = World::new(1).await?;
    let stage = &world.stage;
    let user = json!({ "name": "Ada", "email": "ada@bench.example", "role": "agent" });
    let user = text(&world.post("/v1/users", &user, &[]).await?, "/id")?;
    stage.drain().await;
    let mut bills = serde_json::Map::new();
    for step in ["making", "ringing_and_sending", "delivering"] {
        let (before, requests) = (stage.memory.bill(), stage.queue_requests());
        match step {
            "making" => {
                for _ in 0..REMINDERS {
                    let task = json!({
                        "title": "Call", "assignee": user, "due_at": "2026-03-02T10:30:00Z",
                        "reminders": [{ "before": 30, "by": ["notification", "email"] }],
                    });
                    world.post("/v1/tasks", &task, &[]).await?;
                }
                stage.drain().await;
            }
            "ringing_and_sending" => {
                let moment = Time::parse("2026-03-02T10:00:00Z").map_err(|error| format!("{error:?}"))?;
                stage.clock.advance(moment.since(stage.clock.now())).map_err(|error| format!("{error:?}"))?;
                stage.pass(0).await;
            }
            _ => {
                for kept in stage.sent() {
                    stage.tell(&kept, Deed::Deliver).await.ok_or("the stage died")?;
                }
                stage.drain().await;
            }
        }
        let bill = stage.memory.bill().since(before);
        let requests = f64::from(u32::try_from(stage.queue_requests().saturating_sub(requests)).unwrap_or(u32::MAX));
        let each = |units: f64| (units / f64::from(REMINDERS) * 1000.0).round() / 1000.0;
        bills.insert(
            step.to_owned(),
            json!({
                "write_units": each(bill.write_units), "read_units": each(bill.read_units), "queue_requests": each(requests),
            }),
        );
    }
    if stage.sent().len() != usize::try_from(REMINDERS)? {
        return Err(format!("of {REMINDERS} reminders, {} were sent", stage.sent().len()).into());
    }
    Ok(Value::Object(bills))
}

/// Read units of the first page of fifty open tasks and of fifty notifications, in a tenant of that many tasks.
async fn page(tasks: u32) -> Fallible<Value> {
    let world = World::new(1).await?;
    let user = json!({ "name": "Ada", "email": "ada@bench.example", "role": "agent" });
    let user = text(&world.post("/v1/users", &user, &[]).await?, "/id")?;
    for _ in 0..tasks {
        world.post("/v1/tasks", &json!({ "title": "Call", "assignee": user }), &[]).await?;
    }
    world.stage.drain().await;
    let mut units = serde_json::Map::new();
    for (name, path) in [
        ("tasks", format!("/v1/tasks?limit=50&assignee={user}")),
        ("notifications", format!("/v1/notifications?limit=50&user_id={user}")),
    ] {
        units.insert(name.to_owned(), json!(world.page_units(&path, 50).await?));
    }
    Ok(Value::Object(units))
}

/// The scan, with its median speed on one core over the table in memory: what the scanner itself takes, without the table's latency.
async fn scans() -> Fallible<Value> {
    let mut times = Vec::new();
    let mut last = Value::Null;
    for run in 1..=SCANS {
        note(&format!("scanning {DUE} due rows, {run} of {SCANS}"));
        let (micros, units) = scan().await?;
        times.push(micros);
        last = units;
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(SCANS / 2).copied().ok_or("no scan")?;
    let mut units = last.as_object().cloned().unwrap_or_default();
    units.insert("microseconds_per_row".to_owned(), json!(rounded(median)));
    units.insert("rows_per_second".to_owned(), json!((1e6 / median).round()));
    Ok(Value::Object(units))
}

/// One scan: microseconds of a row, and what all of it costs. It must have moved every row.
async fn scan() -> Fallible<(f64, Value)> {
    let world = World::new(1).await?;
    let stage = &world.stage;
    let listed = world.call(http::Method::GET, "/v1/tenant", None, &[]).await?;
    let tenant = TenantId::parse(&text(&listed.body, "/id")?).ok_or("no tenant")?;
    let scope = stage.store.platform().reopen(tenant).await.map_err(|error| format!("{error:?}"))?;
    for _ in 0..DUE {
        let mut task = Task::new(TaskId::new(&stage.context.ids, &stage.context.clock), "Call".to_owned(), stage.clock.now());
        task.due_at = Some(stage.clock.now().plus_seconds(60));
        scope.create(&task).await.map_err(|error| format!("{error:?}"))?;
    }
    stage.clock.advance(120_000).map_err(|error| format!("{error:?}"))?;
    let before = stage.memory.bill();
    let watch = Instant::now();
    let scanned = stage.scan().await.ok_or("the scan died")?;
    let micros = watch.elapsed().as_secs_f64() * 1e6 / f64::from(DUE);
    let bill = stage.memory.bill().since(before);
    stage.abandon();
    if scanned.moved != u64::from(DUE) {
        return Err(format!("of {DUE} rows due, {} moved", scanned.moved).into());
    }
    let units = json!({
        "rows": scanned.moved, "write_units_per_row": bill.write_units / f64::from(DUE),
        "read_units_per_row": bill.read_units / f64::from(DUE),
        // What is no write is a query.
        "queries": bill.requests.saturating_sub(scanned.moved),
    });
    Ok((micros, units))
}
