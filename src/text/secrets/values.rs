//! Files of keys and values: keys stay, values go, and what is not understood goes whole.

use std::borrow::Cow;
use std::ops::Range;

use super::{merged, whole};

/// What the line before left open.
enum Open {
    Nothing,
    /// A value in these quotes.
    Quote(u8),
    /// A value that goes on in the next line.
    Continued,
    /// A value until a line of this word.
    Until(Vec<u8>),
}

/// The secret ranges of each line, ascending.
pub(super) fn secrets(lines: &[Cow<'_, [u8]>]) -> Vec<Vec<Range<usize>>> {
    let mut open = Open::Nothing;
    lines.iter().map(|line| merged(of_line(line, &mut open))).collect()
}

fn of_line(line: &[u8], open: &mut Open) -> Vec<Range<usize>> {
    match open {
        Open::Nothing => {}
        Open::Quote(quote) => {
            if closes(line, *quote).is_some() {
                *open = Open::Nothing;
            }
            return whole(line);
        }
        Open::Continued => {
            if !line.ends_with(b"\\") {
                *open = Open::Nothing;
            }
            return whole(line);
        }
        Open::Until(word) => {
            if line.trim_ascii() == &word[..] {
                *open = Open::Nothing;
            }
            return whole(line);
        }
    }
    let text = line.trim_ascii();
    let start = line.len() - line.trim_ascii_start().len();
    if text.is_empty() || is_heading(text) {
        return Vec::new();
    }
    if let Some(comment) = [&b"#"[..], b";", b"//"].iter().find_map(|sign| text.strip_prefix(*sign)) {
        return if is_harmless(comment) { Vec::new() } else { of_comment(line) };
    }
    let Some(value) = value(line) else { return whole(line) };
    let text = line[value.clone()].trim_ascii_end();
    let range = value.start..value.start + text.len();
    match text {
        [] => return Vec::new(),
        [quote @ (b'"' | b'\'' | b'`'), rest @ ..] => match closes(rest, *quote) {
            // Nothing but what is in quotes: these stay.
            Some(end) if end + 2 == text.len() => return std::iter::once(range.start + 1..range.end - 1).collect(),
            Some(_) => {}
            None => *open = Open::Quote(*quote),
        },
        _ if text.ends_with(b"\\") => *open = Open::Continued,
        _ => {
            if let Some(at) = text.windows(2).position(|window| window == b"<<") {
                let word = text[at + 2..]
                    .split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
                    .find(|word| !word.is_empty());
                *open = word.map_or(Open::Nothing, |word| Open::Until(word.to_vec()));
            }
        }
    }
    debug_assert!(start <= range.start, "a value follows its key");
    std::iter::once(range).collect()
}

/// Where the value of `KEY=value` or `export KEY: value` begins and ends; `None` when the line is something else.
fn value(line: &[u8]) -> Option<Range<usize>> {
    let sign = line.iter().position(|byte| matches!(byte, b'=' | b':'))?;
    let mut words: Vec<&[u8]> = line[..sign].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    if let [b"export" | b"set" | b"declare" | b"readonly" | b"local", ..] = words[..] {
        words.remove(0);
    }
    let [key] = words[..] else { return None };
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
    if !key.iter().all(is_key) || key.len() > 100 || key[0].is_ascii_digit() || is_value_like(key) {
        return None;
    }
    let blanks = line[sign + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    Some(sign + 1 + blanks..line.len())
}

/// A piece of a key that is wrapped over lines ends with `=` too.
fn is_value_like(key: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| key.iter().any(is);
    key.len() >= 16 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

fn is_heading(text: &[u8]) -> bool {
    let inner = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
    inner.is_some_and(|inner| inner.len() <= 60 && is_harmless(inner))
}

/// Short words of letters, without a sign of an assignment.
fn is_harmless(text: &[u8]) -> bool {
    let is_word = |word: &[u8]| {
        word.len() <= 20
            && word.iter().all(|byte| {
                byte.is_ascii_alphabetic() || matches!(byte, b'-' | b',' | b'.' | b'#' | b'\'' | b'(' | b')' | b'_')
            })
    };
    text.split(u8::is_ascii_whitespace).all(is_word)
        && super::content::secrets(&[Cow::Borrowed(text)], super::content::Form::Prose)[0].is_empty()
}

/// What is commented out is masked like what is not; anything else goes whole.
fn of_comment(line: &[u8]) -> Vec<Range<usize>> {
    let sign = line.iter().take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'#' | b';' | b'/')).count();
    match value(&line[sign..]) {
        Some(value) => std::iter::once(sign + value.start..line.trim_ascii_end().len()).collect(),
        None => std::iter::once(sign..line.trim_ascii_end().len()).collect(),
    }
}

/// Where the closing quote is.
fn closes(text: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' if quote != b'\'' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
