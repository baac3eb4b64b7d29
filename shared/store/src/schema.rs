//! THE key table: every kind of row, where it stands and which question it answers. No key literal and no attribute name of a
//! condition or change stands anywhere else.
//!
//! Every partition key starts with the tenant, except credential, route and platform rows and the keys of the due index, which
//! only the doors can spell.

use std::borrow::Cow;

use kernel::clock::Month;
use kernel::ids::TenantId;
use kernel::{Error, Result, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Item, Value};

/// How rows of one kind are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All of a tenant's in one partition: kinds of which a tenant has tens or hundreds.
    Small,
    /// Spread by the month of the id and then over `shards` partitions, so that no partition grows with a tenant's whole life,
    /// and id alone finds the row. Raising `shards` moves rows: it is fixed for ever.
    Dated {
        /// Partitions per month. One takes 1,000 write units a second.
        shards: u8,
    },
    /// One row per partition, found by a natural key.
    Single,
    /// Rows that hang below another row: the owner in the partition key, a natural key in the sort key.
    Below,
    /// Outside any tenant, spelled by the doors alone.
    Door,
}

/// One line of the key table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Value of the `kind` attribute.
    pub kind: &'static str,
    /// Id prefix, when rows of this kind have an id.
    pub prefix: &'static str,
    /// The noun in the partition key.
    pub noun: &'static str,
    /// Placement.
    pub shape: Shape,
    /// Partition key, for people.
    pub pk: &'static str,
    /// Sort key, for people.
    pub sk: &'static str,
    /// The question it answers.
    pub question: &'static str,
}

macro_rules! rows {
    ($($name:ident = $kind:literal, $prefix:literal, $noun:literal, $shape:expr, $pk:literal, $sk:literal, $question:literal;)*) => {
        $(
            #[doc = $question]
            pub const $name: Row =
                Row { kind: $kind, prefix: $prefix, noun: $noun, shape: $shape, pk: $pk, sk: $sk, question: $question };
        )*
        /// The whole key table.
        pub const ROWS: &[Row] = &[$($name),*];
    };
}

rows! {
    ACCOUNT = "account", "acc", "ACC", Shape::Small, "T#tenant#ACC", "account id",
        "Which providers can this tenant send through, in which order?";
    ADDRESS = "address", "", "ADR", Shape::Single, "T#tenant#ADR#channel:digest", "-",
        "Whose address is this, and may it be written to?";
    ALLOWANCE = "allowance", "", "ALW", Shape::Single, "T#tenant#ALW#subject:window start", "-",
        "How much of what a tenant, credential or account may do in this window has been handed out?";
    API_KEY = "api_key", "key", "KEY", Shape::Small, "T#tenant#KEY", "key id",
        "Which machine credentials does this tenant have?";
    BODY = "body", "", "BODY", Shape::Single, "T#tenant#BODY#message id", "-",
        "What content did this message bring along, when it does not fit its row?";
    CONTACT = "contact", "con", "CON", Shape::Dated { shards: 1 }, "T#tenant#CON#yyyymm#shard", "contact id",
        "Who is this person, how are they reached, what do they allow? Which contacts are newest?";
    CONVERSATION = "conversation", "cnv", "CNV", Shape::Dated { shards: 1 }, "T#tenant#CNV#yyyymm#shard", "conversation id",
        "Who talks to us through which account, and what is unread? Which conversations are newest?";
    ERRAND = "errand", "erd", "ERD", Shape::Dated { shards: 1 }, "T#tenant#ERD#yyyymm#shard", "errand id",
        "What is to be asked of an account's provider, apart from messages?";
    IDEMPOTENCY = "idempotency", "", "IDEM", Shape::Single, "T#tenant#IDEM#digest of key", "-",
        "Was a request with this key seen in the last 24 hours, and how was it answered?";
    INBOUND = "inbound", "inb", "INB", Shape::Below, "T#tenant#INB#conversation id", "inbound id",
        "What did this contact write to us, newest first?";
    MESSAGE = "message", "msg", "MSG", Shape::Dated { shards: 4 }, "T#tenant#MSG#yyyymm#shard", "message id",
        "What is the state of this message, and why? Which messages are newest?";
    NAME = "name", "", "NAME", Shape::Single, "T#tenant#NAME#noun:slug", "-",
        "Which template has this name?";
    PACE = "pace", "", "PACE", Shape::Single, "T#tenant#PACE#account:window:limit", "-",
        "How far are the slots of this limit of an account promised to messages?";
    PROOF = "proof", "", "PRF", Shape::Single, "T#tenant#PRF#digest of account and token", "-",
        "Was this proof of a callback's sender used before, and for which body?";
    RECEIPT = "receipt", "", "RCP", Shape::Single, "T#tenant#RCP#digest of account and provider's id", "-",
        "Was this message that a provider brings taken in before?";
    STATISTIC = "statistic", "", "STAT", Shape::Below, "T#tenant#STAT#yyyymm", "ddhh#account#template#shard",
        "How many messages reached which state in this hour, by account and template?";
    SUPPRESSION = "suppression", "sup", "SUP", Shape::Dated { shards: 1 }, "T#tenant#SUP#yyyymm#shard", "suppression id",
        "Which addresses must not be written to, and why?";
    TEMPLATE = "template", "tpl", "TPL", Shape::Small, "T#tenant#TPL", "template id",
        "Which templates and layouts are there, and which version is live?";
    TENANT = "tenant", "ten", "TEN", Shape::Single, "T#tenant#TEN", "-",
        "How is this tenant set up?";
    THREAD = "thread", "", "THR", Shape::Single, "T#tenant#THR#digest of contact, account and thread", "-",
        "Which conversation does a message of this contact belong to?";
    TOKEN = "token", "", "TOK", Shape::Single, "T#tenant#TOK#account id", "-",
        "Which access token does this account use, and who asks for the next?";
    USER = "user", "usr", "USR", Shape::Small, "T#tenant#USR", "user id",
        "Who works for this tenant, in which role?";
    VERSION = "version", "ver", "VER", Shape::Below, "T#tenant#VER#template id", "version number",
        "What did this edition of the template say?";
    CREDENTIAL = "credential", "", "K", Shape::Door, "K#digest of key or subject", "-",
        "Whose credential is this, and what does it allow?";
    ROUTE = "route", "", "R", Shape::Door, "R#provider:digest of token", "-",
        "Which account do callbacks to this address belong to?";
    SLUG = "slug", "", "S", Shape::Door, "S#slug", "-",
        "Which tenant has this word in its public addresses?";
    DIRECTORY = "directory", "", "P", Shape::Door, "P#TEN#yyyymm", "tenant id",
        "Which tenants are there?";
}

