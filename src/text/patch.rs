//! Unified diffs, as `git diff`, `git format-patch` and `diff -u` write them.

use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag};

use crate::path::TreePath;

/// So many lines around a change say where it belongs.
const CONTEXT: usize = 3;

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    /// Its path before; `None` when it is new.
    pub before: Option<TreePath>,
    /// Its path afterwards; `None` when it goes away.
    pub after: Option<TreePath>,
    /// What changes in it, from top to bottom; nothing for a renamed file.
    pub hunks: Vec<Hunk>,
}

/// Lines that take the place of others. Lines are without their terminators, a CR included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The first line before, from 1.
    pub line: usize,
    /// Context and lines that go or come, in order.
    pub lines: Vec<HunkLine>,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HunkLine {
    /// It is there before and afterwards.
    Both(Box<[u8]>),
    /// It is there before.
    Old(Box<[u8]>),
    /// It is there afterwards.
    New(Box<[u8]>),
}

/// Why a text is no patch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// There is no file in it.
    #[error("it changes no file: there is no line `--- FILE` with `+++ FILE` below it")]
    Nothing,
    /// It has changes that are no text.
    #[error("line {0}: a change of a binary file cannot be looked for")]
    Binary(usize),
    /// A hunk is cut off, or has more lines than it says.
    #[error("line {0}: the hunk has not as many lines as it says")]
    Hunk(usize),
    /// A path that leads out of the tree, or is no path.
    #[error("line {0}: the file is at no path below a root")]
    Path(usize),
}

impl FilePatch {
    /// The path that it is known by: the one afterwards, or before when the file goes away.
    ///
    /// # Panics
    /// When it has neither, which [`parse`] never gives.
    pub fn path(&self) -> &TreePath {
        self.after.as_ref().or(self.before.as_ref()).expect("a parsed file has at least one side")
    }

    /// The changes between two texts, by lines.
    ///
    /// # Cost
    /// Lines times changes.
    pub fn between(before: (Option<TreePath>, &[u8]), after: (Option<TreePath>, &[u8])) -> Self {
        let (old, new) = (lines(before.1), lines(after.1));
        let ops = similar::capture_diff_slices(Algorithm::Myers, &old, &new);
        let hunks = similar::group_diff_ops(ops, CONTEXT).iter().map(|ops| hunk(ops, &old, &new)).collect();
        Self { before: before.0, after: after.0, hunks }
    }
}

impl Hunk {
    /// The lines before.
    pub fn old(&self) -> Vec<&[u8]> {
        self.side(|line| matches!(line, HunkLine::New(_)))
    }

    /// The lines afterwards.
    pub fn new_lines(&self) -> Vec<&[u8]> {
        self.side(|line| matches!(line, HunkLine::Old(_)))
    }

    /// How many lines of context it begins and ends with.
    pub fn context(&self) -> (usize, usize) {
        let is_both = |line: &&HunkLine| matches!(line, HunkLine::Both(_));
        (self.lines.iter().take_while(is_both).count(), self.lines.iter().rev().take_while(is_both).count())
    }

    fn side(&self, is_other: impl Fn(&HunkLine) -> bool) -> Vec<&[u8]> {
        self.lines.iter().filter(|line| !is_other(line)).map(HunkLine::text).collect()
    }
}

impl HunkLine {
    /// The line.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Both(text) | Self::Old(text) | Self::New(text) => text,
        }
    }
}

