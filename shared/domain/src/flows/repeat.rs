//! Series of messages: when one begins and when its next message is made.
//!
//! A message's id follows from the series and the time it is for, so that a job that comes again makes none twice. Of times that
//! passed while the series was paused or nobody looked, one message is made, and the others are counted as passed over.

use aws::Files;
use kernel::ids::{MessageId, SeriesId};
use kernel::{Clock, Error, Ids, Result, Time, Zone};
use store::TenantScope;

use super::accept::{self, Draft, Order};
use super::catalog::Catalog;
use super::{Context, enclose};
use crate::series::State;
use crate::{Contact, Message, Reach, Recurrence, Recurring, Series};

/// How often a series that is changed meanwhile is looked at again before the job is left to come again.
const ROUNDS: usize = 5;

/// What a series is made of.
#[derive(Clone, Debug)]
pub struct NewSeries {
    /// What is ordered each time.
    pub order: Order,
    /// When.
    pub rule: Recurrence,
    /// Not before then.
    pub start: Time,
    /// Whose wall clock counts, when it is not the recipient's.
    pub zone: Option<Zone>,
    /// How far whoever begins it reaches.
    pub reach: Reach,
}

/// Makes a series. The order is judged as if it were sent now, and files that it names are kept.
pub async fn begin(context: &Context, catalog: &Catalog, files: &Files, scope: &TenantScope, new: NewSeries) -> Result<Series> {
    let now = context.clock.now();
    let NewSeries { order, rule, start, zone, reach } = new;
    if start < now.plus_seconds(-60) {
        return Err(Error::invalid("/start_at", "past", "the time lies in the past"));
    }
    if order.send_at.is_some() {
        return Err(Error::invalid("/order/send_at", "series", "the rule says when"));
    }
    let draft = judge(context, catalog, files, scope, &order, &reach).await.map_err(|error| error.under("/order"))?;
    let clock = zone_of(catalog, scope, zone.as_ref(), &order).await?;
    let never = || Error::invalid("/recurrence", "never", "the rule chooses no time");
    let next = Recurring::first(rule, clock, start).ok_or_else(never)?;
    for file in draft.accepted.brought {
        enclose::note(scope, file).await?;
    }
    let series = Series {
        id: SeriesId::new(&context.ids, &context.clock),
        state: State::Active,
        state_seq: 1,
        order,
        zone,
        next,
        ringing: None,
        made: 0,
        passed_over: 0,
        last_message: None,
        failure: None,
        created_at: now,
        updated_at: now,
    };
    // A series of this id is there when an earlier try of the same request got this far.
    scope.create(&series).await?;
    Ok(series)
}

/// What an order comes to now. Refused when that is beyond a reach.
async fn judge(
    context: &Context,
    catalog: &Catalog,
    files: &Files,
    scope: &TenantScope,
    order: &Order,
    reach: &Reach,
) -> Result<Draft> {
    let trial = MessageId::new(&context.ids, &context.clock);
    let draft = accept::draft(catalog, files, scope, order.clone(), trial).await?;
    reach.order((&draft.accepted.message).into())?;
    Ok(draft)
}

/// Refuses somebody to let a series go on that they could not begin.
pub async fn may_resume(
    context: &Context,
    catalog: &Catalog,
    files: &Files,
    scope: &TenantScope,
    series: SeriesId,
    reach: &Reach,
) -> Result<()> {
    if reach.is_unlimited() {
        return Ok(());
    }
    let order = scope.find::<Series>(series).await?.row.order;
    match judge(context, catalog, files, scope, &order, reach).await {
        Ok(_) => Ok(()),
        // No place of the request is at fault.
        Err(Error::OutOfReach(_)) => Err(Error::OutOfReach(Vec::new())),
        Err(Error::Invalid(_)) => Err(Error::conflict("the order of the series cannot be judged any more")),
        Err(error) => Err(error),
    }
}

/// The zone whose wall clock counts: as said, else the recipient's as it is now, else the tenant's.
async fn zone_of(catalog: &Catalog, scope: &TenantScope, said: Option<&Zone>, order: &Order) -> Result<Zone> {
    if let Some(zone) = said {
        return Ok(zone.clone());
    }
    let contact = match order.to.contact {
        Some(contact) => scope.read::<Contact>(contact).await?,
        None => None,
    };
    match contact.and_then(|contact| contact.row.zone) {
        Some(zone) => Ok(zone),
        None => Ok(catalog.tenant(scope).await?.zone.clone()),
    }
}

/// Makes the message that the series has in the state of that number. A past state has none any more.
pub async fn repeat(
    context: &Context,
    catalog: &Catalog,
    files: &Files,
    scope: &TenantScope,
    id: SeriesId,
    seq: u64,
) -> Result<()> {
    for _ in 0..ROUNDS {
        let Some(mut series) = scope.read_now::<Series>(id).await? else { return Ok(()) };
        let row = &mut series.row;
        let Some(until) = row.ringing.filter(|_| row.state_seq == seq && row.state == State::Active) else { return Ok(()) };
        if row.next.at <= until {
            make(context, catalog, files, scope, row).await?;
            let zone = zone_of(catalog, scope, row.zone.as_ref(), &row.order).await?;
            row.next.move_to(zone);
            advance(row, until);
        }
        row.ringing = None;
        row.updated_at = context.clock.now();
        match scope.replace(&series).await {
            // Somebody changed it meanwhile: it may have been called off.
            Err(Error::Stale { .. }) => {}
            Err(Error::NotFound { .. }) | Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("a series is changed all the time"))
}

/// Accepts the message of the time that comes next. An order that cannot be taken is noted, and the series goes on.
async fn make(context: &Context, catalog: &Catalog, files: &Files, scope: &TenantScope, row: &mut Series) -> Result<()> {
    let label = format!("message of {} at {}", row.id, row.next.at.millis());
    let message = MessageId::new(&Ids::derived(&context.keys, &label), &Clock::manual(row.next.at));
    match accept::prepare(catalog, files, scope, row.order.clone(), message).await {
        Ok(accepted) => accept::write(scope, &accepted).await?,
        Err(Error::Invalid(faults)) => {
            // It may have been accepted before somebody made it impossible.
            if scope.read_now::<Message>(message).await?.is_none() {
                let words = faults.first().map_or_else(String::new, |fault| format!("{}: {}", fault.pointer, fault.detail));
                row.failure = Some(words.chars().take(300).collect());
                return Ok(());
            }
        }
        Err(error) => return Err(error),
    }
    row.made = row.made.saturating_add(1);
    row.last_message = Some(message);
    row.failure = None;
    Ok(())
}

/// Goes on to the first time after that moment.
fn advance(row: &mut Series, until: Time) {
    match row.next.next(until) {
        Some(next) => {
            row.passed_over = row.passed_over.saturating_add(next.number.saturating_sub(row.next.number).saturating_sub(1));
            row.next = next;
        }
        None => row.state = State::Ended,
    }
}
