//! Seeing and changing one's preferences.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::consent::Evidence;
use domain::flows::keep_contact;
use domain::{Channel, Contact};
use kernel::{Aim, Error, Result};

use super::form::form;
use super::frame::{frame, told};
use super::wishes::{Chosen, Wishes};
use super::{Guest, LIMIT, Place, come_back, guest, shown};
use crate::visitor::Visitor;
use crate::{Intake, Refusal, read};

/// How often a change is tried against other writers of the contact.
const TRIES: usize = 8;

/// The page, with what it tells before what it asks.
fn page(guest: &Guest, status: StatusCode, told: &str) -> Response {
    let words = guest.words();
    shown(status, frame(words.tag, &guest.tenant.name, words.messages, &format!("{told}{}", form(guest))))
}

/// Shows what the person has chosen.
pub(crate) async fn show(State(intake): State<Intake>, place: Place) -> Result<Response, Refusal> {
    let guest = guest(&intake, &place, Aim::Preferences).await?;
    Ok(page(&guest, StatusCode::OK, ""))
}

/// Takes what the person chooses.
pub(crate) async fn save(
    State(intake): State<Intake>,
    place: Place,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let mut guest = guest(&intake, &place, Aim::Preferences).await?;
    let body = read(request.into_body(), LIMIT).await?;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let words = guest.words();
    let choice = fields.iter().find(|(name, _)| name == "choice").map(|(_, choice)| choice.as_str());
    let wishes = match choice {
        Some("none") => Wishes::Nothing,
        Some("save") => match Chosen::read(&fields, words) {
            Ok(chosen) => Wishes::Chosen(Box::new(chosen)),
            Err(wrong) => {
                let said = told(false, &format!("{} {}", words.not_saved, wrong.join(" ")));
                return Ok(page(&guest, StatusCode::UNPROCESSABLE_ENTITY, &said));
            }
        },
        Some(_) | None => return Err(Error::invalid("/choice", "choice", "nothing was decided").into()),
    };
    let question = format!("{}: {}", words.from(&guest.tenant.name), words.topics);
    keep(&intake, &mut guest, &wishes, &visitor.evidence("preference_page").showing(&question)).await?;
    guest.contact = guest.scope.find::<Contact>(guest.contact.row.id).await?;
    Ok(page(&guest, StatusCode::OK, &told(true, guest.words().saved)))
}

async fn keep(intake: &Intake, guest: &mut Guest, wishes: &Wishes, evidence: &Evidence) -> Result<()> {
    let context = &intake.0.context;
    let topics = guest.topics();
    for _ in 0..TRIES {
        let before = guest.contact.row.clone();
        wishes.apply(&mut guest.contact.row, &topics, context.clock.now(), &evidence.source);
        if guest.contact.row == before {
            return welcome(intake, guest, wishes, evidence).await;
        }
        guest.contact.row.updated_at = context.clock.now();
        match keep_contact::declare(context, &guest.scope, &before, &guest.contact, evidence).await {
            Ok(_) => return welcome(intake, guest, wishes, evidence).await,
            Err(Error::Stale { .. }) => guest.contact = guest.scope.find::<Contact>(before.id).await?,
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("a contact is being changed too fast"))
}

/// Who had left all mail and asks for some again comes back.
async fn welcome(intake: &Intake, guest: &Guest, wishes: &Wishes, evidence: &Evidence) -> Result<()> {
    let contact = &guest.contact.row;
    let asks = |key: &String| key.starts_with("email:") && wishes.ask_for(key);
    if contact.preferences.refused.channels.contains(&Channel::Email) || !contact.consents.keys().any(asks) {
        return Ok(());
    }
    come_back(&intake.0.context, &guest.scope, Channel::Email, contact, evidence).await
}
