use super::testing::{Tree, path, table};
use super::*;
use crate::snapshot::{Digests, Incident, IncidentKind};

#[test]
fn letters_go_by_equal_content() {
    let snapshots = [
        Tree::new("prod").file("a/x", "one").file("gone", "y").link("l", "there").done(),
        Tree::new("staging").file("a/x", "two").link("l", "here").done(),
        Tree::new("debug").file("a/x", "one").file("gone", "y").file("l", "text").done(),
    ];
    insta::assert_snapshot!(table(&compare(&snapshots), &snapshots), @r#"
    AAA a {}
    ABA a/x {"content"}
    A-A gone {"presence"}
    ABC l {"kind", "target"}
    "#);
}

#[test]
fn below_what_cannot_be_read_nothing_is_absent() {
    let snapshots = [
        Tree::new("a").file("dir/sub/x", "1").file("dir-2", "1").file("file/x", "1").file("y", "1").done(),
        Tree::new("b").unreadable("dir", true).file("file", "1").file("y", "1").done(),
        Tree::new("c").unreadable("dir/sub", true).unreadable("y", false).done(),
        Snapshot::unread(EnvironmentName::new("d").unwrap(), "/d".to_owned(), "gone".to_owned(), None),
    ];
    insta::assert_snapshot!(table(&compare(&snapshots), &snapshots), @r#"
    A!A! dir {"unreadable"}
    A!!! dir/sub {"unreadable"}
    A!!! dir/sub/x {"unreadable"}
    A--! dir-2 {"presence", "unreadable"}
    AB-! file {"presence", "kind", "unreadable"}
    A--! file/x {"presence", "unreadable"}
    AA!! y {"unreadable"}
    "#);
}

#[test]
fn a_path_that_went_away_while_it_was_read_is_unknown() {
    let snapshots = [
        Tree::new("a").file("x", "1").done(),
        Tree::new("b")
            .with(|snapshot| {
                snapshot.add_incident(Incident {
                    path: Some(path("x")),
                    kind: IncidentKind::Unstable,
                    message: "`x` went away".to_owned(),
                    hint: None,
                });
            })
            .done(),
    ];
    assert_eq!(compare(&snapshots).row(0).cells, [Cell::Variant(0), Cell::Unreadable(IncidentId(0))]);
}

#[test]
fn a_submodule_is_neither_drift_nor_empty() {
    let snapshots =
        [Tree::new("main").submodule("vendor/lib", 1).done(), Tree::new("prod").file("vendor/lib/x", "1").done()];
    let comparison = compare(&snapshots);
    insta::assert_snapshot!(table(&comparison, &snapshots), @r#"
    AA vendor {}
    AA vendor/lib {}
    !A vendor/lib/x {"unreadable"}
    "#);
    assert_eq!(comparison.row(2).cells[0], Cell::Unreadable(IN_SUBMODULE));
}

#[test]
fn submodules_at_other_commits_differ() {
    let snapshots = [
        Tree::new("v1").submodule("lib", 1).submodule("same", 1).done(),
        Tree::new("v2").submodule("lib", 2).submodule("same", 1).done(),
    ];
    insta::assert_snapshot!(table(&compare(&snapshots), &snapshots), @r#"
    AB lib {"target"}
    AA same {}
    "#);
    // At which commit a folder is cannot be told.
    let snapshots = [
        Tree::new("checkout").folder("lib").folder("same").done(),
        Tree::new("v1").submodule("lib", 1).submodule("same", 1).done(),
        Tree::new("v2").submodule("lib", 2).submodule("same", 1).done(),
    ];
    let comparison = compare(&snapshots);
    insta::assert_snapshot!(table(&comparison, &snapshots), @r#"
    !AB lib {"target", "unreadable"}
    AAA same {}
    "#);
    assert_eq!(comparison.rows().map(|row| row.is_folder).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn only_what_is_open_is_asked() {
    let git = |tree: Tree, id: u8| {
        tree.with(|snapshot| {
            let Content::File(file) = &mut snapshot.entries.last_mut().unwrap().content else { panic!() };
            file.digests.git_blob = Some([id; 20]);
        })
    };
    let snapshots = [
        git(Tree::new("a").sized("empty", 0).sized("open", 4).sized("sizes", 1).sized("solo", 9).file("z", "text"), 7)
            .done(),
        git(Tree::new("b").sized("empty", 0).sized("open", 4).sized("sizes", 2).sized("z", 4), 7).done(),
        Tree::new("c").sized("empty", 0).sized("open", 4).sized("sizes", 3).file("z", "test").done(),
    ];
    // Of `z`, a and b are equal by git's name and a and c differ by BLAKE3, so b and c need no look.
    let questions = questions(&snapshots);
    assert_eq!(questions.len(), 1);
    let members: Vec<usize> = questions[0].members.iter().map(|at| at.environment).collect();
    assert_eq!(members, [0, 1, 2]);
    assert_eq!(snapshots[0].entries[questions[0].members[0].entry].path, path("open"));

    let comparison = compare(&snapshots);
    insta::assert_snapshot!(table(&comparison, &snapshots), @r#"
    AAA empty {}
    !!! open {"unreadable"}
    ABC sizes {"content"}
    A-- solo {"presence"}
    AAB z {"content"}
    "#);
    // An open question is answered by nobody: neither equal nor different.
    assert_eq!(comparison.row(1).cells, [Cell::Unreadable(NOT_COMPARED); 3]);
}

#[test]
fn a_digest_of_each_side_links_three() {
    let file = |digests| Content::File(crate::snapshot::File { size: 5, digests });
    let blake3 = Some([1; 32]);
    let git_blob = Some([2; 20]);
    let snapshots = [
        Tree::new("a").put("x", file(Digests { blake3, ..Digests::default() }), 0o644).done(),
        Tree::new("b").put("x", file(Digests { git_blob, ..Digests::default() }), 0o644).done(),
        Tree::new("c").put("x", file(Digests { blake3, git_blob, ..Digests::default() }), 0o644).done(),
    ];
    assert_eq!(questions(&snapshots), []);
    assert!(compare(&snapshots).row(0).is_in_sync());
}

#[test]
fn what_umasks_explain_is_quiet() {
    let tree = |name: &str, file: u32, folder: u32| {
        ["a", "b", "c", "d"]
            .iter()
            .fold(Tree::new(name), |tree, at| tree.file(at, "1").mode(file))
            .folder("f")
            .mode(folder)
    };
    let snapshots = [
        tree("a", 0o644, 0o755)
            .file("key", "1")
            .mode(0o600)
            .file("run", "1")
            .mode(0o755)
            .file("s", "1")
            .mode(0o4755)
            .done(),
        tree("b", 0o664, 0o775)
            .file("key", "1")
            .mode(0o664)
            .file("run", "1")
            .mode(0o664)
            .file("s", "1")
            .mode(0o775)
            .done(),
    ];
    let comparison = compare(&snapshots);
    assert_eq!(comparison.habits()[0].umask, Some(0o022));
    assert_eq!(comparison.habits()[1].umask, Some(0o002));
    insta::assert_snapshot!(table(&comparison, &snapshots), @r#"
    AA a {"umask"}
    AA b {"umask"}
    AA c {"umask"}
    AA d {"umask"}
    AA f {"umask"}
    AA key {"mode"}
    AA run {"executable", "umask"}
    AA s {"mode"}
    "#);
}

#[test]
fn a_world_writable_file_is_never_usual() {
    let tree = |name: &str, mode| {
        ["a", "b", "c"].iter().fold(Tree::new(name), |tree, at| tree.file(at, "1").mode(mode)).done()
    };
    let comparison = compare(&[tree("a", 0o644), tree("b", 0o666)]);
    assert!(comparison.rows().all(|row| row.differences == Differences::MODE));
}

#[test]
fn a_git_tree_knows_only_the_executable_bit() {
    let snapshots = [
        Tree::new("main")
            .file("a", "1")
            .mode(0o100)
            .file("b", "1")
            .mode(0)
            .with(|s| s.knows = crate::snapshot::Knows::default())
            .done(),
        Tree::new("prod").file("a", "1").mode(0o600).file("b", "1").mode(0o604).owner(7).done(),
    ];
    let comparison = compare(&snapshots);
    assert_eq!(comparison.row(0).differences, Differences::EXECUTABLE);
    assert_eq!(comparison.row(1).differences, Differences::NONE);
}

#[test]
fn an_owner_counts_where_it_departs_from_the_usual() {
    let tree = |name: &str, uid: u32, user: &str, odd: u32| {
        let all = ["a", "b", "c", "d", "e"].iter().fold(Tree::new(name), |tree, at| tree.file(at, "1").owner(uid));
        all.file("log", "1").owner(33).file("odd", "1").owner(odd).with(|snapshot| {
            snapshot.names.users.insert(uid, user.to_owned());
            snapshot.names.users.insert(0, "root".to_owned());
            snapshot.names.users.insert(33, "www-data".to_owned());
        })
    };
    let snapshots = [tree("a", 1000, "deploy", 1000).done(), tree("b", 1001, "ops", 0).done()];
    let comparison = compare(&snapshots);
    assert_eq!(comparison.habits()[1].owner.as_deref(), Some("ops"));
    let marked: Vec<&[u8]> = comparison
        .rows()
        .filter(|row| row.differences.contains(Differences::OWNER))
        .map(|row| row.path(&snapshots).as_bytes())
        .collect();
    assert_eq!(marked, [b"odd"]);
}

#[test]
fn rows_are_found() {
    let snapshots = [
        Tree::new("a").file("d/x", "1").file("d/y/z", "1").file("d-e", "1").done(),
        Tree::new("b").file("e", "1").done(),
    ];
    let comparison = compare(&snapshots);
    assert_eq!(comparison.find(&snapshots, &path("e")), Some(5));
    assert_eq!(comparison.find(&snapshots, &path("f")), None);
    assert_eq!(comparison.within(&snapshots, &path("d")), 0..4);
    assert_eq!(comparison.within(&snapshots, &path("c")), 0..0);
    let patterns: Vec<(String, usize)> =
        comparison.patterns().iter().map(|(pattern, count)| (pattern.to_string(), *count)).collect();
    assert_eq!(patterns, [("-A".to_owned(), 1), ("A-".to_owned(), 3)]);
}
