//! Earlier versions of files.

use driftline::config::SourceSpec;
use driftline::snapshot::HistoryReader;
use tempfile::tempdir;

use crate::support::collecting::{Plan, path};
use crate::support::repo::Repo;

#[test]
fn the_committed_version_has_the_line_endings_of_the_checkout() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write(".gitattributes", "*.bat eol=crlf\n").write("a.bat", "1\r\n").write("b", "1\n").commit("one");
    repo.write("a.bat", "2\r\n").write("b", "2\n").write("new", "");
    let mut plan = Plan::of(&[repo.root(), repo.root()]);
    plan.environments[1].source = SourceSpec::Git { repository: repo.root().to_owned(), reference: "main".to_owned() };
    let collected = plan.collect();
    assert_eq!(collected.committed(0, &path("a.bat")).unwrap().unwrap(), b"1\r\n");
    assert_eq!(collected.committed(1, &path("a.bat")).unwrap().unwrap(), b"1\n");
    assert_eq!(collected.committed(0, &path("b")).unwrap().unwrap(), b"1\n");
    assert_eq!(collected.committed(0, &path("new")), Ok(None));
    assert_eq!(collected.committed(0, &path("b/x")), Ok(None));
}

#[test]
fn versions_are_distinct_and_newest_first() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    let at = |seconds: u32, name: &str, content: &str| {
        repo.write(name, content);
        repo.git(&["add", "-A"]);
        let date = format!("{seconds} +0000");
        repo.git_at(&date, &["commit", "-q", "-m", &format!("{name} {content}")]);
    };
    at(1_700_000_000, "here/backend/a", "0");
    std::fs::remove_dir_all(repo.path("here/backend")).unwrap();
    at(1_700_000_100, "here/app/a", "1");
    at(1_700_000_200, "here/app/a", "2");
    at(1_700_000_300, "other", "x");
    at(1_700_000_400, "here/app/a", "1");
    at(1_700_000_500, "here/app/a", "3");
    at(1_700_000_600, "other", "y");
    let collected = Plan::of(&[repo.path("here").as_path()]).map(0, &[("backend", "app")]).collect();
    let versions = collected.versions(0, &path("backend/a")).unwrap();
    let subjects: Vec<&str> = versions.iter().map(|version| version.commit.subject.as_str()).collect();
    // Each with the newest commit that has it: 3, then 1 (again), then 2, and 0 from before the folder got its name here.
    assert_eq!(subjects, ["other y", "here/app/a 1", "other x", "here/backend/a 0"]);
    assert_eq!(collected.versions(0, &path("backend/none")), Ok(vec![]));
}

#[test]
fn the_common_ancestor_is_found_between_different_clones() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "old\n").commit("old");
    repo.write("a", "base\n").commit("base");
    let clone = |name: &str| {
        let root = home.path().join(name);
        repo.git(&["clone", "-q", ".", root.to_str().unwrap()]);
        Repo::at(root)
    };
    let (first, second) = (clone("first"), clone("second"));
    first.write("a", "first\n").commit("first");
    first.write("b", "first\n").commit("first again");
    second.write("a", "second\n").commit("second");
    let stranger = Repo::init(home.path().join("stranger"));
    stranger.write("a", "x\n").commit("x");
    let plain = home.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let roots = [first.root(), second.root(), repo.root(), stranger.root(), &plain];
    let collected = Plan::of(&roots).collect();
    for environments in [&[0, 1][..], &[1, 0], &[0, 1, 2], &[0, 2]] {
        let (commit, content) = collected.common_ancestor(environments, &path("a")).unwrap().unwrap();
        assert_eq!((commit.subject.as_str(), content.as_slice()), ("base", &b"base\n"[..]), "{environments:?}");
        assert_eq!(commit.id.to_string(), repo.git(&["rev-parse", "HEAD"]));
    }
    assert_eq!(collected.common_ancestor(&[0, 1], &path("b")), Ok(None));
    assert_eq!(collected.common_ancestor(&[0, 3], &path("a")), Ok(None));
    assert_eq!(collected.common_ancestor(&[0, 4], &path("a")), Ok(None));
}
