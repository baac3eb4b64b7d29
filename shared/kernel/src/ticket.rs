//! Tickets: what goes with a person to a provider's page of consent and comes back from there, as the `state` of OAuth 2.0 (RFC 6749
//! section 10.12).
//!
//! A [`Ticket`] can be had only by verifying a token, so holding one is evidence of the tenant it names.

use crate::crypto::{self, Keys};
use crate::ids::{AccountId, TenantId};
use crate::{Secret, Time};

/// Bytes that make a ticket one of its own.
const NONCE: usize = 12;
/// Bytes of its code.
const MAC: usize = 16;

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    tenant: TenantId,
    account: AccountId,
    nonce: [u8; NONCE],
    ends: Time,
}

impl Ticket {
    /// Reads a token made by [`Keys::ticket_for`]. It may have ended.
    pub fn verify(keys: &Keys, token: &str) -> Option<Self> {
        let bytes = crypto::decode(token)?;
        let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        if !crypto::equal(keys.ticket.sign(&labelled(b's', body)).get(..MAC)?, mac) {
            return None;
        }
        let (tenant, rest) = body.split_at_checked(16)?;
        let (account, rest) = rest.split_at_checked(16)?;
        let (nonce, ends) = rest.split_at_checked(NONCE)?;
        Some(Self {
            tenant: TenantId::from_bytes(tenant.try_into().ok()?),
            account: AccountId::from_bytes(account.try_into().ok()?),
            nonce: nonce.try_into().ok()?,
            ends: Time::from_millis(i64::from_be_bytes(ends.try_into().ok()?)),
        })
    }

    /// The secret that the code which comes back is exchanged with (RFC 7636 section 4.1): it follows from the ticket and leaves
    /// this house for the exchange alone.
    pub fn verifier(&self, keys: &Keys) -> Secret {
        Secret::new(crypto::encode(&keys.ticket.sign(&labelled(b'v', &self.body()))))
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// What tells it from every other.
    pub fn name(&self) -> String {
        crypto::encode(&self.nonce)
    }

    /// When it ends.
    pub const fn ends(&self) -> Time {
        self.ends
    }

    fn token(&self, keys: &Keys) -> String {
        let mut token = self.body();
        let mac = keys.ticket.sign(&labelled(b's', &token));
        token.extend(mac.iter().take(MAC));
        crypto::encode(&token)
    }

    fn body(&self) -> Vec<u8> {
        let ends = self.ends.millis().to_be_bytes();
        [self.tenant.to_bytes().as_slice(), self.account.to_bytes().as_slice(), &self.nonce, &ends].concat()
    }
}

/// A ticket to be handed out.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token: letters, digits, `-` and `_`.
    pub token: String,
    /// See [`Ticket::name`].
    pub name: String,
    /// See [`Ticket::verifier`].
    pub verifier: Secret,
}

impl Keys {
    /// A ticket for a person who is asked to consent for that account.
    pub fn ticket_for(&self, tenant: TenantId, account: AccountId, nonce: [u8; NONCE], ends: Time) -> Issued {
        let ticket = Ticket { tenant, account, nonce, ends };
        Issued { token: ticket.token(self), name: ticket.name(), verifier: ticket.verifier(self) }
    }
}

fn labelled(label: u8, body: &[u8]) -> Vec<u8> {
    let mut labelled = vec![label];
    labelled.extend_from_slice(body);
    labelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids};

    fn sample() -> (Keys, Ticket) {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::from_millis(1_772_000_000_000)));
        let keys = Keys::derive(&Secret::new("a deployment secret of some length")).unwrap();
        let (tenant, account) = (TenantId::new(&ids, &clock), AccountId::new(&ids, &clock));
        (keys, Ticket { tenant, account, nonce: ids.bytes(), ends: clock.now().plus_seconds(600) })
    }

    #[test]
    fn a_ticket_comes_back_as_it_was_and_no_bit_of_it_can_change() {
        let (keys, ticket) = sample();
        let issued = keys.ticket_for(ticket.tenant, ticket.account, ticket.nonce, ticket.ends);
        assert_eq!((issued.name, issued.verifier.reveal()), (ticket.name(), ticket.verifier(&keys).reveal()));
        let token = issued.token;
        assert!(token.len() < 120, "{token}");
        assert_eq!(Ticket::verify(&keys, &token), Some(ticket));
        let bytes = crypto::decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Ticket::verify(&keys, &crypto::encode(&flipped)), None, "bit {bit}");
        }
        for wrong in ["", "AAAA", &format!("{token}A"), &token[4..]] {
            assert_eq!(Ticket::verify(&keys, wrong), None, "{wrong}");
        }
        let other = Keys::derive(&Secret::new("another deployment secret of some length")).unwrap();
        assert_eq!(Ticket::verify(&other, &token), None);
    }

    #[test]
    fn every_ticket_has_a_verifier_of_its_own_that_its_token_does_not_tell() {
        let (keys, ticket) = sample();
        let verifier = ticket.verifier(&keys);
        assert_eq!(verifier.reveal().len(), 43);
        let other = Ticket { nonce: [7; NONCE], ..ticket };
        assert_ne!(other.verifier(&keys).reveal(), verifier.reveal());
        assert!(!ticket.token(&keys).contains(&verifier.reveal()[..20]));
    }
}
