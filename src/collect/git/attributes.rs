//! What `.gitattributes` say about files: whether their bytes are those of the repository.

use std::collections::{BTreeMap, HashMap};

use super::config::GitConfig;
use super::patterns::{self, Pattern};

/// What happens between a file and its blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// Nothing.
    None,
    /// Line endings are converted.
    LineEndings(LineEndings),
    /// A pointer stands for the file.
    Lfs,
    /// A program of this name would have to run.
    Filter(String),
    /// The file is in another encoding.
    Encoding,
    /// `$Id$` is expanded.
    Ident,
}

/// How line endings are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineEndings {
    /// Only in files that look like text; otherwise in all.
    pub(crate) auto: bool,
    /// A checkout writes CR LF.
    pub(crate) crlf: bool,
}

/// The attributes of a checkout.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    /// By folder (relative to the top of the repository), in the order of the lines.
    files: BTreeMap<Vec<u8>, Vec<Line>>,
    /// `info/attributes`, which comes before all others.
    info: Vec<Line>,
    macros: HashMap<Vec<u8>, Vec<(Attribute, State)>>,
    autocrlf: AutoCrlf,
    /// `core.eol` asks for CR LF.
    eol_crlf: bool,
    ignore_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum AutoCrlf {
    #[default]
    No,
    Yes,
    Input,
}

#[derive(Debug)]
struct Line {
    pattern: Pattern,
    sets: Vec<(Attribute, State)>,
}

/// The attributes that change what a file's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Text,
    Eol,
    Crlf,
    Filter,
    Ident,
    Encoding,
}

const ATTRIBUTES: [(&[u8], Attribute); 6] = [
    (b"text", Attribute::Text),
    (b"eol", Attribute::Eol),
    (b"crlf", Attribute::Crlf),
    (b"filter", Attribute::Filter),
    (b"ident", Attribute::Ident),
    (b"working-tree-encoding", Attribute::Encoding),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Set,
    Unset,
    Unspecified,
    Value(Vec<u8>),
}

impl Attributes {
    pub(crate) fn new(config: &GitConfig) -> Self {
        let autocrlf = match config.get("core.autocrlf") {
            Some(value) if value.eq_ignore_ascii_case(b"input") => AutoCrlf::Input,
            _ if config.get_bool("core.autocrlf") == Some(true) => AutoCrlf::Yes,
            _ => AutoCrlf::No,
        };
        let eol = config.get("core.eol").unwrap_or_default();
        let binary = vec![(Attribute::Text, State::Unset)];
        Self {
            autocrlf,
            eol_crlf: eol.eq_ignore_ascii_case(b"crlf"),
            ignore_case: config.get_bool("core.ignorecase") == Some(true),
            macros: HashMap::from([(b"binary".to_vec(), binary)]),
            ..Self::default()
        }
    }

    /// Takes the attributes file of a folder; the top, which may define macros, comes first.
    pub(crate) fn add(&mut self, folder: &[u8], bytes: &[u8]) {
        let lines = self.parse(bytes, folder.is_empty());
        self.files.insert(folder.to_vec(), lines);
    }

    /// Takes `info/attributes`.
    pub(crate) fn add_info(&mut self, bytes: &[u8]) {
        self.info = self.parse(bytes, true);
    }

    /// What happens to the file at a path from the top of the repository.
    pub(crate) fn conversion(&self, path: &[u8]) -> Conversion {
        let mut found: [Option<&State>; ATTRIBUTES.len()] = [None; ATTRIBUTES.len()];
        let nearest = patterns::folders(path).filter_map(|folder| Some((self.files.get(folder)?, folder)));
        for (lines, folder) in std::iter::once((&self.info, &path[..0])).chain(nearest) {
            let relative = patterns::below(path, folder).unwrap_or(path);
            for line in lines.iter().rev().filter(|line| line.pattern.matches(relative)) {
                for (attribute, state) in line.sets.iter().rev() {
                    found[*attribute as usize].get_or_insert(state);
                }
            }
        }
        self.decide(|attribute| match found[attribute as usize] {
            Some(State::Unspecified) => None,
            other => other,
        })
    }

