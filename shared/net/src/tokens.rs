//! Access tokens of accounts, kept in memory until they end, and shared with other processes where a person consented to them. Of
//! several messages that need one at the same time, one asks for it and the others wait, for its failure as well: what is asked in
//! turn takes longer than a batch may.

mod shared;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use kernel::crypto::sha256;
use kernel::ids::AccountId;
use kernel::{Clock, Result, Secret, Time};
use providers::{Access, Channel, HttpCall, Reply, Sending, Setup, Token, Verdict};
use tokio::sync::Mutex;

pub use shared::{Desk, Found, find, origin, refuse};

/// Accounts whose tokens are kept.
const KEEP: usize = 1_000;
/// A token that ends within so many seconds is not used any more: the call it is for takes its time.
const MARGIN_SECONDS: i64 = 60;

/// What asks a provider for a token.
pub trait Asks: Sync {
    /// Asks a provider of that channel, once.
    fn token(&self, channel: Channel, call: &HttpCall, clock: &Clock) -> impl Future<Output = Reply> + Send;
}

/// See the file's head. Clones share their tokens.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<std::sync::Mutex<BTreeMap<AccountId, Arc<Place>>>>);

/// One account's token.
#[derive(Debug, Default)]
struct Place {
    known: Mutex<Option<Known>>,
    /// How often it was asked for to the end.
    asked: AtomicU64,
}

#[derive(Debug)]
struct Known {
    /// Digest of settings and credentials that it was made from.
    of: [u8; 32],
    /// Whether other processes use it too.
    shared: bool,
    token: std::result::Result<Token, Verdict>,
}

impl Tokens {
    /// The token that calls for the account need, if they need one. A verdict says why there is none; nothing was sent then.
    pub async fn find(
        &self,
        account: AccountId,
        provider: &dyn Sending,
        setup: &Setup<'_>,
        asks: &impl Asks,
        clock: &Clock,
    ) -> Result<std::result::Result<Option<Secret>, Verdict>> {
        let place = self.place(account);
        let before = place.asked.load(Ordering::Acquire);
        let mut known = place.known.lock().await;
        let of = sha256(format!("{}\0{}", setup.settings, setup.credentials).as_bytes());
        match known.as_ref().filter(|known| known.of == of).map(|known| &known.token) {
            Some(Ok(token)) if fresh(token, clock.now()) => return Ok(Ok(Some(token.value.clone()))),
            Some(Err(verdict)) if place.asked.load(Ordering::Acquire) != before => return Ok(Err(verdict.clone())),
            Some(Ok(_) | Err(_)) | None => {}
        }
        let token = match provider.access(setup, clock.now())? {
            Access::Ready => return Ok(Ok(None)),
            Access::Made(token) => Ok(token),
            Access::Ask(call) => provider.token(&asks.token(provider.channel(), &call, clock).await).map_err(nothing_sent),
        };
        place.asked.fetch_add(1, Ordering::AcqRel);
        let found = token.clone().map(|token| Some(token.value));
        *known = Some(Known { of, shared: false, token });
        Ok(found)
    }

    /// Forgets an account's token, unless there is another by now: the provider would not have it. Answers when it ends, if other
    /// processes use it too.
    pub async fn forget(&self, account: AccountId, token: &Secret) -> Option<Time> {
        let place = self.place(account);
        let mut known = place.known.lock().await;
        let refused = known.take_if(|known| known.token.as_ref().is_ok_and(|known| known.value == *token))?;
        refused.token.ok().filter(|_| refused.shared).map(|token| token.ends)
    }

    fn place(&self, account: AccountId) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= KEEP && !places.contains_key(&account) {
            places.clear();
        }
        places.entry(account).or_default().clone()
    }
}

fn fresh(token: &Token, now: Time) -> bool {
    token.ends > now.plus_seconds(MARGIN_SECONDS)
}

/// What went wrong while a token was asked for, as a verdict on the message, which was not handed to anybody.
fn nothing_sent(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Unknown { reason } => Verdict::Retry { after: None, reason },
        Verdict::Sent { .. } => Verdict::Retry { after: None, reason: "the provider gave no token".to_owned() },
        Verdict::Rejected { reason } | Verdict::Undeliverable { reason, .. } => Verdict::Misconfigured { reason },
        verdict @ (Verdict::Retry { .. } | Verdict::Limited { .. } | Verdict::Misconfigured { .. }) => verdict,
    }
}
