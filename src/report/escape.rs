//! How foreign bytes leave the program: one step for each kind of output.
//!
//! Names and texts come from servers and are hostile: they must not move the cursor, hide what is written, reorder it, or end a
//! line. Nothing else in the program prints foreign bytes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};

/// A name in one line of a terminal or a text file, unambiguous: `\n`, `\t`, `\\`, `\x1b` for bytes and controls, `\u{202e}` for
/// characters that would be invisible or reorder others. Plain names stay as they are.
pub fn name(bytes: &[u8]) -> Cow<'_, str> {
    escape(bytes, true)
}

/// A part of a line of text in a terminal: as [`name`], but a backslash is a backslash.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    escape(bytes, false)
}

/// A word as a shell takes it; `None` when it has characters that no one can type safely.
pub fn shell_word(word: &[u8]) -> Option<String> {
    let typed = std::str::from_utf8(word).ok()?;
    if typed.is_empty() || text(word) != typed {
        return None;
    }
    let plain = |c: char| c.is_alphanumeric() || "/._-=@:+,%~".contains(c);
    if typed.chars().all(plain) && !typed.starts_with('~') {
        return Some(typed.to_owned());
    }
    Some(format!("'{}'", typed.replace('\'', r"'\''")))
}

/// A string of TOML, in its quotes, on one line, in which nothing is left that could drive a terminal, hide or reorder text.
pub fn toml(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) && (c as u32) < 0x1_0000 => push(&mut out, format_args!("\\u{:04x}", c as u32)),
            c if is_unsafe(c) => push(&mut out, format_args!("\\U{:08x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What to write into JSON for a name: its text, and its bytes in base64 when they are not UTF-8 (the text is lossy then).
pub fn json_name(bytes: &[u8]) -> (String, Option<String>) {
    let exact = || base64::engine::general_purpose::STANDARD.encode(bytes);
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => (text.to_owned(), None),
        Cow::Owned(lossy) => (lossy, Some(exact())),
    }
}

/// The bytes of a name that [`json_name`] gave in base64.
pub fn from_base64(exact: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(exact).ok()
}

/// Writes indented JSON, in strings of which no character is left that could drive a terminal, hide or reorder text: such
/// characters are written as `\uXXXX`, which every reader of JSON turns back.
pub fn write_json(value: &impl serde::Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let formatter = SafeFormatter(PrettyFormatter::new());
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, formatter);
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// JSON on one line that can stand in a `script` element: beside what [`write_json`] escapes, nothing is left in strings that HTML could take
/// for its own, so that no text ends the element or begins another.
pub fn script_json(value: &impl serde::Serialize) -> io::Result<String> {
    let mut out = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, ScriptFormatter)).map_err(io::Error::from)?;
    String::from_utf8(out).map_err(io::Error::other)
}

/// Whether a character could drive a terminal, end a line, be invisible, or reorder what stands beside it.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn escape(bytes: &[u8], unambiguous: bool) -> Cow<'_, str> {
    let is_plain = |text: &str| !text.chars().any(|c| is_unsafe(c) || (unambiguous && c == '\\'));
    if let Ok(text) = std::str::from_utf8(bytes)
        && is_plain(text)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\\' if unambiguous => out.push_str("\\\\"),
                c if c.is_ascii_control() => push(&mut out, format_args!("\\x{:02x}", c as u32)),
                c if is_unsafe(c) => push(&mut out, format_args!("\\u{{{:x}}}", c as u32)),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            push(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(out)
}

fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(what);
}

/// Writes a part of a JSON string in which some characters are escaped beyond what JSON itself demands.
fn write_fragment<W: ?Sized + io::Write>(
    writer: &mut W,
    fragment: &str,
    is_escaped: impl Fn(char) -> bool,
) -> io::Result<()> {
    let mut start = 0;
    for (at, c) in fragment.char_indices().filter(|&(_, c)| is_escaped(c)) {
        writer.write_all(&fragment.as_bytes()[start..at])?;
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04x}")?;
        }
        start = at + c.len_utf8();
    }
    writer.write_all(&fragment.as_bytes()[start..])
}

/// Takes no room, and escapes in strings what [`is_unsafe`] names and what HTML could take for its own.
struct ScriptFormatter;

impl Formatter for ScriptFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_fragment(writer, fragment, |c| is_unsafe(c) || matches!(c, '<' | '>' | '&'))
    }
}

/// Indents, and escapes in strings what [`is_unsafe`] names.
struct SafeFormatter(PrettyFormatter<'static>);

impl Formatter for SafeFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_fragment(writer, fragment, is_unsafe)
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay() {
        for plain in ["backend/app.py", "Größe 2.txt", "日本.md", "a b"] {
            assert!(matches!(name(plain.as_bytes()), Cow::Borrowed(text) if text == plain));
        }
    }

    #[test]
    fn nothing_hostile_is_left() {
        assert_eq!(name(b"a\nb\tc\\d\x1b[2J\x7f"), r"a\nb\tc\\d\x1b[2J\x7f");
        assert_eq!(name("x\u{202e}gpj.exe\u{200b}\u{9b}31m".as_bytes()), r"x\u{202e}gpj.exe\u{200b}\u{9b}31m");
        assert_eq!(name(b"caf\xe9"), r"caf\xe9");
        assert_eq!(text(br"C:\dir"), r"C:\dir");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(shell_word(b"app/x.py").as_deref(), Some("app/x.py"));
        assert_eq!(shell_word(b"a b").as_deref(), Some("'a b'"));
        assert_eq!(shell_word(b"it's").as_deref(), Some(r"'it'\''s'"));
        assert_eq!(shell_word(b"~x").as_deref(), Some("'~x'"));
        assert_eq!(shell_word(b"$(reboot)").as_deref(), Some("'$(reboot)'"));
        assert_eq!(shell_word(b"a\x1b[2J"), None);
        assert_eq!(shell_word(b"\xff"), None);
    }

    proptest::proptest! {
        #[test]
        fn toml_is_read_back_and_safe(text in ".*", odd in "[\"\\\\\u{0}-\u{1f}\u{7f}-\u{a0}\u{202e}\u{e0041}]{0,5}") {
            let text = format!("{text}{odd}");
            let written = toml(&text);
            proptest::prop_assert!(!written.chars().any(is_unsafe), "{written}");
            let table: toml::Table = toml::from_str(&format!("key = {written}\n")).unwrap();
            proptest::prop_assert_eq!(table["key"].as_str(), Some(&*text));
        }
    }

    #[test]
    fn json_is_safe_and_lossless() {
        let hostile = "a\u{202e}b\u{9b}c\u{7f}d\u{e0041}\n\"\\";
        let mut out = Vec::new();
        write_json(&[hostile], &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(!written.chars().any(|c| c != '\n' && is_unsafe(c)), "{written}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), [hostile]);
        let script = script_json(&["</script><!--&\u{2028}", hostile]).unwrap();
        assert!(!script.chars().any(|c| is_unsafe(c) || matches!(c, '<' | '>' | '&')), "{script}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&script).unwrap(), ["</script><!--&\u{2028}", hostile]);
        assert_eq!(json_name(b"\xff"), ("\u{fffd}".to_owned(), Some("/w==".to_owned())));
    }
}
