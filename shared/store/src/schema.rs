//! THE key table: every kind of row, where it stands and which question it answers. No key literal and no attribute name of a
//! condition or change stands anywhere else.
//!
//! Every partition key starts with the tenant, except credential, route and platform rows and the keys of the due index, which
//! only the doors can spell.

use kernel::clock::Month;
use kernel::ids::TenantId;
use kernel::{Error, Result, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Item, Value};

pub mod attr;
mod rows;

pub use attr::Attr;
pub(crate) use attr::OURS;
pub use rows::*;

/// Partitions of the due index. Each takes 1,000 due rows a second.
pub const DUE_SHARDS: u8 = 8;

/// Name of the index of rows that are due.
pub const DUE_INDEX: &str = "due";

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// The sort key of rows that are alone in their partition.
const ALONE: &str = "-";

/// What finds a row of one kind within a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locator {
    /// An id's 32 digits and the moment it was made.
    Id(String, Time),
    /// Parts of a natural key, free of the separator: the partition's own part.
    Natural(String),
    /// Partition part and sort key.
    Below(String, String),
}

impl From<TenantId> for Locator {
    fn from(_: TenantId) -> Self {
        Self::Natural(String::new())
    }
}

macro_rules! locators {
    ($($id:ty),*) => {$(
        impl From<$id> for Locator {
            fn from(id: $id) -> Self {
                Self::Id(id.hex(), id.made_at())
            }
        }
    )*};
}

locators!(
    kernel::ids::AccountId,
    kernel::ids::ActivityId,
    kernel::ids::ApiKeyId,
    kernel::ids::ArchiveId,
    kernel::ids::AttachmentId,
    kernel::ids::CompanyId,
    kernel::ids::ContactId,
    kernel::ids::ConversationId,
    kernel::ids::DealId,
    kernel::ids::ErasureId,
    kernel::ids::ErrandId,
    kernel::ids::EventId,
    kernel::ids::ExportId,
    kernel::ids::FieldId,
    kernel::ids::ImportId,
    kernel::ids::MessageId,
    kernel::ids::RuleId,
    kernel::ids::RunId,
    kernel::ids::SeriesId,
    kernel::ids::SignupId,
    kernel::ids::SuppressionId,
    kernel::ids::TaskId,
    kernel::ids::TeamId,
    kernel::ids::TemplateId,
    kernel::ids::UserId
);

/// A kind of row as a type: what the domain's nouns implement to be stored.
pub trait Entity: Serialize + DeserializeOwned + Send + Sync {
    /// Its line of the key table.
    const ROW: Row;

    /// What finds it.
    fn locator(&self) -> Locator;

    /// When it may be deleted, if ever.
    fn expires(&self) -> Option<Time> {
        None
    }

    /// When `reminder-scan` must look at it, if ever.
    fn due(&self) -> Option<Time> {
        None
    }
}

fn tenant_prefix(tenant: TenantId) -> String {
    format!("T#{}", tenant.hex())
}

/// Keys contain `#` between parts only: a part that brings its own is hashed or refused by the caller.
fn part(text: &str) -> Result<&str> {
    if text.contains('#') { Err(Error::internal("a key part contains the separator")) } else { Ok(text) }
}

/// Shard of an id: its last hexadecimal digits, which are random.
fn shard_of(hex: &str, shards: u8) -> u8 {
    let last = hex.get(hex.len().saturating_sub(2)..).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
    if shards == 0 { 0 } else { last % shards }
}

/// Partition of a dated kind.
pub(crate) fn dated_partition(tenant: TenantId, row: &Row, month: Month, shard: u8) -> String {
    format!("{}#{}#{month}#{shard}", tenant_prefix(tenant), row.noun)
}

/// Partition of a small kind.
pub(crate) fn small_partition(tenant: TenantId, row: &Row) -> String {
    format!("{}#{}", tenant_prefix(tenant), row.noun)
}

/// Partition of rows below an owner.
pub(crate) fn below_partition(tenant: TenantId, row: &Row, owner: &str) -> Result<String> {
    Ok(format!("{}#{}#{}", tenant_prefix(tenant), row.noun, part(owner)?))
}

/// The key of a tenant's row.
pub(crate) fn key(tenant: TenantId, row: &Row, locator: &Locator) -> Result<Key> {
    let misplaced = || Error::internal(format!("a {} is not found that way", row.kind));
    match (row.shape, locator) {
        (Shape::Small, Locator::Id(hex, _)) => Ok(Key { pk: small_partition(tenant, row), sk: hex.clone() }),
        (Shape::Dated { shards }, Locator::Id(hex, made)) => {
            Ok(Key { pk: dated_partition(tenant, row, made.month(), shard_of(hex, shards)), sk: hex.clone() })
        }
        (Shape::Single, Locator::Natural(name)) if name.is_empty() => {
            Ok(Key { pk: small_partition(tenant, row), sk: ALONE.to_owned() })
        }
        (Shape::Single, Locator::Natural(name)) => {
            Ok(Key { pk: format!("{}#{}#{}", tenant_prefix(tenant), row.noun, part(name)?), sk: ALONE.to_owned() })
        }
        (Shape::Below, Locator::Below(owner, name)) => Ok(Key { pk: below_partition(tenant, row, owner)?, sk: name.clone() }),
        (Shape::Small | Shape::Dated { .. } | Shape::Single | Shape::Below | Shape::Door, _) => Err(misplaced()),
    }
}

