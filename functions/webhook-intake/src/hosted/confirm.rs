//! Confirming a consent that was asked for by email. Looking at the page confirms nothing: programs that open links before people do
//! would consent for them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::contact::parse_consent_key;
use domain::flows::opt_in::{self, Confirmed};
use kernel::{Aim, Result};

use super::frame::{frame, told};
use super::{Guest, Place, come_back, gone, guest, shown};
use crate::pages::escape;
use crate::visitor::Visitor;
use crate::{Intake, Refusal};

fn question(guest: &Guest, category: &str) -> String {
    format!("Do you want to get {category} from {} by email?", guest.tenant.name)
}

/// Asks once more, with a button to say yes.
pub(crate) async fn show(State(intake): State<Intake>, place: Place) -> Result<Response, Refusal> {
    let guest = guest(&intake, &place, Aim::Confirm).await?;
    let (_, category) = parse_consent_key(guest.pass.subject()).map_err(|_| gone())?;
    let inner = format!(
        "<p>{}</p><form method=\"post\"><button class=\"first\" name=\"choice\" value=\"yes\">Yes, I do</button></form>\
         <p>If not, just close this page: nothing will come.</p>",
        escape(&question(&guest, category.as_str()))
    );
    Ok(shown(StatusCode::OK, frame(&guest.tenant.name, "Please confirm", &inner)))
}

/// Takes the yes.
pub(crate) async fn save(State(intake): State<Intake>, place: Place, visitor: Visitor) -> Result<Response, Refusal> {
    let guest = guest(&intake, &place, Aim::Confirm).await?;
    let (_, category) = parse_consent_key(guest.pass.subject()).map_err(|_| gone())?;
    let context = &intake.0.context;
    let evidence = visitor.evidence("double_opt_in").showing(&question(&guest, category.as_str()));
    let confirmed = opt_in::confirm(context, &guest.scope, guest.contact.row.id, &category, &evidence).await?;
    let (title, words) = match confirmed {
        Confirmed::Yes => {
            come_back(context, &guest.scope, &guest.contact.row, &evidence).await?;
            ("Thank you", "It is noted: you will hear from us.")
        }
        Confirmed::Late => ("Too late", "This question is not open any more. Please ask to be asked again."),
    };
    Ok(shown(StatusCode::OK, frame(&guest.tenant.name, title, &told(confirmed == Confirmed::Yes, words))))
}
