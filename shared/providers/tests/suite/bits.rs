//! Single flipped bits, all of them.

use providers::sns::Version;

use crate::posts::{House, envelopes, set};

/// Of the whole body, no single bit can change without the post being refused, or what was proven being the same.
#[test]
fn no_flipped_bit_changes_what_is_proven() {
    let house = House::new();
    for (envelope, version) in envelopes().into_iter().zip([Version::V1, Version::V2, Version::V2]) {
        let post = house.signed(envelope, version);
        let genuine = post.examine().unwrap();
        let mut accepted = 0;
        for bit in 0..post.body.len() * 8 {
            let mut flipped = post.clone();
            flipped.body[bit / 8] ^= 1 << (bit % 8);
            if let Ok(verified) = flipped.examine() {
                assert_eq!(verified.notice(), genuine.notice(), "bit {bit}");
                accepted += 1;
            }
        }
        // What is not signed: the attributes, the address to unsubscribe at, and the last digits of the certificate's name.
        assert!(accepted < post.body.len() * 8 / 2, "{accepted}");
    }
}

#[test]
fn no_flipped_bit_of_a_signed_value_is_accepted() {
    let house = House::new();
    for (envelope, version) in envelopes().into_iter().zip([Version::V2, Version::V1, Version::V2]) {
        let genuine = house.sign(envelope, version);
        for name in ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type", "Signature"] {
            let Some(value) = genuine[name].as_str() else { continue };
            for bit in 0..value.len() * 8 {
                let mut bytes = value.as_bytes().to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                // What is no text any more cannot be written as JSON; the test above flips it in place.
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(house.post.with(&set(&genuine, name, changed)).examine().is_err(), "{name} bit {bit}");
            }
        }
    }
}
