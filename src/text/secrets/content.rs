//! Secrets inside any text: private key blocks, tokens of known shapes, and what is assigned to names that speak of secrets.
//!
//! In a program a word without quotes is a name or a call and stays; in a file of settings it is the value.

use std::borrow::Cow;
use std::ops::Range;

use super::literals::{self, Rest};
use super::names::{Speaks, speaks};
use super::shapes::{self, is_random, is_variable};
use super::{merged, whole};

/// What words without quotes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Names of a program.
    Code,
    /// Values of settings.
    Data,
    /// Language.
    Prose,
}

/// A private key that is longer than this has no end.
const LONGEST_KEY: usize = 400;
/// A literal that goes on for longer is no secret; some quote is not what it seems.
const LONGEST_LITERAL: usize = 50;

/// So many bytes after a name are looked at; a value that is longer goes to the end of its line.
const LONGEST_VALUE: usize = 2048;

/// The secret ranges of each line, ascending.
pub(super) fn secrets(lines: &[Cow<'_, [u8]>], form: Form) -> Vec<Vec<Range<usize>>> {
    let mut found = vec![Vec::new(); lines.len()];
    key_blocks(lines, &mut found);
    let mut open = Open::Nothing;
    for (at, line) in lines.iter().enumerate() {
        found[at].extend(shapes::secrets(line));
        open = continued(open, lines, at, &mut found);
        if matches!(open, Open::Nothing | Open::List) {
            let rest = assignments(line, form, &mut found[at]);
            open = match rest {
                Some(rest) => opened(rest, &lines[at + 1..], line),
                None => open,
            };
        }
    }
    found.into_iter().map(merged).collect()
}

/// What the line before left open.
enum Open {
    Nothing,
    /// A literal that ends with these bytes.
    Literal(Vec<u8>),
    /// Lines that begin with a literal are values.
    List,
    /// Lines that are indented further than this are the value.
    Block(usize),
}

/// What goes on after a line, if it can.
fn opened(rest: Rest, below: &[Cow<'_, [u8]>], line: &[u8]) -> Open {
    match rest {
        Rest::Literal(end) => {
            let ends = below.iter().take(LONGEST_LITERAL).any(|line| find(line, &end).is_some());
            if ends { Open::Literal(end) } else { Open::Nothing }
        }
        Rest::List => Open::List,
        Rest::Block => Open::Block(indentation(line)),
    }
}

fn continued(open: Open, lines: &[Cow<'_, [u8]>], at: usize, found: &mut [Vec<Range<usize>>]) -> Open {
    let line = &lines[at];
    match open {
        Open::Nothing => Open::Nothing,
        Open::Literal(end) => {
            if let Some(place) = find(line, &end) {
                found[at].push(0..place);
                return Open::Nothing;
            }
            found[at].extend(whole(line));
            Open::Literal(end)
        }
        Open::List => {
            let text = line.trim_ascii_start();
            let from = line.len() - text.len();
            let prefix = text
                .iter()
                .take(2)
                .take_while(|byte| matches!(byte, b'b' | b'f' | b'r' | b'u' | b'+' | b'.' | b'-' | b' '))
                .count();
            if text.get(prefix).is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'`')) {
                literals::of_value(line, from, Speaks::Clearly, &mut found[at]);
                Open::List
            } else {
                Open::Nothing
            }
        }
        Open::Block(depth) => {
            if line.trim_ascii().is_empty() {
                Open::Block(depth)
            } else if indentation(line) > depth {
                found[at].extend(whole(line));
                Open::Block(depth)
            } else {
                Open::Nothing
            }
        }
    }
}

fn indentation(line: &[u8]) -> usize {
    line.len() - line.trim_ascii_start().len()
}

fn find(line: &[u8], what: &[u8]) -> Option<usize> {
    line.windows(what.len().max(1)).position(|window| window == what)
}

/// Private keys between their first and last lines, wherever these stand.
fn key_blocks(lines: &[Cow<'_, [u8]>], found: &mut [Vec<Range<usize>>]) {
    let (mut at, mut from) = (0, 0);
    while at < lines.len() {
        let Some(begin) = begin_of_key(&lines[at][from..]).map(|begin| from + begin) else {
            (at, from) = (at + 1, 0);
            continue;
        };
        if let Some(length) = find(&lines[at][begin..], b"-----END") {
            found[at].push(begin..begin + length);
            from = begin + length;
            continue;
        }
        let below = &lines[at + 1..];
        let is_long = |line: &Cow<'_, [u8]>| is_key_line(line) && line.trim_ascii().len() >= 16;
        if !is_key_line(&lines[at][begin..]) && !below.first().is_some_and(is_long) {
            // A program that looks for keys.
            from = begin;
            continue;
        }
        found[at].push(begin..lines[at].trim_ascii_end().len().max(begin));
        let last = below.iter().take(LONGEST_KEY).position(|line| find(line, b"-----END").is_some());
        // Without an end, as much as looks like a key.
        let count = last.unwrap_or_else(|| below.iter().take(LONGEST_KEY).take_while(|line| is_key_line(line)).count());
        for (line, found) in below.iter().zip(&mut found[at + 1..]).take(count) {
            found.extend(whole(line));
        }
        (at, from) = (at + 1 + count, 0);
        if last.is_some() {
            let end = find(&lines[at], b"-----END").unwrap_or(0);
            found[at].push(0..end);
            from = end;
        }
    }
}

/// Where what follows `-----BEGIN ... PRIVATE KEY...-----` begins.
fn begin_of_key(line: &[u8]) -> Option<usize> {
    let begin = find(line, b"-----BEGIN ")?;
    let title = begin + 11;
    let dashes = find(&line[title..], b"-----")?;
    find(&line[title..title + dashes], b"PRIVATE KEY")?;
    Some(title + dashes + 5)
}

fn is_key_line(line: &[u8]) -> bool {
    let is_frame = |byte: u8| {
        byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'+' | b'\\' | b'#' | b'*' | b';')
    };
    let start = line.iter().take_while(|&&byte| is_frame(byte)).count();
    let end = line.iter().rev().take_while(|&&byte| is_frame(byte)).count();
    let text = line.get(start..line.len().saturating_sub(end)).unwrap_or_default();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.is_empty()
        || text.iter().all(is_base64)
        || find(text, b": ").is_some_and(|_| text.starts_with(b"Proc-Type") || text.starts_with(b"DEK-Info"))
}

/// Finds names that speak of secrets and what is assigned to them; says what the last assignment leaves open.
fn assignments(line: &[u8], form: Form, found: &mut Vec<Range<usize>>) -> Option<Rest> {
    let mut rest = None;
    let mut quote: Option<u8> = None;
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        match byte {
            b'\\' => {
                at += 2;
                continue;
            }
            b'"' | b'\'' | b'`' => {
                match quote {
                    Some(open) if open == byte => quote = None,
                    // An apostrophe opens nothing.
                    None if byte != b'\'' || at == 0 || !line[at - 1].is_ascii_alphanumeric() => quote = Some(byte),
                    _ => {}
                }
                at += 1;
                continue;
            }
            _ if !is_word(byte) => {
                at += 1;
                continue;
            }
            _ => {}
        }
        let end = at + line[at..].iter().take_while(|&&byte| is_word(byte)).count();
        // Dashes before a name are no part of it.
        let start = at + line[at..end].iter().take_while(|&&byte| byte == b'-').count();
        if let Some(how) = speaks(&line[start..end]) {
            let name = Name { start, end, quote, how };
            let window = &line[..line.len().min(end + LONGEST_VALUE)];
            let before = found.len();
            if let Some(left) = assigned(window, &name, form, found) {
                rest = Some(left);
            }
            for range in &mut found[before..] {
                if range.end == window.len() {
                    range.end = line.len();
                }
            }
        }
        at = end;
    }
    rest
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
}

