//! How often a contact is written to, and writes.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::activity::Direction;
use domain::frequency::{Touches, way};
use domain::{Contact, Entry};
use kernel::ids::ContactId;
use kernel::{Error, Time, Zone};
use serde::{Deserialize, Serialize};
use store::list::timed::timed;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Params};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Entries of the contact's timeline that are looked at, newest first.
const ENTRIES: u16 = 1_000;
/// Weeks when none are asked for, and the most.
const WEEKS: (u8, u8) = (12, 52);

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct FrequencyParams {
    /// The latest weeks, this one included: 1 to 52; 12 when not said.
    #[param(minimum = 1, maximum = 52, default = 12)]
    weeks: Option<u8>,
    /// Where weeks begin, as an IANA name; the tenant's zone when not said.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
}

/// How often a contact was written to, and wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactFrequency {
    /// The start of the first week.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// Where weeks begin, on Monday.
    #[schema(value_type = String, example = "Europe/Berlin")]
    zone: Zone,
    /// Messages that went to them and did not come back.
    sent: TouchView,
    /// Messages that they wrote.
    received: TouchView,
    /// Every week of the span, the first one first.
    weeks: Vec<WeekView>,
    /// Whether all of the span was looked at. Of more than a thousand entries of the timeline the latest thousand are, and `since` is the
    /// first week that lies in them whole, or this week.
    complete: bool,
}

/// Messages that went one way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactTouches)]
pub(crate) struct TouchView {
    count: u32,
    /// Mean days from one to the next; null of fewer than two.
    mean_days_between: Option<f64>,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Time>,
}

/// One week.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactWeek)]
pub(crate) struct WeekView {
    /// Its first moment.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    week: Time,
    sent: u32,
    received: u32,
}

impl From<Touches> for TouchView {
    fn from(touches: Touches) -> Self {
        let mean = touches.mean_days_between().map(|days| (days * 100.0).round() / 100.0);
        Self { count: touches.count, mean_days_between: mean, last_at: touches.last }
    }
}

/// The starts of the latest weeks.
fn latest(zone: &Zone, now: Time, weeks: u8) -> BTreeMap<Time, (u32, u32)> {
    let mut week = zone.week(now).0;
    let mut starts = BTreeMap::new();
    for _ in 0..weeks {
        starts.insert(week, (0, 0));
        week = zone.week(week.plus_millis(-1)).0;
    }
    starts
}

/// Tells how often a contact was written to and wrote, week by week. It follows what happens by seconds.
#[utoipa::path(get, path = "/v1/contacts/{id}/frequency", tag = "contacts", operation_id = "tell_contact_frequency",
    security(("key" = [])),
    params(("id" = String, Path, description = "The contact's id."), FrequencyParams),
    responses((status = 200, description = "The numbers.", body = ContactFrequency), refused::Finding))]
async fn tell_contact_frequency(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<ContactId>,
    Params(asked): Params<FrequencyParams>,
) -> Result<Reply<ContactFrequency>, Failure> {
    let (usual, most) = WEEKS;
    let weeks = asked.weeks.unwrap_or(usual);
    if !(1..=most).contains(&weeks) {
        return Err(Error::invalid("?weeks", "range", format!("1 to {most}")).into());
    }
    caller.scope.find::<Contact>(id).await?;
    let zone = match asked.zone {
        Some(zone) => zone,
        None => api.0.catalog.tenant(&caller.scope).await?.zone.clone(),
    };
    let now = caller.context.clock.now();
    let mut weeks = latest(&zone, now, weeks);
    let first = weeks.keys().next().copied().unwrap_or(now);
    let (after, before) = (timed(first), timed(now.plus_millis(1)));
    let entries = caller.scope.below::<Entry>(&id.hex(), Some(&after), Some(&before), false, ENTRIES).await?;
    let oldest = entries.last().filter(|_| entries.len() >= usize::from(ENTRIES));
    if let Some(oldest) = oldest {
        let this_week = zone.week(now).0;
        weeks = weeks.split_off(&zone.week(oldest.row.at).1.min(this_week));
    }
    let since = weeks.keys().next().copied().unwrap_or(first);
    let (mut sent, mut received) = (Touches::default(), Touches::default());
    for (way, at) in entries.iter().filter_map(|entry| Some((way(&entry.row)?, entry.row.at))).filter(|(_, at)| *at >= since) {
        let Some((_, (out, came))) = weeks.range_mut(..=at).next_back() else { continue };
        let (touches, week) = if way == Direction::Outbound { (&mut sent, out) } else { (&mut received, came) };
        touches.add(at);
        *week += 1;
    }
    let complete = oldest.is_none();
    let weeks = weeks.into_iter().map(|(week, (sent, received))| WeekView { week, sent, received }).collect();
    Ok(Reply::ok(ContactFrequency { since, zone, sent: sent.into(), received: received.into(), weeks, complete }))
}

operations!(tell_contact_frequency);
