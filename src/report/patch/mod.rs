//! Patches as `git apply`, `git am` and `patch -p1` take them.

mod binary;
mod mail;

pub use mail::{Mail, mail};

use std::io::Write as _;

use crate::compare::text::replacements::changes;
use crate::compare::text::{Document, Limits, NotText, Redactor};
use crate::insight::verdict::{Held, ReplayedFile};
use crate::path::TreePath;
use crate::report::text_view::unified::{CONTEXT, Change, hunks, quoted};
use crate::snapshot::BlobKind;

/// Why a change of a file cannot be a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The file holds secrets by its name.
    Sensitive(TreePath),
    /// What looks like a secret is in a line that the patch would hold, counted from 1.
    Secret(TreePath, usize),
    /// What looks like a secret is in a file that is no text.
    SecretInBinary(TreePath),
    /// It is no text, and whoever applies it has no git.
    Binary(TreePath),
    /// Its path lies in a repository's own folder.
    Repository(TreePath),
}

/// How patches are written for one target.
pub struct Writer<'a> {
    /// The path that the target has for a common one, from where the patch is applied.
    pub name: &'a dyn Fn(&TreePath) -> Vec<u8>,
    /// Whether the target is under version control: only git applies what is no text.
    pub has_git: bool,
    /// Whether a file holds secrets by its name.
    pub is_sensitive: &'a dyn Fn(&TreePath) -> bool,
    /// Says what in a text is a secret.
    pub redactor: &'a Redactor,
}

impl Writer<'_> {
    /// The diff of some files. What it says is exactly what is in the files: where a secret would be in it, there is no diff.
    ///
    /// # Errors
    /// The first reason why there can be none.
    pub fn diff(&self, files: &[ReplayedFile]) -> Result<Vec<u8>, Refused> {
        let mut patch = Vec::new();
        for file in files {
            for held in [&file.before, &file.after].into_iter().flatten() {
                if (self.is_sensitive)(&held.path) {
                    return Err(Refused::Sensitive(held.path.clone()));
                }
                let name = (self.name)(&held.path);
                if name.split(|&byte| byte == b'/').any(|part| part.eq_ignore_ascii_case(b".git")) {
                    return Err(Refused::Repository(held.path.clone()));
                }
            }
            match (&file.before, &file.after) {
                (Some(before), Some(after)) if family(before.kind) != family(after.kind) => {
                    self.file(Some(before), None, &mut patch)?;
                    self.file(None, Some(after), &mut patch)?;
                }
                (before, after) => self.file(before.as_ref(), after.as_ref(), &mut patch)?,
            }
        }
        Ok(patch)
    }

    fn file(&self, before: Option<&Held>, after: Option<&Held>, out: &mut Vec<u8>) -> Result<(), Refused> {
        let Some(either) = after.or(before) else { return Ok(()) };
        let name = |held: Option<&Held>| (self.name)(&held.unwrap_or(either).path);
        let (old_name, new_name) = (name(before.or(after)), name(after.or(before)));
        let sided = |side: &[u8], name: &[u8]| quoted(&[side, name].concat());
        let mut head =
            vec![format!("diff --git {} {}", whole(sided(b"a/", &old_name)), whole(sided(b"b/", &new_name)))];
        match (before, after) {
            (None, Some(after)) => head.push(format!("new file mode {}", mode(after.kind))),
            (Some(before), None) => head.push(format!("deleted file mode {}", mode(before.kind))),
            (Some(before), Some(after)) => {
                if before.kind != after.kind {
                    head.push(format!("old mode {}", mode(before.kind)));
                    head.push(format!("new mode {}", mode(after.kind)));
                }
                if old_name != new_name {
                    head.push(format!("rename from {}", quoted(&old_name)));
                    head.push(format!("rename to {}", quoted(&new_name)));
                }
            }
            (None, None) => {}
        }
        let content = |held: Option<&Held>| held.map_or_else(Vec::new, |held| held.content.clone());
        let (old, new) = (content(before), content(after));
        let is_opaque = is_binary(&old) || is_binary(&new);
        if is_opaque && !self.has_git {
            return Err(Refused::Binary(either.path.clone()));
        }
        // Only by this line does `patch` know a link, one that merely gets another name as well, and an empty file from one that should not
        // be there. No text has it: its name would tell of secrets in lines that are not shown.
        let is_link = either.kind == BlobKind::Link;
        let is_told = is_opaque || is_link || old.is_empty() && new.is_empty();
        if is_told && (is_link || old != new || before.is_none() || after.is_none()) {
            let name =
                |held: Option<&Held>, bytes: &[u8]| held.map_or_else(|| "0".repeat(40), |_| binary::blob_name(bytes));
            let kind = match (before, after) {
                (Some(before), Some(after)) if before.kind == after.kind => format!(" {}", mode(after.kind)),
                _ => String::new(),
            };
            head.push(format!("index {}..{}{kind}", name(before, &old), name(after, &new)));
        }
        if is_opaque {
            if old != new
                && let Some(secretive) =
                    [before, after].into_iter().flatten().find(|it| self.redactor.hides_in(&it.content))
            {
                return Err(Refused::SecretInBinary(secretive.path.clone()));
            }
            put(out, &head);
            if old != new {
                binary::write(&old, &new, out);
            }
            return Ok(());
        }
        put(out, &head);
        let (old_lines, new_lines) = (lines(&old), lines(&new));
        let spans = changes(&old_lines, &new_lines);
        if spans.is_empty() {
            return Ok(());
        }
        self.check(before, &old, shown(&spans, old_lines.len(), |span| &span.0))?;
        self.check(after, &new, shown(&spans, new_lines.len(), |span| &span.1))?;
        let label = |held: Option<&Held>, side: &[u8], name: &[u8]| {
            let tab = if name.contains(&b' ') { "\t" } else { "" };
            held.map_or_else(|| "/dev/null".to_owned(), |_| format!("{}{tab}", sided(side, name)))
        };
        let (old_label, new_label) = (label(before, b"a/", &old_name), label(after, b"b/", &new_name));
        put(out, &[format!("--- {old_label}"), format!("+++ {new_label}")]);
        for hunk in hunks(&spans) {
            write_hunk(&old_lines, &new_lines, hunk, out);
        }
        Ok(())
    }

    /// Refuses a text with a secret in one of these lines.
    fn check(&self, held: Option<&Held>, text: &[u8], shown: Vec<std::ops::Range<usize>>) -> Result<(), Refused> {
        let Some(held) = held else { return Ok(()) };
        let document = match Document::new(text.to_vec(), Limits { bytes: u64::MAX, lines: usize::MAX }) {
            Ok(document) => self.redactor.document(&held.path, document),
            Err(NotText::Binary | NotText::TooLarge { .. } | NotText::TooManyLines { .. }) => {
                return Err(Refused::Binary(held.path.clone()));
            }
        };
        let is_masked = |line: &usize| *line < document.line_count() && !document.masks(*line).is_empty();
        match shown.into_iter().flatten().find(is_masked) {
            Some(line) => Err(Refused::Secret(held.path.clone(), line + 1)),
            None => Ok(()),
        }
    }
}

