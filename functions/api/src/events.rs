//! Events: what callers report to have happened, for rules to act on.

use domain::event::{About, Event, known};
use domain::flows::report_event::{Known, report};
use kernel::ids::{CompanyId, ContactId, DealId, EventId};
use kernel::{Error, Fault, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Listing;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Part, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::{Reply, refused};

/// Most events of one batch.
const BATCH: usize = 100;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Happening)]
pub(crate) struct EventView {
    #[schema(value_type = String, example = "evt_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: EventId,
    #[schema(example = "invoice.overdue")]
    name: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Time,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// An address, of an event that names no contact.
    address: Option<String>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// The word that it was reported under.
    key: Option<String>,
    /// The run that raised it.
    #[schema(value_type = Option<String>)]
    run: Option<kernel::ids::RunId>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            created_at: event.id.made_at(),
            id: event.id,
            name: event.name,
            occurred_at: event.occurred_at,
            contact: event.about.contact,
            address: event.about.address,
            company_id: event.about.company,
            deal_id: event.about.deal,
            data: event.data,
            key: event.key,
            run: event.cause.map(|cause| cause.run),
        }
    }
}

/// An event to report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEvent {
    /// Two words: a noun, and what happened. Those of activity, company, consent, contact, deal, message, task and user are the
    /// house's own, which tells of them by itself. For what you keep elsewhere, report `contact.created`, `deal.closed_won`,
    /// `deal.stage_changed` and `user.created`.
    #[schema(example = "invoice.overdue")]
    name: String,
    /// When; now, when not said. At most 30 days ago.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Time>,
    /// The contact that it is about.
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// The email address or telephone number of whom it is about. The contact whose it is will be found by it.
    #[schema(max_length = 320, example = "ada@example.com")]
    address: Option<String>,
    /// The company that it is about.
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The deal that it is about. Unless the event says otherwise, it is about the deal's contact and company too.
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// What else is to be known: at most 16 KiB. Templates see each entry as a variable, conditions as `event.data.name`.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    data: Map<String, Value>,
    /// Your own word for it, of at most 128 bytes: reported again within seven days, it is the same event.
    #[schema(max_length = 128)]
    key: Option<String>,
}

impl NewEvent {
    fn into_event<N: crate::caller::Need>(self, caller: &Caller<N>) -> Event {
        let id = EventId::new(&caller.context.ids, &caller.context.clock);
        Event {
            id,
            name: self.name,
            occurred_at: self.occurred_at.unwrap_or(id.made_at()),
            about: About {
                contact: self.contact,
                address: self.address,
                company: self.company_id,
                deal: self.deal_id,
                ..About::default()
            },
            data: self.data,
            key: self.key,
            cause: None,
        }
    }
}

/// Reports an event. Rules that wait for it are carried out in a moment.
#[utoipa::path(post, path = "/v1/events", tag = "events", operation_id = "report_event", security(("key" = [])),
    params(Repeatable),
    request_body(content = NewEvent, example = json!({
        "name": "invoice.overdue", "address": "ada@example.com", "key": "invoice-4711",
        "data": {"number": "4711", "amount": "€ 12.50", "due": "2026-03-01"}
    })),
    responses((status = 202, description = "The event; the first one, when it was reported before.", body = EventView,
        headers(("location" = String))), refused::Creating))]
async fn report_event(caller: Caller<may::Send>, Input(body): Input<NewEvent>) -> Result<Reply<EventView>, Failure> {
    let event = body.into_event(&caller);
    let known = Known::read(&caller.scope, &[&event.about]).await?;
    let event = report(&caller.context, &caller.scope, &known, event).await?;
    let location = format!("/v1/events/{}", event.id);
    Ok(Reply::accepted(event.into(), &location))
}

/// Events to report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEvents {
    #[schema(value_type = Vec<NewEvent>, min_items = 1, max_items = 100)]
    events: Vec<Part>,
}

/// What came of each event of a batch, in its order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventsReported {
    results: Vec<EventReported>,
}

