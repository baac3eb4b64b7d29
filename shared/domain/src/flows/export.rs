//! Writing all contacts into files that an import understands. Each part ends with one conditional write, which asks for the next; a
//! part that dies before that is made again under another name, and what it left behind goes with the rest after some days.

use aws::Files;
use aws::files::whole;
use kernel::ids::ExportId;
use kernel::{Error, Result};
use serde_json::Value;
use store::{Listing, Position, TenantScope};

use super::Context;
use crate::Contact;
use crate::export::{Export, Part, State};
use crate::import::cells::{guarded, list};

/// Most contacts of one part, in pages of a hundred.
const PAGES: usize = 20;
/// Bytes after which a part ends early.
const BYTES: usize = 2 * 1024 * 1024;
/// What a cursor of an export is for.
const LIST: &str = "export of contacts";

/// What stands in each column; the words are those that an import knows.
const HEADER: [&str; 14] = [
    "id",
    "first_name",
    "last_name",
    "company",
    "emails",
    "phones",
    "handles",
    "tags",
    "locale",
    "zone",
    "do_not_contact",
    "quiet_hours",
    "consents",
    "fields",
];

/// Orders an export. The stream takes it from there.
pub async fn order(context: &Context, scope: &TenantScope, actor: Option<String>) -> Result<Export> {
    let id = ExportId::new(&context.ids, &context.clock);
    let updated_at = context.clock.now();
    let export = Export { id, actor, state: State::Queued, state_seq: 1, position: None, parts: Vec::new(), updated_at };
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
    let (mut text, mut rows) = (line(HEADER.map(str::to_owned)), 0_u64);
    for _ in 0..PAGES {
        let listing = Listing { limit: 100, after, since: None, until: None };
        let page = scope.list::<Contact>(&listing, context.clock.now(), |_| true).await?;
        for contact in &page.rows {
            text.push_str(&line(cells(&contact.row)));
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

fn cells(contact: &Contact) -> [String; 14] {
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let handles = contact.handles.iter().map(|handle| format!("{}:{}", handle.channel.as_str(), handle.address));
    let said = |granted: bool| if granted { "yes" } else { "no" };
    let consents = contact.consents.iter().map(|(key, consent)| format!("{key}={}", said(consent.granted)));
    let quiet = contact.quiet_hours.and_then(|hours| serde_json::to_value(hours).ok()).unwrap_or_default();
    let hour = |name: &str| quiet.get(name).and_then(Value::as_str).map(str::to_owned);
    let fields = if contact.fields.is_empty() { String::new() } else { serde_json::json!(contact.fields).to_string() };
    [
        contact.id.to_string(),
        own(&contact.first_name),
        own(&contact.last_name),
        own(&contact.company),
        list(contact.emails.iter().map(ToString::to_string)),
        list(contact.phones.iter().map(ToString::to_string)),
        list(handles),
        list(contact.tags.iter().cloned()),
        contact.locale.as_ref().map(ToString::to_string).unwrap_or_default(),
        contact.zone.as_ref().map(ToString::to_string).unwrap_or_default(),
        if contact.do_not_contact { "yes".to_owned() } else { String::new() },
        hour("start").zip(hour("end")).map(|(start, end)| format!("{start}-{end}")).unwrap_or_default(),
        list(consents),
        fields,
    ]
}

/// A row of CSV (RFC 4180) without formulas.
fn line(cells: [String; 14]) -> String {
    let cell = |text: String| {
        let text = guarded(&text);
        if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    let mut line = cells.map(cell).join(",");
    line.push_str("\r\n");
    line
}
