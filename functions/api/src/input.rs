//! What comes in: JSON bodies with JSON pointers in their faults, ids in paths, query parameters, `If-Match`.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, IF_MATCH};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::{Error, Fault, Result};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::failure::Failure;
use crate::state::Api;

mod tree;

use tree::Tree;

/// Most bytes of a body.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// A JSON body. Unknown fields, wrong types and values that a type refuses are faults that point to their place.
#[derive(Debug)]
pub struct Input<T>(pub T);

/// The bytes of a body, already read by a layer that needed them.
#[derive(Clone, Debug)]
pub(crate) struct Raw(pub(crate) Bytes);

/// Reads at most [`BODY_LIMIT`] bytes.
pub(crate) async fn read(body: axum::body::Body) -> Result<Bytes> {
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Error::TooLarge { limit: BODY_LIMIT }),
        Err(_) => Err(Error::Malformed { detail: "The body ended early.".to_owned() }),
    }
}

impl<T: DeserializeOwned> FromRequest<Api> for Input<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Api) -> Result<Self, Failure> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Error::UnsupportedMediaType.into());
        }
        let bytes = match request.extensions().get::<Raw>().cloned() {
            Some(raw) => raw.0,
            None => read(request.into_body()).await?,
        };
        Ok(Self(parse(&bytes)?))
    }
}

/// Parses JSON into a type.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let tree = serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let pointer = pointer(error.path());
        if is_json(bytes) { fault(&error.into_inner(), pointer) } else { malformed(&error.into_inner()) }
    })?;
    text.end().map_err(|error| malformed(&error))?;
    Part(tree).read()
}

/// Whether it is JSON, also if it says what nobody can keep: a number beyond all bounds, or more levels than anybody means.
fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// A part of a body that is read by itself, so that what is wrong with it concerns no other.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Part(Tree);

impl Part {
    /// Reads it into a type. Its faults point into the part.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T> {
        if !matches!(self.0, Tree::Object(_)) {
            return Err(Error::invalid("", "type", "an object is needed"));
        }
        serde_path_to_error::deserialize(self.0).map_err(|error| {
            let pointer = pointer(error.path());
            fault(&error.into_inner(), pointer)
        })
    }
}

fn pointer(path: &Path) -> String {
    path.iter().map(segment).collect()
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => step(key),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    }
}

/// One step of a JSON pointer (RFC 6901).
pub(crate) fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn malformed(error: &serde_json::Error) -> Error {
    Error::Malformed { detail: format!("The body is not JSON: {error}.") }
}

fn fault(error: &serde_json::Error, pointer: String) -> Error {
    let text = error.to_string();
    // The parser's own words end in a place in the text, which the pointer says better.
    let words = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words).to_owned();
    let code = if words.starts_with("unknown field") {
        "unknown_field"
    } else if words.starts_with("missing field") {
        "required"
    } else if words.starts_with("duplicate field") {
        "duplicate"
    } else {
        "type"
    };
    let field = words.split('`').nth(1).filter(|_| ["required", "duplicate"].contains(&code));
    let pointer = field.map_or_else(|| pointer.clone(), |field| format!("{pointer}/{field}"));
    Error::Invalid(vec![Fault::new(pointer, code, words)])
}

/// Reads a field of a change that can be removed: absent is `None`, null is `Some(None)`. Goes with `default`.
pub(crate) fn double_option<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(value).map(Some)
}

/// Reads a field of a change that cannot be removed: absent is `None`, null is whatever `T` makes of it, most often a fault. Goes
/// with `default`.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Takes over what a change says, if it says anything.
pub(crate) fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

/// JSON merge patch (RFC 7396).
pub(crate) fn merge(place: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *place = patch;
        return;
    };
    if !place.is_object() {
        *place = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(place) = place {
        for (name, value) in patch {
            if value.is_null() {
                place.remove(&name);
            } else {
                merge(place.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}

/// Query parameters; unknown ones are faults.
#[derive(Debug)]
pub struct Params<T>(pub T);

/// Reads those query parameters whose names are `wanted`.
pub(crate) fn query<T: DeserializeOwned>(query: &str, wanted: impl Fn(&str) -> bool) -> Result<T> {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| wanted(name));
    let kept = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(kept.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let words = error.into_inner().to_string();
        let named = words.contains(" field `");
        let name = words.split('`').nth(1).filter(|_| named).map_or(path, str::to_owned);
        Error::invalid(format!("?{name}"), "parameter", words)
    })
}

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        Ok(Self(query(parts.uri.query().unwrap_or_default(), |_| true)?))
    }
}

/// An id out of the path. What is no id of this kind names nothing, like an id of another tenant.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

/// Ids that stand in paths.
pub trait PathId: Sized {
    /// Reads its text.
    fn read(text: &str) -> Option<Self>;
    /// The noun.
    const NOUN: &'static str;
}

macro_rules! path_ids {
    ($($id:ty),*) => {$(
        impl PathId for $id {
            const NOUN: &'static str = <$id>::KIND;
            fn read(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        }
    )*};
}

path_ids!(
    kernel::ids::AccountId,
    kernel::ids::ActivityId,
    kernel::ids::ApiKeyId,
    kernel::ids::AttachmentId,
    kernel::ids::CompanyId,
    kernel::ids::ContactId,
    kernel::ids::ConversationId,
    kernel::ids::DealId,
    kernel::ids::FieldId,
    kernel::ids::EventId,
    kernel::ids::ExportId,
    kernel::ids::ImportId,
    kernel::ids::MessageId,
    kernel::ids::RuleId,
    kernel::ids::RunId,
    kernel::ids::SeriesId,
    kernel::ids::SuppressionId,
    kernel::ids::TaskId,
    kernel::ids::TeamId,
    kernel::ids::TemplateId,
    kernel::ids::TenantId,
    kernel::ids::UserId
);

impl<T: PathId> FromRequestParts<Api> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, api).await.map_err(|_| Error::NotFound { kind: T::NOUN })?;
        let text = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value);
        Ok(Self(text.and_then(T::read).ok_or(Error::NotFound { kind: T::NOUN })?))
    }
}

/// The version that `If-Match` names, if it is there.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Refuses when the header names another version.
    pub fn check(&self, version: u64) -> Result<()> {
        match self.0 {
            Some(wanted) if wanted != version => Err(Error::Stale { version }),
            Some(_) | None => Ok(()),
        }
    }
}

impl FromRequestParts<Api> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let version = value.to_str().ok().and_then(|text| text.trim().trim_matches('"').parse().ok());
        match version {
            Some(version) => Ok(Self(Some(version))),
            None => Err(Error::invalid("@If-Match", "etag", "an ETag of this API is needed").into()),
        }
    }
}

fn header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![header("If-Match", "The ETag that was read: another version is refused.")]
    }
}

/// The header of requests that have one effect however often they are sent: for descriptions.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable;

impl IntoParams for Repeatable {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![header("Idempotency-Key", "Any text of 1 to 255 characters: the same request has one effect within 24 hours.")]
    }
}

#[cfg(test)]
mod tests;
