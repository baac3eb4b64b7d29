//! Carrying out rules: what `automation` does with an event.
//!
//! 1. The rules that wait for the event come from the catalog. Conditions are judged by the rows as they are now, and by what the
//!    event itself says.
//! 2. Each rule whose conditions hold gets a run, written on the condition that there is none: rule and event make its id. The
//!    stream brings it back, at once or, by the due index, when its delay is over.
//! 3. [`carry_out`] does the actions in their order and settles the run with one conditional write. What an action makes has an id
//!    that follows from run and number, so that doing it twice makes nothing twice.

use aws::Files;
use kernel::ids::RunId;
use kernel::{Error, Result, Zone};
use serde_json::{Value, json};
use store::{Stored, TenantScope};

use super::Context;
use super::catalog::Catalog;
use crate::event::{self, About, Event, Occurrence};
use crate::rule::{Finding, Rule, facts};
use crate::run::{Deed, Run, State, TRIES};
use crate::{Address, Channel, Company, Contact, Conversation, Deal, Message, User, address};

mod act;
pub mod trial;
mod work;

/// What carrying out rules takes, for one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Time, ids and keys.
    pub context: &'a Context,
    /// Rules, templates and accounts.
    pub catalog: &'a Catalog,
    /// Stored files.
    pub files: &'a Files,
    /// The tenant's rows.
    pub scope: &'a TenantScope,
}

/// What is known of an event: the event with whom it is about, their rows, and what conditions see of it all.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The event.
    pub occurrence: Occurrence,
    /// The contact as it is now.
    pub contact: Option<Contact>,
    /// The company as it is now: the event's own, else the contact's.
    pub company: Option<Company>,
    /// The deal as it is now.
    pub deal: Option<Deal>,
    /// What conditions see.
    pub facts: Value,
}

/// Takes up a reported event.
pub async fn reported(desk: Desk<'_>, id: kernel::ids::EventId) -> Result<()> {
    // One that is forgotten by now happened too long ago for any rule.
    let Some(event) = desk.scope.read_now::<Event>(id).await? else { return Ok(()) };
    happened(desk, event.row.occurrence()).await
}

/// Makes the runs of the rules that wait for an event. Any number of times: a run that is there stays as it is.
pub async fn happened(desk: Desk<'_>, occurrence: Occurrence) -> Result<()> {
    let rules = desk.catalog.rules(desk.scope).await?;
    // Whoever is deleted says no more when.
    let concerns = |rule: &&Rule| occurrence.at >= rule.since || occurrence.name.ends_with(".deleted");
    let waiting: Vec<&Rule> = rules.iter().filter(|rule| rule.waits_for(&occurrence.name)).filter(concerns).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let scene = scene(desk, occurrence.clone()).await?;
    for rule in waiting {
        let run = run(desk, rule, &scene).await?;
        if run.is_noted(rule.log) {
            desk.scope.create(&run).await?;
        }
    }
    Ok(())
}

/// Reads what an event is about.
pub async fn scene(desk: Desk<'_>, mut occurrence: Occurrence) -> Result<Scene> {
    occurrence.about.contact = contact_of(desk, &occurrence.about).await?;
    let About { contact, company, deal, message, user, .. } = occurrence.about.clone();
    let contact = match contact {
        Some(id) => desk.scope.read_now::<Contact>(id).await?.map(|stored| stored.row),
        None => None,
    };
    let deal = match deal {
        Some(id) => desk.scope.read_now::<Deal>(id).await?.map(|stored| stored.row),
        None => None,
    };
    let company = match company.or_else(|| contact.as_ref()?.company_id) {
        Some(id) => desk.scope.read_now::<Company>(id).await?.map(|stored| stored.row),
        None => None,
    };
    let message = match message {
        Some(id) => desk.scope.read_now::<Message>(id).await?.map(|stored| stored.row),
        None => None,
    };
    let user = match user {
        Some(id) => desk.scope.read_now::<User>(id).await?.map(|stored| stored.row),
        None => None,
    };
    let event = json!({
        "name": occurrence.name, "occurred_at": occurrence.occurred_at.to_string(), "data": occurrence.data,
    });
    let facts = json!({
        "event": event, "contact": contact.as_ref().map(facts::contact), "company": company.as_ref().map(facts::company),
        "deal": deal.as_ref().map(facts::deal), "message": message.as_ref().map(facts::message),
        "user": user.as_ref().map(facts::user),
    });
    Ok(Scene { occurrence, contact, company, deal, facts })
}

/// The contact that an event is about: as it says, the other side of its conversation, or whose address it names.
async fn contact_of(desk: Desk<'_>, about: &About) -> Result<Option<kernel::ids::ContactId>> {
    if about.contact.is_some() {
        return Ok(about.contact);
    }
    if let Some(conversation) = about.conversation {
        let found = desk.scope.read_now::<Conversation>(conversation).await?;
        return Ok(found.map(|found| found.row.contact));
    }
    let Some(text) = &about.address else { return Ok(None) };
    let channel = if text.contains('@') { Channel::Email } else { Channel::Sms };
    let Ok(key) = address::key(channel, text) else { return Ok(None) };
    let found = desk.scope.read_now::<Address>(Address::at(&desk.context.keys, channel, &key)).await?;
    Ok(found.and_then(|found| found.row.contact))
}

