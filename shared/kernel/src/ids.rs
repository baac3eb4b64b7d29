//! Typed ids and the only source of randomness.
//!
//! An id is a prefix and a UUIDv7 (RFC 9562): its text sorts by creation time, so an id bounds a date range. Parsing refuses a
//! wrong prefix, so an id of one kind can never stand where another is meant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::{Clock, Time};

/// Where random bits come from: the system in production, a seed in tests.
#[derive(Clone, Debug)]
pub enum Ids {
    /// The operating system's generator through aws-lc.
    System,
    /// A counter stretched by splitmix64: the same seed gives the same ids. Never used for secrets outside tests.
    Seeded(Arc<AtomicU64>),
    /// A stream of HMAC outputs under a deployment key: unguessable from outside, and the same again for the same label. A
    /// repeated request makes the same ids, so it cannot make a thing twice.
    Derived(Arc<Derivation>),
}

/// See [`Ids::Derived`].
#[derive(Debug)]
pub struct Derivation {
    key: crate::crypto::MacKey,
    label: Vec<u8>,
    drawn: AtomicU64,
}

impl Ids {
    /// Ids that depend on the seed alone.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(AtomicU64::new(seed)))
    }

    /// Ids that follow from the label, under the deployment's keys.
    pub fn derived(keys: &crate::Keys, label: &str) -> Self {
        let label = format!("ids\0{label}\0").into_bytes();
        Self::Derived(Arc::new(Derivation { key: keys.digest.clone(), label, drawn: AtomicU64::new(0) }))
    }

    /// Random bytes for ids, owners, keys and nonces.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        match self {
            Self::System => crate::crypto::fill_random(&mut bytes),
            Self::Derived(derivation) => {
                for chunk in bytes.chunks_mut(32) {
                    let number = derivation.drawn.fetch_add(1, Ordering::AcqRel).to_be_bytes();
                    let block = derivation.key.sign(&[derivation.label.as_slice(), &number].concat());
                    for (byte, drawn) in chunk.iter_mut().zip(block) {
                        *byte = drawn;
                    }
                }
            }
            Self::Seeded(state) => {
                for chunk in bytes.chunks_mut(8) {
                    let word = split_mix(state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::AcqRel)).to_le_bytes();
                    for (byte, random) in chunk.iter_mut().zip(word) {
                        *byte = random;
                    }
                }
            }
        }
        bytes
    }

    /// A new UUIDv7 of the clock's present millisecond.
    pub fn uuid(&self, clock: &Clock) -> Uuid {
        let millis = u64::try_from(clock.now().millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()).into_uuid()
    }

    /// A fraction in [0, 1), for jitter.
    pub fn fraction(&self) -> f64 {
        let word = u64::from_le_bytes(self.bytes::<8>());
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let fraction = (word >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }
}

fn split_mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The moment an UUIDv7 was made.
fn made_at(uuid: &Uuid) -> Time {
    let bytes = uuid.as_bytes();
    let millis = bytes.iter().take(6).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    Time::from_millis(millis)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;
            /// The noun for people, as in "no such contact".
            pub const KIND: &'static str = $kind;

            /// A new id of the present moment.
            pub fn new(ids: &Ids, clock: &Clock) -> Self {
                Self(ids.uuid(clock))
            }

            /// Reads `prefix_` and 32 lower-case hexadecimal digits; anything else is no id of this kind.
            pub fn parse(text: &str) -> Option<Self> {
                let hex = text.strip_prefix(concat!($prefix, "_"))?;
                Self::from_hex(hex)
            }

            /// Reads the bare 32 digits as keys keep them.
            pub fn from_hex(hex: &str) -> Option<Self> {
                if hex.len() != 32 || hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return None;
                }
                Uuid::try_parse(hex).ok().map(Self)
            }

            /// The bare 32 digits.
            pub fn hex(&self) -> String {
                self.0.as_simple().to_string()
            }

            /// The 16 bytes.
            pub const fn to_bytes(self) -> [u8; 16] {
                *self.0.as_bytes()
            }

            /// From the 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// When it was made, to the millisecond.
            pub fn made_at(&self) -> Time {
                made_at(&self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.as_simple())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(concat!("an id of the form ", $prefix, "_ and 32 hexadecimal digits is needed"))
                })
            }
        }
    )*

        /// Every id kind: (prefix, noun).
        pub const KINDS: &[(&str, &str)] = &[$(($prefix, $kind)),*];
    };
}

