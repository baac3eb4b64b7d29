//! What may be wrong with a template, in words for its author: the part, the line and a stable kind.
//!
//! Invariant: a fault carries the author's own template text and names at most, never a value of the
//! recipient, so it may be shown and logged.

use serde::{Deserialize, Serialize};

/// The stable reason of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The source does not parse.
    Syntax,
    /// The source parses, but uses something that is not allowed here.
    Refused,
    /// A layout, filter, test, function or MJML tag that does not exist.
    Unknown,
    /// A source, context or result is over its limit.
    Size,
    /// Rendering took more steps, depth or memory than one message may.
    Budget,
    /// A variable has no value (only when previewing).
    Undefined,
    /// The subject has control characters, or is too long for a header.
    Header,
    /// An operation that its values do not support, such as adding text to a number.
    Value,
    /// The engine failed by itself. Never the author's fault; worth an alarm.
    Engine,
}

/// One thing that is wrong with a template, found when it is saved or when it is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{part}:{line}: {message}")]
pub struct Fault {
    /// `subject`, `html`, `text`, or the name of a layout.
    pub part: String,
    /// The line in that part's source, from 1; 0 when no line is to blame.
    pub line: usize,
    /// The stable reason.
    pub kind: Kind,
    /// For the author.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(part: &str, line: usize, kind: Kind, message: impl Into<String>) -> Fault {
        let mut message = message.into();
        // An engine may quote a whole source.
        if let Some((end, _)) = message.char_indices().nth(MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        Fault { part: part.to_owned(), line, kind, message }
    }
}

/// The most characters of a message.
const MESSAGE: usize = 300;