/// A text in lines, without LF and the CR before it.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(without_cr).collect();
    lines.pop_if(|last| last.is_empty());
    lines
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Reads a patch; what stands around its files, such as the head of a mail, is passed over. Pure.
///
/// A first part `a/` and `b/` of paths is taken away where both sides have them, as git writes them.
pub fn parse(text: &[u8]) -> Result<Vec<FilePatch>, PatchError> {
    let lines = lines(text);
    let mut files: Vec<FilePatch> = Vec::new();
    let mut rename: Option<TreePath> = None;
    let mut at = 0;
    while at < lines.len() {
        let (line, next) = (lines[at], lines.get(at + 1).copied().unwrap_or_default());
        at += 1;
        if line.starts_with(b"GIT binary patch") || line.starts_with(b"Binary files ") && line.ends_with(b" differ") {
            return Err(PatchError::Binary(at));
        }
        if let Some(from) = line.strip_prefix(b"rename from ") {
            rename = Some(TreePath::new(unquoted(from)).map_err(|_| PatchError::Path(at))?);
        } else if let (Some(to), Some(from)) = (line.strip_prefix(b"rename to "), rename.take()) {
            let to = TreePath::new(unquoted(to)).map_err(|_| PatchError::Path(at))?;
            files.push(FilePatch { before: Some(from), after: Some(to), hunks: Vec::new() });
        } else if let (Some(old), Some(new)) = (line.strip_prefix(b"--- "), next.strip_prefix(b"+++ ")) {
            let (before, after) = sides(old, new, at)?;
            at += 1;
            let hunks = hunks(&lines, &mut at)?;
            // A renamed file with changes was named already.
            files.pop_if(|last| last.hunks.is_empty() && last.before == before && last.after == after);
            files.push(FilePatch { before, after, hunks });
        }
    }
    if files.is_empty() { Err(PatchError::Nothing) } else { Ok(files) }
}

type Sides = (Option<TreePath>, Option<TreePath>);

fn sides(old: &[u8], new: &[u8], line: usize) -> Result<Sides, PatchError> {
    // `diff -u` writes the time of the file behind a tab.
    let name = |text: &[u8]| unquoted(text.split(|&byte| byte == b'\t').next().unwrap_or_default());
    let (old, new) = (name(old), name(new));
    let is_null = |name: &[u8]| name == b"/dev/null";
    let has_prefix = (is_null(&old) || old.starts_with(b"a/")) && (is_null(&new) || new.starts_with(b"b/"));
    let path = |name: Vec<u8>| -> Result<Option<TreePath>, PatchError> {
        if is_null(&name) {
            return Ok(None);
        }
        let name = if has_prefix { &name[2..] } else { &name[..] };
        TreePath::from_typed(name).map(Some).map_err(|_| PatchError::Path(line))
    };
    match (path(old)?, path(new)?) {
        (None, None) => Err(PatchError::Path(line)),
        sides => Ok(sides),
    }
}

/// The hunks from here on; `at` is left at the first line that belongs to none.
fn hunks(lines: &[&[u8]], at: &mut usize) -> Result<Vec<Hunk>, PatchError> {
    let mut hunks = Vec::new();
    while let Some((line, mut old, mut new)) = lines.get(*at).and_then(|line| header(line)) {
        let begin = *at + 1;
        *at += 1;
        let mut hunk = Hunk { line, lines: Vec::new() };
        while old > 0 || new > 0 {
            let text = lines.get(*at).ok_or(PatchError::Hunk(begin))?;
            *at += 1;
            // Mail programs take the blank of an empty line away.
            let (sign, rest) = text.split_first().map_or((b' ', &[][..]), |(sign, rest)| (*sign, rest));
            let (takes_old, takes_new, line) = match sign {
                b' ' => (1, 1, HunkLine::Both(rest.into())),
                b'-' => (1, 0, HunkLine::Old(rest.into())),
                b'+' => (0, 1, HunkLine::New(rest.into())),
                b'\\' => continue,
                _ => return Err(PatchError::Hunk(begin)),
            };
            old = usize::checked_sub(old, takes_old).ok_or(PatchError::Hunk(begin))?;
            new = usize::checked_sub(new, takes_new).ok_or(PatchError::Hunk(begin))?;
            hunk.lines.push(line);
        }
        hunks.push(hunk);
        while lines.get(*at).is_some_and(|line| line.starts_with(b"\\ ")) {
            *at += 1;
        }
    }
    Ok(hunks)
}

