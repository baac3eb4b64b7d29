//! Writing all contacts, companies or activities into files that an import understands. Each part ends with one conditional write,
//! which asks for the next; a part that dies before that is made again under another name, and what it left behind goes with the rest
//! after some days.

mod activity;
mod company;
mod contact;

use std::collections::BTreeMap;

use aws::Files;
use aws::files::whole;
use kernel::ids::ExportId;
use kernel::{Error, Result};
use serde_json::Value;
use store::{Listing, Position, TenantScope};

use super::Context;
use crate::export::{Export, Part, State};
use crate::import::Noun;
use crate::import::cells::guarded;
use crate::{Company, Contact};

/// Most rows of one part, in pages of a hundred.
const PAGES: usize = 20;
/// Bytes after which a part ends early.
const BYTES: usize = 2 * 1024 * 1024;
/// What a cursor of an export is for.
const LIST: &str = "export";

/// Orders an export. The stream takes it from there.
pub async fn order(context: &Context, scope: &TenantScope, noun: Noun, actor: Option<String>) -> Result<Export> {
    let id = ExportId::new(&context.ids, &context.clock);
    let updated_at = context.clock.now();
    let export = Export { id, noun, actor, state: State::Queued, state_seq: 1, position: None, parts: Vec::new(), updated_at };
    scope.create(&export).await?;
    Ok(export)
}

/// Makes the next part of the export whose state has that number.
pub async fn carry_out(context: &Context, files: &Files, scope: &TenantScope, id: ExportId, seq: u64) -> Result<()> {
    let Some(mut export) = scope.read_now::<Export>(id).await? else { return Ok(()) };
    if export.row.state != State::Queued || export.row.state_seq != seq {
        return Ok(());
    }
    let position = export.row.position.as_deref();
    let mut after = position.map(|sealed| Position::open(&context.keys, scope, LIST, sealed)).transpose()?;
    let (mut text, mut rows) = (line(header(export.row.noun).iter().map(|name| (*name).to_owned())), 0_u64);
    for _ in 0..PAGES {
        let page = page(context, scope, export.row.noun, after).await?;
        for row in page.rows {
            text.push_str(&line(row));
            rows = rows.saturating_add(1);
        }
        after = page.next;
        if after.is_none() || text.len() >= BYTES {
            break;
        }
    }
    if rows > 0 || export.row.parts.is_empty() {
        let name = kernel::crypto::encode(&context.ids.bytes::<9>());
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        files.write(&Export::key(scope.tenant(), id, &name), "text/csv", bytes, whole(text)).await?;
        export.row.parts.push(Part { name, rows, bytes });
    }
    export.row.state = if after.is_some() { State::Queued } else { State::Done };
    export.row.position = after.map(|position| position.seal(&context.keys, scope, LIST));
    export.row.state_seq = export.row.state_seq.saturating_add(1);
    export.row.updated_at = context.clock.now();
    match scope.replace(&export).await {
        // Somebody else made this part meanwhile.
        Ok(_) | Err(Error::Stale { .. } | Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A page of rows, each with a cell for every column.
struct Sheet {
    rows: Vec<Vec<String>>,
    next: Option<Position>,
}

/// What stands in each column; the words are those that an import knows, but for ids.
const fn header(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Contact => &contact::HEADER,
        Noun::Company => &company::HEADER,
        Noun::Activity => &activity::HEADER,
    }
}

async fn page(context: &Context, scope: &TenantScope, noun: Noun, after: Option<Position>) -> Result<Sheet> {
    let (listing, now) = (Listing { limit: 100, after, since: None, until: None }, context.clock.now());
    match noun {
        Noun::Contact => {
            let page = scope.list::<Contact>(&listing, now, |_| true).await?;
            let rows = page.rows.iter().map(|found| contact::cells(&found.row).into()).collect();
            Ok(Sheet { rows, next: page.next })
        }
        Noun::Company => {
            let page = scope.list::<Company>(&listing, now, |_| true).await?;
            let rows = page.rows.iter().map(|found| company::cells(&found.row).into()).collect();
            Ok(Sheet { rows, next: page.next })
        }
        Noun::Activity => activity::page(scope, &listing, now).await,
    }
}

/// A text that there may be.
fn own(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

/// Custom fields as one object of JSON.
fn fields(fields: &BTreeMap<String, Value>) -> String {
    if fields.is_empty() { String::new() } else { serde_json::json!(fields).to_string() }
}

/// A row of CSV (RFC 4180) without formulas.
fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cell = |text: String| {
        let text = guarded(&text);
        if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    let mut line = cells.into_iter().map(cell).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}
