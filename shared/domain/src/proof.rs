//! Proofs of callbacks that do not cover the body: each proves one body, and is remembered as long as it would be believed.

use kernel::ids::AccountId;
use kernel::{Keys, Time};
use providers::Once;
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// That a proof was used, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Keyed digest of the account and the proof's token.
    pub digest: String,
    /// Keyed digest of the body that it came with.
    pub body: String,
    /// When it is too old to be believed again.
    pub until: Time,
}

impl Proof {
    /// The proof, as the account's provider used it for that body.
    pub fn of(keys: &Keys, account: AccountId, once: &Once, body: &[u8]) -> Self {
        let digest = |text: &[u8]| {
            let mac = keys.digest.sign(text);
            kernel::crypto::encode(mac.get(..18).unwrap_or(&mac))
        };
        let token = digest(format!("proof\0{account}\0{}", once.token).as_bytes());
        Self { digest: token, body: digest(&[b"body\0", body].concat()), until: once.until }
    }

    /// Where the row of that digest is.
    pub fn at(digest: &str) -> Locator {
        Locator::Natural(digest.to_owned())
    }
}

impl Entity for Proof {
    const ROW: Row = schema::PROOF;

    fn locator(&self) -> Locator {
        Self::at(&self.digest)
    }

    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}
