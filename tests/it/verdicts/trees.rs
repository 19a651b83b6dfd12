//! Trees without history, against the commit that they are nearest to.

use std::path::Path;

use driftline::insight::verdict::{self, Applies, Asked, Doubt, Verdict};
use driftline::path::TreePath;
use driftline::snapshot::CommitId;
use tempfile::tempdir;

use super::{commit_id, judge, reading, text};
use crate::support::collecting::{Plan, path};
use crate::support::repo::Repo;

fn lay(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }
}

/// The verdicts on the commits of `source` after `base` in a folder without git that has these files.
fn of_tree(source: &Repo, base: CommitId, folder: &Path, files: &[(&str, &str)]) -> Vec<Verdict> {
    lay(folder, files);
    let judged = judge(&Plan::of(&[source.root(), folder]).collect(), Some((0, base))).0;
    judged.into_iter().map(|(_, judgement)| judgement.verdict).collect()
}

/// What a folder without git is called there that was made of the first commit of `source`, and whether it has its second.
fn under_another_name(name: &str, text: &str, is_base_known: bool) -> (Verdict, Applies, Option<TreePath>) {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("a.py", numbered(99)).write("b.py", "b = 1\n").commit("base");
    let id = commit_id(&source.git(&["rev-parse", "HEAD"]));
    source.write("a.py", numbered(20)).commit("fix");
    let prod = home.path().join("prod");
    lay(&prod, &[(name, text), ("b.py", "b = 1\n")]);
    let collected = Plan::of(&[source.root(), &prod]).collect();
    let base = is_base_known.then_some((0, id));
    let (mut judged, units, found) = judge(&collected, base.clone());
    let asked = Asked { units: &units, source: 0, target: 1, base, is_in_nearest: false };
    let replay = verdict::replay(&units[0], &asked, &found.places, &reading(&collected));
    let after = replay.files.first().and_then(|file| file.after.as_ref()).map(|side| side.path.clone());
    (judged.remove(0).1.verdict, replay.applies, after)
}

/// Sixty lines that are all different, one of them changed.
fn numbered(fixed: usize) -> String {
    let row =
        |at: usize| if at == fixed { "    safe(value)\n".to_owned() } else { format!("    step_{at}(value_{at})\n") };
    (0..60).map(row).collect()
}

#[test]
fn a_file_that_has_another_name_where_no_history_tells_is_found_by_its_content() {
    let own = |text: String| text.replace("step_50", "of_their_own");
    for is_base_known in [true, false] {
        for edit in [|text| text, own] {
            let (verdict, applies, path_there) =
                under_another_name("lib/members.py", &edit(numbered(99)), is_base_known);
            assert_eq!((verdict, applies), (Verdict::Absent, Applies::Clean), "{is_base_known}");
            assert_eq!(path_there, Some(path("lib/members.py")));
            let (verdict, ..) = under_another_name("lib/members.py", &edit(numbered(20)), is_base_known);
            assert_eq!(verdict, Verdict::Present, "{is_base_known}");
        }
    }
    // A copy put aside, a file of another kind, and one that shares less than six tenths are not the file.
    let half: String = numbered(99).lines().take(30).map(|line| format!("{line}\n")).collect();
    for (name, text) in [("a_old.py", numbered(20)), ("a.txt", numbered(20)), ("lib/members.py", half)] {
        let (verdict, applies, _) = under_another_name(name, &text, true);
        assert_ne!(verdict, Verdict::Present, "{name}");
        assert!(matches!(applies, Applies::Conflict { .. }), "{name}: {applies:?}");
    }
}

