//! List cursors: opaque and signed, bound to the tenant, the list and its filters. A changed or borrowed cursor is refused.

use kernel::{Error, Keys, Result, crypto};

use crate::TenantScope;

/// Where a page ended: the sort key of the last row looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(pub(crate) String);

const MAC: usize = 12;

impl Position {
    /// The place of that sort key.
    pub const fn at(sort_key: String) -> Self {
        Self(sort_key)
    }

    /// The sort key of the last row looked at.
    pub fn sort_key(&self) -> &str {
        &self.0
    }

    /// The cursor that leads back here. `list` names the list with its filters, so that a cursor fits the question it answers.
    pub fn seal(&self, keys: &Keys, scope: &TenantScope, list: &str) -> String {
        let mac = keys.cursor.sign(&material(scope, list, &self.0));
        let mut bytes: Vec<u8> = mac.into_iter().take(MAC).collect();
        bytes.extend_from_slice(self.0.as_bytes());
        crypto::encode(&bytes)
    }

    /// Reads a cursor made by [`Position::seal`] for the same tenant and list.
    pub fn open(keys: &Keys, scope: &TenantScope, list: &str, cursor: &str) -> Result<Self> {
        let refuse = || Error::invalid("?after", "cursor", "a cursor from an earlier page of this very list is needed");
        let bytes = crypto::decode(cursor).ok_or_else(refuse)?;
        let (mac, place) = bytes.split_at_checked(MAC).ok_or_else(refuse)?;
        let place = std::str::from_utf8(place).map_err(|_| refuse())?;
        let expected = keys.cursor.sign(&material(scope, list, place));
        if expected.get(..MAC).is_some_and(|expected| crypto::equal(expected, mac)) {
            Ok(Self(place.to_owned()))
        } else {
            Err(refuse())
        }
    }
}

fn material(scope: &TenantScope, list: &str, place: &str) -> Vec<u8> {
    let mut material = scope.tenant().to_bytes().to_vec();
    // The length keeps list and place apart, whatever bytes a filter's text brings along.
    material.extend_from_slice(&u64::try_from(list.len()).unwrap_or(u64::MAX).to_be_bytes());
    material.extend_from_slice(list.as_bytes());
    material.extend_from_slice(place.as_bytes());
    material
}
