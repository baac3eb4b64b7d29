//! Taking in a file of contacts, companies or activities. Ordering it judges what can be judged at once: the file is there, its header has the columns that are
//! spoken of. Then it is carried out a part at a time: each part ends with one conditional write of how far it came, which asks for the
//! next. A part that dies before that write is carried out again and makes nothing twice, since what it makes has ids that follow
//! from the import and the line.

mod kept;
mod log;
mod order;
mod rows;

pub use order::{NewImport, order};

use aws::Files;
use futures_util::StreamExt;
use kernel::ids::ImportId;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::Context;
use super::catalog::Catalog;
use crate::attachment;
use crate::field::Definitions;
use crate::import::reader::{Reader, Unread};
use crate::import::{Counts, Import, State};
use rows::Worker;

/// Most rows of one part.
const ROWS: u64 = 100;
/// Milliseconds after which a part ends early: the function that carries it out must not be cut off.
const MILLIS: i64 = 10_000;

/// Why an import fails that has a quote which is opened and never closed.
const OPEN: &str = "a quote is opened and never closed; the last error tells the line";

/// Carries out the next part of the import whose state has that number.
pub async fn carry_out(
    context: &Context,
    catalog: &Catalog,
    files: &Files,
    scope: &TenantScope,
    id: ImportId,
    seq: u64,
) -> Result<()> {
    let Some(mut import) = scope.read_now::<Import>(id).await? else { return Ok(()) };
    if import.row.state != State::Queued || import.row.state_seq != seq {
        return Ok(());
    }
    let began = import.row.position;
    let definitions = catalog.definitions(scope).await?;
    match part(context, &definitions, files, scope, &import.row).await? {
        Some(Part { state, why, position, line, counts }) => {
            import.row.state = state;
            import.row.why = why.map(str::to_owned);
            import.row.position = position;
            import.row.line = line;
            import.row.counts = counts;
        }
        None => {
            import.row.state = State::Failed;
            import.row.why = Some("the file is gone".to_owned());
        }
    }
    settle(context, scope, began, import).await
}

/// Notes how far it came. Who paused the import meanwhile is not overruled: this part is then carried out again when it goes on. Of
/// one that was called off, what this part still did is counted.
async fn settle(context: &Context, scope: &TenantScope, began: u64, mut import: Stored<Import>) -> Result<()> {
    import.row.state_seq = import.row.state_seq.saturating_add(1);
    import.row.updated_at = context.clock.now();
    match scope.replace(&import).await {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
        Err(Error::Stale { .. }) => {
            let Some(mut found) = scope.read_now::<Import>(import.row.id).await? else { return Ok(()) };
            if found.row.state != State::Cancelled || found.row.position != began {
                return Ok(());
            }
            let Import { position, line, counts, .. } = import.row;
            (found.row.position, found.row.line, found.row.counts) = (position, line, counts);
            match scope.replace(&found).await {
                Ok(_) | Err(Error::Stale { .. } | Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// How far a part came.
struct Part {
    state: State,
    why: Option<&'static str>,
    position: u64,
    line: u64,
    counts: Counts,
}

/// Takes rows in until the part is full or the file ends. None: the file is gone.
async fn part(
    context: &Context,
    definitions: &Definitions,
    files: &Files,
    scope: &TenantScope,
    row: &Import,
) -> Result<Option<Part>> {
    let key = attachment::key(scope.tenant(), row.attachment);
    let mut worker = Worker::new(context, definitions, scope, row);
    let mut reader = Reader::new(row.form, row.position, row.line);
    let began = context.clock.now();
    let full = |worker: &Worker<'_>| {
        worker.counts.rows.saturating_sub(row.counts.rows) >= ROWS || context.clock.now().since(began) >= MILLIS
    };
    let so_far = |reader: &Reader, counts: Counts, state: State, why: Option<&'static str>| {
        let (position, line) = reader.at();
        Ok(Some(Part { state, why, position, line, counts }))
    };
    let mut parts = files.read_from(&key, row.position);
    let mut ending = false;
    while let Some(bytes) = parts.next().await {
        let Ok(bytes) = bytes else { return broken(files, &key).await };
        let mut rest = bytes.as_ref();
        if ending {
            reader.end_line(rest);
            return so_far(&reader, worker.counts, State::Queued, None);
        }
        while !rest.is_empty() {
            let (used, record) = reader.read(rest);
            rest = rest.get(used..).unwrap_or_default();
            if let Some(record) = record {
                worker.take(&record).await?;
                if full(&worker) {
                    rest = rest.get(reader.end_line(rest)..).unwrap_or_default();
                    // The other half of its line end may be the next that comes.
                    ending = rest.is_empty() && reader.is_between();
                    if !ending {
                        return so_far(&reader, worker.counts, State::Queued, None);
                    }
                }
            }
        }
    }
    let last = reader.finish();
    if let Some(record) = &last {
        worker.take(record).await?;
    }
    let open = last.is_some_and(|record| record.cells == Err(Unread::Quote));
    let (state, why) = if open { (State::Failed, Some(OPEN)) } else { (State::Done, None) };
    so_far(&reader, worker.counts, state, why)
}

/// A file that cannot be read at present is read again; one that is gone never comes back.
async fn broken(files: &Files, key: &str) -> Result<Option<Part>> {
    match files.size(key).await? {
        Some(_) => Err(Error::unavailable("the file of an import breaks off")),
        None => Ok(None),
    }
}
