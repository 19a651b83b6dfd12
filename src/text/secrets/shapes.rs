//! Secrets that are known by their looks, whatever they are called.

use std::ops::Range;

/// Beginnings of tokens, each with the least number of characters that follow.
const TOKENS: &[(&[u8], usize)] = &[
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghu_", 20),
    (b"ghs_", 20),
    (b"ghr_", 20),
    (b"github_pat_", 20),
    (b"glpat-", 15),
    (b"xoxa-", 8),
    (b"xoxb-", 8),
    (b"xoxe-", 8),
    (b"xoxo-", 8),
    (b"xoxp-", 8),
    (b"xoxr-", 8),
    (b"xoxs-", 8),
    (b"xapp-", 8),
    (b"sk_live_", 8),
    (b"sk_test_", 8),
    (b"rk_live_", 8),
    (b"rk_test_", 8),
    (b"whsec_", 16),
    (b"sk-", 20),
    (b"AIza", 30),
    (b"ya29.", 20),
    (b"SG.", 30),
    (b"npm_", 30),
    (b"pypi-", 40),
    (b"dop_v1_", 30),
    (b"hf_", 30),
    (b"shpat_", 20),
    (b"AGE-SECRET-KEY-1", 20),
];

/// What is further from the beginning of an address is no part of who asks.
const LONGEST_ADDRESS: usize = 1024;

/// Tokens of known shapes, JSON web tokens, what follows `Bearer` and `Basic`, and passwords in addresses. In no order.
pub(super) fn secrets(line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let run = || rest.iter().take_while(|&&byte| is_token(byte) || byte == b'.').count();
        let is_begin = at == 0 || !is_token(line[at - 1]);
        let is_known = |(begin, least): &(&[u8], usize)| rest.starts_with(begin) && run() >= begin.len() + least;
        if is_begin && (TOKENS.iter().any(is_known) || is_jwt(rest)) {
            let end = at + run();
            found.push(at..end);
            at = end;
        } else {
            at += 1;
        }
    }
    found.extend(after_scheme(line));
    found.extend(in_addresses(line));
    found
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_jwt(text: &[u8]) -> bool {
    let part = |text: &[u8]| text.iter().take_while(|&&byte| is_token(byte)).count();
    let head = if text.starts_with(b"eyJ") { part(text) } else { 0 };
    head >= 10 && text.get(head) == Some(&b'.') && part(&text[head + 1..]) >= 6
}

/// `Authorization: Bearer x`: a token has a digit, or is longer than a word.
fn after_scheme(line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for scheme in [&b"bearer"[..], b"basic"] {
        for at in 0..line.len().saturating_sub(scheme.len()) {
            let end = at + scheme.len();
            let is_word = at == 0 || !is_token(line[at - 1]);
            if !is_word || !line[at..end].eq_ignore_ascii_case(scheme) {
                continue;
            }
            let blanks = line[end..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'=' | b':')).count();
            let start = end + blanks;
            let is_part = |byte: u8| is_token(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=');
            let run = line[start..].iter().take_while(|&&byte| is_part(byte)).count();
            let token = &line[start..start + run];
            if blanks > 0 && ((run >= 6 && token.iter().any(u8::is_ascii_digit)) || run >= 20) {
                found.push(start..start + run);
            }
        }
    }
    found
}

/// `scheme://user:password@host`, and `https://token@host`.
fn in_addresses(line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line[from..].windows(3).position(|window| window == b"://") {
        let start = from + at + 3;
        from = start;
        let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'|');
        let end = start + line[start..].iter().take(LONGEST_ADDRESS).take_while(|&&byte| !is_end(byte)).count();
        let Some(host) = line[start..end].iter().rposition(|&byte| byte == b'@') else { continue };
        let user = &line[start..start + host];
        match user.iter().position(|&byte| byte == b':') {
            Some(colon) => {
                let password = &user[colon + 1..];
                // A port and a path in which there is an `@`, or a place for a variable.
                let digits = password.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let is_port = digits > 0 && password.get(digits) == Some(&b'/');
                if !password.is_empty() && !is_port && !is_variable(password) {
                    found.push(start + colon + 1..start + host);
                }
            }
            None if user.len() >= 16 && !user.contains(&b'/') && !is_variable(user) => found.push(start..start + host),
            None => {}
        }
    }
    found
}

/// Whether it is nothing but a place for a value: `$NAME`, `${NAME}`, `{name}`, `{{ name }}`, `%s`, `%(name)s`, `<name>`, `#{name}`,
/// `***`. One with a default in it (`${NAME:-value}`) is none.
pub(super) fn is_variable(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_name = |text: &[u8]| {
        text.iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b' ' | b'[' | b']' | b'(' | b')'))
    };
    let between = |begin: &[u8], end: &[u8]| {
        text.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end)).is_some_and(is_name)
    };
    let is_plain =
        |text: &[u8]| text.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit());
    between(b"${", b"}")
        || between(b"{", b"}")
        || between(b"{{", b"}}")
        || between(b"#{", b"}")
        || between(b"%(", b")s")
        || between(b"<", b">")
        || between(b"$(", b")")
        || text.strip_prefix(b"$").is_some_and(|name| {
            !name.is_empty() && (is_plain(name) || name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_'))
        })
        || matches!(text, b"%s" | b"%v" | b"?")
        || text.iter().all(|&byte| matches!(byte, b'*' | b'x' | b'.'))
}

/// Whether a literal under a name that may be a secret's looks like one.
///
/// Letters and digits together, no blank, 10 to 512 characters, and at least 3.5 bits of Shannon entropy for each, as gitleaks asks of
/// what it calls a generic API key; of hexadecimal digits 3.0 bits, the limit of detect-secrets, as 16 signs cannot have more than 4.
/// The 4.5 bits that detect-secrets asks of base64 are for strings without a telling name, and no text of less than 23 signs has them.
pub(super) fn is_random(text: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| text.iter().any(is);
    if !(10..=512).contains(&text.len())
        || has(u8::is_ascii_whitespace)
        || !has(u8::is_ascii_digit)
        || !has(u8::is_ascii_alphabetic)
    {
        return false;
    }
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    entropy(text) >= if is_hex && text.len() >= 16 { 3.0 } else { 3.5 }
}

/// Shannon entropy in bits for each byte.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        counts[usize::from(byte)] += 1;
    }
    let all = text.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / all).map(|part| -part * part.log2()).sum()
}
