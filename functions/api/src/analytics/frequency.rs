//! How often contacts are written to. Nothing is counted for it in advance: the combined timeline of the span is read, which is why
//! the span is bounded, and so is what may lie in it.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::Entry;
use domain::activity::Direction;
use domain::entry::SHARDS;
use domain::frequency::{BANDS, Touches, way};
use http::HeaderMap;
use kernel::ids::ContactId;
use kernel::{Error, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use store::list::timed::{monthly, timed};
use utoipa::{IntoParams, ToSchema};

use super::listed::{REACHED, listed};
use super::question::Format;
use super::span::{DAY, HOUR, Span, floor};
use super::table::{Told, table, wanted};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Days when no span is asked for.
const USUAL: i64 = 7;
/// Longest span, in days.
const LONGEST: i64 = 31;
/// Most entries of the timeline that one question looks at: some megabytes of them.
const MOST: u16 = 5_000;
/// Contacts that are named.
const NAMED: usize = 10;

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct FrequencyQuestion {
    /// From the hour of this moment on; seven days before `until` when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 31 days after `since`, and so much that no more than
    /// 5,000 things happened.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Where days begin, as an IANA name; the tenant's zone when not said. An hour that a day begins within belongs to the day before.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// `csv` answers with a table of the days, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// How often contacts were written to between two moments: by messages that went out and did not come back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FrequencyNumbers {
    /// First moment that is counted: the start of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// First moment that is not counted any more: the end of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Where days begin.
    #[schema(value_type = String, example = "Europe/Berlin")]
    zone: Zone,
    /// Messages to contacts.
    messages: u32,
    /// Contacts that were written to.
    contacts: usize,
    /// Null when none was.
    messages_per_contact: Option<f64>,
    /// How many contacts were written to how often.
    bands: Vec<Band>,
    /// The contacts that were written to most often, at most ten.
    most: Vec<OftenWritten>,
    days: Vec<FrequencyDay>,
}

/// Contacts that were written to about as often.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FrequencyBand)]
pub(crate) struct Band {
    /// From so many messages.
    from: u32,
    /// Up to so many; null for any number.
    to: Option<u32>,
    contacts: usize,
}

/// A contact that was written to often.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OftenWritten {
    #[schema(value_type = String)]
    contact: ContactId,
    messages: u32,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Time>,
    /// Where the messages to them are listed.
    rows: String,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FrequencyDay {
    /// Its first moment.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    day: Time,
    messages: u32,
    contacts: usize,
    messages_per_contact: Option<f64>,
}

/// Messages by contact.
type Written = BTreeMap<ContactId, Touches>;

/// Messages, contacts, and the mean.
fn summed(written: &Written) -> (u32, usize, Option<f64>) {
    let messages = written.values().map(|touches| touches.count).sum();
    let contacts = u32::try_from(written.len()).unwrap_or(u32::MAX);
    let mean = (contacts > 0).then(|| (f64::from(messages) / f64::from(contacts) * 100.0).round() / 100.0);
    (messages, written.len(), mean)
}

/// Everything that happened in a span, in the order of its partitions.
async fn happened(scope: &TenantScope, span: Span) -> Result<Vec<Entry>> {
    let (after, before) = (timed(span.since), timed(span.until));
    let (mut month, last) = (span.since.month(), span.until.plus_millis(-1).month());
    let mut found: Vec<Entry> = Vec::new();
    while month <= last {
        for shard in 0..SHARDS {
            let room = usize::from(MOST + 1).saturating_sub(found.len());
            let (owner, room) = (monthly(month, shard), u16::try_from(room).unwrap_or(MOST));
            let rows = scope.below::<Entry>(&owner, Some(&after), Some(&before), true, room).await?;
            found.extend(rows.into_iter().map(|entry| entry.row));
            if found.len() > usize::from(MOST) {
                return Err(Error::invalid("?since", "too_many", "too much happened: ask for a shorter span"));
            }
        }
        month = month.next();
    }
    Ok(found)
}

impl OftenWritten {
    fn of(span: Span, (contact, touches): (ContactId, Touches)) -> Self {
        let theirs = contact.to_string();
        let filters = [("reached", "sent"), ("came_back", "false"), ("sandbox", "false"), ("contact", &theirs)];
        let rows = listed("/v1/messages", REACHED, span, filters);
        Self { contact, messages: touches.count, last_at: touches.last, rows }
    }
}

/// Tells how often contacts are written to: how many of them how often, and day by day.
#[utoipa::path(get, path = "/v1/analytics/frequency", tag = "analytics", operation_id = "tell_frequency",
    security(("key" = [])), params(FrequencyQuestion),
    responses((status = 200, description = "The numbers.",
        content((FrequencyNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn tell_frequency(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<FrequencyQuestion>,
) -> Result<Told<FrequencyNumbers>, Failure> {
    let now = caller.context.clock.now();
    let since = question.since.unwrap_or_else(|| question.until.unwrap_or(now).plus_millis(-USUAL * DAY));
    let span = Span::asked(Some(since), question.until, now, LONGEST)?;
    let zone = match question.zone {
        Some(zone) => zone,
        None => api.0.catalog.tenant(&caller.scope).await?.zone.clone(),
    };
    let (mut all, mut days) = (Written::new(), BTreeMap::<Time, Written>::new());
    for entry in happened(&caller.scope, span).await? {
        let (Some(Direction::Outbound), Some(contact)) = (way(&entry), entry.contact) else { continue };
        for written in [&mut all, days.entry(zone.day(floor(entry.at, HOUR)).0).or_default()] {
            written.entry(contact).or_default().add(entry.at);
        }
    }
    let of_day = |(day, written): (Time, Written)| {
        let (messages, contacts, messages_per_contact) = summed(&written);
        FrequencyDay { day, messages, contacts, messages_per_contact }
    };
    let days: Vec<FrequencyDay> = days.into_iter().map(of_day).collect();
    if wanted(question.format, &headers) {
        return Ok(Told::Table(table(&of_day((now, Written::new())), &days)));
    }
    let (messages, contacts, messages_per_contact) = summed(&all);
    let within = |from: u32, to: Option<u32>| {
        all.values().filter(|touches| touches.count >= from && to.is_none_or(|to| touches.count <= to)).count()
    };
    let bands = BANDS.map(|(from, to)| Band { from, to, contacts: within(from, to) }).into();
    let mut most: Vec<(ContactId, Touches)> = all.into_iter().collect();
    most.sort_by_key(|(contact, touches)| (std::cmp::Reverse(touches.count), *contact));
    let most = most.into_iter().take(NAMED).map(|written| OftenWritten::of(span, written)).collect();
    let Span { since, until } = span;
    Ok(Told::Json(Reply::ok(FrequencyNumbers {
        since,
        until,
        zone,
        messages,
        contacts,
        messages_per_contact,
        bands,
        most,
        days,
    })))
}

operations!(tell_frequency);
