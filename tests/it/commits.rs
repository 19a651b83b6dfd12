//! Commits beyond those of others, and what they changed.

use driftline::insight::units;
use driftline::snapshot::{Blob, BlobKind, CommitReader as _};
use tempfile::tempdir;

use crate::support::collecting::{Plan, path};
use crate::support::repo::Repo;

#[test]
fn commits_beyond_are_those_that_no_other_reaches_in_any_clone() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("here/a", "1\n").write("outside", "1\n").commit("base");
    let clone = home.path().join("clone");
    repo.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let clone = Repo::at(clone);
    clone.write("here/a", "clone\n").commit("only in the clone");
    // All have one time: only the parents tell the order.
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("here/b", "side\n").commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("here/sub/c", "2\n").write("outside", "2\n").commit("main");
    repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let plain = home.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let roots = [repo.path("here"), clone.path("here"), plain];
    let roots: Vec<&std::path::Path> = roots.iter().map(std::path::PathBuf::as_path).collect();
    let collected = Plan::of(&roots).map(0, &[("common", "sub")]).collect();

    let beyond = collected.beyond(0, &[1]).unwrap();
    let subjects: Vec<&str> = beyond.commits.iter().map(|commit| commit.summary.subject.as_str()).collect();
    assert_eq!(subjects.len(), 3);
    assert_eq!(subjects[2], "merge");
    assert_eq!(beyond.base.as_ref().unwrap().subject, "base");
    assert_eq!(collected.beyond(1, &[0]).unwrap().commits.len(), 1);
    assert_eq!(collected.beyond(0, &[2]).unwrap().commits.len(), 4);
    assert_eq!(collected.beyond(0, &[2]).unwrap().base, None);
    assert_eq!(collected.beyond(2, &[0]).unwrap().commits.len(), 0);

    let base = &beyond.base.unwrap().id;
    let head = &beyond.commits[2].summary.id;
    let changes = collected.changes(0, Some(base), head).unwrap();
    let paths: Vec<String> = changes.iter().map(|change| format!("{:?}", change.path)).collect();
    assert_eq!(paths, ["`b`", "`common/c`"], "maps are followed, and what is outside is left out");
    let (file, blob) = (&changes[1].path, changes[1].after.unwrap());
    assert_eq!((collected.blob(0, file, blob, 100).unwrap(), blob.kind), (b"2\n".to_vec(), BlobKind::File));
    assert!(collected.blob(0, file, blob, 1).unwrap_err().to_string().contains("more than 1"));
    assert_eq!(collected.at(0, head, &path("common/c")).unwrap(), changes[1].after);
    assert_eq!(collected.at(0, base, &path("common/c")).unwrap(), None);
    assert_eq!(collected.message(0, head).unwrap(), b"merge\n");

    let units = units::commits(&collected.beyond(0, &[1]).unwrap(), 0, &collected).unwrap();
    let mut titles: Vec<&str> = units.iter().map(|unit| unit.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["main", "side"], "a merge brings nothing of its own");
}

#[test]
fn what_a_commit_changed_is_told_by_kind() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("file", "1\n").write("folder/x", "1\n").write("tool", "1\n").write("gone", "gone\n").commit("one");
    repo.remove("folder/x");
    std::fs::remove_dir(repo.path("folder")).unwrap();
    repo.remove("file");
    repo.write("folder", "now a file\n").write("file/y", "now a folder\n").write("moved/gone", "gone\n");
    repo.remove("gone");
    repo.git(&["add", "-A"]);
    repo.git(&["update-index", "--chmod=+x", "tool"]);
    repo.git(&["commit", "-q", "-m", "two"]);
    let collected = Plan::of(&[repo.root()]).collect();
    let beyond = collected.beyond(0, &[]).unwrap();
    let changes = collected.changes(0, Some(&beyond.commits[0].summary.id), &beyond.commits[1].summary.id).unwrap();
    let seen: Vec<String> = changes
        .iter()
        .map(|change| {
            let kind = |blob: Option<Blob>| blob.map_or("-".to_owned(), |blob| format!("{:?}", blob.kind));
            format!("{:?} {} {}", change.path, kind(change.before), kind(change.after))
        })
        .collect();
    assert_eq!(
        seen,
        [
            "`file` File -",
            "`file/y` - File",
            "`folder` - File",
            "`folder/x` File -",
            "`gone` File -",
            "`moved/gone` - File",
            "`tool` File Executable",
        ]
    );
    let units = units::commits(&beyond, 0, &collected).unwrap();
    assert_eq!(units.len(), 2);
    let renamed: Vec<_> = units[1].changes.iter().filter_map(units::FileChange::renamed_from).collect();
    assert_eq!(renamed, [&path("gone")]);
}