/// A name that ends where it ends: `patch` reads one that is not quoted up to the first space.
fn whole(name: String) -> String {
    if name.contains(' ') && !name.starts_with('"') { format!("\"{name}\"") } else { name }
}

fn put(out: &mut Vec<u8>, lines: &[String]) {
    for line in lines {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
}

/// The lines that hunks hold of one side, with those around them.
fn shown(
    spans: &[Change],
    count: usize,
    side: impl Fn(&Change) -> &std::ops::Range<usize>,
) -> Vec<std::ops::Range<usize>> {
    let widen = |span: &Change| side(span).start.saturating_sub(CONTEXT)..(side(span).end + CONTEXT).min(count);
    spans.iter().map(widen).collect()
}

fn write_hunk(old: &[&[u8]], new: &[&[u8]], hunk: &[Change], out: &mut Vec<u8>) {
    let (Some((first_old, first_new)), Some((last_old, last_new))) = (hunk.first(), hunk.last()) else { return };
    let before = first_old.start.min(CONTEXT);
    let after = (old.len() - last_old.end).min(CONTEXT);
    let range = |from: usize, to: usize| match to - from {
        0 => format!("{from},0"),
        1 => (from + 1).to_string(),
        count => format!("{},{count}", from + 1),
    };
    let start = first_old.start - before;
    let old_range = range(start, last_old.end + after);
    let new_range = range(first_new.start - before, last_new.end + after);
    // Writing to memory does not fail.
    let _ = writeln!(out, "@@ -{old_range} +{new_range} @@");
    let mut done = start;
    for (from, to) in hunk {
        old[done..from.start].iter().for_each(|line| write_line(b' ', line, out));
        old[from.clone()].iter().for_each(|line| write_line(b'-', line, out));
        new[to.clone()].iter().for_each(|line| write_line(b'+', line, out));
        done = from.end;
    }
    old[done..last_old.end + after].iter().for_each(|line| write_line(b' ', line, out));
}

fn write_line(sign: u8, line: &[u8], out: &mut Vec<u8>) {
    out.push(sign);
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(8000)].contains(&0)
}

