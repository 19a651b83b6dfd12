//! A row at a glance.

use std::fmt;

use crate::compare::{Cell, MAX_ENVIRONMENTS};

/// One character for each environment, in order: letters by equal content (`A` to `Z`, then `a` to `z`), `-` absent, `!` unreadable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    characters: [u8; MAX_ENVIRONMENTS],
    length: u8,
}

impl Pattern {
    /// The pattern of some cells, of which there are at most [`MAX_ENVIRONMENTS`]; further ones are not shown.
    pub fn of(cells: &[Cell]) -> Self {
        let mut pattern = Self { characters: [0; MAX_ENVIRONMENTS], length: cells.len().min(MAX_ENVIRONMENTS) as u8 };
        for (character, cell) in pattern.characters.iter_mut().zip(cells) {
            *character = cell.letter();
        }
        pattern
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        // Letters and signs are ASCII.
        std::str::from_utf8(&self.characters[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Cell {
    /// Its character in a [`Pattern`].
    pub fn letter(self) -> u8 {
        match self {
            Self::Absent => b'-',
            Self::Unreadable(_) => b'!',
            Self::Variant(number @ 0..26) => b'A' + number,
            Self::Variant(number) => b'a' + (number - 26).min(25),
        }
    }

    /// Whether something readable is there.
    pub fn is_present(self) -> bool {
        matches!(self, Self::Variant(_))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_str())
    }
}
