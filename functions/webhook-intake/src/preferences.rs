//! Unsubscribing and preferences. A GET shows and never changes anything, so that link scanners cannot unsubscribe people
//! (RFC 8058 section 3.1); a POST does, with one click from the mail program or by the page's form.

use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use domain::address::Suppressed;
use domain::consent::Evidence;
use domain::contact::{Consent, consent_key, parse_consent_key};
use domain::flows::keep_contact;
use domain::flows::report::report;
use domain::flows::suppress::{address_row, lift, suppress};
use domain::suppression::Reason;
use domain::{Address, Category, Contact, Message, Tenant, address};
use kernel::{Error, Purpose, Reference, Result};
use providers::{Event, EventDetail, EventKind};
use store::{Stored, TenantScope};

use crate::boxes::Boxes;
use crate::pages::{self, Choice, Page};
use crate::visitor::Visitor;
use crate::{Intake, Refusal, Token, read};

/// How often a change is tried against other writers of the contact.
const TRIES: usize = 8;
/// Most bytes of a decision.
const LIMIT: usize = 64 * 1024;

/// What is known of the person behind a token.
struct Person {
    scope: TenantScope,
    message: Message,
    tenant: Tenant,
    address: Stored<Address>,
    contact: Option<Stored<Contact>>,
}

impl Person {
    /// What stands against the address on the message's channel.
    fn suppressed(&self) -> Option<Suppressed> {
        self.address.row.suppressed(self.message.channel)
    }

    /// The suppression that the person brought about, and may lift.
    fn unsubscribed(&self) -> Option<Suppressed> {
        self.suppressed().filter(|standing| standing.reason == Reason::Unsubscribe)
    }
}

async fn person(intake: &Intake, token: &str) -> Result<Person> {
    let gone = || Error::NotFound { kind: "page" };
    let reference = Reference::verify(&intake.0.context.keys, Purpose::Unsubscribe, token).ok_or_else(gone)?;
    let scope = intake.0.store.by_reference(&reference);
    let message = scope.read_now::<Message>(reference.message()).await?.ok_or_else(gone)?.row;
    let tenant = scope.find::<Tenant>(scope.tenant()).await?.row;
    let key = address::key(message.channel, &message.to.address)?;
    let address = address_row(&intake.0.context, &scope, message.channel, &key).await?;
    let contact = match message.to.contact.or(address.row.contact) {
        Some(id) => scope.read_now::<Contact>(id).await?,
        None => None,
    };
    Ok(Person { scope, message, tenant, address, contact })
}

/// Shows what the person receives.
pub(crate) async fn show(State(intake): State<Intake>, Token(token): Token) -> Result<Response, Refusal> {
    let person = person(&intake, &token).await?;
    Ok(page(&person, false))
}

fn page(person: &Person, saved: bool) -> Response {
    let choices =
        categories(person).into_iter().map(|category| Choice { wanted: wanted(person, &category), category }).collect();
    let page = Page { sender: &person.tenant.name, address: &person.message.to.address, choices, saved };
    let mut response = Html(pages::render(&page)).into_response();
    pages::protect(&mut response);
    response
}

/// The categories that the person can decide about: those with an answer, and that of the message in hand.
fn categories(person: &Person) -> Vec<Category> {
    let answered = person.contact.iter().flat_map(|contact| contact.row.consents.keys());
    let mut found: Vec<Category> = answered
        .filter_map(|key| parse_consent_key(key).ok())
        .filter(|(channel, _)| *channel == person.message.channel)
        .map(|(_, category)| category)
        .collect();
    if person.message.category.can_be_left() && !found.contains(&person.message.category) {
        found.push(person.message.category.clone());
    }
    found
}

fn wanted(person: &Person, category: &Category) -> bool {
    let left = person.suppressed().is_some_and(|standing| standing.reason.stops(person.message.channel, category));
    let contact = person.contact.as_ref().map(|contact| &contact.row);
    let refused = contact.map(|contact| &contact.preferences.refused);
    let refused = refused.is_some_and(|it| it.channels.contains(&person.message.channel) || it.categories.contains(category));
    let consent = contact.and_then(|contact| contact.consent(person.message.channel, category));
    !left && !refused && consent.is_none_or(|consent| consent.granted)
}

