use super::*;
use crate::compare::compare;
use crate::compare::testing::Tree;

fn moves(snapshots: &[Snapshot]) -> String {
    let place = |place: &Place| format!("{} {:?}", place.path.as_bytes().escape_ascii(), place.environments);
    let lines: Vec<String> = find(&compare(snapshots), snapshots)
        .iter()
        .map(|found| {
            let Move { kind, places, files, edited, left } = found;
            let places: Vec<String> = places.iter().map(place).collect();
            format!("{kind:?} {} ({files}, {edited} edited, {left} left)", places.join(" = "))
        })
        .collect();
    lines.join("\n")
}

#[test]
fn a_file_is_at_another_path() {
    let snapshots = [
        Tree::new("a")
            .file("old/name.py", "a text that tells")
            .file("c", "short")
            .file("copied", "copy")
            .file("empty", "")
            .done(),
        Tree::new("b")
            .file("new/other.py", "a text that tells")
            .file("d", "short")
            .file("copied", "copy")
            .file("copy", "copy")
            .file("void", "")
            .done(),
        Tree::new("c").file("new/other.py", "a text that tells").file("d", "short").file("copied", "copy").done(),
    ];
    insta::assert_snapshot!(moves(&snapshots), @"File old/name.py [0] = new/other.py [1, 2] (1, 0 edited, 0 left)");
}

#[test]
fn three_places_are_one_move() {
    let files = |name: &str, at: &str, edited: &str| {
        Tree::new(name)
            .file(&format!("{at}/one.py"), "a text that tells")
            .file(&format!("{at}/two.py"), "another text that tells")
            .file(&format!("{at}/three.py"), "one more text that tells")
            .file(&format!("{at}/__init__.py"), "")
            .file(&format!("{at}/edited.py"), edited)
            .file(&format!("{name}/alone/{name}.txt"), "a file that is called differently everywhere")
            .done()
    };
    let snapshots = [files("a", "modules", "1"), files("b", "app/modules", "22"), files("c", "src/modules", "333")];
    insta::assert_snapshot!(moves(&snapshots), @"
    File a/alone/a.txt [0] = b/alone/b.txt [1] = c/alone/c.txt [2] (1, 0 edited, 0 left)
    Folder modules [0] = app/modules [1] = src/modules [2] (4, 1 edited, 0 left)
    ");
    let two_alike = [files("a", "modules", "1"), files("b", "app/modules", "22"), files("c", "modules", "333")];
    assert!(moves(&two_alike).contains("Folder modules [0, 2] = app/modules [1] "), "{}", moves(&two_alike));
}

#[test]
fn the_likest_names_belong_together() {
    let snapshots = [
        Tree::new("a").file("x/__init__.py", "same").file("y/__init__.py", "same").file("x/readme", "same").done(),
        Tree::new("b").file("z/__init__.py", "same").file("z/readme", "same").file("w/y/__init__.py", "same").done(),
    ];
    insta::assert_snapshot!(moves(&snapshots), @"
    Folder x [0] = z [1] (2, 0 edited, 0 left)
    File y/__init__.py [0] = w/y/__init__.py [1] (1, 0 edited, 0 left)
    ");
}

#[test]
fn a_folder_moves_as_one() {
    let files = |tree: Tree, at: &str, edited: &str| {
        tree.file(&format!("{at}/one.py"), "1")
            .file(&format!("{at}/two.py"), "22")
            .file(&format!("{at}/sub/three.py"), "333")
            .file(&format!("{at}/sub/__init__.py"), "")
            .file(&format!("{at}/edited.py"), edited)
    };
    let snapshots = [
        files(Tree::new("prod"), "modules", "before").file("modules/left.py", "only here").file("keep", "1").done(),
        files(Tree::new("main"), "app/modules", "after").file("app/new.py", "only there").file("keep", "1").done(),
    ];
    insta::assert_snapshot!(moves(&snapshots), @"Folder modules [0] = app/modules [1] (4, 1 edited, 1 left)");
}

#[test]
fn too_little_of_a_folder_is_a_part_of_it() {
    let rest = |mut tree: Tree| {
        for number in 0..10 {
            tree = tree.file(&format!("a/stays/{number}"), &format!("stays {number}"));
        }
        tree
    };
    let snapshots = [
        rest(Tree::new("a")).file("a/goes/x", "moved").file("a/goes/y", "moved too").done(),
        rest(Tree::new("b")).file("b/goes/x", "moved").file("b/goes/y", "moved too").done(),
    ];
    insta::assert_snapshot!(moves(&snapshots), @"Folder a/goes [0] = b/goes [1] (2, 0 edited, 0 left)");
}

#[test]
fn unknown_is_no_move() {
    let snapshots =
        [Tree::new("a").file("x/old", "text").done(), Tree::new("b").unreadable("x", true).file("new", "text").done()];
    assert_eq!(find(&compare(&snapshots), &snapshots), []);
}

#[test]
fn only_sizes_that_meet_are_asked() {
    let snapshots = [
        Tree::new("a").sized("old", 7).sized("empty", 0).file("both", "7 bytes").done(),
        Tree::new("b").sized("new", 7).sized("void", 0).file("both", "7 bytes").done(),
        Tree::new("c").sized("one", 9).sized("two", 9).file("both", "7 bytes").done(),
    ];
    let asked: Vec<Vec<(usize, usize)>> = questions(&compare(&snapshots), &snapshots)
        .iter()
        .map(|question| question.members.iter().map(|at| (at.environment, at.entry)).collect())
        .collect();
    // `one` and `two` are both in c alone.
    assert_eq!(asked, [[(1, 1), (0, 2)]]);
}

#[test]
fn a_crowd_of_one_size_is_left_alone() {
    let crowd = |name: &str| (0..600).fold(Tree::new(name), |tree, at| tree.sized(&format!("{name}{at}"), 5)).done();
    let snapshots = [crowd("a"), crowd("b")];
    assert_eq!(questions(&compare(&snapshots), &snapshots), []);
}