/// A name in a line.
struct Name {
    start: usize,
    end: usize,
    /// It stands inside these quotes.
    quote: Option<u8>,
    how: Speaks,
}

/// What stands between a name and its value.
#[derive(PartialEq, Eq)]
enum Sign {
    /// `=`, `:`, `:=`, `=>` and the like.
    Assigns,
    /// `==` and `!=`.
    Compares,
    /// The comma in `define("PASSWORD", "x")`, or ` value=` in `<add key="password" value="x"/>`.
    Follows,
    /// `<password>`.
    Element,
    /// The blank in `--password x`.
    Option,
}

fn assigned(line: &[u8], name: &Name, form: Form, found: &mut Vec<Range<usize>>) -> Option<Rest> {
    let is_quoted = name.quote.is_some_and(|quote| line.get(name.end) == Some(&quote))
        && line.get(name.start.wrapping_sub(1)).copied() == name.quote;
    // `{\"password\": \"x\"}` inside a literal.
    let is_escaped = matches!(line[name.end..], [b'\\', b'"' | b'\'', ..]);
    let after = name.end + if is_escaped { 2 } else { usize::from(is_quoted) };
    let (sign, value) = sign(line, name, after, is_quoted)?;
    let text = line[value..].trim_ascii_end();
    let quote = name.quote.filter(|_| !is_quoted);
    let is_comment = is_comment(&line[..name.start]);
    match sign {
        Sign::Element => {
            let end = value + text.iter().take_while(|&&byte| byte != b'<').count();
            push_plain(line, value..end, name.how, found);
            return None;
        }
        Sign::Option => {
            let end = value
                + text
                    .iter()
                    .take_while(|&&byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`'))
                    .count();
            if end > value {
                push_plain(line, value..end, name.how, found);
                return None;
            }
        }
        _ => {}
    }
    if let Some(quote) = quote {
        // The name is a part of a literal, and so is its value.
        let is_end =
            |byte: u8| byte == quote || byte.is_ascii_whitespace() || matches!(byte, b';' | b'&' | b',' | b')' | b'\\');
        let end = value + text.iter().take_while(|&&byte| !is_end(byte)).count();
        let part = &line[value..end];
        let is_sentence = line[after..value].contains(&b' ') && !part.iter().any(u8::is_ascii_digit);
        if sign == Sign::Assigns && !is_sentence {
            push_plain(line, value..end, name.how, found);
        }
        if text.get(end - value).is_none_or(|&byte| byte != b'\\') || sign != Sign::Assigns {
            return None;
        }
        let inner = end + 2;
        if end == value && line.get(end + 1).is_some_and(|byte| matches!(byte, b'"' | b'\'')) {
            let length = line[inner..].iter().take_while(|&&byte| byte != b'\\' && byte != quote).count();
            push_plain(line, inner..inner + length, name.how, found);
        }
        return None;
    }
    let opens_literal = literals::opens(text);
    let is_type = sign == Sign::Assigns && line[after..value].contains(&b':') && form == Form::Code;
    if form == Form::Code && !is_comment || opens_literal || sign == Sign::Follows || sign == Sign::Compares {
        if !opens_literal && (sign == Sign::Follows || form != Form::Code && sign == Sign::Compares) {
            return None;
        }
        if is_type && !opens_literal {
            // `password: str = "x"`
            let equals = text.iter().position(|&byte| byte == b'=').filter(|&at| text.get(at + 1) != Some(&b'='));
            if let Some(equals) = equals {
                return literals::of_value(line, value + equals + 1, name.how, found);
            }
        }
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits >= 4 && name.how == Speaks::Clearly {
            found.push(value..value + digits);
        }
        let left = literals::of_value(line, value, name.how, found);
        // What a name is compared with or followed by does not go on in the next line.
        return left.filter(|_| sign == Sign::Assigns && name.how == Speaks::Clearly);
    }
    plain_value(line, value, name.how, if is_comment { Form::Prose } else { form }, found)
}

/// A value without quotes.
fn plain_value(line: &[u8], value: usize, how: Speaks, form: Form, found: &mut Vec<Range<usize>>) -> Option<Rest> {
    let text = line[value..].trim_ascii_end();
    if form == Form::Data {
        if how == Speaks::Clearly && (text.is_empty() || matches!(text, b"[" | b"(" | b"\\")) {
            return Some(Rest::List);
        }
        if how == Speaks::Clearly && matches!(text, b"|" | b">" | b"|-" | b">-" | b"|+" | b">+") {
            return Some(Rest::Block);
        }
        push_plain(line, value..value + text.len(), how, found);
        return None;
    }
    let word = text.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    let is_telling = word == text.len() || text[..word].iter().any(u8::is_ascii_digit);
    if is_telling && !matches!(text.first(), Some(b'(' | b'[' | b'{' | b'<' | b'`')) {
        push_plain(line, value..value + word, how, found);
    }
    None
}

/// Masks a value without quotes, unless it is a place for one or no secret can be so.
fn push_plain(line: &[u8], range: Range<usize>, how: Speaks, found: &mut Vec<Range<usize>>) {
    const WORDS: [&str; 14] =
        ["true", "false", "null", "none", "nil", "~", "yes", "no", "on", "off", "undefined", "{", "[", "{}"];
    let text = &line[range.clone()];
    let bare = text.trim_ascii_end().strip_suffix(b",").or_else(|| text.strip_suffix(b";")).unwrap_or(text);
    let is_word = WORDS.iter().any(|word| bare.eq_ignore_ascii_case(word.as_bytes()));
    let is_tagged = matches!(bare, [b'!' | b'&' | b'*', rest @ ..] if rest.iter().all(|&byte| byte.is_ascii_alphabetic() || byte == b'_'));
    if bare.is_empty() || is_word || is_tagged || is_variable(bare) || (how == Speaks::Vaguely && !is_random(bare)) {
        return;
    }
    // An interpolation is followed by a part of the text around it.
    if matches!(bare[0], b'{' | b'$' | b'%' | b'<')
        && bare.iter().any(|byte| matches!(byte, b'}' | b'>'))
        && !bare.iter().any(u8::is_ascii_digit)
    {
        return;
    }
    found.push(range.start..range.start + bare.len());
}

/// The sign after a name, and where the value begins.
fn sign(line: &[u8], name: &Name, after: usize, is_quoted: bool) -> Option<(Sign, usize)> {
    let blanks = |from: usize| {
        from + line.get(from..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    };
    let before = name.start.checked_sub(1).map(|at| line[at]);
    if before == Some(b'<') && line.get(after) == Some(&b'>') {
        return Some((Sign::Element, after + 1));
    }
    // `config['password']`, `password?:`, `password!:`
    let mut at = after + line[after..].iter().take_while(|&&byte| matches!(byte, b']' | b'?' | b'!')).count();
    if line.get(at) == Some(&b'=') && at > after && line[at - 1] == b'!' {
        return Some((Sign::Compares, blanks(at + 1 + usize::from(line.get(at + 1) == Some(&b'=')))));
    }
    at = blanks(at);
    let rest = &line[at..];
    for (text, sign) in [
        (&b"==="[..], Sign::Compares),
        (b"!==", Sign::Compares),
        (b"==", Sign::Compares),
        (b"!=", Sign::Compares),
        (b"||=", Sign::Assigns),
        (b"??=", Sign::Assigns),
        (b":=", Sign::Assigns),
        (b"=>", Sign::Assigns),
        (b"?=", Sign::Assigns),
        (b"+=", Sign::Assigns),
        (b"=", Sign::Assigns),
    ] {
        if rest.starts_with(text) {
            return Some((sign, blanks(at + text.len())));
        }
    }
    if rest.starts_with(b":") && !rest.starts_with(b"::") {
        return Some((Sign::Assigns, blanks(at + 1)));
    }
    if is_quoted && rest.starts_with(b",") {
        return Some((Sign::Follows, blanks(at + 1)));
    }
    if is_quoted && rest.len() > 6 && rest[..6].eq_ignore_ascii_case(b"value=") {
        return Some((Sign::Follows, at + 6));
    }
    let is_option = name.start >= 2 && &line[name.start - 2..name.start] == b"--";
    (is_option && at > after && !rest.is_empty() && !rest.starts_with(b"-")).then_some((Sign::Option, at))
}

/// Whether what stands before a name makes a comment of it.
fn is_comment(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(500)..];
    let text = before.trim_ascii_start();
    let begins = [&b"#"[..], b"//", b"*", b"/*", b"--", b";", b"<!--"].iter().any(|sign| text.starts_with(sign));
    begins || find(near, b" # ").is_some() || find(near, b" // ").is_some()
}
