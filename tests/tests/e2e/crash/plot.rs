//! What a story is about: the accounts of its tenant, how its messages are asked for, and what becomes of them.

use local::provider::Deed;
use serde_json::{Value, json};

/// An account of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Its provider.
    pub(super) provider: &'static str,
    /// Whether it sends once more when nobody knows.
    pub(super) resend: bool,
    /// Its place.
    pub(super) priority: u16,
    /// How many messages it may carry in a second.
    pub(super) per_second: Option<u32>,
}

impl Account {
    /// One whose provider sends what it is given, however often it was given it before.
    pub(super) const fn ses() -> Self {
        Self { provider: "ses", resend: false, priority: 100, per_second: None }
    }

    /// One whose provider recognises what it was given before.
    pub(super) const fn capture() -> Self {
        Self { provider: "capture", ..Self::ses() }
    }

    /// The request that makes it.
    pub(super) fn body(&self) -> Value {
        let policy = if self.resend { "resend" } else { "hold" };
        json!({
            "name": self.provider, "provider": self.provider, "from": { "email": "hello@acme.example" },
            "priority": self.priority, "on_unknown": policy, "limits": { "per_second": self.per_second },
        })
    }
}

/// How an account goes away while a message is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    SwitchedOff,
    Deleted,
}

/// See the module's words.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// Accounts, in the order they are tried.
    pub(super) accounts: Vec<Account>,
    /// Whether requests carry an idempotency key.
    pub(super) key: bool,
    /// Whether messages are to be sent an hour later.
    pub(super) later: bool,
    /// Whether they bring their content along, to an address that is no contact's.
    pub(super) own_content: bool,
    /// How many calls providers refuse before they take any.
    pub(super) refusals: usize,
    /// How many messages there are.
    pub(super) messages: usize,
    /// What providers tell of what they took, if they tell anything.
    pub(super) deed: Option<Deed>,
    /// Whether they tell it only when nothing else is to come.
    pub(super) late: bool,
    /// What becomes of the first account after the messages were accepted.
    pub(super) gone: Option<Gone>,
}

impl Default for Plot {
    fn default() -> Self {
        Self {
            accounts: vec![Account::ses()],
            key: true,
            later: false,
            own_content: false,
            refusals: 0,
            messages: 1,
            deed: Some(Deed::Deliver),
            late: false,
            gone: None,
        }
    }
}

impl Plot {
    /// One of many.
    pub(super) fn of_seed(seed: u64) -> Self {
        let accounts = match seed % 5 {
            4 => vec![Account::capture(), Account { priority: 200, ..Account::ses() }],
            0 => vec![Account::ses()],
            1 => vec![Account { per_second: Some(2), ..Account::capture() }],
            2 => vec![Account::ses(), Account { priority: 200, ..Account::ses() }],
            _ => vec![Account { resend: true, ..Account::ses() }, Account { priority: 200, ..Account::capture() }],
        };
        let deed = match seed % 7 {
            0 => None,
            1 => Some(Deed::Bounce),
            2 => Some(Deed::Complain),
            _ => Some(Deed::Deliver),
        };
        Self {
            accounts,
            key: !seed.is_multiple_of(9),
            later: seed.is_multiple_of(3),
            own_content: seed % 6 == 1,
            refusals: usize::try_from(seed % 11 / 4).unwrap(),
            messages: 5,
            deed,
            late: seed % 8 == 5,
            gone: None,
        }
    }

    /// Whether some account may send a message once more.
    pub(super) fn resends(&self) -> bool {
        self.accounts.iter().any(|account| account.resend)
    }
}
