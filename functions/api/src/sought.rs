//! Filters by an id, or by that there is none.

use serde::{Deserialize, Deserializer};

/// The word for those that have none.
pub(crate) const NONE: &str = "none";

/// An id, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sought<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sought<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == NONE {
            return Ok(Self(None));
        }
        T::deserialize(serde::de::value::StringDeserializer::new(text)).map(|id| Self(Some(id)))
    }
}