/// The run of a rule for an event, before it is written.
async fn run(desk: Desk<'_>, rule: &Rule, scene: &Scene) -> Result<Run> {
    let (occurrence, now) = (&scene.occurrence, desk.context.clock.now());
    let mut findings = Vec::new();
    let holds = judge(rule, scene, &mut findings);
    let mut event = occurrence.clone();
    if event.event.is_some() {
        event.data.clear();
    }
    let blank = Run {
        id: Run::id_of(&desk.context.keys, rule.id, occurrence),
        rule: rule.id,
        name: rule.name.clone(),
        event,
        state: State::Ready,
        state_at: now,
        state_seq: 1,
        until: None,
        begins_at: now,
        tries: 0,
        findings,
        actions: Vec::new(),
        deeds: Vec::new(),
        why: None,
        created_at: now,
    };
    if !holds {
        return Ok(blank.skipped("Its conditions do not hold."));
    }
    let run = Run { actions: rule.actions.clone(), ..blank };
    if let Some(why) = going_round(rule, occurrence) {
        return Ok(run.skipped(&why));
    }
    let until = rule.delay.after(now, &zone(desk, scene).await?);
    let state = if until.is_some() { State::Waiting } else { State::Ready };
    Ok(Run { state, until, begins_at: until.unwrap_or(now), ..run })
}

/// Whose wall clock counts: the contact's, else the tenant's.
async fn zone(desk: Desk<'_>, scene: &Scene) -> Result<Zone> {
    match scene.contact.as_ref().and_then(|contact| contact.zone.clone()) {
        Some(zone) => Ok(zone),
        None => Ok(desk.catalog.tenant(desk.scope).await?.zone.clone()),
    }
}

/// Whether the rule's conditions hold, with what each of them saw.
pub fn judge(rule: &Rule, scene: &Scene, findings: &mut Vec<Finding>) -> bool {
    let holds = |conditions: &crate::rule::Condition| conditions.judge(&scene.facts, &scene.occurrence.changes, findings);
    rule.conditions.as_ref().is_none_or(holds)
}

/// Why a rule is not carried out for what rules led to.
fn going_round(rule: &Rule, occurrence: &Occurrence) -> Option<String> {
    let before = occurrence.rules();
    if before.contains(&rule.id) {
        return Some(format!("It would go round: it has been carried out for {} already.", occurrence.root()));
    }
    (before.len() >= event::DEPTH)
        .then(|| format!("{} rules have followed from {}: no more than that.", event::DEPTH, occurrence.root()))
}

/// Carries out a run whose state has that number. One whose state has passed is void.
pub async fn carry_out(desk: Desk<'_>, id: RunId, seq: u64) -> Result<()> {
    let Some(mut run) = desk.scope.read_now::<Run>(id).await? else { return Ok(()) };
    if run.row.state_seq != seq || run.row.state != State::Ready {
        return Ok(());
    }
    let now = desk.context.clock.now();
    let rule = desk.scope.read_now::<Rule>(run.row.rule).await?;
    if !rule.is_some_and(|rule| rule.row.enabled) {
        run.row.enter(State::Skipped, now);
        run.row.why = Some("The rule was switched off or deleted in the meantime.".to_owned());
        return settle(desk, run).await;
    }
    let mut occurrence = run.row.event.clone();
    if let Some(event) = occurrence.event {
        let kept = desk.scope.read_now::<Event>(event).await?;
        occurrence.data = kept.map(|kept| kept.row.data).unwrap_or_default();
    }
    let mut put_off = false;
    for number in 0..run.row.actions.len() {
        if run.row.has_done(number) {
            continue;
        }
        match act::act(desk, &run.row, number, &occurrence).await {
            Ok(deed) => run.row.deeds.push(deed),
            Err(error) => {
                tracing::warn!(run.id = %id, ?error, "action {number} of run {id} failed");
                run.row.tries = run.row.tries.saturating_add(1);
                if run.row.tries < TRIES {
                    put_off = true;
                    break;
                }
                run.row.deeds.push(Deed::failed(number, "It failed again and again, for a reason that lies with us."));
                run.row.tries = 0;
            }
        }
    }
    if put_off {
        run.row.enter(State::Waiting, now);
        run.row.until = Some(now.plus_seconds(backoff(run.row.tries)));
    } else {
        let failed = run.row.deeds.iter().any(|deed| deed.why.is_some());
        run.row.enter(if failed { State::Failed } else { State::Done }, now);
    }
    settle(desk, run).await
}

/// Seconds until a run is tried again that was tried so often in vain.
fn backoff(tries: u32) -> i64 {
    match tries {
        0 | 1 => 60,
        2 => 300,
        3 => 1_800,
        _ => 7_200,
    }
}

/// Writes what came of a run. Somebody who was faster has done the same.
async fn settle(desk: Desk<'_>, run: Stored<Run>) -> Result<()> {
    match desk.scope.replace(&run).await {
        Ok(_) | Err(Error::Stale { .. } | Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
