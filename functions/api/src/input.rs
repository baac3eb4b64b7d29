//! What comes in: JSON bodies with JSON pointers in their faults, ids in paths, query parameters, `If-Match`.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, IF_MATCH};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::{Error, Fault, Result};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::failure::Failure;
use crate::state::Api;

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
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().iter().map(segment).collect::<String>();
        fault(error.into_inner(), path)
    })?;
    deserializer.end().map_err(|error| fault(error, String::new()))?;
    Ok(value)
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    }
}

fn fault(error: serde_json::Error, pointer: String) -> Error {
    let text = error.to_string();
    // The parser's own words end in a place in the text, which the pointer says better.
    let words = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words).to_owned();
    match error.classify() {
        serde_json::error::Category::Data => {
            let code = if words.starts_with("unknown field") {
                "unknown_field"
            } else if words.starts_with("missing field") {
                "required"
            } else {
                "type"
            };
            let field = words.split('`').nth(1).filter(|_| code == "required");
            let pointer = field.map_or_else(|| pointer.clone(), |field| format!("{pointer}/{field}"));
            Error::Invalid(vec![Fault::new(pointer, code, words)])
        }
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof | serde_json::error::Category::Io => {
            Error::Malformed { detail: format!("The body is not JSON: {text}.") }
        }
    }
}

/// Query parameters; unknown ones are faults.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
        let value = serde_path_to_error::deserialize(pairs).map_err(|error| {
            let path = error.path().to_string();
            let words = error.into_inner().to_string();
            let name = words.split('`').nth(1).map_or(path, str::to_owned);
            Error::invalid(format!("?{name}"), "parameter", words)
        })?;
        Ok(Self(value))
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
    kernel::ids::ApiKeyId,
    kernel::ids::ContactId,
    kernel::ids::MessageId,
    kernel::ids::SuppressionId,
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
