//! Idempotency keys of `POST /v1/messages`: one write more than without a key, because the message itself is the stored answer.
//!
//! The key's row is written first and holds the id that the message will have. Whoever comes again with the key finds the message
//! under that id and is answered with it as it was accepted; or finds none, and makes it under that same id. Either way there
//! is one message.

use axum::extract::{FromRequest, Request};
use domain::flows::Context;
use domain::idempotency::LEASE_SECONDS;
use domain::{Idempotency, Message};
use kernel::ids::MessageId;
use kernel::{Error, Result};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, Stored, TenantScope};

use super::request::NewMessage;
use crate::edge;
use crate::failure::Failure;
use crate::input::{self, Input, Raw};
use crate::state::Api;

/// The request to send, with its key if it has one.
pub(super) struct Ordered {
    pub(super) message: NewMessage,
    pub(super) key: Option<Key>,
}

/// An idempotency key and what it is used for, as digests.
pub(super) struct Key {
    key: String,
    request: String,
}

impl FromRequest<Api> for Ordered {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let key = edge::key_of(&parts.headers)?;
        let bytes = input::read(body).await?;
        let keys = &api.0.context.keys;
        let key = key.map(|key| Key {
            key: Idempotency::digest(keys, &key),
            request: Idempotency::request(keys, parts.method.as_str(), parts.uri.path(), &bytes),
        });
        parts.extensions.insert(Raw(bytes));
        let Input(message) = Input::from_request(Request::from_parts(parts, axum::body::Body::empty()), api).await?;
        Ok(Self { message, key })
    }
}

/// How a request to send begins.
pub(super) enum Begun {
    /// It was accepted before; this is the message.
    Done(Box<Message>),
    /// The message is to be made, under this id.
    Run(Claim),
}

/// The right to make the message, by this request alone while the lease lasts.
pub(super) struct Claim {
    pub(super) id: MessageId,
    row: Option<Stored<Idempotency>>,
}

/// The row that says that a message was deleted while its key was still remembered. No key's own row is like it: keys have no
/// control characters.
pub(super) fn tombstone(context: &Context, id: MessageId) -> Idempotency {
    let now = context.clock.now();
    let key = Idempotency::digest(&context.keys, &format!("deleted\0{id}"));
    Idempotency { key, request: String::new(), id: id.to_string(), at: now, lease: now, answer: None }
}

/// Claims the key, or finds what it was used for.
pub(super) async fn begin(context: &Context, scope: &TenantScope, key: Option<Key>) -> Result<Begun> {
    let now = context.clock.now();
    let id = MessageId::new(&context.ids, &context.clock);
    let Some(Key { key, request }) = key else { return Ok(Begun::Run(Claim { id, row: None })) };
    let lease = now.plus_seconds(LEASE_SECONDS);
    let row = Idempotency { key, request, id: id.to_string(), at: now, lease, answer: None };
    if scope.create(&row).await? {
        return Ok(Begun::Run(Claim { id, row: Some(Stored { row, version: 1 }) }));
    }
    let at = Idempotency::at(&row.key);
    let Some(found) = scope.read_now::<Idempotency>(at.clone()).await? else { return Err(Error::KeyInUse) };
    // A write whose answer was lost is repeated on the way and then refused by its own first try.
    if found.row.id == row.id {
        return Ok(Begun::Run(Claim { id, row: Some(found) }));
    }
    if found.row.expires_by(now) {
        let fresh = Stored { row, version: found.version };
        let version = scope.replace(&fresh).await.map_err(|error| if error.retryable() { error } else { Error::KeyInUse })?;
        return Ok(Begun::Run(Claim { id, row: Some(Stored { version, ..fresh }) }));
    }
    if found.row.request != row.request {
        return Err(Error::KeyReused);
    }
    let id = MessageId::parse(&found.row.id).ok_or_else(|| Error::internal("an idempotency row without a message id"))?;
    if let Some(message) = scope.read_now::<Message>(id).await? {
        return Ok(Begun::Done(Box::new(message.row)));
    }
    if found.row.lease > now {
        return Err(Error::KeyInUse);
    }
    if scope.read_now::<Idempotency>(Idempotency::at(&tombstone(context, id).key)).await?.is_some() {
        return Err(Error::conflict("the message of this idempotency key was deleted"));
    }
    let change = Change::new().set(attr::LEASE, n(lease.millis()));
    match scope.change::<Idempotency>(at, change, Cond::Version(found.version)).await? {
        Outcome::Done(row) => Ok(Begun::Run(Claim { id, row: Some(row) })),
        Outcome::Refused(_) => Err(Error::KeyInUse),
    }
}

impl Claim {
    /// After a refusal: nothing was written, and a corrected request may use the key.
    pub(super) async fn refused(self, scope: &TenantScope, refusal: Error) -> Error {
        if let Some(row) = self.row
            && let Err(error) = scope.erase(&row).await
        {
            tracing::warn!(?error, "an idempotency key stays in use until its lease ends");
        }
        refusal
    }

    /// After a write whose end nobody knows: the next request with the key finishes it under the same id, without waiting.
    pub(super) async fn unsure(self, scope: &TenantScope, failure: Error) -> Error {
        let Some(row) = self.row else { return failure };
        let change = Change::new().set(attr::LEASE, n(0));
        let at = Idempotency::at(&row.row.key);
        if let Err(error) = scope.change::<Idempotency>(at, change, Cond::Version(row.version)).await {
            tracing::warn!(?error, "an idempotency key stays in use until its lease ends");
        }
        failure
    }
}
