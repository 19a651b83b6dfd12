//! What was read or made lately, within a bound: the commits of a history name the same trees and contents over and over.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Holds what was put in last, up to a number of bytes. Threads may share it.
///
/// There are two generations. When the young one is full it becomes the old one, whose place is given up; what is asked for moves to the young
/// one. So whatever is used again soon stays, and nothing has to be sorted.
pub(crate) struct Lately<K, V> {
    /// How many bytes a generation holds.
    room: usize,
    kept: Mutex<Kept<K, V>>,
}

struct Kept<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    /// Of the young ones.
    bytes: usize,
}

impl<K: Eq + Hash, V: Clone> Lately<K, V> {
    pub(crate) fn new(room: usize) -> Self {
        Self { room, kept: Mutex::new(Kept { young: HashMap::new(), old: HashMap::new(), bytes: 0 }) }
    }

    pub(crate) fn get(&self, id: &K) -> Option<V> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = kept.young.get(id) {
            return Some(value.clone());
        }
        let (id, (value, bytes)) = kept.old.remove_entry(id)?;
        kept.put(id, value.clone(), bytes, self.room);
        Some(value)
    }

    /// Keeps a value that takes so many bytes; one that would take more than a quarter of the room is not kept.
    pub(crate) fn put(&self, id: K, value: V, bytes: usize) {
        if bytes <= self.room / 4 {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(id, value, bytes, self.room);
        }
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    fn put(&mut self, id: K, value: V, bytes: usize, room: usize) {
        if self.bytes + bytes > room {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.young.insert(id, (value, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let lately = Lately::new(40);
        lately.put(0, 0, 11);
        assert_eq!(lately.get(&0), None, "too large to be kept");
        for byte in 1..=12 {
            lately.put(byte, byte, 10);
            assert_eq!(lately.get(&1), Some(1), "after {byte}");
        }
        assert_eq!((lately.get(&12), lately.get(&2)), (Some(12), None));
    }
}
