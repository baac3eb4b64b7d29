//! Opaque tokens that stand for one message in places where anybody can read them: tracking links, unsubscribe addresses and
//! the tags that providers hand back.
//!
//! A [`Reference`] can be had only by verifying a token, so holding one is evidence of the tenant it names.

use crate::crypto::{self, Keys};
use crate::ids::{MessageId, TenantId};

/// What a token may be used for. A token of one purpose is refused for every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The open pixel.
    Open,
    /// The unsubscribe and preference page.
    Unsubscribe,
    /// The tag sent with a message, which the provider's events carry back.
    Tag,
}

impl Purpose {
    const fn byte(self) -> u8 {
        match self {
            Self::Open => b'o',
            Self::Unsubscribe => b'u',
            Self::Tag => b't',
        }
    }
}

/// A message that a verified token named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    tenant: TenantId,
    message: MessageId,
}

const MAC: usize = 16;

impl Reference {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The message.
    pub const fn message(&self) -> MessageId {
        self.message
    }

    /// Reads a token made by [`Keys::reference_token`] for the same purpose.
    pub fn verify(keys: &Keys, purpose: Purpose, token: &str) -> Option<Self> {
        let bytes = crypto::decode(token)?;
        let (body, mac) = bytes.split_at_checked(32)?;
        let expected = keys.reference.sign(&labelled(purpose, body));
        if !crypto::equal(expected.get(..MAC)?, mac) {
            return None;
        }
        Self::from_body(body)
    }

    fn from_body(body: &[u8]) -> Option<Self> {
        let (tenant, message) = body.split_at_checked(16)?;
        Some(Self {
            tenant: TenantId::from_bytes(tenant.try_into().ok()?),
            message: MessageId::from_bytes(message.try_into().ok()?),
        })
    }
}

fn labelled(purpose: Purpose, body: &[u8]) -> Vec<u8> {
    let mut labelled = vec![purpose.byte()];
    labelled.extend_from_slice(body);
    labelled
}

fn body(tenant: TenantId, message: MessageId) -> Vec<u8> {
    [tenant.to_bytes(), message.to_bytes()].concat()
}

impl Keys {
    /// A token of 64 characters from `[A-Za-z0-9_-]`, the alphabet that SES allows in a tag value.
    pub fn reference_token(&self, purpose: Purpose, tenant: TenantId, message: MessageId) -> String {
        let mut token = body(tenant, message);
        let mac = self.reference.sign(&labelled(purpose, &token));
        token.extend(mac.iter().take(MAC));
        crypto::encode(&token)
    }

    /// A token that hides a link's destination and the message it stood in. The nonce is derived from the content, so the same
    /// link in the same message always has the same token.
    pub fn link_token(&self, tenant: TenantId, message: MessageId, url: &str) -> Option<String> {
        let mut plain = body(tenant, message);
        plain.extend_from_slice(url.as_bytes());
        let mac = self.nonce.sign(&plain);
        let nonce: [u8; 12] = mac.get(..12)?.try_into().ok()?;
        self.link.seal(nonce, b"click", &plain).ok().map(|sealed| crypto::encode(&sealed))
    }

    /// The message and destination of a token made by [`Keys::link_token`].
    pub fn open_link(&self, token: &str) -> Option<(Reference, String)> {
        let plain = self.link.open(b"click", &crypto::decode(token)?)?;
        let (body, url) = plain.split_at_checked(32)?;
        Some((Reference::from_body(body)?, String::from_utf8(url.to_vec()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids, Secret, Time};

    fn sample() -> (Keys, TenantId, MessageId) {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::from_millis(1_772_000_000_000)));
        let keys = Keys::derive(&Secret::new("a deployment secret of some length")).unwrap();
        (keys, TenantId::new(&ids, &clock), MessageId::new(&ids, &clock))
    }

    #[test]
    fn a_token_serves_its_purpose_alone_and_no_bit_of_it_can_change() {
        let (keys, tenant, message) = sample();
        let token = keys.reference_token(Purpose::Open, tenant, message);
        assert_eq!(token.len(), 64);
        let reference = Reference::verify(&keys, Purpose::Open, &token).unwrap();
        assert_eq!((reference.tenant(), reference.message()), (tenant, message));
        assert!(Reference::verify(&keys, Purpose::Unsubscribe, &token).is_none());
        let bytes = crypto::decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Reference::verify(&keys, Purpose::Open, &crypto::encode(&flipped)).is_none(), "bit {bit}");
        }
        assert!(Reference::verify(&keys, Purpose::Open, &format!("{token}A")).is_none());
        assert!(Reference::verify(&keys, Purpose::Open, "").is_none());
    }

    #[test]
    fn a_link_token_hides_its_destination_and_cannot_be_forged() {
        let (keys, tenant, message) = sample();
        let token = keys.link_token(tenant, message, "https://example.com/a?b=c").unwrap();
        assert!(!token.contains("example"));
        let (reference, url) = keys.open_link(&token).unwrap();
        assert_eq!((reference.message(), url.as_str()), (message, "https://example.com/a?b=c"));
        assert_eq!(keys.link_token(tenant, message, "https://example.com/a?b=c").unwrap(), token);
        let other = Keys::derive(&Secret::new("another deployment secret of some length")).unwrap();
        assert!(other.open_link(&token).is_none());
        assert!(keys.open_link(&token[1..]).is_none());
    }
}
