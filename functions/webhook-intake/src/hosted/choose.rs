//! Seeing and changing one's preferences.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Channel;
use domain::consent::Evidence;
use domain::flows::keep_contact;
use domain::{Contact, Tenant};
use kernel::{Aim, Error, Result};

use super::form::form;
use super::frame::{frame, told};
use super::wishes::Wishes;
use super::{Guest, LIMIT, Place, come_back, guest, shown};
use crate::pages::question;
use crate::visitor::Visitor;
use crate::{Intake, Refusal, read};

/// How often a change is tried against other writers of the contact.
const TRIES: usize = 8;

fn page(tenant: &Tenant, contact: &Contact, before: &str) -> String {
    frame(&tenant.name, "Your messages", &format!("{before}{}", form(contact)))
}

/// Shows what the person has chosen.
pub(crate) async fn show(State(intake): State<Intake>, place: Place) -> Result<Response, Refusal> {
    let guest = guest(&intake, &place, Aim::Preferences).await?;
    Ok(shown(StatusCode::OK, page(&guest.tenant, &guest.contact.row, "")))
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
    let evidence = visitor.evidence("preference_page").showing(&question(&guest.tenant.name));
    let wishes = match Wishes::read(&fields) {
        Ok(wishes) => wishes,
        Err(Error::Invalid(faults)) if faults.iter().all(|fault| fault.pointer != "/choice") => {
            let words: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
            let said = told(false, &format!("Nothing was saved: {}.", words.join("; ")));
            return Ok(shown(StatusCode::UNPROCESSABLE_ENTITY, page(&guest.tenant, &guest.contact.row, &said)));
        }
        Err(error) => return Err(error.into()),
    };
    keep(&intake, &mut guest, &wishes, &evidence).await?;
    let contact = guest.scope.find::<Contact>(guest.contact.row.id).await?;
    Ok(shown(StatusCode::OK, page(&guest.tenant, &contact.row, &told(true, "Saved."))))
}

async fn keep(intake: &Intake, guest: &mut Guest, wishes: &Wishes, evidence: &Evidence) -> Result<()> {
    let context = &intake.0.context;
    for _ in 0..TRIES {
        let before = guest.contact.row.clone();
        wishes.apply(&mut guest.contact.row, context.clock.now(), &evidence.source);
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
