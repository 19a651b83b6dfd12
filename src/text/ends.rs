//! Line ends.

/// Whether any line ends with CR LF.
pub fn has_crlf(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair == b"\r\n")
}

/// The text with LF for each CR LF.
pub fn without_cr(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(line) => [line, b"\n"].into_iter().for_each(|part| plain.extend_from_slice(part)),
            None => plain.extend_from_slice(line),
        }
    }
    plain
}

/// The text with CR LF for each LF; it has none before.
pub fn with_cr(text: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => [line, b"\r\n"].into_iter().for_each(|part| converted.extend_from_slice(part)),
            None => converted.extend_from_slice(line),
        }
    }
    converted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_taken_and_given() {
        let (plain, dos) = (&b"a\n\nb\rc"[..], &b"a\r\n\r\nb\rc"[..]);
        assert_eq!((without_cr(dos), with_cr(plain)), (plain.to_vec(), dos.to_vec()));
        assert!(has_crlf(dos) && !has_crlf(plain));
    }
}
