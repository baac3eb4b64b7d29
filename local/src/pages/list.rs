//! The list of what was sent, newest first.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, State};
use kernel::{Email, Reference, Time};
use send::outbox::{Kept, Note};
use serde_json::{Value, json};

use super::follow::{self, Brief, Followed};
use super::markup::{Html, Slot, fill, page};
use super::{Pages, Shared, mail};

/// Messages on a page.
const PAGE: usize = 100;

type Asked = Query<HashMap<String, String>>;

/// One message in the list.
struct Row<'p> {
    id: String,
    url: String,
    at: Time,
    provider: String,
    subject: String,
    /// Who a mail is from, as it shows; on other channels the channel.
    from: String,
    /// Who a mail is from, by its envelope.
    sender: Option<Email>,
    to: Vec<String>,
    tenant: Option<&'p str>,
    reference: Option<Reference>,
    brief: Followed<Brief>,
}

struct List<'p> {
    rows: Vec<Row<'p>>,
    number: usize,
    pages: usize,
    total: usize,
}

/// What the outbox holds.
enum Sent {
    Letter(Kept),
    Note(Note),
}

impl Sent {
    fn at(&self) -> (Time, &str) {
        match self {
            Self::Letter(kept) => (kept.at, &kept.id),
            Self::Note(note) => (note.at, &note.id),
        }
    }
}

async fn list<'p>(pages: &'p Pages, asked: &HashMap<String, String>) -> List<'p> {
    let mut sent: Vec<Sent> = pages.outbox.kept().into_iter().map(Sent::Letter).collect();
    sent.extend(pages.outbox.notes().into_iter().map(Sent::Note));
    sent.sort_by(|a, b| a.at().cmp(&b.at()));
    let total = sent.len();
    let count = total.div_ceil(PAGE).max(1);
    let number = asked.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, count);
    let mut rows = Vec::new();
    for sent in sent.into_iter().rev().skip((number - 1) * PAGE).take(PAGE) {
        rows.push(row(pages, sent).await);
    }
    List { rows, number, pages: count, total }
}

async fn row(pages: &Pages, sent: Sent) -> Row<'_> {
    let reference = match &sent {
        Sent::Letter(kept) => pages.reference(kept),
        Sent::Note(note) => pages.referred(&note.tag),
    };
    let tenant = reference.and_then(|reference| pages.tenant(reference.tenant()));
    let brief = match (reference, tenant) {
        (Some(reference), Some((_, key))) => follow::brief(&pages.api, key, reference.message()).await,
        (Some(_), None) => Err("no key"),
        (None, _) => Err("no reference"),
    };
    let tenant = tenant.map(|(slug, _)| slug);
    match sent {
        Sent::Letter(kept) => {
            let mail = mail::head(&kept);
            let to = kept.to.iter().map(ToString::to_string).collect();
            let url = format!("/local/outbox/{}", kept.id);
            let Kept { id, at, provider, from: sender, .. } = kept;
            let (subject, from, sender) = (mail.subject, mail.from, Some(sender));
            Row { id, url, at, provider, subject, from, sender, to, tenant, reference, brief }
        }
        Sent::Note(note) => {
            let (url, subject) = (format!("/local/notes/{}", note.id), note.head().to_owned());
            let Note { id, at, provider, to, channel, .. } = note;
            let from = channel.as_str().to_owned();
            Row { id, url, at, provider, subject, from, sender: None, to: vec![to], tenant, reference, brief }
        }
    }
}

/// The list for people.
pub(super) async fn show(State(pages): Shared, Query(asked): Asked) -> Html {
    let list = list(&pages, &asked).await;
    let rows = match list.rows.is_empty() {
        true => fill(include_str!("empty.html"), &[]),
        false => list.rows.iter().map(entry).collect(),
    };
    let step = |to: usize, there: bool, back: &'static str| {
        let link = r#"<a href="/local/outbox?page={{to}}">{{back}}</a>"#;
        if there { fill(link, &[("to", &to), ("back", &back)]) } else { Html::default() }
    };
    let newer = step(list.number.saturating_sub(1), list.number > 1, "← Newer");
    let older = step(list.number + 1, list.number < list.pages, "Older →");
    let turns = match list.pages {
        1 => Html::default(),
        _ => fill(
            r#"<nav class="turns" aria-label="Pages of the list">{{newer}}<span>Page {{number}} of {{pages}}</span>{{older}}</nav>"#,
            &[("newer", &newer), ("number", &list.number), ("pages", &list.pages), ("older", &older)],
        ),
    };
    let slots: [(&str, &dyn Slot); 3] = [("total", &list.total), ("rows", &rows), ("turns", &turns)];
    page("Outbox", &fill(include_str!("list.html"), &slots))
}

fn entry(row: &Row<'_>) -> Html {
    let subject = if row.subject.trim().is_empty() { "(no subject)" } else { &row.subject };
    let marks: Html = match &row.brief {
        Ok(brief) => brief.marks().map(|mark| fill(r#"<span class="mark">{{mark}}</span> "#, &[("mark", &mark)])).collect(),
        Err(_) => Html::default(),
    };
    fill(
        include_str!("entry.html"),
        &[
            ("id", &row.id),
            ("url", &row.url),
            ("subject", &subject),
            ("from", &row.from),
            ("to", &row.to.join(", ")),
            ("tenant", &row.tenant.unwrap_or("—")),
            ("at", &row.at),
            ("status", &status(row.brief.as_ref().map(|brief| brief.status.as_str()).map_err(|why| *why))),
            ("marks", &marks),
        ],
    )
}

/// A status as a word with a tone.
pub(super) fn status(status: Result<&str, &str>) -> Html {
    let (tone, word) = match status {
        Ok(word @ "delivered") => ("good", word),
        Ok(word @ ("bounced" | "complained" | "failed" | "rejected")) => ("bad", word),
        Ok(word @ "sent") => ("done", word),
        Ok(word @ ("accepted" | "scheduled" | "held" | "queued" | "sending" | "unknown")) => ("wait", word),
        Ok(word) | Err(word) => ("none", word),
    };
    fill(r#"<span class="status {{tone}}">{{word}}</span>"#, &[("tone", &tone), ("word", &word)])
}

/// The list for programs.
pub(super) async fn tell(State(pages): Shared, Query(asked): Asked) -> Json<Value> {
    let list = list(&pages, &asked).await;
    let rows: Vec<Value> = list.rows.iter().map(told).collect();
    Json(json!({ "data": rows, "page": list.number, "pages": list.pages, "total": list.total }))
}

fn told(row: &Row<'_>) -> Value {
    json!({
        "id": row.id,
        "url": row.url,
        "at": row.at.to_string(),
        "provider": row.provider,
        "from": row.sender,
        "to": row.to,
        "subject": row.subject,
        "tenant": row.tenant,
        "message": row.reference.map(|reference| reference.message()),
        "status": row.brief.as_ref().ok().map(|brief| brief.status.as_str()),
    })
}
