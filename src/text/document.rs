//! Bytes as lines of text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A file as text: its bytes, and where its lines are.
///
/// The bytes are kept as they are; [`Document::text`] is what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    bytes: Vec<u8>,
    /// Where each line ends, its terminator included.
    ends: Vec<usize>,
    encoding: Encoding,
}

/// How characters are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// UTF-8, of which ASCII is a part.
    Utf8,
    /// UTF-8 after a byte-order mark.
    Utf8Bom,
    /// UTF-16, little endian, after a byte-order mark.
    Utf16Le,
    /// UTF-16, big endian, after a byte-order mark.
    Utf16Be,
    /// Anything else; every byte means something in Windows-1252, so it is shown as that.
    Windows1252,
}

impl Encoding {
    /// Its name in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with byte-order mark",
            Self::Utf16Le => "UTF-16 (little endian)",
            Self::Utf16Be => "UTF-16 (big endian)",
            Self::Windows1252 => "not UTF-8 (shown as Windows-1252)",
        }
    }
}

impl Encoding {
    /// How these words, in UTF-8, are stored.
    fn encode(self, text: &[u8]) -> Cow<'_, [u8]> {
        let units = |to: fn(u16) -> [u8; 2]| String::from_utf8_lossy(text).encode_utf16().flat_map(to).collect();
        match self {
            Self::Utf8 | Self::Utf8Bom => Cow::Borrowed(text),
            Self::Utf16Le => Cow::Owned(units(u16::to_le_bytes)),
            Self::Utf16Be => Cow::Owned(units(u16::to_be_bytes)),
            Self::Windows1252 => Cow::Owned(WINDOWS_1252.encode(&String::from_utf8_lossy(text)).0.into_owned()),
        }
    }
}

/// Why a file is not shown as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// There is a zero byte among its first 8000 bytes, as git decides it.
    #[error("it is binary")]
    Binary,
    /// It has more bytes than are compared line by line.
    #[error("it has {size} bytes, and at most {limit} are compared line by line")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// It has more lines than are compared.
    #[error("it has more than {limit} lines")]
    TooManyLines {
        /// How many are allowed.
        limit: usize,
    },
}

/// How large a text may be to be compared line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub bytes: u64,
    /// Lines of one file.
    pub lines: usize,
}

impl Limits {
    /// No limit.
    pub const NONE: Self = Self { bytes: u64::MAX, lines: usize::MAX };
}

impl Default for Limits {
    /// 8 MiB and 200,000 lines: a line diff of unrelated texts of that size takes about a second.
    fn default() -> Self {
        Self { bytes: 8 << 20, lines: 200_000 }
    }
}

/// How many lines end in which way; the last line may end in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineEndings {
    /// Lines that end with LF alone.
    pub lf: usize,
    /// Lines that end with CR LF.
    pub crlf: usize,
}

/// How many bytes git looks at.
const LOOKED_AT: usize = 8000;

impl Document {
    /// Takes a file's bytes as text. One pass over them.
    ///
    /// # Errors
    /// When they are no text, or too much of it.
    pub fn new(bytes: Vec<u8>, limits: Limits) -> Result<Self, NotText> {
        if bytes.len() as u64 > limits.bytes {
            return Err(NotText::TooLarge { size: bytes.len() as u64, limit: limits.bytes });
        }
        let encoding = detect(&bytes).ok_or(NotText::Binary)?;
        let ends = line_ends(&bytes, encoding);
        if ends.len() > limits.lines {
            return Err(NotText::TooManyLines { limit: limits.lines });
        }
        Ok(Self { bytes, ends, encoding })
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How its characters are stored.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many lines it has. An empty file has none; what follows the last terminator is a line if it is not empty.
    pub fn line_count(&self) -> usize {
        self.ends.len()
    }

    /// A line's bytes, with its terminator; the first with the byte-order mark.
    ///
    /// # Panics
    /// When there is no such line.
    pub fn line(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[start..self.ends[number]]
    }

    /// All lines in order; together they are all bytes.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.line_count()).map(|number| self.line(number))
    }

    /// The bytes of a range of lines.
    pub fn slice(&self, lines: Range<usize>) -> &[u8] {
        let at = |number: usize| if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[at(lines.start)..at(lines.end)]
    }

