//! Search: contacts, companies and deals by the beginning of a word, an address or a number.

use domain::field::Object;
use domain::find::{Findable, Question};
use domain::flows::look_for;
use domain::{Company, Contact, Deal};
use kernel::ids::{CompanyId, ContactId, DealId};
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::Locator;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::{Reply, refused};

/// Most results of a page.
const MOST: usize = 20;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Contact,
    Company,
    Deal,
}

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        let words = [Object::Contact, Object::Company, Object::Deal].map(Object::as_str);
        RefOr::T(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into())
    }
}

impl ToSchema for Kind {
    fn name() -> std::borrow::Cow<'static, str> {
        "SearchKind".into()
    }
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HitView {
    kind: Kind,
    #[schema(example = "con_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: String,
    /// Its name or title, as far as it has one.
    name: Option<String>,
    /// What tells it from others of its name: an address of a contact, a domain of a company, the stage of a deal.
    detail: Option<String>,
}

impl From<Contact> for HitView {
    fn from(contact: Contact) -> Self {
        let email = contact.emails.first().map(ToString::to_string);
        let detail = email.or_else(|| contact.phones.first().map(ToString::to_string));
        let name = contact.full_name().or(contact.company);
        Self { kind: Kind::Contact, id: contact.id.to_string(), name, detail }
    }
}

impl From<Company> for HitView {
    fn from(company: Company) -> Self {
        let detail = company.domains.into_iter().next();
        Self { kind: Kind::Company, id: company.id.to_string(), name: Some(company.name), detail }
    }
}

impl From<Deal> for HitView {
    fn from(deal: Deal) -> Self {
        Self { kind: Kind::Deal, id: deal.id.to_string(), name: Some(deal.title), detail: Some(deal.stage) }
    }
}

/// What is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// The beginnings of words of a name, a company's name, a domain or a title; an email address or the beginning of one; a
    /// telephone number with or without +. At least two letters or three digits; all words must fit.
    #[param(example = "ada love")]
    q: String,
    /// What is looked for.
    kind: Kind,
}

/// Finds contacts, companies or deals by the beginning of their words, in the order of these words. A page may be shorter than asked
/// for.
#[utoipa::path(get, path = "/v1/search", tag = "search", operation_id = "search_things", security(("key" = [])),
    params(PageParams, SearchParams),
    responses((status = 200, description = "A page of what was found, at most 20.", body = List<HitView>), refused::Listing))]
async fn search_things(
    caller: Caller<may::Read>,
    Paged(page, params): Paged<SearchParams>,
) -> Result<Reply<List<Value>>, Failure> {
    let question = Question::parse(&params.q)?;
    Ok(match params.kind {
        Kind::Contact => found::<Contact>(&caller, &page, &question, |hex| ContactId::from_hex(hex).map(Into::into)).await?,
        Kind::Company => found::<Company>(&caller, &page, &question, |hex| CompanyId::from_hex(hex).map(Into::into)).await?,
        Kind::Deal => found::<Deal>(&caller, &page, &question, |hex| DealId::from_hex(hex).map(Into::into)).await?,
    })
}

async fn found<E: Findable + Into<HitView>>(
    caller: &Caller<may::Read>,
    page: &PageParams,
    question: &Question,
    at: impl Fn(&str) -> Option<Locator> + Send,
) -> Result<Reply<List<Value>>> {
    let (keys, list) = (&caller.context.keys, format!("search {} {question:?}", E::OBJECT.as_str()));
    let page = PageParams { limit: Some(page.limit.unwrap_or(20)), ..page.clone() };
    let asked = page.listing(keys, &caller.scope, &list)?;
    if asked.limit > MOST {
        return Err(Error::invalid("?limit", "range", format!("between 1 and {MOST}")));
    }
    let found = look_for::page::<E>(&caller.scope, question, asked.limit, asked.after, at).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |hit| hit.row.into())))
}

operations!(search_things);
