//! Problem details (RFC 9457): the catalogue of everything a client can be told, and the match from [`Error`] to it.

use serde::Serialize;

use crate::error::{Error, Fault};

/// An entry of the catalogue, listed at `GET /problems`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Stable word; the problem's `type` is `/problems/` and this.
    pub slug: &'static str,
    /// HTTP status code.
    pub status: u16,
    /// Short sentence that does not change from case to case.
    pub title: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

macro_rules! catalogue {
    ($($name:ident = $slug:literal, $status:literal, $title:literal, $advice:literal;)*) => {
        $(const $name: Kind = Kind { slug: $slug, status: $status, title: $title, advice: $advice };)*
        /// Every problem there is.
        pub const CATALOGUE: &[Kind] = &[$($name),*];
    };
}

catalogue! {
    UNAUTHENTICATED = "unauthenticated", 401, "A valid credential is needed",
        "Send an API key or a token in the Authorization header as a Bearer credential.";
    FORBIDDEN = "forbidden", 403, "The credential does not allow this",
        "Use a credential that has what the detail names.";
    NOT_FOUND = "not-found", 404, "There is no such thing",
        "Check the id and that it belongs to your tenant.";
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "The method is not allowed here",
        "See /docs for the methods of this path.";
    MALFORMED = "malformed", 400, "The request cannot be read",
        "Send well-formed JSON with the fields that /docs lists.";
    MEDIA_TYPE = "unsupported-media-type", 415, "The content type is not supported",
        "Send application/json.";
    TOO_LARGE = "too-large", 413, "The request is too large",
        "Send less in one request.";
    INVALID = "invalid", 422, "Some fields cannot be taken",
        "Correct the fields that errors points to; nothing was changed.";
    CONFLICT = "conflict", 409, "The present state does not allow this",
        "Read the thing again and decide anew.";
    STALE = "stale", 412, "It was changed in the meantime",
        "Read it again, and send the new ETag in If-Match.";
    KEY_IN_USE = "idempotency-key-in-use", 409, "A request with this Idempotency-Key is under way",
        "Wait for the seconds in Retry-After and send the same request again.";
    KEY_REUSED = "idempotency-key-reused", 422, "This Idempotency-Key was used with another request",
        "Use a new key for a new request.";
    TOO_MANY = "too-many-requests", 429, "Too many requests",
        "Wait for the seconds in Retry-After.";
    UNAVAILABLE = "unavailable", 503, "A part of the service did not answer",
        "Send the same request again after a moment; with an Idempotency-Key it cannot happen twice.";
    INTERNAL = "internal", 500, "Something went wrong on our side",
        "Send the same request again, or report the request id.";
}

/// The answer's body, `application/problem+json`.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// `/problems/` and the slug.
    #[serde(rename = "type")]
    pub kind: String,
    /// The catalogue's title.
    pub title: &'static str,
    /// HTTP status code.
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request id.
    pub instance: String,
    /// The fields that cannot be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Pointer>,
    /// Seconds for the `Retry-After` header.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

/// One entry of a problem's `errors`.
#[derive(Clone, Debug, Serialize)]
pub struct Pointer {
    /// JSON pointer into the body (RFC 6901), when the fault is in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Query parameter, when the fault is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Header, when the fault is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Stable word for programs.
    pub code: &'static str,
    /// Sentence for people.
    pub detail: String,
}

impl From<&Fault> for Pointer {
    fn from(fault: &Fault) -> Self {
        let (pointer, parameter, header) = if let Some(name) = fault.pointer.strip_prefix('?') {
            (None, Some(name.to_owned()), None)
        } else if let Some(name) = fault.pointer.strip_prefix('@') {
            (None, None, Some(name.to_owned()))
        } else {
            (Some(fault.pointer.clone()), None, None)
        };
        Self { pointer, parameter, header, code: fault.code, detail: fault.detail.clone() }
    }
}

impl Problem {
    /// What a client is told of the error; `instance` is the request id.
    pub fn of(error: &Error, instance: &str) -> Self {
        let (kind, detail) = match error {
            Error::Unauthenticated => (UNAUTHENTICATED, None),
            Error::Forbidden { need } => (FORBIDDEN, Some(format!("The right {need} is missing."))),
            Error::OutOfReach(_) => (FORBIDDEN, Some("The credential is limited to other things.".to_owned())),
            Error::NotFound { kind } => (NOT_FOUND, Some(format!("No such {kind}."))),
            Error::MethodNotAllowed => (METHOD_NOT_ALLOWED, None),
            Error::Malformed { detail } => (MALFORMED, Some(detail.clone())),
            Error::UnsupportedMediaType => (MEDIA_TYPE, None),
            Error::TooLarge { limit } => (TOO_LARGE, Some(format!("At most {limit} bytes are read."))),
            Error::Invalid(_) => (INVALID, None),
            Error::Conflict { detail } => (CONFLICT, Some(detail.clone())),
            Error::Stale { version } => (STALE, Some(format!("The present version is {version}."))),
            Error::KeyInUse => (KEY_IN_USE, None),
            Error::KeyReused => (KEY_REUSED, None),
            Error::TooMany { .. } => (TOO_MANY, None),
            Error::Unavailable(_) => (UNAVAILABLE, None),
            Error::Internal(_) => (INTERNAL, None),
        };
        let errors = if let Error::Invalid(faults) | Error::OutOfReach(faults) = error {
            faults.iter().map(Pointer::from).collect()
        } else {
            Vec::new()
        };
        let retry_after = match error {
            Error::TooMany { after } => Some(*after),
            Error::KeyInUse | Error::Unavailable(_) => Some(1),
            Error::Unauthenticated
            | Error::Forbidden { .. }
            | Error::OutOfReach(_)
            | Error::NotFound { .. }
            | Error::MethodNotAllowed
            | Error::Malformed { .. }
            | Error::UnsupportedMediaType
            | Error::TooLarge { .. }
            | Error::Invalid(_)
            | Error::Conflict { .. }
            | Error::Stale { .. }
            | Error::KeyReused
            | Error::Internal(_) => None,
        };
        Self {
            kind: format!("/problems/{}", kind.slug),
            title: kind.title,
            status: kind.status,
            detail,
            instance: instance.to_owned(),
            errors,
            retry_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_distinct_and_statuses_are_errors() {
        let mut slugs: Vec<_> = CATALOGUE.iter().map(|kind| kind.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), CATALOGUE.len());
        assert!(CATALOGUE.iter().all(|kind| (400..600).contains(&kind.status)));
    }

    #[test]
    fn causes_never_reach_the_client() {
        let problem = Problem::of(&Error::internal("connection string with password"), "req_1");
        assert!(!serde_json::to_string(&problem).unwrap().contains("password"));
    }

    #[test]
    fn faults_say_where() {
        let error = Error::Invalid(vec![Fault::new("/to/email", "email", "no"), Fault::new("?limit", "range", "no")]);
        let json = serde_json::to_value(Problem::of(&error, "req_1")).unwrap();
        assert_eq!(json["errors"][0]["pointer"], "/to/email");
        assert_eq!(json["errors"][1]["parameter"], "limit");
        assert_eq!(json["status"], 422);
    }
}
