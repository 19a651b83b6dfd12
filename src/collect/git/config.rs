//! The config file of a repository: values only. Includes are seen and not followed, commands in it are text.

use std::path::Path;

use super::fault::GitFault;
use super::files::{GitFiles, SMALL};

/// Values in the order in which they stand; names are `section.name` or `section.subsection.name`.
#[derive(Debug, Default)]
pub(super) struct GitConfig {
    values: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl GitConfig {
    /// Reads what is in a file, after what is known already; a file that is not there holds nothing.
    pub(super) fn add_file(&mut self, files: &dyn GitFiles, path: &Path) -> Result<(), GitFault> {
        let Some(bytes) = files.read(path, SMALL)? else { return Ok(()) };
        let damaged = || GitFault::Content { path: path.to_owned(), problem: "is not a config file of git" };
        self.values.extend(parse(&bytes).ok_or_else(damaged)?);
        Ok(())
    }

    /// The last value of a name; an empty one where there is a name only.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.find(name.as_bytes()).map(Option::unwrap_or_default)
    }

    /// A truth value; `None` when it is not set or is none.
    pub(super) fn get_bool(&self, name: &str) -> Option<bool> {
        let Some(value) = self.find(name.as_bytes())? else { return Some(true) };
        match value.to_ascii_lowercase().as_slice() {
            b"true" | b"yes" | b"on" => Some(true),
            b"false" | b"no" | b"off" | b"" => Some(false),
            digits => std::str::from_utf8(digits).ok()?.parse::<i64>().ok().map(|number| number != 0),
        }
    }

    /// The value of `section.subsection.name`.
    pub(super) fn get_in(&self, section: &str, subsection: &[u8], name: &str) -> Option<&[u8]> {
        self.find(&join(section.as_bytes(), Some(subsection), name.as_bytes())).map(Option::unwrap_or_default)
    }

    /// All values of `section.subsection.name`.
    pub(super) fn all_in(&self, section: &str, subsection: &[u8], name: &str) -> impl Iterator<Item = &[u8]> {
        let wanted = join(section.as_bytes(), Some(subsection), name.as_bytes());
        self.values.iter().filter(move |(name, _)| *name == wanted).filter_map(|(_, value)| value.as_deref())
    }

    /// All names and values of a section without subsections.
    pub(super) fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.values.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(section.as_bytes())?.strip_prefix(b".")?;
            Some((rest, value.as_deref().unwrap_or_default()))
        })
    }

    /// Whether it names other config files.
    pub(super) fn has_includes(&self) -> bool {
        self.values
            .iter()
            .any(|(name, _)| name == b"include.path" || (name.starts_with(b"includeif.") && name.ends_with(b".path")))
    }

    /// Whether objects may be left out that a remote promises to have.
    pub(super) fn has_promisor(&self) -> bool {
        self.values.iter().any(|(name, _)| {
            name == b"extensions.partialclone"
                || (name.starts_with(b"remote.")
                    && (name.ends_with(b".promisor") || name.ends_with(b".partialclonefilter")))
        })
    }

    #[expect(clippy::option_option, reason = "a name may stand without a value, which is another thing than no name")]
    fn find(&self, wanted: &[u8]) -> Option<Option<&[u8]>> {
        self.values.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value.as_deref())
    }
}

type Value = (Vec<u8>, Option<Vec<u8>>);

/// Parses a whole file; `None` when git would refuse it.
fn parse(bytes: &[u8]) -> Option<Vec<Value>> {
    let mut rest = Cursor { bytes: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), at: 0 };
    let mut section: Option<(Vec<u8>, Option<Vec<u8>>)> = None;
    let mut values = Vec::new();
    while let Some(byte) = rest.next() {
        match byte {
            b'#' | b';' => rest.skip_line(),
            b'[' => section = Some(parse_section(&mut rest)?),
            byte if byte.is_ascii_whitespace() => {}
            byte if byte.is_ascii_alphabetic() => {
                let mut name = vec![byte.to_ascii_lowercase()];
                while let Some(more) = rest.next_if(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                    name.push(more.to_ascii_lowercase());
                }
                while rest.next_if(|byte| matches!(byte, b' ' | b'\t')).is_some() {}
                let value = match rest.next() {
                    None | Some(b'\n') => None,
                    Some(b'\r') if rest.next_if(|byte| byte == b'\n').is_some() => None,
                    Some(b'#' | b';') => {
                        rest.skip_line();
                        None
                    }
                    Some(b'=') => Some(parse_value(&mut rest)?),
                    Some(_) => return None,
                };
                let (section, subsection) = section.as_ref()?;
                values.push((join(section, subsection.as_deref(), &name), value));
            }
            _ => return None,
        }
    }
    Some(values)
}

