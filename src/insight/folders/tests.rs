use super::*;
use crate::compare::compare;
use crate::compare::testing::Tree;

fn drift_map(limit: usize) -> String {
    let many = |tree: Tree, at: &str, count: usize, text: &str| {
        (0..count).fold(tree, |tree, number| tree.file(&format!("{at}/{number}"), &format!("{text}{number}")))
    };
    let prod = many(Tree::new("prod"), "react/src/deep", 3, "x")
        .file("backend/app/services/a", "1")
        .file("backend/app/b", "1");
    let staging = many(many(Tree::new("staging"), "react/src/deep", 3, "x"), "frontend", 6, "f")
        .file("backend/app/services/a", "1")
        .file("backend/app/b", "2");
    let debug = many(many(Tree::new("debug"), "react/src/deep", 3, "y"), "frontend", 6, "f")
        .file("backend/app/services/a", "2")
        .file("backend/app/b", "3");
    let snapshots = [
        prod.file("top", "1").file("same/x", "1"),
        staging.file("top", "1").file("same/x", "1"),
        debug.file("top", "3").file("same/x", "1"),
    ]
    .map(Tree::done);
    let DriftMap { lines, elsewhere } = where_the_drift_is(&compare(&snapshots), &snapshots, limit);
    let mut text = Vec::new();
    for line in lines {
        let path = line.path.map_or(".".to_owned(), |path| path.as_bytes().escape_ascii().to_string());
        let names: Vec<_> = line.names.iter().map(|path| path.file_name().escape_ascii().to_string()).collect();
        let indent = " ".repeat(line.depth * 2);
        text.push(format!("{indent}{path} {} {} {} {}", line.pattern, line.is_uniform, line.paths, names.join(" ")));
    }
    text.push(format!("elsewhere {elsewhere}"));
    text.join("\n")
}

#[test]
fn lines_go_where_they_tell_most() {
    insta::assert_snapshot!(drift_map(9), @"
    . AAB true 1 top
    backend/app ABC false 2 b
      backend/app/services AAB true 1 a
    frontend -AA true 6 0 1 2 3
    react/src/deep AAB true 3 0 1 2
    elsewhere 0
    ");
}

#[test]
fn too_few_lines_go_to_the_largest() {
    insta::assert_snapshot!(drift_map(3), @"
    . AAB true 1 top
    frontend -AA true 6 0 1 2 3
    react/src/deep AAB true 3 0 1 2
    elsewhere 2
    ");
}

#[test]
fn no_line_is_no_trouble() {
    insta::assert_snapshot!(drift_map(0), @"elsewhere 12");
}