/// The key of a row outside any tenant. Only the doors call this.
pub(crate) fn door_key(row: &Row, name: &str) -> Result<Key> {
    Ok(Key { pk: format!("{}#{}", row.noun, part(name)?), sk: ALONE.to_owned() })
}

/// Partition of the directory of tenants.
pub(crate) fn directory_partition(month: Month) -> String {
    format!("{}#TEN#{month}", DIRECTORY.noun)
}

/// The key of a tenant in the directory.
pub(crate) fn directory_key(tenant: TenantId) -> Key {
    Key { pk: directory_partition(tenant.made_at().month()), sk: tenant.hex() }
}

/// Partition of the due index.
pub(crate) fn due_partition(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// Sort key in the due index: thirteen digits of milliseconds, so that text order is time order. Later than the year 2286 is
/// as good as that.
pub(crate) fn due_sort(at: Time) -> String {
    format!("{:013}", at.millis().clamp(0, 9_999_999_999_999))
}

/// An entry of the due index: the keys of the row and its own.
pub(crate) fn due_entry(key: &Key, partition: String, sort: String) -> Item {
    let words = [(attr::PK, key.pk.clone()), (attr::SK, key.sk.clone()), (attr::DUE_PK, partition), (attr::DUE_SK, sort)];
    words.into_iter().map(|(attr, word)| (attr.as_str().to_owned(), Value::S(word))).collect()
}

/// The two index attributes of a row due at `at`, and their values.
pub(crate) fn due_attributes(key: &Key, at: Time) -> [(Attr, Value); 2] {
    let spread = key.sk.bytes().chain(key.pk.bytes()).fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    [(attr::DUE_PK, Value::S(due_partition(spread % DUE_SHARDS))), (attr::DUE_SK, Value::S(due_sort(at)))]
}

/// The tenant that a partition key starts with; `None` for rows outside any tenant.
pub(crate) fn tenant_of(pk: &str) -> Option<TenantId> {
    let hex = pk.strip_prefix("T#")?.split('#').next()?;
    TenantId::from_hex(hex)
}

/// Reads the primary key out of an item.
pub(crate) fn key_of(item: &Item) -> Option<Key> {
    match (item.get(attr::PK.as_str())?, item.get(attr::SK.as_str())?) {
        (Value::S(pk), Value::S(sk)) => Some(Key { pk: pk.clone(), sk: sk.clone() }),
        _ => None,
    }
}

/// The key table as Markdown, kept in ARCHITECTURE.md by a test.
pub fn markdown() -> String {
    let mut text = String::from("| row | id | pk | sk | the question it answers |\n|---|---|---|---|---|\n");
    for row in ROWS {
        let id = if row.prefix.is_empty() { String::new() } else { format!("`{}_`", row.prefix) };
        text.push_str(&format!("| {} | {id} | `{}` | `{}` | {} |\n", row.kind, row.pk, row.sk, row.question));
    }
    text.push_str(&format!(
        "| index `{DUE_INDEX}` | | `DUE#shard` (of {DUE_SHARDS}) | `milliseconds` | What is due by now, over all tenants? Keys only. |\n"
    ));
    text
}

#[cfg(test)]
mod tests {
    use kernel::ids::{ContactId, MessageId};
    use kernel::{Clock, Ids};

    use super::*;

    #[test]
    fn an_id_alone_finds_its_row_and_the_tenant_comes_first() {
        let (ids, clock) = (Ids::seeded(1), Clock::manual(Time::parse("2026-03-05T00:00:00Z").unwrap()));
        let tenant = TenantId::new(&ids, &clock);
        let message = MessageId::new(&ids, &clock);
        let key = key(tenant, &MESSAGE, &message.into()).unwrap();
        assert!(key.pk.starts_with(&format!("T#{}#MSG#202603#", tenant.hex())));
        assert_eq!(key.sk, message.hex());
        assert_eq!(tenant_of(&key.pk), Some(tenant));
        assert_eq!(tenant_of("K#abc"), None);
    }

    #[test]
    fn a_separator_in_a_natural_key_is_refused() {
        let tenant = TenantId::from_bytes([1; 16]);
        assert!(key(tenant, &ADDRESS, &Locator::Natural("email#evil".into())).is_err());
        assert!(key(tenant, &CONTACT, &Locator::Natural("x".into())).is_err());
        assert!(key(tenant, &CREDENTIAL, &Locator::Natural("x".into())).is_err());
    }

    #[test]
    fn nouns_and_kinds_are_distinct_and_prefixes_are_known() {
        let mut nouns: Vec<_> = ROWS.iter().map(|row| row.noun).collect();
        let mut kinds: Vec<_> = ROWS.iter().map(|row| row.kind).collect();
        nouns.sort_unstable();
        nouns.dedup();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!((nouns.len(), kinds.len()), (ROWS.len(), ROWS.len()));
        for row in ROWS.iter().filter(|row| !row.prefix.is_empty()) {
            assert!(kernel::ids::KINDS.iter().any(|(prefix, _)| prefix == &row.prefix), "{}", row.kind);
        }
        let _ = ContactId::PREFIX;
    }

    #[test]
    fn shards_come_from_the_random_end_of_the_id() {
        assert_eq!(shard_of("0000000000000000000000000000000f", 4), 3);
        assert_eq!(shard_of("00000000000000000000000000000010", 4), 0);
    }
}
