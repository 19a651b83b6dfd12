//! No command changes an environment: not a byte, not a time, not a mode, `.git` included.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::support::run::TestEnv;

/// All that can be seen of a tree from outside without changing it: for each path mode, owner, links, size, times (of access too for what is not
/// `.git`, whose objects libgit2 opens without a way to leave that time alone), and content.
pub(crate) fn picture(root: &Path) -> BTreeMap<PathBuf, (Vec<i64>, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut stack = vec![root.to_owned()];
    while let Some(path) = stack.pop() {
        let before = fs::symlink_metadata(&path).unwrap();
        let numbers = |of: &fs::Metadata, accessed: bool| {
            let mut numbers = vec![
                i64::from(of.mode()),
                i64::from(of.uid()),
                i64::from(of.gid()),
                of.nlink().cast_signed(),
                of.ino().cast_signed(),
                of.size().cast_signed(),
                of.mtime(),
                of.mtime_nsec(),
                of.ctime(),
                of.ctime_nsec(),
            ];
            if accessed {
                numbers.extend([of.atime(), of.atime_nsec()]);
            }
            numbers
        };
        let in_git = path.components().any(|part| part.as_os_str() == ".git");
        let content = if before.is_dir() {
            let names: Vec<PathBuf> = read_without_a_trace(&path);
            stack.extend(names.iter().cloned());
            Vec::new()
        } else if before.is_file() {
            read_file_without_a_trace(&path)
        } else if before.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            Vec::new()
        };
        // A link's access time moves when anybody resolves it.
        all.insert(path.clone(), (numbers(&before, !in_git && !before.is_symlink()), content));
    }
    all
}

fn read_without_a_trace(folder: &Path) -> Vec<PathBuf> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOATIME | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(folder, flags, Mode::empty()).unwrap();
    let mut entries = rustix::fs::Dir::read_from(&descriptor).unwrap();
    let mut names = Vec::new();
    while let Some(entry) = entries.read() {
        use std::os::unix::ffi::OsStrExt as _;
        let name = entry.unwrap().file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(folder.join(std::ffi::OsStr::from_bytes(&name)));
        }
    }
    names
}

fn read_file_without_a_trace(path: &Path) -> Vec<u8> {
    use rustix::fs::{Mode, OFlags};
    use std::io::Read as _;
    let flags = OFlags::RDONLY | OFlags::NOATIME | OFlags::CLOEXEC;
    let mut content = Vec::new();
    fs::File::from(rustix::fs::open(path, flags, Mode::empty()).unwrap()).read_to_end(&mut content).unwrap();
    content
}

/// Three environments with everything that could be touched: a dirty checkout whose index is out of date, a link, an empty folder,
/// artifacts, a private file.
fn environment() -> TestEnv {
    let env = TestEnv::new();
    let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
    let debug = env.path("demo/debug");
    std::os::unix::fs::symlink("nowhere", debug.join("dangling")).unwrap();
    fs::create_dir(debug.join("empty")).unwrap();
    // A later time in the files than in the index: git itself would refresh its index now.
    let touched = debug.join("backend/app/__init__.py");
    fs::File::options().append(true).open(touched).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    env
}

#[test]
fn the_picture_shows_a_refreshed_index() {
    let env = environment();
    let root = env.path("demo/debug");
    let before = picture(&root);
    let git = std::process::Command::new("git")
        .args(["-C", root.to_str().unwrap(), "-c", "safe.directory=*", "status", "--short"])
        .env("HOME", env.path("home"))
        .output()
        .unwrap();
    assert!(git.status.success(), "{git:?}");
    assert_ne!(before, picture(&root), "git status refreshes the index, and the picture must show it");
}

#[test]
fn no_command_changes_an_environment() {
    let env = environment();
    let config = env.path("demo/driftline.toml");
    let config = config.to_str().unwrap();
    let roots = ["prod", "staging", "debug"].map(|name| env.path("demo").join(name));
    let before = roots.each_ref().map(|root| picture(root));
    for arguments in [
        &["--config", config][..],
        &["--config", config, "--format", "json", "--rehash", "--threads", "8"],
        &["--config", config, "--no-state"],
        &["diff", "--config", config, "MemberService"],
        &["diff", "--config", config, "--all", "--view", "columns", "--width", "160"],
        &["diff", "--config", config, "--all", "--format", "json"],
        &["candidates", "--config", config],
        &["candidates", "show", "f1", "--config", config],
        &["candidates", "--config", config, "--from", "debug", "--to", "prod", "--export", "patches"],
        &["status", "main=git:demo/staging@main", "work=demo/debug"],
        &["diff", "HomeService.py", "main=git:demo/staging@main", "work=demo/debug"],
        &["diff", "MemberService", "--config", config, "prod", "staging"],
        &["report", "--config", config, "--out", "reports"],
        &["accept", "--all", "--because", "as it was found", "--config", config],
        &["report", "--config", config, "--format", "json"],
        &["history", "--config", config],
        &["explain", "oncall_backend", "--config", config],
        &["doctor", "--config", config],
        &["doctor", "work=demo/debug", "main=git:demo/staging@main", "--format", "json"],
        &["init", "prod=demo/prod", "staging=demo/staging", "debug=demo/debug"],
        &["init", "work=demo/debug", "main=git:demo/staging@main", "-o", "-"],
        &["snapshot", "--config", config, "-o", "snapshots/", "--contents"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let run = env.driftline(arguments);
        assert!(matches!(run.status(), 0 | 1), "{arguments:?}: {run}");
        for (root, before) in roots.iter().zip(&before) {
            let after = picture(root);
            for (path, was) in before {
                assert_eq!(after.get(path), Some(was), "{arguments:?} changed {}", path.display());
            }
            assert_eq!(after.len(), before.len(), "{arguments:?} added something to {}", root.display());
        }
    }
}
