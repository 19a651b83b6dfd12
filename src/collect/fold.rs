//! Folds texts: what is left of them without what rarely matters. Decides the quiet classes.

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

/// Folds a whole content.
pub(super) fn fold(content: &[u8]) -> Folded {
    if is_binary(content) {
        return Folded::Binary;
    }
    let (has_bom, text) = match content.strip_prefix(b"\xef\xbb\xbf") {
        Some(text) => (true, text),
        None => (false, content),
    };
    let mut has_crlf = false;
    // Hashing line by line is slow: lines are gathered first.
    let mut plain_lines = Vec::with_capacity(text.len());
    let mut trimmed_lines = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        let (line, end) = match line {
            [line @ .., b'\r', b'\n'] => {
                has_crlf = true;
                (line, &b"\n"[..])
            }
            [line @ .., b'\n'] => (line, &b"\n"[..]),
            line => (line, &b""[..]),
        };
        let kept = line.iter().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |at| at + 1);
        plain_lines.extend_from_slice(line);
        plain_lines.extend_from_slice(end);
        trimmed_lines.extend_from_slice(&line[..kept]);
        trimmed_lines.extend_from_slice(end);
    }
    let (plain, trimmed) = (blake3::hash(&plain_lines), blake3::hash(&trimmed_lines));
    Folded::Text(TextFold { has_bom, has_crlf, plain: plain.into(), trimmed: trimmed.into() })
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
