//! Recognises artifacts by their names.

use super::ArtifactKind;

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The names that the original may have, likeliest first; at least one, none of them empty.
    pub originals: Vec<Vec<u8>>,
    /// What kind of artifact it is.
    pub kind: ArtifactKind,
    /// The name alone says so. Otherwise it is an artifact only where an original is.
    pub alone: bool,
}

/// Words that are put after a name, behind a dot, when a copy is made, and whether the name alone says that it is one.
const SUFFIXES: &[(&[u8], ArtifactKind, bool)] = &[
    (b"bak", ArtifactKind::Backup, true),
    (b"orig", ArtifactKind::Backup, true),
    (b"rej", ArtifactKind::Rejected, true),
    (b"backup", ArtifactKind::Backup, false),
    (b"original", ArtifactKind::Backup, false),
    (b"old", ArtifactKind::Backup, false),
    (b"save", ArtifactKind::Backup, false),
    (b"saved", ArtifactKind::Backup, false),
    (b"prev", ArtifactKind::Backup, false),
    (b"previous", ArtifactKind::Backup, false),
    (b"copy", ArtifactKind::Backup, false),
    (b"bkp", ArtifactKind::Backup, false),
    (b"bck", ArtifactKind::Backup, false),
];

/// Words that are put between the stem of a name and its extension (`service_old.py`), after `_`, `-`, `.` or a blank.
const INFIXES: &[&[u8]] = &[
    b"old",
    b"backup",
    b"bak",
    b"orig",
    b"original",
    b"copy",
    b"save",
    b"saved",
    b"prev",
    b"previous",
    b"bkp",
    b"bck",
];

/// Says what a file name (without its folder) is called like; `None` for an ordinary name.
///
/// Letters are compared without case. A number or date may follow (`X.bak.2`, `X.bak2`, `X.backup-20251219`).
pub fn name(name: &[u8]) -> Option<Named> {
    editor(name).or_else(|| suffixed(name)).or_else(|| numbered(name)).or_else(|| infixed(name))
}

fn editor(name: &[u8]) -> Option<Named> {
    let named = |original: &[u8], alone| {
        (!original.is_empty()).then(|| Named { originals: vec![original.to_vec()], kind: ArtifactKind::Editor, alone })
    };
    if let Some(rest) = name.strip_suffix(b"~") {
        // Emacs numbers its backups: `X.~2~`.
        let unnumbered = rest.iter().rposition(|&b| b == b'~').filter(|&at| {
            at > 1 && rest[at - 1] == b'.' && at + 1 < rest.len() && rest[at + 1..].iter().all(u8::is_ascii_digit)
        });
        return named(&rest[..unnumbered.map_or(rest.len(), |at| at - 1)], true);
    }
    if let Some(rest) = name.strip_prefix(b"#").and_then(|rest| rest.strip_suffix(b"#")) {
        return named(rest, true);
    }
    if let Some(rest) = name.strip_prefix(b".#") {
        return named(rest, true);
    }
    let at = name.iter().rposition(|&b| b == b'.')?;
    if is_swap(&name[at + 1..]) {
        let stem = &name[..at];
        // Vim hides the swap file of `X` as `.X.swp`; without the dot it is somebody's rename, or the swap file of a hidden file.
        return match stem.strip_prefix(b".") {
            Some(shown) if !shown.is_empty() => {
                Some(Named { originals: vec![shown.to_vec(), stem.to_vec()], kind: ArtifactKind::Editor, alone: true })
            }
            _ => named(stem, name.ends_with(b".swp")),
        };
    }
    None
}

/// `swp`, and what vim takes when that is there: `swo`, `swn` and so on down to `swa`.
fn is_swap(extension: &[u8]) -> bool {
    matches!(extension, [b's', b'w', b'k'..=b'p'])
}

fn suffixed(name: &[u8]) -> Option<Named> {
    // `X (copy)`, `X - Copy`, `X copy`, each perhaps before the extension.
    if let Some(named) = copied(name) {
        return Some(named);
    }
    let (bare, _) = without_number(name);
    for candidate in [name, bare, without_number_behind(name)] {
        let Some(at) = candidate.iter().rposition(|&b| matches!(b, b'.' | b'-' | b'_')).filter(|at| *at > 0) else {
            continue;
        };
        let word = candidate[at + 1..].to_ascii_lowercase();
        let suffix = SUFFIXES.iter().find(|(suffix, ..)| *suffix == word);
        if let Some((_, kind, alone)) = suffix {
            // Only a dot is unmistakable: `feature-old` may just be called so.
            let alone = *alone && candidate[at] == b'.';
            return Some(Named { originals: vec![candidate[..at].to_vec()], kind: *kind, alone });
        }
    }
    None
}

fn numbered(name: &[u8]) -> Option<Named> {
    let (bare, found) = without_number(name);
    let numbered =
        |original: &[u8]| Named { originals: vec![original.to_vec()], kind: ArtifactKind::Numbered, alone: false };
    if found {
        return Some(numbered(bare));
    }
    // `service.20251219.py`, `service-20251219.py`
    let (stem, extension) = split_extension(name)?;
    let (bare, found) = without_date(stem);
    found.then(|| numbered(&[bare, extension].concat()))
}

