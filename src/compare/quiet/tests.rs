use super::*;
use crate::compare::compare;
use crate::compare::testing::Tree;

/// Folds a text as the collecting end does.
fn fold(text: &str) -> TextFold {
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let trimmed: Vec<&str> = plain.split('\n').map(|line| line.trim_end_matches([' ', '\t'])).collect();
    TextFold {
        has_bom: text.starts_with('\u{feff}'),
        has_crlf: text.contains("\r\n"),
        plain: *blake3::hash(plain.as_bytes()).as_bytes(),
        trimmed: *blake3::hash(trimmed.join("\n").as_bytes()).as_bytes(),
    }
}

/// Classifies one path with a text for each environment, and says how many files had to be folded.
fn classified(path: &str, texts: &[Option<&str>]) -> (Differences, usize) {
    let snapshots: Vec<Snapshot> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let tree = Tree::new(&format!("e{at}")).file("same", "1");
            text.map_or(tree.clone(), |text| tree.file(path, text)).done()
        })
        .collect();
    let mut comparison = compare(&snapshots);
    let asked = fold_candidates(&comparison, &snapshots);
    let asked: Vec<EntryRef> = asked.into_iter().flat_map(|question| question.members).collect();
    let folds: TextFolds = asked.iter().filter_map(|at| Some((*at, fold(texts[at.environment]?)))).collect();
    classify(&mut comparison, &snapshots, &folds);
    let row = comparison.rows().find(|row| row.path(&snapshots).as_bytes() == path.as_bytes());
    (row.unwrap().differences, asked.len())
}

#[test]
fn quiet_classes_are_named() {
    use Differences as D;
    for (path, texts, differences) in [
        ("x.js", &["a\nb\n", "a\r\nb\r\n"][..], D::LINE_ENDINGS),
        ("x.py", &["a\nb\n", "a\r\nb\r\n", "a\r\nb\n"], D::LINE_ENDINGS),
        ("x.py", &["a\r\nb\n", "a\nb\r\n"], D::LINE_ENDINGS),
        ("x.js", &["a\n", "\u{feff}a\n"], D::BYTE_ORDER_MARK),
        ("x.js", &["a\n", "\u{feff}a\r\n"], D::BYTE_ORDER_MARK | D::LINE_ENDINGS),
        ("x.js", &["a\nb\n", "a  \nb\t\n"], D::TRAILING_SPACE),
        ("x.js", &["a\nb\n", "a  \r\nb\r\n"], D::TRAILING_SPACE | D::LINE_ENDINGS),
        ("x.js", &["a\nb\n", "a\nb"], D::CONTENT),
        ("x.js", &["a\nb\n", "a\r\nc\r\n"], D::CONTENT),
        ("x.js", &["a\n", "a\r\n", "b\n"], D::CONTENT),
        ("x.js", &["a b\n", "a  b\n"], D::CONTENT),
        ("x.js", &["a\n", "a\r"], D::CONTENT),
    ] {
        let texts: Vec<Option<&str>> = texts.iter().copied().map(Some).collect();
        assert_eq!(classified(path, &texts).0, differences, "{path} {texts:?}");
    }
}

#[test]
fn blanks_have_a_meaning_in_some_languages() {
    for path in [
        "x.py",
        "d/X.YAML",
        "x.yml",
        "Makefile",
        "d/Makefile.am",
        "rules.mk",
        "x.md",
        "x.patch",
        ".env",
        ".env.prod",
        "x.csv",
    ] {
        assert_eq!(classified(path, &[Some("a\n"), Some("a \n")]).0, Differences::CONTENT, "{path}");
    }
}

#[test]
fn nothing_is_read_in_vain() {
    let long = "x".repeat(40);
    for (path, texts) in [
        ("x.png", [Some("a\n"), Some("a\r\n")]),
        ("x.js", [Some("a\n"), None]),
        // Line endings cannot make a text more than twice as long, and blanks have a meaning here.
        ("x.py", [Some("a\n"), Some(&*long)]),
    ] {
        assert_eq!(classified(path, &texts).1, 0, "{path}");
    }
    // One file of each variant.
    assert_eq!(classified("x.js", &[Some("a\n"), Some("a\r\n"), Some("a\n")]).1, 2);
}