    fn decide<'a>(&self, state: impl Fn(Attribute) -> Option<&'a State>) -> Conversion {
        match state(Attribute::Filter) {
            Some(State::Value(name)) if name == b"lfs" => return Conversion::Lfs,
            Some(State::Value(name)) => return Conversion::Filter(String::from_utf8_lossy(name).into_owned()),
            _ => {}
        }
        if let Some(State::Value(name)) = state(Attribute::Encoding)
            && !name.eq_ignore_ascii_case(b"utf-8")
            && !name.eq_ignore_ascii_case(b"utf8")
        {
            return Conversion::Encoding;
        }
        if state(Attribute::Ident) == Some(&State::Set) {
            return Conversion::Ident;
        }
        // `crlf` is what `text` was called first.
        let text = state(Attribute::Text).or_else(|| state(Attribute::Crlf));
        let eol = match state(Attribute::Eol) {
            Some(State::Value(value)) if value == b"lf" => Some(false),
            Some(State::Value(value)) if value == b"crlf" => Some(true),
            _ => None,
        };
        let configured = match self.autocrlf {
            AutoCrlf::Yes => true,
            AutoCrlf::Input => false,
            AutoCrlf::No => self.eol_crlf,
        };
        let auto = match text {
            Some(State::Unset) => return Conversion::None,
            Some(State::Value(value)) if value == b"auto" => true,
            Some(State::Value(value)) if value == b"input" => {
                return Conversion::LineEndings(LineEndings { auto: false, crlf: eol.unwrap_or(false) });
            }
            Some(State::Set) => false,
            _ if eol.is_some() => false,
            _ if self.autocrlf != AutoCrlf::No => true,
            _ => return Conversion::None,
        };
        Conversion::LineEndings(LineEndings { auto, crlf: eol.unwrap_or(configured) })
    }

    fn parse(&mut self, bytes: &[u8], may_define: bool) -> Vec<Line> {
        let mut parsed = Vec::new();
        for line in patterns::lines(bytes) {
            let line = line.trim_ascii_start();
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            let Some((pattern, rest)) = split_pattern(line) else { continue };
            let sets: Vec<_> = rest
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .flat_map(|word| self.word(word))
                .collect();
            if let Some(name) = pattern.strip_prefix(b"[attr]") {
                if may_define {
                    self.macros.insert(name.to_vec(), sets);
                }
            } else if !sets.is_empty()
                && let Some(pattern) = Pattern::new(&pattern, self.ignore_case)
            {
                parsed.push(Line { pattern, sets });
            }
        }
        parsed
    }

    /// What one word of a line sets, as far as it matters here.
    fn word(&self, word: &[u8]) -> Vec<(Attribute, State)> {
        let (name, state) = match word {
            [b'-', name @ ..] => (name, State::Unset),
            [b'!', name @ ..] => (name, State::Unspecified),
            _ => match word.iter().position(|&byte| byte == b'=') {
                Some(at) => (&word[..at], State::Value(word[at + 1..].to_vec())),
                None => (word, State::Set),
            },
        };
        if let Some((_, attribute)) = ATTRIBUTES.iter().find(|(known, _)| *known == name) {
            return vec![(*attribute, state)];
        }
        // A macro that is unset or has a value expands to nothing.
        if state == State::Set { self.macros.get(name).cloned().unwrap_or_default() } else { Vec::new() }
    }
}

impl LineEndings {
    /// A blob as a checkout writes it.
    pub(crate) fn check_out(self, blob: Vec<u8>) -> Vec<u8> {
        let has_bare_lf =
            || blob.iter().enumerate().any(|(at, &byte)| byte == b'\n' && (at == 0 || blob[at - 1] != b'\r'));
        if !self.crlf || !has_bare_lf() {
            return blob;
        }
        // Where text is only guessed, anything that has a CR or a zero byte is left alone.
        if self.auto && blob.iter().any(|&byte| byte == b'\r' || byte == 0) {
            return blob;
        }
        let mut file = Vec::with_capacity(blob.len() + blob.len() / 16);
        let mut previous = 0;
        for byte in blob {
            if byte == b'\n' && previous != b'\r' {
                file.push(b'\r');
            }
            file.push(byte);
            previous = byte;
        }
        file
    }
}

/// The pattern of a line, which may be quoted as in C, and what follows it.
fn split_pattern(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = line.strip_prefix(b"\"") else {
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        return Some((line[..end].to_vec(), &line[end..]));
    };
    let mut pattern = Vec::new();
    let mut rest = quoted;
    loop {
        match rest {
            [b'"', after @ ..] => return Some((pattern, after)),
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                pattern.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            [b'\\', letter, after @ ..] => {
                pattern.push(match letter {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => *letter,
                    _ => return None,
                });
                rest = after;
            }
            [byte, after @ ..] => {
                pattern.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attributes(text: &str) -> Attributes {
        let mut attributes = Attributes::new(&GitConfig::default());
        attributes.add(b"", text.as_bytes());
        attributes
    }

    fn endings(auto: bool, crlf: bool) -> Conversion {
        Conversion::LineEndings(LineEndings { auto, crlf })
    }

    #[test]
    fn the_last_line_and_the_nearest_folder_decide() {
        let mut attributes = attributes(
            "* text=auto\n*.bin binary\n*.bat eol=crlf\n/docs/** -text\n\"with space\" filter=x\n*.psd filter=lfs -text\n\
            [attr]odd -text filter=y\n*.odd odd\n",
        );
        attributes.add(b"sub", b"*.bin text\n*.bat !eol !text\n");
        for (path, conversion) in [
            ("a.txt", endings(true, false)),
            ("a.bin", Conversion::None),
            ("sub/a.bin", endings(false, false)),
            ("a.bat", endings(true, true)),
            ("sub/a.bat", Conversion::None),
            ("docs/x/y", Conversion::None),
            ("x/docs/y", endings(true, false)),
            ("with space", Conversion::Filter("x".to_owned())),
            ("x/y.psd", Conversion::Lfs),
            ("z.odd", Conversion::Filter("y".to_owned())),
        ] {
            assert_eq!(attributes.conversion(path.as_bytes()), conversion, "{path}");
        }
        attributes.add_info(b"*.txt working-tree-encoding=UTF-16\n");
        assert_eq!(attributes.conversion(b"a.txt"), Conversion::Encoding);
    }

    #[test]
    fn a_checkout_writes_line_endings() {
        let auto = LineEndings { auto: true, crlf: true };
        let all = LineEndings { auto: false, crlf: true };
        assert_eq!(auto.check_out(b"a\nb\n".to_vec()), b"a\r\nb\r\n");
        assert_eq!(auto.check_out(b"a\r\nb\n".to_vec()), b"a\r\nb\n");
        assert_eq!(auto.check_out(b"\0\n".to_vec()), b"\0\n");
        assert_eq!(all.check_out(b"a\r\nb\n".to_vec()), b"a\r\nb\r\n");
        assert_eq!(LineEndings { auto: false, crlf: false }.check_out(b"a\n".to_vec()), b"a\n");
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut attributes = Attributes::new(&GitConfig::default());
            attributes.add(b"", &bytes);
            attributes.add_info(&bytes);
            let _ = attributes.conversion(b"a/b");
        }
    }
}
