//! What a due row costs `reminder-scan` as it is deployed: signed requests over loopback to the embedded table, without TLS.

use domain::Task;
use kernel::ids::{TaskId, TenantId};
use kernel::{Clock, Ids, Time};
use local::engine::{Engine, TABLE};
use serde_json::{Value, json};
use store::{Dynamo, Store, Table};

use crate::binaries::{deployed, event, folder, watch};
use crate::runtime::serve;
use crate::watch::rounded;
use crate::world::block_on;
use crate::{Fallible, note};

/// Rows due.
const DUE: u32 = 10_000;
/// Ticks of a second in which Linux counts the time of a processor (`proc_pid_stat(5)`, `sysconf(_SC_CLK_TCK)`).
const TICKS: f64 = 100.0;

pub(crate) fn measure() -> Fallible<Value> {
    note("scanning over the wire");
    let data = std::env::temp_dir().join(format!("switchboard-wire-{}", std::process::id()));
    std::fs::create_dir_all(&data)?;
    let engine = Engine::open(&data)?;
    let measured = scan(&engine);
    engine.close();
    std::fs::remove_dir_all(&data)?;
    measured
}

fn scan(engine: &Engine) -> Fallible<Value> {
    let connection = aws::Connection::loopback(&engine.endpoint());
    let store = Store::new(Table::Dynamo(Dynamo::connect(&connection, TABLE)));
    let left = block_on(fill(&store))?;
    if left != usize::try_from(DUE)? {
        return Err(format!("of {DUE} rows, {left} are due").into());
    }
    let (port, signs) = serve(event("reminder-scan"))?;
    let mut child =
        deployed(&folder()?.join("reminder-scan"), &format!("127.0.0.1:{port}"), &engine.endpoint(), TABLE).spawn()?;
    let seen = watch(&signs);
    let spent = processor_seconds(child.id());
    let _ = child.kill();
    let _ = child.wait();
    let (asked, answered) = seen.ok_or("the scan did not answer")?;
    let left = block_on(due(&store))?;
    if left != 0 {
        return Err(format!("{left} rows are due still").into());
    }
    let each = |seconds: f64| rounded(seconds * 1e6 / f64::from(DUE));
    Ok(json!({
        "rows": DUE, "processor_us_per_row": each(spent?), "us_per_row": each(answered.duration_since(asked).as_secs_f64()),
    }))
}

/// Rows that were due an hour ago; says how many there are.
async fn fill(store: &Store) -> Fallible<usize> {
    let (ids, clock) = (Ids::seeded(1), Clock::System);
    let tenant = TenantId::new(&ids, &clock);
    let (scope, _) = store.platform().found(tenant, "bench", "Bench").map_err(|error| format!("{error:?}"))?;
    let past = clock.now().plus_seconds(-3_600);
    for _ in 0..DUE {
        let mut task = Task::new(TaskId::new(&ids, &clock), "Call".to_owned(), past);
        task.due_at = Some(past);
        scope.create(&task).await.map_err(|error| format!("{error:?}"))?;
    }
    due(store).await
}

async fn due(store: &Store) -> Fallible<usize> {
    let (now, mut found): (Time, usize) = (Clock::System.now(), 0);
    for shard in 0..store::schema::DUE_SHARDS {
        let mut last = None;
        loop {
            let rows = store.due(shard, last.as_ref(), now, 1_000).await.map_err(|error| format!("{error:?}"))?;
            found += rows.len();
            last = rows.into_iter().next_back();
            if last.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// Seconds that a process has had of processors, its own and the system's for it.
fn processor_seconds(process: u32) -> Fallible<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may hold anything, the state is the first field: times are the twelfth and thirteenth.
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let mut ticks = || -> Fallible<f64> { Ok(fields.next().ok_or("no time")?.parse::<f64>()?) };
    Ok((ticks()? + ticks()?) / TICKS)
}
