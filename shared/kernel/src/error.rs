//! The one error type. It knows nothing of HTTP: [`crate::problem`] turns it into an answer by one exhaustive match.

use std::fmt;

/// Anything that can go wrong between a request and its answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms that callers can act on. The public half of a message is in the variant; causes are separate,
/// have no `Display`, and go to the log once, at the edge.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// No credential, or one that is not valid (any more).
    Unauthenticated,
    /// The credential is valid but lacks a right.
    Forbidden {
        /// The right that is missing.
        need: &'static str,
    },
    /// The credential has the right, but not for what these fields name. No field: not for what the path names.
    OutOfReach(Vec<Fault>),
    /// There is no such thing, or it belongs to another tenant: the two are answered alike.
    NotFound {
        /// The noun.
        kind: &'static str,
    },
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The body is not JSON of the expected outline.
    Malformed {
        /// What the parser met.
        detail: String,
    },
    /// The content type is not one that is read here.
    UnsupportedMediaType,
    /// The body is larger than `limit` bytes.
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// Fields that cannot be taken, all of them at once.
    Invalid(Vec<Fault>),
    /// The thing is in a state that does not allow this, or already exists.
    Conflict {
        /// Why.
        detail: String,
    },
    /// `If-Match` names another version than the present one.
    Stale {
        /// The present version.
        version: u64,
    },
    /// A request with the same idempotency key is still under way.
    KeyInUse,
    /// The idempotency key was used before with another body.
    KeyReused,
    /// Too many requests.
    TooMany {
        /// Seconds to wait.
        after: u32,
    },
    /// A part that we depend on did not answer; trying again is right.
    Unavailable(Cause),
    /// Our own fault.
    Internal(Cause),
}

impl Error {
    /// One invalid field. `pointer` is a JSON pointer (RFC 6901) into the body, or `?name` for a query parameter.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(pointer, code, detail)])
    }

    /// An internal fault with its cause.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::Internal(Cause::new(cause))
    }

    /// A dependency that did not answer.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self::Unavailable(Cause::new(cause))
    }

    /// A conflict with the present state.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict { detail: detail.into() }
    }

    /// The same faults found below `prefix`, so that a value's own check can be used inside a larger body.
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        let below = |faults: Vec<Fault>| {
            faults.into_iter().map(|fault| Fault { pointer: format!("{prefix}{}", fault.pointer), ..fault }).collect()
        };
        match self {
            Self::Invalid(faults) => Self::Invalid(below(faults)),
            Self::OutOfReach(faults) => Self::OutOfReach(below(faults)),
            other @ (Self::Unauthenticated
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::MethodNotAllowed
            | Self::Malformed { .. }
            | Self::UnsupportedMediaType
            | Self::TooLarge { .. }
            | Self::Conflict { .. }
            | Self::Stale { .. }
            | Self::KeyInUse
            | Self::KeyReused
            | Self::TooMany { .. }
            | Self::Unavailable(_)
            | Self::Internal(_)) => other,
        }
    }

    /// Whether the same request may succeed later without a change.
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::TooMany { .. } | Self::KeyInUse)
    }
}

/// One field that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer into the body, `?name` for a query parameter, `@name` for a header.
    pub pointer: String,
    /// Stable word for programs.
    pub code: &'static str,
    /// Sentence for people.
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// The internal half of an error: for the log, never for a client. It has no `Display`, so it cannot slip into an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// Wraps what the log should say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the log.
    pub fn for_log(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Collects faults so that a caller learns of all of them in one answer.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(Fault::new(pointer, code, detail));
    }

    /// Keeps the value, or notes its faults under `prefix`. Errors of another kind are noted as they read.
    pub fn take<T>(&mut self, prefix: &str, result: Result<T>) -> Option<T> {
        match result.map_err(|error| error.under(prefix)) {
            Ok(value) => Some(value),
            Err(Error::Invalid(mut faults)) => {
                self.0.append(&mut faults);
                None
            }
            Err(other) => {
                self.add(prefix, "refused", format!("{other:?}"));
                None
            }
        }
    }

    /// Refuses text longer than `limit` bytes.
    pub fn longer(&mut self, pointer: &str, text: &str, limit: usize) {
        if text.len() > limit {
            self.add(pointer, "too_long", format!("at most {limit} bytes"));
        }
    }

    /// The error, when there was a fault.
    pub fn check(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_collected_with_their_place() {
        let mut faults = Faults::default();
        assert_eq!(faults.take("/a", Ok(1)), Some(1));
        assert_eq!(faults.take::<u8>("/b", Err(Error::invalid("/0", "email", "no"))), None);
        faults.longer("/c", "abcdef", 3);
        let Err(Error::Invalid(found)) = faults.check() else { unreachable!() };
        assert_eq!(found.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/b/0", "/c"]);
        assert!(Faults::default().check().is_ok());
    }
}