/// `@@ -3,4 +3,6 @@`: the first line, and how many there are on either side.
fn header(line: &[u8]) -> Option<(usize, usize, usize)> {
    let text = std::str::from_utf8(line.strip_prefix(b"@@ -")?.split(|&byte| byte == b'@').next()?).ok()?;
    let (old, new) = text.trim_end().split_once(" +")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (first, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    let ((line, old), (_, new)) = (range(old)?, range(new)?);
    Some((line, old, new))
}

/// A name as git writes it: in quotes with escapes when it has odd bytes.
fn unquoted(name: &[u8]) -> Vec<u8> {
    let Some(quoted) = name.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return name.trim_ascii_end().to_vec();
    };
    let mut out = Vec::new();
    let mut bytes = quoted.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    if let Some(next) = bytes.next_if(|next| (b'0'..=b'7').contains(next)) {
                        value = value * 8 + u32::from(next - b'0');
                    }
                }
                out.push(value as u8);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

fn hunk(ops: &[DiffOp], old: &[&[u8]], new: &[&[u8]]) -> Hunk {
    let mut lines = Vec::new();
    let boxed = |all: &[&[u8]], range: Range<usize>| all[range].iter().map(|line| Box::from(*line)).collect::<Vec<_>>();
    for op in ops {
        if op.tag() == DiffTag::Equal {
            lines.extend(boxed(old, op.old_range()).into_iter().map(HunkLine::Both));
        } else {
            lines.extend(boxed(old, op.old_range()).into_iter().map(HunkLine::Old));
            lines.extend(boxed(new, op.new_range()).into_iter().map(HunkLine::New));
        }
    }
    Hunk { line: ops.first().map_or(0, |op| op.old_range().start) + 1, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "\
From 1234 Mon Sep 17 00:00:00 2001
Subject: [PATCH] strict

---
 src/a.py | 2 +-

diff --git a/src/a.py b/src/a.py
index 1..2 100644
--- a/src/a.py
+++ b/src/a.py
@@ -2,3 +2,4 @@ def f():
 one
-two
+2

+two and a half
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1 @@
+x = 1
\\ No newline at end of file
--\x20
2.40.0
";

    #[test]
    fn a_mail_is_read() {
        let files = parse(MAIL.as_bytes()).unwrap();
        let names: Vec<String> = files.iter().map(|file| format!("{:?}", file.path())).collect();
        assert_eq!(names, ["`src/a.py`", "`new.py`"]);
        assert_eq!(files[0].hunks[0].old(), [&b"one"[..], b"two", b""]);
        assert_eq!(files[0].hunks[0].new_lines(), [&b"one"[..], b"2", b"", b"two and a half"]);
        assert_eq!((files[1].before.as_ref(), files[1].hunks.len()), (None, 1));
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        assert_eq!(parse(b"hello\n"), Err(PatchError::Nothing));
        assert_eq!(parse(b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n"), Err(PatchError::Hunk(3)));
        assert_eq!(parse(b"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n"), Err(PatchError::Path(1)));
        assert_eq!(parse(b"Binary files a/x and b/x differ\n"), Err(PatchError::Binary(1)));
        assert_eq!(
            parse(b"--- a/x\n+++ b/x\n@@ -1,0 +1,99999999999999999999 @@\n"),
            Ok(vec![FilePatch {
                before: Some(TreePath::new(&b"x"[..]).unwrap()),
                after: Some(TreePath::new(&b"x"[..]).unwrap()),
                hunks: Vec::new(),
            }])
        );
    }

    #[test]
    fn what_lies_between_two_texts_is_a_patch() {
        let path = TreePath::new(&b"x"[..]).unwrap();
        let before = b"1\n2\n3\n4\n5\n6\n".as_slice();
        let after = b"1\r\n2\r\n3\r\n4\r\nfive\r\n6\r\n".as_slice();
        let file = FilePatch::between((Some(path.clone()), before), (Some(path), after));
        assert_eq!(file.hunks.len(), 1);
        assert_eq!((file.hunks[0].line, file.hunks[0].context()), (2, (3, 1)));
    }
}
