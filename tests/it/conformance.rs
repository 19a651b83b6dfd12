//! What every source promises, asked of each of them.
//!
//! A source joins by `source_suite!(name, prepare)`, where `prepare` makes the source that holds what a [`Tree`] holds. What a kind of
//! source cannot hold (a FIFO in a commit) is asked of those that can.

use driftline::config::SourceSpec;
use driftline::snapshot::{Content, Snapshot};
use tempfile::tempdir;

use crate::support::collecting::{Plan, entry, paths};
use crate::support::pack;
use crate::support::repo::Repo;
use crate::support::sshd::{Kind, busybox, held, with_driftline};
use crate::support::tree::Tree;

/// Names that break whatever takes names for text.
fn odd_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        &b"new\nline"[..],
        b"-rf",
        b"not utf-8 \xff\xfe",
        b"\x1b[31mred",
        b"back\\slash",
        b"quote\"'`$(x)",
        b" blanks ",
        b"...",
        b".gitignore",
        b"\xe2\x80\xaegnp.exe",
        b"*?[a]",
    ]
    .iter()
    .map(|name| name.to_vec())
    .collect();
    names.push(vec![b'n'; 255]);
    names
}

fn collect(prepare: fn(&Tree) -> SourceSpec, tree: &Tree, change: impl FnOnce(Plan) -> Plan) -> Snapshot {
    let mut plan = Plan::of(&[tree.root()]);
    plan.environments[0].source = prepare(tree);
    change(plan).collect().snapshots.remove(0)
}

fn unchanged(plan: Plan) -> Plan {
    plan
}

mod checks {
    use super::*;

    pub(super) fn odd_names_are_listed_and_read(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let mut tree = Tree::at(home.path().join("tree"));
        for name in odd_names() {
            tree = tree.file(&name, &name).file([&b"folder/"[..], &name].concat(), "x");
        }
        let mut plan = Plan::of(&[tree.root()]);
        plan.environments[0].source = prepare(&tree);
        let collected = plan.collect();
        for name in odd_names() {
            let path = crate::support::collecting::path(&name);
            assert!(matches!(entry(&collected.snapshots[0], &name).content, Content::File(_)));
            let content = driftline::snapshot::ContentReader::read(&collected, 0, &path, 1000).unwrap();
            assert_eq!(content, name, "{}", name.escape_ascii());
        }
    }

    pub(super) fn odd_names_are_listed(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let mut tree = Tree::at(home.path().join("tree"));
        for name in odd_names() {
            tree = tree.file(&name, &name).link([&b"folder/"[..], &name].concat(), &name);
        }
        let snapshot = collect(prepare, &tree, unchanged);
        for name in odd_names() {
            let Content::File(file) = entry(&snapshot, &name).content else { panic!("{}", name.escape_ascii()) };
            assert_eq!(file.digests.blake3, Some(*blake3::hash(&name).as_bytes()), "{}", name.escape_ascii());
            let link = &entry(&snapshot, [&b"folder/"[..], &name].concat()).content;
            assert_eq!(*link, Content::Symlink { target: (*name).into() });
        }
    }

    pub(super) fn contents_are_refused_in_words(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree")).file("a.py", "1").file(".env", "SECRET=1");
        let mut plan = Plan::of(&[tree.root()]);
        plan.environments[0].source = prepare(&tree);
        let collected = plan.collect();
        let read = |path: &str| {
            let path = crate::support::collecting::path(path);
            driftline::snapshot::ContentReader::read(&collected, 0, &path, 1000).unwrap_err().0
        };
        assert_eq!(
            read("a.py"),
            "`e0`: cannot read `a.py`: its content is not in the snapshot (`--contents` takes files in focus along)"
        );
        assert_eq!(
            read(".env"),
            "`e0`: cannot read `.env`: it holds secrets, and what the snapshot says of it is sealed by another installation"
        );
    }

