//! The end of a text, where a unit changes nothing but whether its last line has one.

use super::lines;
use super::tip::{Standing, WHOLE};

/// Holds what a unit made of a text, `theirs`, against the target's, `ours`, which was `began` when both parted (nothing where that is not
/// known). Of two texts that end in different lines their ends say nothing, but where the target began with the other one.
pub(super) fn standing(theirs: &[u8], ours: &[u8], began: &[u8], has_end: bool) -> Standing {
    match lines::has_end(ours).filter(|_| !lines::is_binary(ours)) {
        None => return Standing::default(),
        Some(is_ended) if is_ended != has_end => return missing(),
        Some(_) => {}
    }
    let [ours, theirs] = [ours, theirs].map(lines::numbers);
    let is_same = |count| ours.iter().rev().take(count).eq(theirs.iter().rev().take(count));
    // It is replayed where the line above is the unit's as well: else both changed what is side by side.
    match lines::has_end(began) {
        _ if is_same(2) => Standing { replayed: WHOLE, contained: 0.0, ..there() },
        _ if is_same(1) => there(),
        Some(was_ended) if was_ended != has_end => there(),
        _ => Standing::default(),
    }
}

/// It weighs as much as a whole. By lines, the last one goes and comes.
fn there() -> Standing {
    Standing { contained: WHOLE, came: (WHOLE / 2.0, WHOLE / 2.0), lines: (2, 2), ..Standing::default() }
}

/// The target has the other end, or no such text.
pub(super) fn missing() -> Standing {
    Standing { missing: WHOLE, came: (0.0, WHOLE / 2.0), lacks: (1, 1), lines: (0, 2), ..Standing::default() }
}
