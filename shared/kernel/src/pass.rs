//! Passes: links that stand for one contact, by which a person sees and changes what it wants, or confirms a consent.
//!
//! A [`Pass`] can be had only by verifying a token, so holding one is evidence of the tenant and contact it names.

use crate::Time;
use crate::crypto::{self, Keys};
use crate::ids::{ContactId, TenantId};

/// What a pass is good for. One of one purpose is refused for every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To see and change preferences.
    Preferences,
    /// To confirm a consent.
    Confirm,
}

impl Aim {
    const fn byte(self) -> u8 {
        match self {
            Self::Preferences => b'p',
            Self::Confirm => b'c',
        }
    }
}

/// See the file's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    tenant: TenantId,
    contact: ContactId,
    ends: Time,
    subject: String,
}

/// Bytes of its code.
const MAC: usize = 16;
/// Most characters of a token: whatever is longer is none of ours.
const LONGEST: usize = 400;

impl Pass {
    /// Reads a token made by [`Keys::pass_for`] for the same purpose. It may have ended.
    pub fn verify(keys: &Keys, aim: Aim, token: &str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = crypto::decode(token)?;
        let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        if !crypto::equal(keys.pass.sign(&labelled(aim, body)).get(..MAC)?, mac) {
            return None;
        }
        let (tenant, rest) = body.split_at_checked(16)?;
        let (contact, rest) = rest.split_at_checked(16)?;
        let (ends, subject) = rest.split_at_checked(8)?;
        Some(Self {
            tenant: TenantId::from_bytes(tenant.try_into().ok()?),
            contact: ContactId::from_bytes(contact.try_into().ok()?),
            ends: Time::from_millis(i64::from_be_bytes(ends.try_into().ok()?)),
            subject: String::from_utf8(subject.to_vec()).ok()?,
        })
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The contact.
    pub const fn contact(&self) -> ContactId {
        self.contact
    }

    /// When it ends.
    pub const fn ends(&self) -> Time {
        self.ends
    }

    /// What it is about: the consent to be confirmed; nothing where the purpose says it all.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

fn labelled(aim: Aim, body: &[u8]) -> Vec<u8> {
    let mut labelled = vec![aim.byte()];
    labelled.extend_from_slice(body);
    labelled
}

impl Keys {
    /// A token for a contact: letters, digits, `-` and `_`.
    pub fn pass_for(&self, aim: Aim, tenant: TenantId, contact: ContactId, ends: Time, subject: &str) -> String {
        let ends = ends.millis().to_be_bytes();
        let mut token = [tenant.to_bytes().as_slice(), &contact.to_bytes(), &ends, subject.as_bytes()].concat();
        let mac = self.pass.sign(&labelled(aim, &token));
        token.extend(mac.iter().take(MAC));
        crypto::encode(&token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids, Secret};

    #[test]
    fn a_pass_serves_its_purpose_alone_and_no_bit_of_it_can_change() {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::from_millis(1_772_000_000_000)));
        let keys = Keys::derive(&Secret::new("a deployment secret of some length")).unwrap();
        let (tenant, contact) = (TenantId::new(&ids, &clock), ContactId::new(&ids, &clock));
        let ends = clock.now().plus_seconds(600);
        let token = keys.pass_for(Aim::Confirm, tenant, contact, ends, "email:news");
        let pass = Pass::verify(&keys, Aim::Confirm, &token).unwrap();
        assert_eq!((pass.tenant(), pass.contact(), pass.ends(), pass.subject()), (tenant, contact, ends, "email:news"));
        assert_eq!(Pass::verify(&keys, Aim::Preferences, &token), None);
        let bytes = crypto::decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Pass::verify(&keys, Aim::Confirm, &crypto::encode(&flipped)), None, "bit {bit}");
        }
        for wrong in ["", "AAAA", &format!("{token}A"), &token[4..], &"A".repeat(4_000)] {
            assert_eq!(Pass::verify(&keys, Aim::Confirm, wrong), None, "{wrong}");
        }
        let other = Keys::derive(&Secret::new("another deployment secret of some length")).unwrap();
        assert_eq!(Pass::verify(&other, Aim::Confirm, &token), None);
    }
}
