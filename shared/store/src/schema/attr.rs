//! The attributes that conditions and changes name. Rows have more; those are written whole.

use std::borrow::Cow;

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

    /// The counter of a statistic row: the letters of what is counted and the two digits of its hour.
    pub fn counter(code: &str, hour: u8) -> Self {
        Self(Cow::Owned(format!("{code}{hour:02}")))
    }

    /// The watermark of a statistic row for the rows of one partition, whose own part it is named after.
    pub fn watermark(partition: &str) -> Self {
        Self(Cow::Owned(partition.split('#').skip(2).fold("w".to_owned(), |name, part| name + part)))
    }
}

macro_rules! attributes {
    ($($name:ident = $text:literal, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $name: Attr = Attr::new($text);)*
    };
}

attributes! {
    PK = "pk", "Partition key.";
    SK = "sk", "Sort key.";
    KIND = "kind", "Kind of row, as in the key table.";
    VERSION = "version", "Grows by one with every write.";
    EXPIRES = "expires", "Second after which the row may be deleted (time to live).";
    DUE_PK = "due_pk", "Partition in the due index.";
    DUE_SK = "due_sk", "Moment and row in the due index.";
    STATE = "state", "Where a message stands on our side; how far an errand or a file is.";
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
    ERRAND = "errand", "The check of an account that waits for a look into its mailbox.";
    FAILURES = "failures", "Looks into a mailbox that failed in a row.";
    LOOKED = "looked", "What the last look into a mailbox said.";
    MARK = "mark", "How far a mailbox was read, or the timeline of what is gone.";
    NEXT_AT = "next_at", "When the next look into a mailbox is due.";
    PASSED_OVER = "passed_over", "The mails of a mailbox that were passed over.";
    PUSHED = "pushed", "That somebody says there is something to see in a mailbox.";
    SNAG = "snag", "The mail of a mailbox that looks fail at.";
    WATCH = "watch", "Until when a provider tells of new mail by itself.";
    NEXT = "next", "The next slot of an account that nobody has been promised.";
    CONTACT = "contact", "The contact that an address or message belongs to.";
    TENANT = "tenant", "The tenant of a row outside any tenant's partitions.";
    REACH = "reach", "What a credential is limited to.";
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
    RINGING = "ringing", "The moment up to which a task's alarms ring.";
    OPEN = "open", "How many open tasks a user has.";
    READ = "read", "Whether a notification was read.";
    USER = "user", "Whom a count is of.";
    ARCHIVED = "archived", "Whether an activity is in the archive, or just being put there.";
    UNTIL = "until", "When the archive of a month is looked at next, or a timeline is gone through once more.";
    SUPPRESSED = "suppressed", "Why an address must not be written to.";
    WATCHED = "watched", "That a rule waits for what becomes of a message.";
    ANSWER = "answer", "The stored reply to an idempotent request.";
}

/// The attributes that the store writes itself: no row may have a field of such a name.
pub(crate) const OURS: [Attr; 7] = [PK, SK, KIND, VERSION, EXPIRES, DUE_PK, DUE_SK];
