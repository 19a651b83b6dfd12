//! Folds texts: what is left of them without what rarely matters. Decides the quiet classes.

use std::borrow::Cow;

use crate::collect::cache::Folded;
use crate::snapshot::TextFold;

/// Larger files are not folded.
pub(super) const LIMIT: u64 = 8 * 1024 * 1024;

/// How much of a file git looks at to tell binary from text.
const BINARY_HEAD: usize = 8000;

/// Whether git takes a content that begins like this for binary.
pub(super) fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(BINARY_HEAD)].contains(&0)
}

/// Folds a whole content; `None` when it is binary.
pub fn text_fold(content: &[u8]) -> Option<TextFold> {
    fold(content).text()
}

/// Folds a whole content.
pub(super) fn fold(content: &[u8]) -> Folded {
    fold_known(content, None)
}

/// Folds a whole content whose BLAKE3 digest may be known: a text that has nothing to fold away is not hashed again.
pub(super) fn fold_known(content: &[u8], blake3: Option<[u8; 32]>) -> Folded {
    if is_binary(content) {
        return Folded::Binary;
    }
    let (has_bom, text) = match content.strip_prefix(b"\xef\xbb\xbf") {
        Some(text) => (true, text),
        None => (false, content),
    };
    let plain_text = without_crlf(text);
    let is_whole = plain_text.len() == content.len();
    let plain = blake3.filter(|_| is_whole).map_or_else(|| blake3::hash(&plain_text), blake3::Hash::from);
    // Most texts have nothing to fold away, and are hashed once.
    let trimmed = match without_trailing_blanks(&plain_text) {
        Cow::Borrowed(_) => plain,
        Cow::Owned(trimmed) => blake3::hash(&trimmed),
    };
    let has_crlf = plain_text.len() < text.len();
    Folded::Text(TextFold { has_bom, has_crlf, plain: plain.into(), trimmed: trimmed.into() })
}

/// Every CR LF as LF.
fn without_crlf(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\r') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(line) => {
                plain.extend_from_slice(line);
                plain.push(b'\n');
            }
            None => plain.extend_from_slice(line),
        }
    }
    Cow::Owned(plain)
}

/// No blanks or tabs before LF and at the end.
fn without_trailing_blanks(text: &[u8]) -> Cow<'_, [u8]> {
    let is_blank = |b: u8| matches!(b, b' ' | b'\t');
    // Without a way out of the loop it takes many bytes at a time.
    let pairs = text.iter().zip(text.get(1..).unwrap_or_default());
    #[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is the way out")]
    let before_line_end = pairs.fold(false, |found, (&b, &next)| found | (is_blank(b) & (next == b'\n')));
    if !before_line_end && !text.last().is_some_and(|&b| is_blank(b)) {
        return Cow::Borrowed(text);
    }
    let mut trimmed = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        let (line, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |line| (line, b"\n"));
        let kept = line.iter().rposition(|&b| !is_blank(b)).map_or(0, |at| at + 1);
        trimmed.extend_from_slice(&line[..kept]);
        trimmed.extend_from_slice(end);
    }
    Cow::Owned(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_endings_and_marks_fold_away() {
        let unix = fold(b"one\ntwo \t\nthree").text().unwrap();
        let dos = fold(b"\xef\xbb\xbfone\r\ntwo \t\r\nthree").text().unwrap();
        assert!(dos.has_bom && dos.has_crlf && !unix.has_bom && !unix.has_crlf);
        assert_eq!(unix.plain, dos.plain);
        let trimmed = fold(b"one\ntwo\nthree").text().unwrap();
        assert_ne!(unix.plain, trimmed.plain);
        assert_eq!(unix.trimmed, trimmed.trimmed);
    }

    #[test]
    fn what_carries_meaning_stays() {
        let fold = |text: &[u8]| fold(text).text().unwrap();
        assert_ne!(fold(b"a\n").trimmed, fold(b"a").trimmed, "a last line end is no blank");
        assert_ne!(fold(b" a").trimmed, fold(b"a").trimmed, "indentation");
        assert_ne!(fold(b"a\rb").plain, fold(b"a\nb").plain, "a lone CR ends no line here");
        assert_ne!(fold(b"a\r\r\n").plain, fold(b"a\r\n").plain, "only the CR before LF belongs to the line end");
    }

    #[test]
    fn a_zero_byte_in_the_head_makes_it_binary() {
        assert_eq!(fold(b"a\0b"), Folded::Binary);
        let late = [vec![b'a'; 8000], vec![0]].concat();
        assert!(fold(&late).text().is_some());
    }
}
