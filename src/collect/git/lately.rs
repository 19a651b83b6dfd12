//! What was read lately, within a bound: the commits of a history name the same trees and contents over and over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use git2::Oid;

/// Holds what was put in last, up to a number of bytes. Threads may share it.
///
/// There are two generations. When the young one is full it becomes the old one, whose place is given up; what is asked for moves to the young
/// one. So whatever is used again soon stays, and nothing has to be sorted.
pub(super) struct Lately<V> {
    /// How many bytes a generation holds.
    room: usize,
    kept: Mutex<Kept<V>>,
}

struct Kept<V> {
    young: HashMap<Oid, (V, usize)>,
    old: HashMap<Oid, (V, usize)>,
    /// Of the young ones.
    bytes: usize,
}

impl<V: Clone> Lately<V> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, kept: Mutex::new(Kept { young: HashMap::new(), old: HashMap::new(), bytes: 0 }) }
    }

    pub(super) fn get(&self, id: Oid) -> Option<V> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = kept.young.get(&id) {
            return Some(value.clone());
        }
        let (value, bytes) = kept.old.remove(&id)?;
        kept.put(id, value.clone(), bytes, self.room);
        Some(value)
    }

    /// Keeps a value that takes so many bytes; one that would take more than a quarter of the room is not kept.
    pub(super) fn put(&self, id: Oid, value: V, bytes: usize) {
        if bytes <= self.room / 4 {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(id, value, bytes, self.room);
        }
    }
}

impl<V> Kept<V> {
    fn put(&mut self, id: Oid, value: V, bytes: usize, room: usize) {
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
        let id = |byte: u8| Oid::from_bytes(&[byte; 20]).unwrap();
        let lately = Lately::new(40);
        lately.put(id(0), 0, 11);
        assert_eq!(lately.get(id(0)), None, "too large to be kept");
        for byte in 1..=12 {
            lately.put(id(byte), byte, 10);
            assert_eq!(lately.get(id(1)), Some(1), "after {byte}");
        }
        assert_eq!((lately.get(id(12)), lately.get(id(2))), (Some(12), None));
    }
}