    /// What a line says, in UTF-8: without byte-order mark and terminator. Bytes that mean nothing stay as they are in UTF-8, and are
    /// U+FFFD in UTF-16.
    pub fn text(&self, number: usize) -> Cow<'_, [u8]> {
        let line = self.line(number);
        let line = if number == 0 { &line[self.mark_len()..] } else { line };
        let decoded = match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Bom => Cow::Borrowed(line),
            Encoding::Windows1252 => owned(WINDOWS_1252.decode_without_bom_handling(line).0),
            Encoding::Utf16Le => owned(UTF_16LE.decode_without_bom_handling(line).0),
            Encoding::Utf16Be => owned(UTF_16BE.decode_without_bom_handling(line).0),
        };
        match decoded {
            Cow::Borrowed(text) => Cow::Borrowed(without_terminator(text)),
            Cow::Owned(mut text) => {
                text.truncate(without_terminator(&text).len());
                Cow::Owned(text)
            }
        }
    }

    /// Whether a line ends with a terminator: false for the last one at most.
    pub fn is_terminated(&self, number: usize) -> bool {
        let line = self.line(number);
        match self.encoding {
            Encoding::Utf16Le => line.len().is_multiple_of(2) && line.ends_with(b"\n\0"),
            Encoding::Utf16Be => line.len().is_multiple_of(2) && line.ends_with(b"\0\n"),
            _ => line.ends_with(b"\n"),
        }
    }

    /// Whether the last line has no terminator; never so for an empty file.
    pub fn lacks_final_newline(&self) -> bool {
        self.line_count().checked_sub(1).is_some_and(|last| !self.is_terminated(last))
    }

    /// Whether a line ends with CR LF.
    pub fn is_crlf(&self, number: usize) -> bool {
        let line = self.line(number);
        self.is_terminated(number)
            && match self.encoding {
                Encoding::Utf16Le => line.ends_with(b"\r\0\n\0"),
                Encoding::Utf16Be => line.ends_with(b"\0\r\0\n"),
                _ => line.ends_with(b"\r\n"),
            }
    }

    /// How its lines end. One pass over the ends.
    pub fn line_endings(&self) -> LineEndings {
        let mut endings = LineEndings::default();
        for number in (0..self.line_count()).filter(|&number| self.is_terminated(number)) {
            *(if self.is_crlf(number) { &mut endings.crlf } else { &mut endings.lf }) += 1;
        }
        endings
    }

    /// The same text with other words in some lines, stored as this one is: with its encoding, its byte-order mark and its line ends.
    #[must_use]
    pub fn with_lines(&self, texts: &BTreeMap<usize, Vec<u8>>) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        for number in 0..self.line_count() {
            match texts.get(&number) {
                None => bytes.extend_from_slice(self.line(number)),
                Some(text) => {
                    if number == 0 {
                        bytes.extend_from_slice(&self.bytes[..self.mark_len()]);
                    }
                    let end: &[u8] = match (self.is_crlf(number), self.is_terminated(number)) {
                        (true, _) => b"\r\n",
                        (_, true) => b"\n",
                        _ => b"",
                    };
                    bytes.extend_from_slice(&self.encoding.encode(&[text, end].concat()));
                }
            }
            ends.push(bytes.len());
        }
        Self { bytes, ends, encoding: self.encoding }
    }

    fn mark_len(&self) -> usize {
        match self.encoding {
            Encoding::Utf8Bom => 3,
            Encoding::Utf16Le | Encoding::Utf16Be => 2,
            Encoding::Utf8 | Encoding::Windows1252 => 0,
        }
    }
}

fn detect(bytes: &[u8]) -> Option<Encoding> {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    let has_zero_unit = || looked_at[2..].chunks_exact(2).any(|unit| unit == [0, 0]);
    // FF FE 00 00 would begin UTF-32, which nobody writes; as UTF-16 it has a zero character and is binary.
    if bytes.starts_with(b"\xff\xfe") {
        return (!has_zero_unit()).then_some(Encoding::Utf16Le);
    }
    if bytes.starts_with(b"\xfe\xff") {
        return (!has_zero_unit()).then_some(Encoding::Utf16Be);
    }
    if looked_at.contains(&0) {
        return None;
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Some(Encoding::Utf8Bom);
    }
    Some(if std::str::from_utf8(bytes).is_ok() { Encoding::Utf8 } else { Encoding::Windows1252 })
}

fn line_ends(bytes: &[u8], encoding: Encoding) -> Vec<usize> {
    let mut ends: Vec<usize> = match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let newline = if encoding == Encoding::Utf16Le { *b"\n\0" } else { *b"\0\n" };
            let units = bytes.chunks_exact(2).enumerate();
            units.filter(|&(_, unit)| unit == newline).map(|(at, _)| at * 2 + 2).collect()
        }
        _ => bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(|(at, _)| at + 1).collect(),
    };
    if ends.last().copied().unwrap_or(0) < bytes.len() {
        ends.push(bytes.len());
    }
    ends
}

