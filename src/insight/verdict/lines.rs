//! Lines as numbers: what two texts have in common is found without holding either.

use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

use foldhash::quality::FixedState;

/// Stands for a line without its line end; equal lines have equal numbers. A blank at its end counts, and so does every other.
pub(super) type Line = u64;

/// A map whose keys are digests already.
pub(super) type DigestMap<V> = std::collections::HashMap<u64, V, BuildHasherDefault<Digested>>;

/// A set of digests.
pub(super) type DigestSet = std::collections::HashSet<u64, BuildHasherDefault<Digested>>;

/// Hashes a number that is a digest by taking it as it is.
#[derive(Default)]
pub(super) struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

/// The number of some bytes. The hash has no secret, so that runs agree; whoever writes a repository could make two lines collide, and would
/// hide his own change by it, which he can do more easily by not making it.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// The lines of a text without their ends. CR LF ends a line as LF does; a last line without an end is a line like others.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let most = if text.is_empty() { 0 } else { usize::MAX };
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut start = 0;
    let line = move |end: usize| {
        let line = &text[start..end];
        start = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    };
    memchr::memchr_iter(b'\n', text).chain([text.len()]).map(line).take(most)
}

/// Whether the last line of a text has an end; `None` where there is no line.
pub(super) fn has_end(text: &[u8]) -> Option<bool> {
    text.last().map(|&byte| byte == b'\n')
}

/// How many lines a text has at most.
pub(super) fn most_lines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count() + 1
}

/// The lines of a text as numbers.
pub(super) fn numbers(text: &[u8]) -> Vec<Line> {
    let mut numbers = Vec::with_capacity(most_lines(text));
    numbers.extend(split(text).map(number));
    numbers
}

/// The line that a line belongs to by its indentation: the nearest one above that is indented less, blank ones aside; `None` where there is no
/// such line. Lines count from 0.
pub(super) fn enclosing(text: &[u8], at: usize) -> Option<Line> {
    let lines: Vec<&[u8]> = split(text).take(at + 1).collect();
    let depth = |line: &[u8]| line.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    let own = depth(lines.get(at)?)?;
    let is_outside = |line: &&&[u8]| depth(line).is_some_and(|depth| depth < own);
    lines[..at].iter().rev().find(is_outside).map(|line| number(line))
}

/// The words of a line: runs of letters, digits and `_`.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| !is_word(byte)).filter(|word| !word.is_empty())
}

/// Which bytes words are made of. As a table, since every changed line is gone through.
const OF_WORDS: [bool; 256] = {
    let mut of_words = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        of_words[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' || byte >= 0x80;
        byte += 1;
    }
    of_words
};

fn is_word(byte: u8) -> bool {
    OF_WORDS[usize::from(byte)]
}

/// Whether a line says so little that it is found everywhere: blanks, brackets, one short word.
pub(super) fn is_trivial(line: &[u8]) -> bool {
    line.iter().filter(|&&byte| is_word(byte)).count() < 3
}

/// A line without any blanks; nothing where it has nothing else.
pub(super) fn without_blanks(line: &[u8], scratch: &mut Vec<u8>) -> Option<Line> {
    scratch.clear();
    scratch.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
    (!scratch.is_empty()).then(|| number(scratch))
}

/// As git decides it: a zero byte among the first 8,000.
pub(super) fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(8000)].contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_what_is_indented_less() {
        let text = b"def one(x):\n    if x:\n\n        call(x)\n    return x\nlast\n";
        let of = |at| enclosing(text, at);
        assert_eq!(of(3), Some(number(b"    if x:")));
        assert_eq!(of(4), Some(number(b"def one(x):")));
        assert_eq!([of(0), of(2), of(5), of(9)], [None; 4]);
    }
}
