//! A cache of texts of any length, bounded by their bytes: a function has 256 MB, and one tenant's templates may be long.

use std::collections::HashMap;
use std::hash::Hash;

/// What is kept, and how many bytes of source it was made from.
#[derive(Debug)]
pub(super) struct Shelf<K, V> {
    kept: HashMap<K, V>,
    bytes: usize,
    room: usize,
}

impl<K: Hash + Eq, V: Clone> Shelf<K, V> {
    /// Empty, with room for what was made from so many bytes of source.
    pub(super) fn new(room: usize) -> Self {
        Self { kept: HashMap::new(), bytes: 0, room }
    }

    /// What is kept under the key.
    pub(super) fn find(&self, key: &K) -> Option<V> {
        self.kept.get(key).cloned()
    }

    /// Keeps a value made from so many bytes of source; when there is no room the shelf starts anew. What would fill it alone is
    /// not kept.
    pub(super) fn put(&mut self, key: K, value: V, bytes: usize) {
        // An entry is more than its source.
        let bytes = bytes.saturating_add(1_024);
        // Two that missed at the same time made the same.
        if bytes > self.room || self.kept.contains_key(&key) {
            return;
        }
        if self.bytes.saturating_add(bytes) > self.room {
            self.kept.clear();
            self.bytes = 0;
        }
        self.kept.insert(key, value);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shelf_starts_anew_before_it_is_over_its_room() {
        let mut shelf = Shelf::new(100_000);
        for key in 0..1_000_u32 {
            shelf.put(key, key, 20_000);
            assert_eq!(shelf.find(&key), Some(key));
            assert!(shelf.kept.len() <= 4, "{} of 21,024 bytes each", shelf.kept.len());
        }
        assert!(shelf.bytes <= shelf.room);
    }

    #[test]
    fn the_same_again_takes_no_more_room() {
        let mut shelf = Shelf::new(10_000);
        shelf.put("kept", 1, 0);
        for _ in 0..1_000 {
            shelf.put("again", 2, 4_000);
        }
        assert_eq!(shelf.find(&"kept"), Some(1));
    }

    #[test]
    fn what_is_larger_than_the_shelf_is_not_kept_and_costs_the_others_nothing() {
        let mut shelf = Shelf::new(10_000);
        shelf.put("small", 1, 10);
        shelf.put("large", 2, 10_000);
        assert_eq!((shelf.find(&"small"), shelf.find(&"large")), (Some(1), None));
    }
}