fn owned(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn without_terminator(text: &[u8]) -> &[u8] {
    match text.strip_suffix(b"\n") {
        Some(text) => text.strip_suffix(b"\r").unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: &[u8]) -> Document {
        Document::new(bytes.to_vec(), Limits::default()).unwrap()
    }

    fn texts(document: &Document) -> Vec<String> {
        (0..document.line_count()).map(|at| String::from_utf8_lossy(&document.text(at)).into_owned()).collect()
    }

    #[test]
    fn encodings_say_the_same() {
        let utf16 = |units: Vec<u16>, to: fn(u16) -> [u8; 2]| units.into_iter().flat_map(to).collect::<Vec<u8>>();
        let units = || "\u{feff}Größe Ċ\r\nzwei".encode_utf16().collect();
        let cases = [
            ("Größe Ċ\r\nzwei".as_bytes().to_vec(), Encoding::Utf8),
            ("\u{feff}Größe Ċ\r\nzwei".as_bytes().to_vec(), Encoding::Utf8Bom),
            (utf16(units(), u16::to_le_bytes), Encoding::Utf16Le),
            (utf16(units(), u16::to_be_bytes), Encoding::Utf16Be),
        ];
        for (bytes, encoding) in cases {
            let document = document(&bytes);
            assert_eq!(document.encoding(), encoding);
            assert_eq!(texts(&document), ["Größe Ċ", "zwei"]);
            assert_eq!(document.lines().collect::<Vec<_>>().concat(), bytes, "kept as bytes");
            assert_eq!(document.line_endings(), LineEndings { lf: 0, crlf: 1 });
            assert!(document.lacks_final_newline());
        }
        let legacy = document(b"Gr\xf6\xdfe\n");
        assert_eq!((legacy.encoding(), texts(&legacy)), (Encoding::Windows1252, vec!["Größe".to_owned()]));
    }

    #[test]
    fn binary_is_what_git_calls_binary() {
        let limits = Limits::default();
        let late = |at: usize| [vec![b'a'; at], vec![0], vec![b'\n']].concat();
        assert_eq!(Document::new(late(7999), limits), Err(NotText::Binary));
        assert!(Document::new(late(8000), limits).is_ok());
        assert_eq!(Document::new(b"\xff\xfe\0\0a\0\0\0".to_vec(), limits), Err(NotText::Binary));
        assert!(Document::new(b"\xff\xfea".to_vec(), limits).is_ok(), "half a character at the end");
    }

    #[test]
    fn lines_are_replaced_in_every_encoding() {
        let utf16 = |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        let texts = |one: &str| ["\u{feff}a\r\n", one, "\u{e9}"].concat();
        let (before, after) = (texts("secret\n"), texts("<x>\n"));
        let plain = |text: &str| text.trim_start_matches('\u{feff}').as_bytes().to_vec();
        for (before, after) in [
            (plain(&before), plain(&after)),
            (before.clone().into_bytes(), after.clone().into_bytes()),
            (utf16(&before, u16::to_le_bytes), utf16(&after, u16::to_le_bytes)),
            (utf16(&before, u16::to_be_bytes), utf16(&after, u16::to_be_bytes)),
            (b"a\r\nsecret\n\xe9".to_vec(), b"a\r\n<x>\n\xe9".to_vec()),
        ] {
            let replaced = document(&before).with_lines(&BTreeMap::from([(1, b"<x>".to_vec())]));
            assert_eq!(replaced, document(&after));
            let first = document(&before).with_lines(&BTreeMap::from([(0, b"a".to_vec())]));
            assert_eq!(first, document(&before), "marks and ends stay");
        }
    }

    #[test]
    fn limits_are_named() {
        let limits = Limits { bytes: 4, lines: 2 };
        assert_eq!(Document::new(b"12345".to_vec(), limits), Err(NotText::TooLarge { size: 5, limit: 4 }));
        assert_eq!(Document::new(b"\n\n\n".to_vec(), limits), Err(NotText::TooManyLines { limit: 2 }));
        assert!(Document::new(b"\n\na".to_vec(), Limits { lines: 3, ..limits }).is_ok());
    }

    #[test]
    fn an_empty_file_has_no_line() {
        let empty = document(b"");
        assert_eq!((empty.line_count(), empty.lacks_final_newline()), (0, false));
        let mark = document(b"\xef\xbb\xbf");
        assert_eq!((mark.line_count(), texts(&mark)), (1, vec![String::new()]));
    }
}