    pub(super) fn entries_are_in_path_order(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree"))
            .file("a/b/c", "1")
            .file("a-b", "2")
            .file("a.txt", "3")
            .file("a/b-c", "4")
            .file("B", "5")
            .file("a0", "6");
        let snapshot = collect(prepare, &tree, unchanged);
        assert_eq!(paths(&snapshot), ["B", "a", "a/b", "a/b/c", "a/b-c", "a-b", "a.txt", "a0"]);
        assert!(snapshot.entries.is_sorted_by(|a, b| a.path < b.path));
    }

    pub(super) fn links_are_never_followed(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let outside = Tree::at(home.path().join("outside")).file("secret", "s");
        let tree = Tree::at(home.path().join("tree"))
            .file("folder/file", "f")
            .link("dangling", "nowhere/at all")
            .link("loop", "loop")
            .link("folder/up", "..")
            .link("out", outside.root().to_str().unwrap())
            .link("odd", b"\xff\n");
        let snapshot = collect(prepare, &tree, unchanged);
        assert_eq!(paths(&snapshot), ["dangling", "folder", "folder/file", "folder/up", "loop", "odd", "out"]);
        for (path, target) in
            [("dangling", &b"nowhere/at all"[..]), ("loop", b"loop"), ("folder/up", b".."), ("odd", b"\xff\n")]
        {
            assert_eq!(entry(&snapshot, path).content, Content::Symlink { target: target.into() }, "{path}");
        }
        assert_eq!(snapshot.incidents, []);
    }

    pub(super) fn an_empty_tree_is_no_failure(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree"));
        let snapshot = collect(prepare, &tree, unchanged);
        assert_eq!(paths(&snapshot), [""; 0]);
        assert_eq!(snapshot.unread_because(), None);
    }

    pub(super) fn what_is_ignored_is_not_listed(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree"))
            .file("node_modules/deep/file", "1")
            .file("app/node_modules/x", "2")
            .file("app/a.pyc", "3")
            .file("app/a.py", "4")
            .file("logs", "a file of this name stays");
        let snapshot = collect(prepare, &tree, |plan| plan.ignore(&["node_modules/", "*.pyc", "logs/"]));
        assert_eq!(paths(&snapshot), ["app", "app/a.py", "logs"]);
    }

    pub(super) fn mapped_names_are_common_names(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree"))
            .file("oncall_backend/app/x.py", "x")
            .file("zz/react/src/y.js", "y")
            .file("README", "r");
        let map = [("backend", "oncall_backend"), ("apps/web", "zz/react"), ("docs", "handbook")];
        let plan = |plan: Plan| plan.map(0, &map).ignore(&["/backend/app/*.tmp"]);
        let snapshot = collect(prepare, &tree, plan);
        let expected = ["README", "apps", "apps/web", "apps/web/src", "apps/web/src/y.js", "backend", "backend/app"];
        assert_eq!(paths(&snapshot), [&expected[..], &["backend/app/x.py"]].concat());
        let notes: Vec<&str> = snapshot.incidents.iter().map(|incident| &*incident.message).collect();
        assert_eq!(notes, ["`handbook`, to which `map` gives the name `docs`, is not there"]);
    }

    pub(super) fn two_things_under_one_name_are_refused(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree")).file("backend/x", "1").file("oncall_backend/y", "2");
        let mut plan = Plan::of(&[tree.root()]).map(0, &[("backend", "oncall_backend")]);
        plan.environments[0].source = prepare(&tree);
        let error = plan.try_collect().err().expect("two folders cannot both be `backend`");
        assert_eq!(
            error.to_string(),
            format!(
                "in {}, `backend` is both a path and what `oncall_backend` is mapped to",
                plan.environments[0].name
            )
        );
    }

    pub(super) fn deep_trees_are_walked(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree")).file([b"d/".repeat(600), b"file".to_vec()].concat(), "deep");
        let snapshot = collect(prepare, &tree, unchanged);
        assert_eq!(snapshot.entries.len(), 601);
    }

