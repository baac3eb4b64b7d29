//! Cursors: what one list of one tenant gave out leads back into that list alone.

use kernel::{Keys, Secret, crypto};

use super::homes::{World, keys};
use crate::{Memory, Position, Table};

#[test]
fn a_cursor_opens_for_its_tenant_its_list_and_its_keys_alone() {
    let w = World::new(Table::Memory(Memory::default()));
    let keys = keys();
    let position = Position("0192aabbccdd7000".to_owned());
    let cursor = position.seal(&keys, &w.scope, "messages?state=sent");
    assert_eq!(Position::open(&keys, &w.scope, "messages?state=sent", &cursor).unwrap(), position);

    assert!(Position::open(&keys, &w.stranger(), "messages?state=sent", &cursor).is_err(), "another tenant");
    assert!(Position::open(&keys, &w.scope, "messages?state=failed", &cursor).is_err(), "another filter");
    assert!(Position::open(&keys, &w.scope, "contacts", &cursor).is_err(), "another list");
    let others = Keys::derive(&Secret::new("another deployment secret of some length")).unwrap();
    assert!(Position::open(&others, &w.scope, "messages?state=sent", &cursor).is_err(), "another deployment");
}

#[test]
fn a_cursor_with_one_bit_changed_is_refused_and_so_is_garbage() {
    let w = World::new(Table::Memory(Memory::default()));
    let keys = keys();
    let cursor = Position("0192aabbccdd7000".to_owned()).seal(&keys, &w.scope, "messages");
    let bytes = crypto::decode(&cursor).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Position::open(&keys, &w.scope, "messages", &crypto::encode(&flipped)).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(Position::open(&keys, &w.scope, "messages", &crypto::encode(&bytes[..length])).is_err(), "cut to {length}");
    }
    let longer = crypto::encode(&[bytes.as_slice(), b"0"].concat());
    for garbage in ["", "a", "====", "\u{1F980}", longer.as_str()] {
        assert!(Position::open(&keys, &w.scope, "messages", garbage).is_err(), "{garbage:?}");
    }
}

#[test]
fn a_filter_with_any_bytes_cannot_pass_for_a_part_of_the_place() {
    let w = World::new(Table::Memory(Memory::default()));
    let keys = keys();
    // The same bytes in a row, parted elsewhere.
    for (list, place, other_list, other_place) in [("a\0b", "c", "a", "b\0c"), ("ab", "c", "a", "bc"), ("a", "", "", "a")] {
        let cursor = Position(place.to_owned()).seal(&keys, &w.scope, list);
        let mac: Vec<u8> = crypto::decode(&cursor).unwrap().into_iter().take(12).collect();
        let forged = crypto::encode(&[mac.as_slice(), other_place.as_bytes()].concat());
        assert!(Position::open(&keys, &w.scope, other_list, &forged).is_err(), "{list:?} for {other_list:?}");
    }
}