/// What came of one event: the event, or why it was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventReported {
    event: Option<EventView>,
    /// The places at fault, as pointers into the batch.
    errors: Vec<EventFault>,
}

/// A place of an event that cannot be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventFault {
    #[schema(example = "/events/0/name")]
    pointer: String,
    /// Stable word for programs.
    #[schema(example = "reserved")]
    code: String,
    detail: String,
}

impl From<Fault> for EventFault {
    fn from(fault: Fault) -> Self {
        Self { pointer: fault.pointer, code: fault.code.to_owned(), detail: fault.detail }
    }
}

/// Reports up to 100 events. Each is taken or refused by itself; a batch of which none can be taken is refused as a whole. After an answer
/// of the 500s some may have been taken: with the same `Idempotency-Key`, or keys of their own, none is taken twice.
#[utoipa::path(post, path = "/v1/events/batch", tag = "events", operation_id = "report_events", security(("key" = [])),
    params(Repeatable), request_body = NewEvents,
    responses((status = 202, description = "What came of each event.", body = EventsReported, headers(("location" = String))),
        refused::Creating))]
async fn report_events(caller: Caller<may::Send>, Input(body): Input<NewEvents>) -> Result<Reply<EventsReported>, Failure> {
    if body.events.is_empty() || body.events.len() > BATCH {
        return Err(Error::invalid("/events", "count", format!("1 to {BATCH} events")).into());
    }
    let mut results = Vec::new();
    let mut refused = Vec::new();
    let read = |event: Part| event.read::<NewEvent>().map(|event| event.into_event(&caller));
    let events: Vec<Result<Event>> = body.events.into_iter().map(read).collect();
    let about: Vec<&About> = events.iter().flatten().map(|event| &event.about).collect();
    let known = Known::read(&caller.scope, &about).await?;
    for (number, event) in events.into_iter().enumerate() {
        let taken = match event {
            Ok(event) => report(&caller.context, &caller.scope, &known, event).await,
            Err(error) => Err(error),
        };
        match taken.map_err(|error| error.under(&format!("/events/{number}"))) {
            Ok(event) => results.push(EventReported { event: Some(event.into()), errors: Vec::new() }),
            Err(Error::Invalid(faults)) => {
                refused.extend(faults.clone());
                results.push(EventReported { event: None, errors: faults.into_iter().map(EventFault::from).collect() });
            }
            Err(error) => return Err(error.into()),
        }
    }
    if results.iter().all(|result| result.event.is_none()) {
        return Err(Error::Invalid(refused).into());
    }
    Ok(Reply::accepted(EventsReported { results }, "/v1/events"))
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilters {
    /// Events of this name; `invoice.*` for all of a noun.
    name: Option<String>,
    /// Events about this contact.
    #[param(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// Reported at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Reported before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

impl EventFilters {
    fn keeps(&self, event: &Event) -> bool {
        self.name.as_ref().is_none_or(|name| known::waits(name, &event.name))
            && self.contact.is_none_or(|contact| event.about.contact == Some(contact))
    }
}

/// Lists the events that were reported in the last 30 days, newest first.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events", security(("key" = [])),
    params(PageParams, EventFilters),
    responses((status = 200, description = "A page of events.", body = List<EventView>), refused::Listing))]
async fn list_events(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<EventFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("events {filters:?}"));
    let asked = page.listing(keys, &caller.scope, &list)?;
    let listing = Listing { since: filters.since, until: filters.until, ..asked };
    let found = caller.scope.list(&listing, caller.context.clock.now(), |event| filters.keeps(event)).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |event| EventView::from(event.row))))
}

/// Finds an event.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events", operation_id = "find_event", security(("key" = [])),
    params(("id" = String, Path, description = "The event's id.")),
    responses((status = 200, description = "The event.", body = EventView), refused::Finding))]
async fn find_event(caller: Caller<may::Read>, Id(id): Id<EventId>) -> Result<Reply<EventView>, Failure> {
    Ok(Reply::ok(caller.scope.find::<Event>(id).await?.row.into()))
}

operations!(list_events, report_event, report_events, find_event);
