//! What a reply brings along: `?expand=contact,template` puts the things that ids refer to beside the ids, each in its own view. All
//! things of one kind are one request to the table, however many rows refer to them.

use std::collections::HashMap;
use std::hash::Hash;

use kernel::Result;
use serde::de::value::{Error as Refusal, StrDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer};
use serde::{Deserialize, Deserializer};
use store::schema::Locator;
use store::{Entity, TenantScope};

/// The words of `?expand`: a closed set for each resource.
#[derive(Clone, Debug)]
pub(crate) struct Expand<W>(Vec<W>);

impl<W> Default for Expand<W> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W: PartialEq> Expand<W> {
    /// Whether the word is among them.
    pub(crate) fn wants(&self, word: &W) -> bool {
        self.0.contains(word)
    }

    /// Whether there is any.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de, W: DeserializeOwned> Deserialize<'de> for Expand<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let word = |word: &str| {
            let word: StrDeserializer<'_, Refusal> = word.trim().into_deserializer();
            W::deserialize(word).map_err(D::Error::custom)
        };
        text.split(',').map(word).collect::<Result<_, _>>().map(Self)
    }
}

/// Rows that were asked for, by id; `None` when they were not.
#[derive(Debug)]
pub(crate) struct Things<I, E>(Option<HashMap<I, E>>);

impl<I: Copy + Eq + Hash + Into<Locator>, E: Entity + Clone> Things<I, E> {
    /// Reads the rows of those ids, if they are wanted.
    pub(crate) async fn read(scope: &TenantScope, wanted: bool, ids: impl Iterator<Item = I> + Send) -> Result<Self> {
        if !wanted {
            return Ok(Self(None));
        }
        let ids: Vec<I> = ids.collect();
        let at: Vec<Locator> = ids.iter().map(|id| (*id).into()).collect();
        let found = scope.read_many::<E>(&at).await?;
        Ok(Self(Some(ids.into_iter().zip(found).filter_map(|(id, row)| Some((id, row?.row))).collect())))
    }

    /// The view of one of them: nothing when they were not asked for, null when there is none of that id.
    pub(crate) fn view<V: From<E>>(&self, id: Option<I>) -> Option<Option<V>> {
        self.view_with(id, V::from)
    }

    /// The same by another way of looking.
    pub(crate) fn view_with<V>(&self, id: Option<I>, view: impl FnOnce(E) -> V) -> Option<Option<V>> {
        let things = self.0.as_ref()?;
        Some(id.and_then(|id| things.get(&id)).cloned().map(view))
    }
}