/// Takes the person's decision.
pub(crate) async fn save(
    State(intake): State<Intake>,
    Token(token): Token,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let found = person(&intake, &token).await?;
    let evidence = |source: &str| Evidence { message: Some(found.message.id), ..visitor.evidence(source) };
    let shown = || evidence("preference_page").showing(&pages::question(&found.tenant.name));
    let body = read(request.into_body(), LIMIT).await?;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let has = |name: &str, value: &str| fields.iter().any(|(field, given)| field == name && given == value);
    let own = &found.message.category;
    if has("List-Unsubscribe", "One-Click") {
        decide(&intake, &found, &evidence("one_click"), |category| (category == own).then_some(false)).await?;
    } else if has("choice", "none") {
        decide(&intake, &found, &shown(), |_| Some(false)).await?;
        suppress_all(&intake, &found, &shown()).await?;
    } else if has("choice", "save") {
        let boxes = Boxes::read(&fields, "category");
        // The page always asks about what the message in hand is one of.
        let said = |category: &Category| boxes.answer(category.as_str()).or((category == own).then_some(false));
        decide(&intake, &found, &shown(), said).await?;
    } else {
        return Err(Error::invalid("/choice", "choice", "nothing was decided").into());
    }
    Ok(page(&person(&intake, &token).await?, true))
}

/// Records what is said of each category that something is said of: whether the person wants it. Somebody who is no contact has no
/// place for answers by category: leaving one leaves all.
async fn decide(intake: &Intake, person: &Person, evidence: &Evidence, said: impl Fn(&Category) -> Option<bool>) -> Result<()> {
    let own = said(&person.message.category);
    let mut comes_back = own == Some(true);
    if let Some(contact) = &person.contact {
        answer(intake, person, contact.clone(), evidence, &said).await?;
        comes_back = categories(person).iter().any(|category| said(category) == Some(true));
    } else if own == Some(false) {
        suppress_all(intake, person, evidence).await?;
    }
    if let Some(standing) = person.unsubscribed().filter(|_| comes_back) {
        lift(&intake.0.context, &person.scope, standing.id, evidence).await?;
    }
    if own == Some(false) { note(intake, person).await } else { Ok(()) }
}

async fn answer(
    intake: &Intake,
    person: &Person,
    mut contact: Stored<Contact>,
    evidence: &Evidence,
    said: &impl Fn(&Category) -> Option<bool>,
) -> Result<()> {
    let now = intake.0.context.clock.now();
    for _ in 0..TRIES {
        let before = contact.row.clone();
        for category in categories(person) {
            let Some(granted) = said(&category) else { continue };
            let standing = contact.row.consent(person.message.channel, &category).is_none_or(|consent| consent.granted);
            if granted {
                contact.row.wants_again(person.message.channel, &category);
            }
            let known = contact.row.consents.contains_key(&consent_key(person.message.channel, &category));
            if standing != granted || !known {
                let consent = Consent { granted, at: now, source: evidence.source.clone() };
                contact.row.record_consent(person.message.channel, &category, consent);
            }
        }
        if contact.row == before {
            return Ok(());
        }
        contact.row.updated_at = now;
        match keep_contact::declare(&intake.0.context, &person.scope, &before, &contact, evidence).await {
            Ok(_) => return Ok(()),
            Err(Error::Stale { .. }) => contact = person.scope.find::<Contact>(contact.row.id).await?,
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("a contact is being changed too fast"))
}

async fn suppress_all(intake: &Intake, person: &Person, evidence: &Evidence) -> Result<()> {
    let (message, source) = (&person.message, person.message.id.to_string());
    let (context, address) = (&intake.0.context, &message.to.address);
    suppress(context, &person.scope, message.channel, address, Reason::Unsubscribe, &source, evidence).await.map(|_| ())
}

/// Notes on the message that it led to an unsubscription.
async fn note(intake: &Intake, person: &Person) -> Result<()> {
    let event = Event {
        kind: EventKind::Unsubscribed,
        at: intake.0.context.clock.now(),
        id: "unsubscribed".to_owned(),
        tag: None,
        provider_id: None,
        recipient: None,
        detail: EventDetail::default(),
    };
    report(&intake.0.context, &person.scope, person.message.id, &event).await.map(|_| ())
}
