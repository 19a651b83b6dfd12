//! Merges texts in memory, by libgit2: what git would make of them. No repository is involved, so nothing is read or written.

use std::sync::Once;

use git2::{MergeFileInput, MergeFileOptions};

use crate::snapshot::{MergedText, ReadFailure};

/// Merges what `ours` and `theirs` made of `base`.
pub(crate) fn merge_text(base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<MergedText, ReadFailure> {
    ready();
    let [base, ours, theirs] = [base, ours, theirs].map(|content| {
        let mut input = MergeFileInput::new();
        input.content(content);
        input
    });
    let mut options = MergeFileOptions::new();
    options.style_diff3(true);
    let merged = git2::merge_file(&base, &ours, &theirs, Some(&mut options))
        .map_err(|error| ReadFailure(format!("cannot merge the texts: {}", error.message())))?;
    Ok(MergedText { bytes: merged.content().to_vec(), is_clean: merged.is_automergeable() })
}

/// The merging of texts is the one function of libgit2 that does not see to it that the library is ready.
fn ready() {
    static READY: Once = Once::new();
    READY.call_once(|| git2::opts::enable_caching(true));
}

#[cfg(test)]
mod tests {
    use super::merge_text;

    #[test]
    fn the_first_call_of_all_works() {
        let merged = merge_text(b"a\nb\nc\n", b"a\nb\nc\nd\n", b"A\nb\nc\n").unwrap();
        assert_eq!((&merged.bytes[..], merged.is_clean), (&b"A\nb\nc\nd\n"[..], true));
        assert!(!merge_text(b"a\n", b"b\n", b"c\n").unwrap().is_clean);
    }
}
