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

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use domain::address::key;
use domain::consent::Evidence;
use domain::flows::Context;
use domain::flows::suppress::{address_row, lift};
use domain::signup::SignupForm;
use domain::suppression::Reason;
use domain::{Category, Channel, Contact, Tenant};
use kernel::{Aim, Error, Locale, Pass, Result};
use store::{Stored, TenantScope};
use words::Words;

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

/// The languages that the person's program asks for, the dearest first.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').filter_map(|range| range.trim().get(..2))
}

/// The words for a contact: of its language, else the tenant's.
fn words_for(contact: &Contact, tenant: &Tenant) -> &'static Words {
    Words::of_first(contact.locale.iter().chain([&tenant.locale]).map(Locale::language))
}

/// The contact that a link stands for.
struct Guest {
    scope: TenantScope,
    tenant: Tenant,
    contact: Stored<Contact>,
    /// The tenant's sign-up form, which has names for categories.
    form: Option<SignupForm>,
    pass: Pass,
}

impl Guest {
    fn words(&self) -> &'static Words {
        words_for(&self.contact.row, &self.tenant)
    }

    /// What people call a category: as the form does, in the guest's language if it can.
    fn name<'a>(&'a self, category: &'a Category) -> &'a str {
        let topic = self.form.iter().flat_map(|form| &form.topics).find(|topic| topic.category == *category);
        topic.map_or(category.as_str(), |topic| topic.name(self.words().tag))
    }

    /// What people can ask for by the form, if it is open.
    fn topics(&self) -> BTreeSet<Category> {
        let topics = self.form.iter().filter(|form| form.active).flat_map(|form| &form.topics);
        topics.map(|topic| topic.category.clone()).collect()
    }
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
    let form = scope.read::<SignupForm>(SignupForm::at()).await?.map(|form| form.row);
    Ok(Guest { scope, tenant, contact, form, pass })
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