/// What follows `[`, up to and with `]`.
fn parse_section(rest: &mut Cursor<'_>) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut name = Vec::new();
    loop {
        match rest.next()? {
            b']' => {
                // The old form `[section.subsection]`, in which case does not count.
                let dot = name.iter().position(|&byte| byte == b'.');
                return Some(match dot {
                    Some(at) => (name[..at].to_vec(), Some(name[at + 1..].to_vec())),
                    None => (name, None),
                });
            }
            b' ' | b'\t' => break,
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') => name.push(byte.to_ascii_lowercase()),
            _ => return None,
        }
    }
    while rest.next_if(|byte| matches!(byte, b' ' | b'\t')).is_some() {}
    rest.next_if(|byte| byte == b'"')?;
    let mut subsection = Vec::new();
    loop {
        match rest.next()? {
            b'"' => break,
            b'\n' => return None,
            b'\\' => subsection.push(rest.next()?),
            byte => subsection.push(byte),
        }
    }
    (rest.next()? == b']').then_some((name, Some(subsection)))
}

/// What follows `=`, up to the end of its last line.
fn parse_value(rest: &mut Cursor<'_>) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    // Blanks at the end do not count, unless they are quoted.
    let mut kept = 0;
    let mut quoted = false;
    loop {
        match rest.next() {
            None | Some(b'\n') if quoted => return None,
            None | Some(b'\n') => break,
            Some(b'#' | b';') if !quoted => {
                rest.skip_line();
                break;
            }
            Some(b'"') => {
                quoted = !quoted;
                kept = value.len();
            }
            Some(b'\\') => {
                match rest.next()? {
                    b'\n' => continue,
                    b'\r' if rest.next_if(|byte| byte == b'\n').is_some() => continue,
                    b'n' => value.push(b'\n'),
                    b't' => value.push(b'\t'),
                    b'b' => value.push(8),
                    byte @ (b'"' | b'\\') => value.push(byte),
                    _ => return None,
                }
                kept = value.len();
            }
            Some(byte) if !quoted && byte.is_ascii_whitespace() => {
                if !value.is_empty() {
                    value.push(byte);
                }
            }
            Some(byte) => {
                value.push(byte);
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    Some(value)
}

fn join(section: &[u8], subsection: Option<&[u8]>, name: &[u8]) -> Vec<u8> {
    match subsection {
        Some(subsection) => [section, subsection, name].join(&b'.'),
        None => [section, name].join(&b'.'),
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn next(&mut self) -> Option<u8> {
        self.next_if(|_| true)
    }

    fn next_if(&mut self, wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        wanted(byte).then(|| self.at += 1)?;
        Some(byte)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config(text: &str) -> GitConfig {
        GitConfig { values: parse(text.as_bytes()).unwrap() }
    }

    #[test]
    fn values_are_read_as_git_reads_them() {
        let config = config(concat!(
            "# comment\n[core]\n\tautoCRLF = input ; why\n\tbare\n\tfilemode=0\n",
            "[remote \"or\\\"igin\"]\n fetch = +refs/heads/*:refs/remotes/origin/* \n fetch = \"a # b\"c\\\nd\n",
            "[branch.Main] merge = x\n[a]b=\\\"q\\t\n[includeIf \"gitdir:x\"] path = y",
        ));
        assert_eq!(config.get("core.autocrlf"), Some(&b"input"[..]));
        assert_eq!(config.get_bool("core.bare"), Some(true));
        assert_eq!(config.get_bool("core.filemode"), Some(false));
        assert_eq!(config.get_bool("core.symlinks"), None);
        let fetch: Vec<&[u8]> = config.all_in("remote", b"or\"igin", "fetch").collect();
        assert_eq!(fetch, [&b"+refs/heads/*:refs/remotes/origin/*"[..], b"a # bcd"]);
        assert_eq!(config.get_in("branch", b"main", "merge"), Some(&b"x"[..]));
        assert_eq!(config.get("a.b"), Some(&b"\"q\t"[..]));
        assert!(config.has_includes());
    }

    #[test]
    fn what_git_refuses_is_refused() {
        for text in ["x = 1", "[core\nx=1", "[core]\nx = \"open", "[core]\nx y", "[core]\n=", "[a \"b]\n"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
