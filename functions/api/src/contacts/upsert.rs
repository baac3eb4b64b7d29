//! Contacts that are made, or changed where they are known: one, or several at once with a result for each.

use axum::extract::State;
use domain::field::{Definitions, Object};
use domain::flows::upsert_contact::{Upserted, upsert};
use domain::unique::By;
use http::StatusCode;
use kernel::ids::{ContactId, RequestId};
use kernel::{Error, Problem, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ContactView;
use super::fields::ContactFields;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Input, Params, Part, Repeatable};
use crate::meta::ProblemBody;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Most contacts of one request.
const MOST: usize = 25;

/// What a contact is recognised by.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UpsertParams {
    /// `email`, `phone`, or `field.` and the key of a custom field whose values are unique; `email` when not said.
    #[param(example = "email")]
    by: Option<String>,
}

async fn put(
    caller: &Caller<may::WriteContacts>,
    definitions: &Definitions,
    by: &By,
    id: ContactId,
    body: &ContactFields,
) -> Result<Upserted> {
    let now = caller.context.clock.now();
    let (context, scope, evidence) = (&caller.context, &caller.scope, caller.evidence());
    upsert(context, scope, definitions, by, id, &evidence, |contact| body.clone().apply(contact, now)).await
}

/// Makes a contact, or changes the one that has the first email or phone of the body, or the value of its unique field. What the
/// body does not say stays; emails and phones that it does not name stay behind those that it names.
#[utoipa::path(put, path = "/v1/contacts", tag = "contacts", operation_id = "put_contact", security(("key" = [])),
    params(UpsertParams), request_body = ContactFields,
    responses((status = 200, description = "The changed contact.", body = ContactView, headers(("etag" = String))),
        (status = 201, description = "The new contact.", body = ContactView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn put_contact(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Params(params): Params<UpsertParams>,
    Input(body): Input<ContactFields>,
) -> Result<Reply<ContactView>, Failure> {
    let by = By::parse(Object::Contact, params.by.as_deref().unwrap_or("email")).map_err(|error| error.under("?by"))?;
    let id = ContactId::new(&caller.context.ids, &caller.context.clock);
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let Upserted { contact, new } = put(&caller, &definitions, &by, id, &body).await?;
    let (version, path) = (contact.version, format!("/v1/contacts/{}", contact.row.id));
    let view = ContactView::from(contact.row);
    Ok(if new { Reply::created(view, &path) } else { Reply::ok(view) }.version(version))
}

/// Contacts to make or change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactBatch {
    /// What they are recognised by: `email`, `phone`, or `field.` and the key of a custom field whose values are unique; `email` when
    /// not said.
    #[schema(example = "email")]
    by: Option<String>,
    /// The contacts, each as `PUT /v1/contacts` takes it.
    #[schema(value_type = Vec<ContactFields>, min_items = 1, max_items = 25)]
    contacts: Vec<Part>,
}

/// What came of each contact, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchView {
    results: Vec<ResultView>,
}

/// What came of one contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactResult)]
pub(crate) struct ResultView {
    /// As it would be alone: 201, 200, or the problem's.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// The contact, when there is one.
    #[schema(value_type = Option<String>)]
    id: Option<ContactId>,
    /// Why it was not taken; its pointers lead into that contact.
    #[schema(value_type = Option<ProblemBody>)]
    problem: Option<Problem>,
}

/// Makes or changes up to 25 contacts. Each succeeds or fails on its own.
#[utoipa::path(post, path = "/v1/contacts/batch", tag = "contacts", operation_id = "put_contacts", security(("key" = [])),
    params(Repeatable), request_body = ContactBatch,
    responses((status = 200, description = "What came of each.", body = BatchView), refused::Creating))]
async fn put_contacts(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<ContactBatch>,
) -> Result<Reply<BatchView>, Failure> {
    if !(1..=MOST).contains(&body.contacts.len()) {
        return Err(Error::invalid("/contacts", "too_many", format!("1 to {MOST} contacts")).into());
    }
    let by = By::parse(Object::Contact, body.by.as_deref().unwrap_or("email")).map_err(|error| error.under("/by"))?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    // All ids are drawn first: a repeated request draws the same for each contact, whatever was done before.
    let ids: Vec<ContactId> =
        body.contacts.iter().map(|_| ContactId::new(&caller.context.ids, &caller.context.clock)).collect();
    let request = RequestId::new(&caller.context.ids, &caller.context.clock).to_string();
    let mut results = Vec::with_capacity(ids.len());
    for (contact, id) in body.contacts.into_iter().zip(ids) {
        let result = match contact.read::<ContactFields>() {
            Ok(fields) => put(&caller, &definitions, &by, id, &fields).await,
            Err(error) => Err(error),
        };
        results.push(match result {
            Ok(Upserted { contact, new }) => {
                let status = if new { StatusCode::CREATED } else { StatusCode::OK };
                ResultView { status: status.as_u16(), id: Some(contact.row.id), problem: None }
            }
            // Who sends the same again goes on where it stopped.
            Err(error) if error.retryable() || matches!(error, Error::Internal(_)) => return Err(error.into()),
            Err(error) => {
                let problem = Problem::of(&error, &request);
                ResultView { status: problem.status, id: None, problem: Some(problem) }
            }
        });
    }
    Ok(Reply::ok(BatchView { results }))
}

operations!(put_contact, put_contacts);