ids! {
    /// A connection to a provider.
    AccountId = "acc", "account";
    /// What somebody did with a contact: a call, a meeting, a note.
    ActivityId = "act", "activity";
    /// A machine credential.
    ApiKeyId = "key", "api key";
    /// The activities of a month that are put away.
    ArchiveId = "arc", "archive";
    /// A file that goes along with messages, or came with one.
    AttachmentId = "att", "attachment";
    /// An organisation that contacts belong to.
    CompanyId = "cmp", "company";
    /// A person or mailbox that a tenant talks to.
    ContactId = "con", "contact";
    /// What a contact and a tenant say to each other through one account.
    ConversationId = "cnv", "conversation";
    /// Something to be won or lost.
    DealId = "dea", "deal";
    /// That something is gone, and what tells of it is to go.
    ErasureId = "era", "erasure";
    /// One thing to be asked of an account's provider.
    ErrandId = "erd", "errand";
    /// Something that happened, which rules may wait for.
    EventId = "evt", "event";
    /// All things of one kind, written into files.
    ExportId = "exp", "export";
    /// The definition of a custom field.
    FieldId = "fld", "field";
    /// A file of rows that is being taken in.
    ImportId = "imp", "import";
    /// One thing that somebody sent to a tenant.
    InboundId = "inb", "inbound message";
    /// One thing sent to one recipient. Its last byte spreads the messages of a busy tenant.
    MessageId = "msg", "message";
    /// One thing that a user is told.
    NotificationId = "ntf", "notification";
    /// One HTTP exchange, for support.
    RequestId = "req", "request";
    /// What is to be done when something happens.
    RuleId = "rul", "rule";
    /// One time that a rule was carried out.
    RunId = "run", "run";
    /// A message that is sent again and again.
    SeriesId = "ser", "series";
    /// What somebody asked by a tenant's form.
    SignupId = "sgn", "signup";
    /// An address that must not be written to.
    SuppressionId = "sup", "suppression";
    /// Something that somebody is to do.
    TaskId = "tsk", "task";
    /// Users who work together.
    TeamId = "tea", "team";
    /// Reusable content, or the layout that content extends.
    TemplateId = "tpl", "template";
    /// A customer of ours.
    TenantId = "ten", "tenant";
    /// One immutable edition of a template.
    VersionId = "ver", "version";
    /// A person who works for a tenant.
    UserId = "usr", "user";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_refuses_another_prefix() {
        let clock = Clock::manual(Time::from_millis(1_772_000_000_123));
        let ids = Ids::seeded(7);
        let id = MessageId::new(&ids, &clock);
        assert_eq!(MessageId::parse(&id.to_string()), Some(id));
        assert_eq!(id.made_at(), clock.now());
        assert!(ContactId::parse(&id.to_string()).is_none());
        assert!(MessageId::parse(&id.to_string().to_uppercase()).is_none());
        assert!(MessageId::parse("msg_123").is_none());
        assert_ne!(id, MessageId::new(&ids, &clock));
    }

    #[test]
    fn the_same_seed_gives_the_same_ids_and_later_ids_sort_later() {
        let clock = Clock::manual(Time::from_millis(1_772_000_000_000));
        let (a, b) = (Ids::seeded(1), Ids::seeded(1));
        let first = ContactId::new(&a, &clock);
        assert_eq!(first, ContactId::new(&b, &clock));
        clock.advance(1).unwrap();
        assert!(ContactId::new(&a, &clock).to_string() > first.to_string());
    }

    #[test]
    fn prefixes_are_distinct() {
        let mut prefixes: Vec<_> = KINDS.iter().map(|(prefix, _)| prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), KINDS.len());
    }
}