fn infixed(name: &[u8]) -> Option<Named> {
    let (stem, extension) = split_extension(name)?;
    let (unnumbered, _) = without_number(stem);
    for stem in [stem, unnumbered, without_number_behind(stem)] {
        let Some(at) = stem.iter().rposition(|&b| matches!(b, b'_' | b'-' | b'.' | b' ')).filter(|at| *at > 0) else {
            continue;
        };
        if INFIXES.contains(&&*stem[at + 1..].to_ascii_lowercase()) {
            let originals = vec![[&stem[..at], extension].concat()];
            return Some(Named { originals, kind: ArtifactKind::Backup, alone: false });
        }
    }
    None
}

/// `X (copy)`, `X (copy 2)`, `X (another copy)`, `X - Copy`, `X - Copy (2)`, `X copy`, `X copy 2`, `Copy of X`.
fn copied(name: &[u8]) -> Option<Named> {
    let named = |original: Vec<u8>, alone| Named { originals: vec![original], kind: ArtifactKind::Backup, alone };
    if let Some(original) = name.strip_prefix(b"Copy of ").filter(|rest| !rest.is_empty()) {
        return Some(named(original.to_vec(), true));
    }
    let whole = (name, &b""[..]);
    for (stem, extension) in [Some(whole), split_extension(name)].into_iter().flatten() {
        let lower = stem.to_ascii_lowercase();
        let unnumbered = lower.strip_suffix(b")").and_then(|rest| {
            let rest = rest.trim_ascii_end();
            let digits = rest.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            rest[..rest.len() - digits].strip_suffix(b" (")
        });
        let end = [(&b" (copy)"[..], true), (b" (another copy)", true), (b" - copy", true), (b" copy", false)]
            .iter()
            .find_map(|(end, alone)| {
                let plain = lower.strip_suffix(*end);
                let numbered = || unnumbered.and_then(|rest| rest.strip_suffix(*end));
                Some((plain.or_else(numbered)?.len(), *alone))
            })
            .or_else(|| Some((in_parentheses(&lower)?, true)))
            .or_else(|| Some((after_blank(&lower)?, false)));
        if let Some((length, alone)) = end.filter(|(length, _)| *length > 0) {
            return Some(named([&stem[..length], extension].concat(), alone));
        }
    }
    None
}

/// Where ` (copy 2)` begins.
fn in_parentheses(lower: &[u8]) -> Option<usize> {
    let digits = lower.strip_suffix(b")")?;
    Some(without_digits(digits)?.strip_suffix(b" (copy ")?.len())
}

/// Where ` copy 2` begins.
fn after_blank(lower: &[u8]) -> Option<usize> {
    Some(without_digits(lower)?.strip_suffix(b" copy ")?.len())
}

fn without_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then(|| &text[..text.len() - digits])
}

/// The name without a number of up to three digits or a date at its end, and whether there was one.
fn without_number(name: &[u8]) -> (&[u8], bool) {
    if let Some(rest) = without_digits(name) {
        let digits = name.len() - rest.len();
        if let Some(bare) = rest.strip_suffix(b".").filter(|bare| !bare.is_empty() && digits <= 3) {
            return (bare, true);
        }
    }
    without_date(name)
}

/// The name without a number of up to three digits or a date directly behind its last letter: `X.bak2`, `X.old20251219`.
fn without_number_behind(name: &[u8]) -> &[u8] {
    let rest = without_digits(name).filter(|rest| rest.last().is_some_and(u8::is_ascii_alphabetic));
    let is_number = |rest: &&[u8]| name.len() - rest.len() <= 3 || is_date(&name[rest.len()..]);
    rest.filter(is_number).unwrap_or(name)
}

/// The name without a date (and a time) at its end: `20251219`, `2025-12-19`, `20251219_0930`, `20251219T093015`, after `.`, `_` or `-`.
fn without_date(name: &[u8]) -> (&[u8], bool) {
    let start = name.iter().rev().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'_' | b'T' | b':')).count();
    let mut at = name.len() - start;
    // The separator before the date may look like a part of it.
    while at < name.len() && !name[at].is_ascii_digit() {
        at += 1;
    }
    let digits: Vec<u8> = name[at..].iter().copied().filter(u8::is_ascii_digit).collect();
    let separated = at > 1 && matches!(name[at - 1], b'.' | b'_' | b'-');
    if separated && name[at..].last().is_some_and(u8::is_ascii_digit) && is_date(&digits) {
        (&name[..at - 1], true)
    } else {
        (name, false)
    }
}

/// A day of these hundred years, perhaps with hours, minutes and seconds.
fn is_date(digits: &[u8]) -> bool {
    let number = |from: usize| (digits[from] - b'0') * 10 + digits[from + 1] - b'0';
    matches!(digits.len(), 8 | 10 | 12 | 14)
        && digits.starts_with(b"20")
        && (1..=12).contains(&number(4))
        && (1..=31).contains(&number(6))
}

/// The stem and the extension with its dot; `None` without either.
fn split_extension(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().rposition(|&b| b == b'.').filter(|at| *at > 0 && at + 1 < name.len())?;
    Some(name.split_at(at))
}