#[test]
fn a_file_that_is_not_there_went_only_where_the_rest_of_its_folder_is_there() {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    let app = ["app/a.py", "app/b.py", "app/c.py", "app/d.py", "app/old.py"];
    let rest = ["tests/a.py", "tests/b.py", "tests/c.py", "tests/d.py", "ci/run"];
    let names = [app, rest].concat();
    for name in &names {
        source.write(name, format!("first of {name}\nsecond of {name}\n"));
    }
    source.commit("base");
    let id = commit_id(&source.git(&["rev-parse", "HEAD"]));
    source.remove("app/old.py").commit("drop the old").remove("tests/b.py").commit("drop a test");
    source.remove("ci/run").commit("no more ci");
    let verdicts = |absent: &[&str]| -> Vec<(String, Verdict)> {
        let prod = home.path().join("prod");
        let _ = std::fs::remove_dir_all(&prod);
        for name in names.iter().filter(|name| !absent.contains(name)) {
            lay(&prod, &[(name, &format!("first of {name}\nsecond of {name}\n"))]);
        }
        let collected = Plan::of(&[source.root(), &prod]).collect();
        let judged = judge(&collected, Some((0, id.clone()))).0;
        judged.into_iter().map(|(title, judgement)| (title, judgement.verdict)).collect()
    };
    let present = |titles: &[&str]| -> Vec<(String, Verdict)> {
        titles.iter().map(|title| ((*title).to_owned(), Verdict::Present)).collect()
    };
    let all = ["drop the old", "drop a test", "no more ci"];
    assert_eq!(verdicts(&["app/old.py", "tests/b.py", "ci/run"]), present(&all), "nothing else is missing");
    let found = verdicts(&["app/old.py", "tests/a.py", "tests/b.py", "ci/run"]);
    assert_eq!(found, present(&all), "somebody took one file away by hand");
    let found = verdicts(&["app/old.py", "tests/a.py", "tests/b.py", "tests/c.py", "tests/d.py", "ci/run"]);
    assert_eq!(found[0], present(&all)[0], "nothing else is missing beside it");
    for (title, verdict) in &found[1..] {
        let is_open = matches!(verdict, Verdict::Unproven { because: Doubt::Nothing });
        assert!(is_open, "{title}: the tests never were there, nor was perhaps what lies beside them: {verdict:?}");
    }
    assert!(verdicts(&[]).iter().all(|(_, verdict)| *verdict == Verdict::Absent));
}

#[test]
fn what_a_later_change_made_of_it_leaves_nothing_missing_and_proves_nothing() {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("a.py", text("1")).write("b.py", "b = 1\n").commit("base");
    let id = commit_id(&source.git(&["rev-parse", "HEAD"]));
    source.write("a.py", text("2")).commit("first").write("a.py", text("3")).commit("second");
    let verdicts = of_tree(&source, id, &home.path().join("prod"), &[("a.py", &text("3")), ("b.py", "b = 1\n")]);
    assert_eq!(verdicts, [Verdict::Unproven { because: Doubt::Overtaken }, Verdict::Present]);
}

#[test]
fn a_line_that_an_earlier_change_came_without_was_taken_away() {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("a.py", text("1")).write("b.py", "b = 1\n").commit("base");
    let id = commit_id(&source.git(&["rev-parse", "HEAD"]));
    let more = |debug: &str| -> String {
        let lines: String = (0..20).map(|at| format!("    step_{at}(value)\n")).collect();
        text("1") + &lines + debug
    };
    let debug = "    print(value)\n";
    source.write("a.py", more(debug)).commit("add steps").write("a.py", more("")).commit("drop what was for debugging");
    let prod = home.path().join("prod");
    let verdicts = |present: &str| of_tree(&source, id.clone(), &prod, &[("a.py", present), ("b.py", "b = 1\n")]);
    assert_eq!(verdicts(&more("")), [Verdict::Present, Verdict::Present], "both were carried over as one");
    assert_eq!(verdicts(&more(debug)), [Verdict::Present, Verdict::Absent]);
    let neither = verdicts(&text("1"));
    assert_eq!(neither[0], Verdict::Absent);
    assert_ne!(neither[1], Verdict::Present, "there was nothing to take away");
}
