//! Words of program texts, and which of them a line defines.

use std::collections::BTreeMap;

/// First words of lines that bring names in.
const IMPORTS: [&[u8]; 7] = [b"from", b"import", b"include", b"package", b"require", b"use", b"using"];

/// Words of lines that define something, with its parameters.
const DEFINES: [&[u8]; 20] = [
    b"class",
    b"const",
    b"def",
    b"define",
    b"enum",
    b"fn",
    b"fun",
    b"func",
    b"function",
    b"interface",
    b"let",
    b"module",
    b"private",
    b"protected",
    b"public",
    b"static",
    b"struct",
    b"type",
    b"val",
    b"var",
];

/// Words that no type is called: what stands behind them is used.
const EXPRESSIONS: [&[u8]; 22] = [
    b"and", b"assert", b"await", b"case", b"del", b"delete", b"echo", b"elif", b"else", b"if", b"in", b"is", b"new",
    b"not", b"or", b"print", b"raise", b"return", b"throw", b"typeof", b"while", b"yield",
];

/// All words of a text, numbers among them.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| !is_of_word(byte)).filter(|word| !word.is_empty())
}

/// Words that are names in programs and no words of a language: `DuplicateMember`, `find_all`.
pub(super) fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    words.filter(|word| {
        let inner = word.len() >= 5 && !word[0].is_ascii_digit();
        let is_camel = || word.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        inner && (is_camel() || word[1..word.len() - 1].contains(&b'_'))
    })
}

/// What a line may name, outside of its comment and of sentences in quotes, and whether it defines that.
pub(super) fn named(line: &[u8]) -> BTreeMap<&[u8], bool> {
    let tokens = tokens(line);
    let is_import = tokens.first().is_some_and(|first| IMPORTS.contains(&first.word));
    let defines = is_import || tokens.iter().any(|token| DEFINES.contains(&token.word));
    let mut named = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.word.len() < 3 || token.word[0].is_ascii_digit() {
            continue;
        }
        let is_typed = at > 0 && {
            let between = &line[tokens[at - 1].end..token.end - token.word.len()];
            is_behind_type(between) && !EXPRESSIONS.contains(&tokens[at - 1].word)
        };
        *named.entry(token.word).or_insert(false) |= defines || is_typed || is_given(&line[token.end..]);
    }
    named
}

/// Whether this may stand between a type and what is of it: blanks, and the sign of a pointer that holds on to one of them.
fn is_behind_type(between: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let is_operator = between.len() > 1 && is_blank(between.first()) && is_blank(between.last());
    let signs = between.iter().filter(|byte| matches!(byte, b'*' | b'&')).count();
    let blanks = between.iter().filter(|&byte| is_blank(Some(byte))).count();
    blanks > 0 && signs + blanks == between.len() && !(is_operator && signs > 0)
}

/// Whether what stands before this is given a value: `=`, `:`, `:=`.
fn is_given(rest: &[u8]) -> bool {
    let start = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'"' | b'\''));
    match start.map(|start| &rest[start..]) {
        Some([b'=', b'=', ..] | []) | None => false,
        Some([first, ..]) => matches!(first, b'=' | b':'),
    }
}

/// A word of a line.
struct Token<'a> {
    word: &'a [u8],
    /// Where it ends.
    end: usize,
}

fn tokens(line: &[u8]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        if begins_comment(&line[..at], rest) {
            break;
        }
        if matches!(rest[0], b'"' | b'\'' | b'`')
            && let Some(length) = rest[1..].iter().position(|&byte| byte == rest[0])
            && rest[1..=length].contains(&b' ')
        {
            at += length + 2;
            continue;
        }
        let length = rest.iter().take_while(|&&byte| is_of_word(byte)).count();
        if length > 0 {
            tokens.push(Token { word: &rest[..length], end: at + length });
        }
        at += length.max(1);
    }
    tokens
}

fn begins_comment(before: &[u8], rest: &[u8]) -> bool {
    let is_first = before.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    let follows_blank = is_first || matches!(before.last(), Some(b' ' | b'\t'));
    let signs: [&[u8]; 6] = [b"# ", b"// ", b"/*", b"-- ", b"<!--", b"{#"];
    follows_blank && signs.iter().any(|sign| rest.starts_with(sign)) || is_first && rest.starts_with(b"* ")
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(line: &str) -> Vec<String> {
        let text = |(word, _): (&[u8], bool)| String::from_utf8(word.to_vec()).unwrap();
        named(line.as_bytes()).into_iter().filter(|(_, is_defined)| *is_defined).map(text).collect()
    }

    #[test]
    fn what_a_line_defines() {
        assert_eq!(defined("    def retry(self, attempts):"), ["attempts", "def", "retry", "self"]);
        assert_eq!(defined("from time import sleep"), ["from", "import", "sleep", "time"]);
        assert_eq!(defined("    total = price * count"), ["total"]);
        assert_eq!(defined("static int *limit;"), ["int", "limit", "static"]);
        assert_eq!(defined("  \"timeout\": 30,"), ["timeout"]);
        assert_eq!(defined("    size_t left;"), ["left"]);
    }

    #[test]
    fn what_a_line_uses_comments_and_sentences() {
        let none: [&str; 0] = [];
        for line in ["    return total", "if total == other {", "    raise Wrong(count)", "  sleep(delay)"] {
            assert_eq!(defined(line), none, "{line}");
        }
        let all: Vec<&[u8]> = named(b"fail(\"the member is unknown\", 'key')  # TODO later").into_keys().collect();
        assert_eq!(all, [&b"fail"[..], b"key"]);
    }
}