/// Partitions of the due index. Each takes 1,000 due rows a second.
pub const DUE_SHARDS: u8 = 8;

/// Name of the index of rows that are due.
pub const DUE_INDEX: &str = "due";

/// Name of an attribute. Made here alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attr(Cow<'static, str>);

impl Attr {
    const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The counter of a statistic row: `n_` and its word, which consists of lower-case letters and underscores.
    pub fn counter(word: &str) -> Self {
        Self(Cow::Owned(format!("n_{word}")))
    }

    /// The watermark of a statistic row for messages of one month.
    pub fn watermark(month: &str) -> Self {
        Self(Cow::Owned(format!("w_{month}")))
    }
}

macro_rules! attributes {
    ($($name:ident = $text:literal, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $name: Attr = Attr::new($text);)*
    };
}

/// The attributes that conditions and changes name. Rows have more; those are written whole.
pub mod attr {
    use super::Attr;

    attributes! {
        PK = "pk", "Partition key.";
        SK = "sk", "Sort key.";
        KIND = "kind", "Kind of row, as in the key table.";
        VERSION = "version", "Grows by one with every write.";
        EXPIRES = "expires", "Second after which the row may be deleted (time to live).";
        DUE_PK = "due_pk", "Partition in the due index.";
        DUE_SK = "due_sk", "Moment and row in the due index.";
        STATE = "state", "Where a message stands on our side.";
        STATE_AT = "state_at", "When it came there.";
        STATE_SEQ = "state_seq", "How often its state changed: orders the transitions that analytics counts.";
        ATTEMPT = "attempt", "Number of the latest send attempt.";
        OWNER = "owner", "Who holds the lease on that attempt.";
        LEASE = "lease", "Until when.";
        GATE = "gate", "The gate's answer.";
        GRANTS = "grants", "Attempts of a message's earlier rounds: a person who sends it again grants a new one.";
        TRIES = "tries", "What came of each attempt.";
        EVIDENCE = "evidence", "The furthest that providers' events have carried the message.";
        EVIDENCE_RANK = "evidence_rank", "Its place in the order of outcomes.";
        EVENTS = "events", "What providers told.";
        HOLD = "hold", "Why and until when the message waits.";
        BOOKING = "booking", "What an account has promised to a message that waits for its turn.";
        NEXT = "next", "The next slot of an account that nobody has been promised.";
        CONTACT = "contact", "The contact that an address or message belongs to.";
        ACCOUNT = "account", "The account that a counter is for.";
        TEMPLATE = "template", "The template that a counter is for.";
        HOUR = "hour", "The hour that a counter is for.";
        TENANT = "tenant", "The tenant of a row outside any tenant's partitions.";
        ROLE = "role", "What a credential allows.";
        NAME = "name", "The name of a tenant in the directory.";
        SUBJECT = "subject", "Whose an allowance is, and of what.";
        START = "start", "When the window of an allowance began.";
        USED = "used", "How much of an allowance has been handed out.";
        USED_AT = "used_at", "When a credential was last used, to the hour.";
        ASKING = "asking", "A consent to an account that somebody was sent away to give.";
        OF = "of", "Whom tokens were given to.";
        SEALED = "sealed", "Tokens that nobody may read.";
        ENDS = "ends", "When an access token ends.";
        OUTAGE = "outage", "Why an account is not used, and since when.";
        OUTAGES = "outages", "Outages of an account that are over.";
        PROBE_AT = "probe_at", "When one message may try an account that is not used.";
        SUPPRESSED = "suppressed", "Why an address must not be written to.";
        ANSWER = "answer", "The stored reply to an idempotent request.";
    }
}

/// The attributes that the store writes itself: no row may have a field of such a name.
pub(crate) const OURS: [Attr; 7] = [attr::PK, attr::SK, attr::KIND, attr::VERSION, attr::EXPIRES, attr::DUE_PK, attr::DUE_SK];

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
    kernel::ids::ApiKeyId,
    kernel::ids::ContactId,
    kernel::ids::ConversationId,
    kernel::ids::ErrandId,
    kernel::ids::MessageId,
    kernel::ids::SuppressionId,
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
