//! Files and folders that go, come and are moved, in several steps or with others.

use driftline::insight::units;
use driftline::insight::verdict::Verdict;
use tempfile::tempdir;

use super::{Sides, commit_id, judge, reading, text};
use crate::support::collecting::{Plan, path};
use crate::support::repo::Repo;

#[test]
fn a_folder_that_the_target_renamed_after_both_parted_was_there_before() {
    let sides = Sides::new(&[("backend/app.py", &text("1")), ("backend/util.py", &text("2")), ("tool.sh", "run\n")]);
    let base = commit_id(&sides.source.git(&["rev-parse", "HEAD"]));
    sides.source.remove("backend/app.py").commit("drop the app");
    sides.target.git(&["mv", "backend", "server"]);
    sides.target.commit("another name");
    sides.target.remove("server/app.py").remove("tool.sh");
    let collected = Plan::of(&[sides.source.root(), sides.target.root()]).map(1, &[("backend", "server")]).collect();
    let (judged, ..) = judge(&collected, None);
    assert_eq!(judged[0].1.verdict, Verdict::Present);
    let before = reading(&collected).commits.at(1, &base, &path("backend/app.py")).unwrap();
    assert_eq!(before, reading(&collected).commits.at(0, &base, &path("backend/app.py")).unwrap());
    assert!(before.is_some());
}

#[test]
fn what_was_taken_back_is_not_there_because_another_file_has_the_same_line() {
    let line = "shared_value = compute(everything)\n";
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    let target = Repo::init(home.path().join("target"));
    for (repo, title) in [(&source, "base"), (&target, "as it is here")] {
        repo.write("a.py", text("1")).write("c.py", text("2")).commit(title);
        repo.write("c.py", text("2") + line).commit("change c").write("b.py", line).commit("add b");
    }
    let base = commit_id(&source.git(&["rev-parse", "HEAD~2"]));
    target.write("a.py", text("3")).remove("b.py").commit("no b");
    let collected = Plan::of(&[source.root(), target.root()]).collect();
    let (judged, ..) = judge(&collected, Some((0, base)));
    let verdicts: Vec<(&str, &Verdict)> = judged.iter().map(|(title, it)| (&**title, &it.verdict)).collect();
    assert_eq!(verdicts, [("change c", &Verdict::Present), ("add b", &Verdict::Absent)]);
}

#[test]
fn beside_a_file_that_may_never_have_been_there_the_end_of_another_tells() {
    let open = text("1").trim_end().to_owned();
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("app.py", &open).write("core.c", text("2"));
    for name in ["one", "two", "three", "four"] {
        source.write(name, text(name));
    }
    source.commit("base").write("app.py", text("1")).remove("core.c").commit("both");
    let id = commit_id(&source.git(&["rev-parse", "HEAD~1"]));
    let prod = home.path().join("prod");
    std::fs::create_dir(&prod).unwrap();
    for (base, app, is_there) in
        [(Some(&id), text("1"), true), (None, text("1"), true), (Some(&id), open.clone(), false)]
    {
        std::fs::write(prod.join("app.py"), app).unwrap();
        std::fs::write(prod.join("four"), text("four")).unwrap();
        let collected = Plan::of(&[source.root(), &prod]).collect();
        let (judged, ..) = judge(&collected, base.map(|id| (0, id.clone())));
        assert_eq!(judged[0].1.verdict == Verdict::Present, is_there, "{base:?} {judged:#?}");
    }
}

#[test]
fn a_stash_moves_a_file_though_git_did_not_know_the_new_one() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("repo"));
    repo.write("a.py", text("1")).write("b.py", text("2")).write("c.py", text("3")).commit("base");
    repo.remove("a.py").write("new/a.py", text("1"));
    // Gone for git, and there again as a file that it does not know.
    repo.git(&["rm", "-q", "--cached", "b.py", "c.py"]);
    repo.write("b.py", text("4"));
    repo.git(&["stash", "push", "-q", "-u", "-m", "half done"]);
    let collected = Plan::of(&[repo.root()]).collect();
    let found = units::stashes(0, &collected.snapshots, &collected);
    let changes: Vec<(String, Option<String>, bool)> = found.units[0]
        .changes
        .iter()
        .map(|change| {
            let from = change.renamed_from().map(|path| format!("{path:?}"));
            (format!("{:?}", change.path()), from, change.before.is_some())
        })
        .collect();
    let expected = [("`b.py`".to_owned(), None, true), ("`new/a.py`".to_owned(), Some("`a.py`".to_owned()), true)];
    assert_eq!(changes, expected);
}
