//! In what the environments of a row differ.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// In what the environments of a row differ: a set.
///
/// The time of the last change is never in it: it differs between any two servers and means nothing by itself.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Differences(u16);

impl Differences {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Present in one environment, absent in another.
    pub const PRESENCE: Self = Self(1);
    /// Files with other bytes, beyond the quiet classes.
    pub const CONTENT: Self = Self(1 << 1);
    /// A file here is a folder, a link or something else there.
    pub const KIND: Self = Self(1 << 2);
    /// Links that point elsewhere, or submodules at other commits.
    pub const TARGET: Self = Self(1 << 3);
    /// The owner may execute the file here and not there.
    pub const EXECUTABLE: Self = Self(1 << 4);
    /// Permission bits, beyond what each environment's umask explains and beyond the executable bit.
    pub const MODE: Self = Self(1 << 5);
    /// The owner, beyond each environment having its usual one.
    pub const OWNER: Self = Self(1 << 6);
    /// The group, beyond each environment having its usual one.
    pub const GROUP: Self = Self(1 << 7);
    /// Quiet: lines end with CR LF here and with LF there.
    pub const LINE_ENDINGS: Self = Self(1 << 8);
    /// Quiet: the text begins with a byte-order mark here and not there.
    pub const BYTE_ORDER_MARK: Self = Self(1 << 9);
    /// Quiet: blanks at line ends.
    pub const TRAILING_SPACE: Self = Self(1 << 10);
    /// Quiet: permission bits that differ as the umasks do.
    pub const UMASK: Self = Self(1 << 11);
    /// In at least one environment it is not known what is there.
    pub const UNREADABLE: Self = Self(1 << 12);

    /// All quiet classes of content.
    pub const QUIET_CONTENT: Self = Self(Self::LINE_ENDINGS.0 | Self::BYTE_ORDER_MARK.0 | Self::TRAILING_SPACE.0);

    const NAMES: [(Self, &'static str); 13] = [
        (Self::PRESENCE, "presence"),
        (Self::CONTENT, "content"),
        (Self::KIND, "kind"),
        (Self::TARGET, "target"),
        (Self::EXECUTABLE, "executable"),
        (Self::MODE, "mode"),
        (Self::OWNER, "owner"),
        (Self::GROUP, "group"),
        (Self::LINE_ENDINGS, "line-endings"),
        (Self::BYTE_ORDER_MARK, "byte-order-mark"),
        (Self::TRAILING_SPACE, "trailing-space"),
        (Self::UMASK, "umask"),
        (Self::UNREADABLE, "unreadable"),
    ];

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in it.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in it.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What is in it and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The lasting names of what is in it, in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().filter(move |(one, _)| self.contains(*one)).map(|(_, name)| *name)
    }
}

impl BitOr for Differences {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Differences {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
