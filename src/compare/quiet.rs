//! Sets aside differences of texts that rarely mean anything: line endings, byte-order marks, blanks at line ends.

use crate::compare::{Cell, Comparison, Differences, Row};
use crate::path::TreePath;
use crate::snapshot::{Content, EntryRef, Snapshot, TextFold, TextFolds, TextQuestion};

/// Larger files are not folded; texts that people edit are smaller.
const SIZE_LIMIT: u64 = 8 << 20;

/// Says which texts must be held against each other, folded, before [`classify`] can decide; in path order.
///
/// These are files whose content differs, present in every environment, and which may be equal as texts by their names and sizes; one
/// for each variant of a row.
pub fn fold_candidates(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<TextQuestion> {
    let rows = comparison.rows().filter(|row| may_be_quiet(row, snapshots));
    rows.map(|row| TextQuestion { members: one_of_each_variant(&row) }).collect()
}

/// Replaces [`Differences::CONTENT`] by the quiet classes that explain it, in rows where all variants are equal once these are folded away.
///
/// A row stays as it is when one of its variants has no fold. Trailing space is never folded away where it has a meaning: Python, YAML,
/// Makefiles, Markdown, patches, property and environment files, tables.
pub fn classify(comparison: &mut Comparison, snapshots: &[Snapshot], folds: &TextFolds) {
    for index in 0..comparison.len() {
        let row = comparison.row(index);
        if !may_be_quiet(&row, snapshots) {
            continue;
        }
        let variants: Option<Vec<&TextFold>> = one_of_each_variant(&row).iter().map(|at| folds.get(at)).collect();
        let quiet = variants.and_then(|variants| explain(&variants, blanks_mean_nothing(row.path(snapshots))));
        if let Some(quiet) = quiet {
            let differences = row.differences.without(Differences::CONTENT) | quiet;
            comparison.set_differences(index, differences);
        }
    }
}

/// What makes these texts differ, when it is nothing but quiet classes.
fn explain(variants: &[&TextFold], blanks_mean_nothing: bool) -> Option<Differences> {
    let first = variants.first()?;
    let differ = |by: fn(&TextFold) -> bool| variants.iter().any(|fold| by(fold) != by(first));
    let plain = variants.iter().all(|fold| fold.plain == first.plain);
    let trimmed = variants.iter().all(|fold| fold.trimmed == first.trimmed);
    if !(plain || blanks_mean_nothing && trimmed) {
        return None;
    }
    let mut found = Differences::NONE;
    if differ(|fold| fold.has_bom) {
        found |= Differences::BYTE_ORDER_MARK;
    }
    if differ(|fold| fold.has_crlf) {
        found |= Differences::LINE_ENDINGS;
    }
    if !plain {
        found |= Differences::TRAILING_SPACE;
    }
    // Both have CR LF, at other lines.
    Some(if found.is_empty() { Differences::LINE_ENDINGS } else { found })
}

fn may_be_quiet(row: &Row<'_>, snapshots: &[Snapshot]) -> bool {
    row.differences.contains(Differences::CONTENT)
        && row.cells.iter().all(|cell| cell.is_present())
        && sizes_allow(row, snapshots)
        && !is_known_binary(row.path(snapshots))
}

/// Without blanks, a text at most doubles (each line is at least one byte and gets one) and gets a mark of three bytes.
fn sizes_allow(row: &Row<'_>, snapshots: &[Snapshot]) -> bool {
    let (mut least, mut most) = (u64::MAX, 0);
    for environment in 0..row.cells.len() {
        let Some(Content::File(file)) = row.content(snapshots, environment) else { return false };
        least = least.min(file.size);
        most = most.max(file.size);
    }
    most <= SIZE_LIMIT && (most <= 2 * least + 3 || blanks_mean_nothing(row.path(snapshots)))
}

/// Whether texts of these sizes may be equal but for line endings and a byte-order mark.
pub(super) fn sizes_may_be_quiet([a, b]: [u64; 2]) -> bool {
    a.max(b) <= SIZE_LIMIT && a.max(b) <= 2 * a.min(b) + 3
}

fn one_of_each_variant(row: &Row<'_>) -> Vec<EntryRef> {
    let first = |number: usize| row.cells.iter().position(|cell| *cell == Cell::Variant(number as u8));
    (0..row.variants()).filter_map(|number| row.entry_ref(first(number)?)).collect()
}

fn blanks_mean_nothing(path: &TreePath) -> bool {
    const MEANING: &[&[u8]] = &[
        b"py",
        b"pyi",
        b"pyw",
        b"pyx",
        b"pxd",
        b"yaml",
        b"yml",
        b"mk",
        b"mak",
        b"make",
        b"md",
        b"markdown",
        b"mdx",
        b"mkd",
        b"patch",
        b"diff",
        b"properties",
        b"env",
        b"tsv",
        b"csv",
    ];
    let name = path.file_name().to_ascii_lowercase();
    !matches!(&*name, b"makefile" | b"gnumakefile" | b"bsdmakefile")
        && !name.starts_with(b"makefile.")
        && !name.starts_with(b".env")
        && !extension(&name).is_some_and(|extension| MEANING.contains(&extension))
}

fn is_known_binary(path: &TreePath) -> bool {
    const BINARY: &[&[u8]] = &[
        b"7z", b"a", b"avif", b"bin", b"bmp", b"bz2", b"class", b"db", b"dll", b"doc", b"docx", b"dylib", b"ear",
        b"eot", b"exe", b"flac", b"gif", b"gz", b"ico", b"jar", b"jpeg", b"jpg", b"ko", b"lz4", b"mkv", b"mo", b"mov",
        b"mp3", b"mp4", b"o", b"odt", b"ogg", b"otf", b"pdf", b"png", b"pyc", b"pyd", b"pyo", b"rar", b"rlib", b"so",
        b"sqlite", b"sqlite3", b"tar", b"tgz", b"tif", b"tiff", b"ttf", b"war", b"wasm", b"wav", b"webm", b"webp",
        b"woff", b"woff2", b"xls", b"xlsx", b"xz", b"zip", b"zst",
    ];
    extension(&path.file_name().to_ascii_lowercase()).is_some_and(|extension| BINARY.contains(&extension))
}

fn extension(name: &[u8]) -> Option<&[u8]> {
    let at = name.iter().rposition(|&b| b == b'.').filter(|at| *at > 0)?;
    Some(&name[at + 1..])
}

#[cfg(test)]
mod tests;