fn family(kind: BlobKind) -> u8 {
    match kind {
        BlobKind::File | BlobKind::Executable => 0,
        BlobKind::Link => 1,
        BlobKind::Submodule => 2,
    }
}

fn mode(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::File => "100644",
        BlobKind::Executable => "100755",
        BlobKind::Link => "120000",
        BlobKind::Submodule => "160000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(path: &str, content: &str) -> Held {
        Held { path: TreePath::new(path.as_bytes()).unwrap(), kind: BlobKind::File, content: content.into() }
    }

    fn diff(before: Option<Held>, after: Option<Held>, has_git: bool) -> Result<String, Refused> {
        let redactor = Redactor::new([7; 32], &[]);
        let writer = Writer {
            name: &|path| [b"top/", path.as_bytes()].concat(),
            has_git,
            is_sensitive: &|path| redactor.is_sensitive(path),
            redactor: &redactor,
        };
        writer.diff(&[ReplayedFile { before, after }]).map(|patch| String::from_utf8(patch).unwrap())
    }

    #[test]
    fn a_diff_has_the_targets_names_and_says_where_an_end_is_missing() {
        let patch = diff(Some(held("a b", "one\ntwo")), Some(held("a b", "one\nthree\n")), true).unwrap();
        insta::assert_snapshot!(patch, @r#"
        diff --git "a/top/a b" "b/top/a b"
        --- a/top/a b	
        +++ b/top/a b	
        @@ -1,2 +1,2 @@
         one
        -two
        \ No newline at end of file
        +three
        "#);
    }

    #[test]
    fn a_link_that_gets_another_name_is_said_to_be_one() {
        let link = |path| Some(Held { kind: BlobKind::Link, ..held(path, "to") });
        insta::assert_snapshot!(diff(link("a"), link("b"), false).unwrap(), @"
        diff --git a/top/a b/top/b
        rename from top/a
        rename to top/b
        index 788636ffba34694361f7d7ee1970d96fb92c3168..788636ffba34694361f7d7ee1970d96fb92c3168 120000
        ");
    }

    #[test]
    fn nothing_reaches_a_repositorys_own_folder() {
        for path in [".git/hooks/post-merge", "sub/.GIT/config"] {
            let refused = diff(None, Some(held(path, "run\n")), true).unwrap_err();
            assert_eq!(refused, Refused::Repository(TreePath::new(path.as_bytes()).unwrap()));
        }
    }

    #[test]
    fn a_secret_is_refused_only_where_the_patch_would_hold_it() {
        let key = "password = \"hunter2hunter2\"\n";
        let far = "line\n".repeat(9);
        let text = |end: &str| format!("{key}{far}{end}\n");
        let path = TreePath::new(&b"a.py"[..]).unwrap();
        let near = diff(Some(held("a.py", key)), Some(held("a.py", &format!("{key}more\n"))), true);
        assert_eq!(near, Err(Refused::Secret(path, 1)));
        assert!(diff(Some(held("a.py", &text("old"))), Some(held("a.py", &text("new"))), true).is_ok());
        let sensitive = TreePath::new(&b"x/.env"[..]).unwrap();
        assert_eq!(diff(None, Some(held("x/.env", "A=1\n")), true), Err(Refused::Sensitive(sensitive)));
    }

    #[test]
    fn only_git_is_given_what_is_no_text() {
        let image = || (Some(held("i", "\0a")), Some(held("i", "\0b")));
        let (before, after) = image();
        assert!(matches!(diff(before, after, false), Err(Refused::Binary(_))));
        let (before, after) = image();
        assert!(diff(before, after, true).unwrap().contains("GIT binary patch\nliteral 2\n"));
    }

    #[test]
    fn what_is_no_text_hides_no_secret() {
        let wide: String = "password = hunter2hunter2".chars().flat_map(|c| [c, '\0']).collect();
        for secret in ["\0x\0AKIAZ0QW7RT9MK2PL4VB\0y", "\0bob:1\npassword=hunter2hunter2\n", &wide] {
            let path = TreePath::new(&b"i"[..]).unwrap();
            for (before, after) in [(secret, "\0b"), ("\0a", secret)] {
                let refused = diff(Some(held("i", before)), Some(held("i", after)), true);
                assert_eq!(refused, Err(Refused::SecretInBinary(path.clone())), "{secret}");
            }
        }
    }
}
