//! People who come back from a provider's page of consent (RFC 6749 section 4.1.2). Their ticket says which account it was about. What
//! they bring is sealed and handed on to `send`, which alone talks to providers; nothing else is decided here.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use domain::errand::{Consented, Deed};
use domain::flows::entrust::entrust;
use domain::{Account, Errand};
use kernel::ids::ErrandId;
use kernel::{Error, Result, Secret, Ticket};

use crate::pages;
use crate::{Intake, Refusal};

/// Most bytes of a code. Microsoft's are the longest, about two thousand.
const CODE: usize = 8192;

/// What the person is told.
enum Told {
    /// The consent is on its way.
    Taken,
    /// The provider was told no, or could not ask.
    Refused,
    /// The link is not ours, too old, or used.
    Void,
}

/// Takes what the page of consent says.
pub(crate) async fn come_back(
    State(intake): State<Intake>,
    RawQuery(query): RawQuery,
) -> std::result::Result<Response, Refusal> {
    let told = take(&intake, query.as_deref().unwrap_or_default()).await?;
    let (status, title, words) = match told {
        Told::Taken => (StatusCode::OK, "Thank you", "The account is being connected. You can close this page."),
        Told::Refused => (
            StatusCode::BAD_REQUEST,
            "Nothing was connected",
            "The provider did not give its consent. Ask for a new link if you want to try again.",
        ),
        Told::Void => (
            StatusCode::BAD_REQUEST,
            "This link is of no use any more",
            "It is too old, was used before, or is not from us. Ask for a new one.",
        ),
    };
    let mut response = (status, Html(pages::notice(title, words))).into_response();
    pages::protect(&mut response);
    Ok(response)
}

async fn take(intake: &Intake, query: &str) -> Result<Told> {
    let context = &intake.0.context;
    let value = |wanted: &str| {
        let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value.into_owned()).filter(|_| found.next().is_none())
    };
    let ticket = value("state").and_then(|state| Ticket::verify(&context.keys, &state));
    let Some(ticket) = ticket.filter(|ticket| ticket.ends() > context.clock.now()) else { return Ok(Told::Void) };
    let sound = |code: &String| !code.is_empty() && code.len() <= CODE && code.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(code) = value("code").filter(sound) else { return Ok(Told::Refused) };
    let scope = intake.0.store.by_ticket(&ticket);
    let Some(account) = scope.read_now::<Account>(ticket.account()).await?.map(|found| found.row) else {
        return Ok(Told::Void);
    };
    let Some(asking) = account.asking.filter(|asking| asking.ticket == ticket.name()) else { return Ok(Told::Void) };

    let id = ErrandId::new(&context.ids, &context.clock);
    let brought = Consented { code: Secret::new(code), verifier: ticket.verifier(&context.keys), redirect: asking.redirect };
    let errand = Errand::new(id, ticket.account(), Deed::Consent { sealed: brought.seal(&context.keys, &context.ids, id)? });
    let used = || Error::conflict("the link was used");
    let entrusted = entrust(&scope, &errand, |account| {
        // It is good once: of two who come back at once one is refused.
        account.asking.take_if(|asking| asking.ticket == ticket.name()).map(|_| ()).ok_or_else(used)
    });
    match entrusted.await {
        Ok(_) => Ok(Told::Taken),
        Err(Error::Conflict { .. } | Error::NotFound { .. }) => Ok(Told::Void),
        Err(error) => Err(error),
    }
}
