//! Counters: what an event costs in batches of several sizes, how many a core counts in a second, and what a month's question costs
//! when little and when much went out.

use std::time::Instant;

use domain::Message;
use domain::flows::release::enter;
use domain::flows::tally::tally;
use domain::message::{Entry, Made, Recipient, State, Try, Verdict};
use kernel::ids::{AccountId, MessageId, TemplateId, TenantId};
use kernel::{Clock, Ids, Time};
use providers::{Channel, EventDetail, EventKind};
use serde_json::{Map, Value, json};
use store::memory::Faults;
use store::schema::attr;
use store::{Change, Cond, Memory, Record, Store, Table, TenantScope};

use crate::Fallible;
use crate::watch::rounded;
use crate::world::{World, block_on};

mod work;

/// Changes that one batch brings at most, as deployed.
const BATCH: usize = 1_000;
const DAY: i64 = 86_400_000;

pub(crate) fn measure() -> Fallible<Value> {
    block_on(async {
        let mut units = Map::new();
        for batch in [1, 10, 100, BATCH] {
            units.insert(format!("batches_of_{batch}"), json!(per_event(batch).await?));
        }
        Ok(json!({ "counters": {
            "write_units_per_event": units,
            "write_units_of_work": work::units().await?,
            "events_per_second": per_second().await?,
            "month_of_10_a_day": month(10).await?,
            "month_of_10000_a_day": month(10_000).await?,
        }}))
    })
}

/// Where messages come from: a tenant's table of its own.
struct Source {
    clock: Clock,
    ids: Ids,
    memory: Memory,
    scope: TenantScope,
    account: AccountId,
    template: TemplateId,
}

fn broken(error: &kernel::Error) -> String {
    format!("{error:?}")
}

impl Source {
    fn of(tenant: TenantId, at: Time) -> Fallible<Self> {
        let (clock, ids) = (Clock::manual(at), Ids::seeded(5));
        let memory = Memory::new(Faults::none());
        let store = Store::new(Table::Memory(memory.clone()));
        let (scope, _) = store.platform().found(tenant, "bench", "Bench").map_err(|error| broken(&error))?;
        let (account, template) = (AccountId::from_bytes([1; 16]), TemplateId::from_bytes([2; 16]));
        Ok(Self { clock, ids, memory, scope, account, template })
    }

    /// So many messages over a span, each accepted, sent and delivered: their changes, three for each.
    async fn messages(&self, count: usize, millis: i64) -> Fallible<Vec<Record>> {
        self.memory.forget_stream();
        let from = self.memory.stream(0).len();
        let pause = millis / i64::try_from(count.max(1))?;
        for _ in 0..count {
            self.message().await.map_err(|error| broken(&error))?;
            self.clock.advance(pause).map_err(|_| "the clock stands")?;
        }
        Ok(self.memory.stream(from))
    }

    async fn message(&self) -> kernel::Result<()> {
        let to = Recipient { address: "ada@example.com".to_owned(), name: None, contact: None };
        let id = MessageId::new(&self.ids, &self.clock);
        let made = Some(Made { id: self.template, number: 1 });
        self.scope.create(&Message { template: made, ..Message::new(id, Channel::Email, to) }).await?;
        let now = self.clock.now();
        let attempt = Try {
            n: 1,
            account: Some(self.account),
            at: now,
            ms: Some(80),
            verdict: Verdict::Sent,
            id: None,
            note: None,
            cost: None,
            passed: Vec::new(),
        };
        let sent = enter(State::Sent, now).append(attr::TRIES, store::scope::value(&attempt)?);
        let told = Entry {
            kind: EventKind::Delivered,
            at: now,
            id: "event".to_owned(),
            machine: false,
            detail: EventDetail::default(),
        };
        let delivered = Change::new().append(attr::EVENTS, store::scope::value(&told)?);
        for change in [sent, delivered] {
            self.scope.change::<Message>(id, change, Cond::Present).await?;
        }
        Ok(())
    }
}

fn march() -> Fallible<Time> {
    Ok(Time::parse("2026-03-01T00:00:00Z").map_err(|error| broken(&error))?)
}

/// Write units of an event of one tenant, counted in batches of that size.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
async fn per_event(batch: usize) -> Fallible<f64> {
    let source = Source::of(TenantId::from_bytes([3; 16]), march()?)?;
    let records = source.messages(1_000, 3_600_000).await?;
    let counters = Memory::new(Faults::none());
    let store = Store::new(Table::Memory(counters.clone()));
    for batch in records.chunks(batch) {
        tally(&store, batch).await.map_err(|error| broken(&error))?;
    }
    Ok((counters.bill().write_units / records.len() as f64 * 10_000.0).round() / 10_000.0)
}

/// Events that are counted in a second, in full batches, on the table in memory.
#[expect(clippy::cast_precision_loss, reason = "hundreds of thousands")]
async fn per_second() -> Fallible<f64> {
    let source = Source::of(TenantId::from_bytes([3; 16]), march()?)?;
    let records = source.messages(50_000, DAY).await?;
    let store = Store::new(Table::Memory(Memory::new(Faults::none())));
    let start = Instant::now();
    for batch in records.chunks(BATCH) {
        tally(&store, batch).await.map_err(|error| broken(&error))?;
    }
    Ok((records.len() as f64 / start.elapsed().as_secs_f64()).round())
}

/// What questions about a month cost, when so many messages went out on each of its days: requests and read units.
async fn month(a_day: usize) -> Fallible<Value> {
    let world = World::new(1).await?;
    let tenant = TenantId::parse(&world.tenant).ok_or("no tenant")?;
    for day in 0..31 {
        let source = Source::of(tenant, march()?.plus_millis(day * DAY))?;
        for batch in source.messages(a_day, DAY).await?.chunks(BATCH) {
            tally(&world.stage.store, batch).await.map_err(|error| broken(&error))?;
        }
    }
    // A first question fills the caches that a warm function has.
    world.call(http::Method::GET, "/v1/analytics/dashboard", None, &[]).await?;
    let mut costs = Map::new();
    for (name, path) in [("all_by_day", "emails"), ("by_template", "emails?group_by=template"), ("channels", "channels")] {
        let span = "since=2026-03-01T00:00:00Z&until=2026-04-01T00:00:00Z";
        let path = format!("/v1/analytics/{path}{}{span}", if path.contains('?') { "&" } else { "?" });
        let before = world.stage.memory.bill();
        world.call(http::Method::GET, &path, None, &[]).await?;
        let bill = world.stage.memory.bill().since(before);
        costs.insert(name.to_owned(), json!({ "requests": bill.requests, "read_units": rounded(bill.read_units) }));
    }
    world.stage.abandon();
    Ok(Value::Object(costs))
}
