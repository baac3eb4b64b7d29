//! The pages below a tenant's word, `/p/{slug}`: where a person asks for the link to its preferences, sees and changes them, and
//! confirms a consent. A GET shows and never changes anything; a POST does. The signed link is all the credential there is: no cookie
//! goes along that another page could misuse, and no script is needed.

pub(crate) mod ask;
pub(crate) mod choose;
pub(crate) mod confirm;
mod form;
mod frame;
pub(crate) mod signup;
mod wishes;
mod words;

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use domain::address::key;
use domain::consent::Evidence;
use domain::flows::Context;
use domain::flows::suppress::{address_row, lift};
use domain::suppression::Reason;
use domain::{Channel, Contact, Tenant};
use kernel::{Aim, Error, Pass, Result};
use store::{Stored, TenantScope};

use crate::{Intake, pages};

/// Most bytes of a form.
const LIMIT: usize = 64 * 1024;

/// The parameters of a path: a tenant's word, and a token where there is one. What is no text names nothing.
#[derive(Debug)]
pub(crate) struct Place {
    slug: String,
    token: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> std::result::Result<Self, Infallible> {
        let both = Path::<(String, String)>::from_request_parts(parts, state).await;
        if let Ok(Path((slug, token))) = both {
            return Ok(Self { slug, token });
        }
        let slug = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self { slug: slug.map(|Path(slug)| slug).unwrap_or_default(), token: String::new() })
    }
}

fn gone() -> Error {
    Error::NotFound { kind: "page" }
}

/// The contact that a link stands for.
struct Guest {
    scope: TenantScope,
    tenant: Tenant,
    contact: Stored<Contact>,
    pass: Pass,
}

/// Whoever follows the link: its token must be good for that aim, and its word the tenant's own.
async fn guest(intake: &Intake, place: &Place, aim: Aim) -> Result<Guest> {
    let pass = Pass::verify(&intake.0.context.keys, aim, &place.token).ok_or_else(gone)?;
    if pass.ends() <= intake.0.context.clock.now() {
        return Err(gone());
    }
    let scope = intake.0.store.by_pass(&pass);
    let tenant = scope.read_now::<Tenant>(scope.tenant()).await?.ok_or_else(gone)?.row;
    if tenant.slug != place.slug {
        return Err(gone());
    }
    let contact = scope.read_now::<Contact>(pass.contact()).await?.ok_or_else(gone)?;
    Ok(Guest { scope, tenant, contact, pass })
}

/// A page on its way out.
fn shown(status: StatusCode, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    pages::protect(&mut response);
    response
}

/// Who had left all messages of a channel comes back. Of several addresses a free one is written to and needs no coming back, and a
/// link that was sent to it proves nothing about the others.
async fn come_back(
    context: &Context,
    scope: &TenantScope,
    channel: Channel,
    contact: &Contact,
    evidence: &Evidence,
) -> Result<()> {
    let left = |address: &String| contact.suppression_of(channel, address) == Some(Reason::Unsubscribe);
    let Some(address) = contact.address(channel).filter(left) else { return Ok(()) };
    let address = address_row(context, scope, channel, &key(channel, &address)?).await?;
    match address.row.suppressed(channel).filter(|one| one.reason == Reason::Unsubscribe) {
        Some(standing) => lift(context, scope, standing.id, evidence).await.map(drop),
        None => Ok(()),
    }
}
