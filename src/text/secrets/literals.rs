//! Literals of a value: which of them are the secret, and which are keys, arguments and labels on the way to it.

use std::ops::Range;

use super::names::{Speaks, speaks};
use super::shapes::{is_random, is_variable};

/// What a value leaves open at the end of its line.
pub(super) enum Rest {
    /// A literal that ends with these bytes.
    Literal(Vec<u8>),
    /// Literals in the lines that follow.
    List,
    /// Lines that are indented further.
    Block,
}

/// What a bracket holds.
enum Bracket {
    /// The arguments of a call to something of this name, and the number of the current one.
    Call(Range<usize>, usize),
    /// The key of an element.
    Index,
    /// Parts of the value.
    Group,
}

/// Whether a value begins with a literal.
pub(super) fn opens(text: &[u8]) -> bool {
    let prefix =
        text.iter().take(2).take_while(|byte| matches!(byte, b'b' | b'B' | b'f' | b'r' | b'u' | b'@' | b'$')).count();
    text.get(prefix).is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'`'))
}

/// Finds the secret literals of a value that begins at `from`, to the end of the value or of the line.
///
/// A literal that is the value, or a part of a sum or list that is, is secret. One that is the key of an element (`data["password"]`) is
/// not. An argument of a call is unless it reads like a name or a label: `get("token")` and `Field(label="Password")` stay.
pub(super) fn of_value(line: &[u8], from: usize, how: Speaks, found: &mut Vec<Range<usize>>) -> Option<Rest> {
    let mut brackets: Vec<Bracket> = Vec::new();
    let mut at = from;
    let mut is_empty = true;
    while at < line.len() {
        let byte = line[at];
        let before = at.checked_sub(1).map(|at| line[at]);
        let is_after_name =
            at > from && before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b')' | b']'));
        match byte {
            b'"' | b'\'' | b'`' => {
                let triple = [byte; 3];
                let quotes = if line[at..].starts_with(&triple) { &triple[..] } else { &triple[..1] };
                let start = at + quotes.len();
                let Some(length) = closing(&line[start..], quotes) else {
                    if how == Speaks::Clearly {
                        found.push(start..line.trim_ascii_end().len().max(start));
                        return Some(Rest::Literal(quotes.to_vec()));
                    }
                    return None;
                };
                let literal = start..start + length;
                at = literal.end + quotes.len();
                is_empty = false;
                if is_secret(line, &literal, at, &brackets, how) {
                    found.push(literal);
                }
                continue;
            }
            b'(' if is_after_name => {
                let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
                let start = at - line[from..at].iter().rev().take_while(is_name).count();
                brackets.push(Bracket::Call(start..at, 0));
            }
            b'[' if is_after_name => brackets.push(Bracket::Index),
            b'(' | b'[' | b'{' => brackets.push(Bracket::Group),
            b')' | b']' | b'}' => {
                brackets.pop()?;
            }
            b',' => match brackets.last_mut() {
                Some(Bracket::Call(_, argument)) => *argument += 1,
                Some(_) => {}
                None => return None,
            },
            b';' if brackets.is_empty() => return None,
            b'#' if before.is_none_or(|byte| byte.is_ascii_whitespace()) => break,
            b'/' if line[at..].starts_with(b"//") => break,
            b'\\' if at + 1 == line.len() => return Some(Rest::List),
            byte if !byte.is_ascii_whitespace() => is_empty = false,
            _ => {}
        }
        at += 1;
    }
    let goes_on = is_empty
        || brackets.iter().any(|bracket| !matches!(bracket, Bracket::Index))
        || line.trim_ascii_end().ends_with(b"+");
    (goes_on && how == Speaks::Clearly).then_some(Rest::List)
}

/// Whether a literal is a secret; `after`: where the line goes on behind it.
fn is_secret(line: &[u8], literal: &Range<usize>, after: usize, brackets: &[Bracket], how: Speaks) -> bool {
    let text = &line[literal.clone()];
    let next = line[after..].trim_ascii_start();
    let is_key =
        next.starts_with(b"=>") || (next.starts_with(b":") && !next.starts_with(b"::") && !brackets.is_empty());
    let is_index = brackets.iter().any(|bracket| matches!(bracket, Bracket::Index));
    if text.is_empty() || is_variable(text) || is_key || is_index {
        return false;
    }
    if how == Speaks::Vaguely {
        return is_random(text);
    }
    let Some(Bracket::Call(callee, argument)) =
        brackets.iter().rev().find(|bracket| matches!(bracket, Bracket::Call(..)))
    else {
        return !is_woven(text);
    };
    let is_named = line[..literal.start - 1].trim_ascii_end().ends_with(b"=");
    let asks = asks_for(&line[callee.clone()]);
    if is_named || is_algorithm(text) || (asks && *argument == 0 && is_name(text)) {
        return is_random(text) && !(asks && *argument == 0);
    }
    let is_plain = text.iter().all(|byte| byte.is_ascii_alphabetic() || b" _-.:/%{}?!,*$".contains(byte));
    let is_label = text.iter().any(u8::is_ascii_whitespace) || speaks(text).is_some() || asks || text.len() < 3;
    !(is_plain && is_label)
}

/// A text around values that come from elsewhere, without a digit of its own: `Bearer {token}`.
fn is_woven(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut has_hole = false;
    let mut has_digit = false;
    for &byte in text {
        match byte {
            b'{' => (depth, has_hole) = (depth + 1, true),
            b'}' => depth = depth.saturating_sub(1),
            _ => has_digit |= depth == 0 && byte.is_ascii_digit(),
        }
    }
    has_hole && depth == 0 && !has_digit
}

/// Whether a function of this name is given the name of what it gives.
fn asks_for(callee: &[u8]) -> bool {
    const PARTS: [&str; 22] = [
        "get", "env", "read", "load", "find", "pop", "input", "prompt", "header", "query", "param", "field", "column",
        "cookie", "config", "setting", "lookup", "open", "require", "fetch", "select", "item",
    ];
    let callee = String::from_utf8_lossy(callee).to_lowercase();
    matches!(callee.as_str(), "t" | "_" | "__" | "$t") || PARTS.iter().any(|part| callee.contains(part))
}

fn is_name(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':'))
}

fn is_algorithm(text: &[u8]) -> bool {
    const NAMES: [&str; 17] = [
        "ascii", "base64", "bcrypt", "hex", "hs256", "hs384", "hs512", "latin1", "md5", "rs256", "sha-256", "sha1",
        "sha256", "sha384", "sha512", "utf-8", "utf8",
    ];
    NAMES.iter().any(|name| text.eq_ignore_ascii_case(name.as_bytes()))
}

/// The length of a literal up to its closing quotes.
fn closing(text: &[u8], quotes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'\\' {
            at += 2;
        } else if text[at..].starts_with(quotes) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}