    pub(super) fn threads_do_not_matter(prepare: fn(&Tree) -> SourceSpec) {
        let home = tempdir().unwrap();
        let mut tree = Tree::at(home.path().join("tree"));
        for number in 0..300 {
            tree = tree.file(format!("{}/{}/{number}", number % 7, number % 31), format!("{}", number % 5));
        }
        let with = |threads| {
            collect(prepare, &tree, |mut plan| {
                plan.threads = threads;
                plan
            })
        };
        assert_eq!(with(1), with(8));
    }
}

/// Asks everything of one source.
macro_rules! source_suite {
    ($name:ident, $prepare:expr) => {
        source_suite!($name, $prepare;
            odd_names_are_listed_and_read, entries_are_in_path_order, links_are_never_followed, an_empty_tree_is_no_failure,
            what_is_ignored_is_not_listed, mapped_names_are_common_names, two_things_under_one_name_are_refused,
            deep_trees_are_walked, threads_do_not_matter);
    };
    ($name:ident, $prepare:expr; $($check:ident),+) => {
        mod $name {
            use super::*;
            $(#[test] fn $check() { super::checks::$check($prepare); })+
        }
    };
}

source_suite!(local_folder, |tree: &Tree| SourceSpec::Folder { path: tree.root().to_owned() });

/// A prefix that takes nothing but a PATH with it.
fn over_exec(path: &str, tree: &Tree) -> SourceSpec {
    let command = ["env", "-i", &format!("PATH={path}")].map(str::to_owned).to_vec();
    SourceSpec::Exec { command, path: tree.root().to_owned(), rate: None, depth: None }
}

source_suite!(over_exec_with_gnu_tools, |tree: &Tree| super::over_exec("/usr/bin:/bin", tree));
source_suite!(over_exec_with_driftline, |tree: &Tree| super::over_exec(with_driftline().to_str().unwrap(), tree));
source_suite!(over_exec_with_busybox, |tree: &Tree| super::over_exec(busybox().to_str().unwrap(), tree));
source_suite!(over_ssh_with_gnu_tools, |tree: &Tree| held(Kind::default(), tree.root()));
source_suite!(over_ssh_with_driftline, |tree: &Tree| {
    held(Kind { path: Some(with_driftline()), ..Kind::default() }, tree.root())
});
source_suite!(over_ssh_with_busybox, |tree: &Tree| {
    held(Kind { path: Some(busybox()), ..Kind::default() }, tree.root())
});

/// Commits the tree to a repository beside it, once.
fn committed(tree: &Tree) -> SourceSpec {
    let repository = tree.root().with_extension("git");
    if !repository.exists() {
        let repo = Repo::init_with(&repository, &["--bare"]);
        let work_tree = format!("--work-tree={}", tree.root().display());
        repo.git(&["config", "core.bare", "false"]);
        repo.git(&[&work_tree, "add", "-A", "-f"]);
        repo.git(&[&work_tree, "commit", "-q", "--allow-empty", "-m", "all of it"]);
    }
    SourceSpec::Git { repository, reference: "main".to_owned() }
}

source_suite!(git_reference, committed);
source_suite!(tar, |tree: &Tree| pack::tar(tree, "tar"));
source_suite!(tar_gz, |tree: &Tree| pack::tar(tree, "tar.gz"));
source_suite!(tar_zst, |tree: &Tree| pack::tar(tree, "tar.zst"));
source_suite!(tar_xz, |tree: &Tree| pack::tar(tree, "tar.xz"));
source_suite!(tar_of_posix, |tree: &Tree| pack::tar_of(tree, "tar", &["--format=posix"]));
source_suite!(zip, |tree: &Tree| pack::zip(tree));
// A snapshot has the digests of all contents and, but for what was asked for, none of them.
source_suite!(snapshot, |tree: &Tree| pack::snapshot(tree);
    odd_names_are_listed, contents_are_refused_in_words, entries_are_in_path_order, links_are_never_followed,
    an_empty_tree_is_no_failure, what_is_ignored_is_not_listed, mapped_names_are_common_names,
    two_things_under_one_name_are_refused, deep_trees_are_walked, threads_do_not_matter);
