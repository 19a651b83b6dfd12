//! Where driftline itself is installed on the far side, it answers, and reads as carefully as at home.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

use driftline::snapshot::{Algorithms, Content, ContentReader as _, EntryRef};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use tempfile::tempdir;

use super::{exec, plan};
use crate::support::collecting::{Plan, entry, reference};
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::sshd::with_driftline;
use crate::support::tree::Tree;

fn over_driftline(here: &std::path::Path, there: &Tree) -> Plan {
    let path = format!("PATH={}", with_driftline().display());
    plan(here, vec![exec(&["/usr/bin/env", "-i", &path], there.root())])
}

#[test]
fn access_times_stay() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file("d/a", "one");
    let there = Tree::at(home.path().join("there")).file("d/a", "two").file("d/b", "x");
    let old = Timespec { tv_sec: 1_000_000_000, tv_nsec: 5 };
    let times = Timestamps { last_access: old, last_modification: old };
    for path in ["d/a", "d/b", "d", ""] {
        rustix::fs::utimensat(CWD, there.path(path), &times, AtFlags::empty()).unwrap();
    }
    let mut collected = over_driftline(here.root(), &there).collect();
    let questions = driftline::compare::questions(&collected.snapshots);
    collected.answer(&questions);
    assert_eq!(collected.read(1, &crate::support::collecting::path("d/a"), 10).unwrap(), b"two");
    assert_eq!(collected.counters().far_files_read, 2, "for its digest, and for its content");
    for path in ["d/a", "d/b", "d", ""] {
        let there = fs::metadata(there.path(path)).unwrap();
        assert_eq!((there.atime(), there.atime_nsec()), (1_000_000_000, 5), "{path}");
    }
}

#[test]
fn every_digest_can_be_had() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file("f", "hello\n");
    let there = Tree::at(home.path().join("there")).file("f", "hello\n");
    let collected = over_driftline(here.root(), &there).collect();
    let all = Algorithms { blake3: true, git_blob: true, sha256: true, keyed: false };
    let of =
        |environment| collected.digests(reference(&collected.snapshots[environment], environment, "f"), all).unwrap();
    let (near, far) = (of(0), of(1));
    assert_eq!(near, far);
    let blob = far.git_blob.unwrap().map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(blob, "ce013625030ba8dba906f756967f9e9ca394464a");
}

#[test]
fn what_a_clean_checkout_knows_is_compared_without_reading_it() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("here"));
    repo.write("a.py", "one\n").write("b.py", "two\n").commit("first");
    let there = Tree::at(home.path().join("there")).file("a.py", "one\n").file("b.py", "owt\n");
    crate::support::tree::settle();
    repo.git(&["update-index", "--refresh"]);
    let outcome = over_driftline(repo.root(), &there).run();
    assert_eq!((outcome.same("a.py"), outcome.same("b.py")), (Some(true), Some(false)));
    let Content::File(file) = entry(&outcome.snapshots[1], "a.py").content else { unreachable!() };
    assert!(file.digests.git_blob.is_some() && file.digests.blake3.is_none(), "{:?}", file.digests);
    assert_eq!((outcome.counters.files_opened, outcome.counters.far_files_read), (0, 2));
}

#[test]
fn a_listing_there_is_that_of_a_folder_here() {
    let home = tempdir().unwrap();
    let mut tree = Tree::at(home.path().join("tree")).link("l", "t\n").fifo("p").socket("s").folder("empty");
    tree = tree.file("a/x", "1").file("b", "").mode("b", 0o4711).modified("a/x", 1_000_000_007).file(".git/HEAD", "x");
    let mut collected = over_driftline(tree.root(), &tree).collect().snapshots;
    let far = collected.remove(1);
    assert_eq!(collected[0].entries, far.entries);
    assert_eq!((&collected[0].names, &collected[0].incidents), (&far.names, &far.incidents));
}

#[test]
fn another_version_is_left_aside_with_a_note() {
    let env = TestEnv::new();
    env.write("here/a", "1");
    env.write("there/a", "1");
    let fake =
        env.write("tools/driftline", "#!/bin/sh\ncase $1 in --version) echo driftline 0.0.1 ;; *) exit 2 ;; esac\n");
    fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (path, there) = (format!("PATH={}:/usr/bin:/bin", env.path("tools").display()), env.path("there"));
    env.write(
        "driftline.toml",
        format!("[env.here]\npath = \"here\"\n[env.far]\nexec = [\"env\", \"-i\", {path:?}]\npath = {there:?}\n"),
    );
    let run = env.driftline(["--no-state", "--format", "json"]).expect(0);
    let report = run.json();
    assert_eq!(report["in_sync"], 1, "{run}");
    let said = "`driftline 0.0.1` is installed there and speaks otherwise; plain tools were used instead";
    assert!(report["incidents"].to_string().contains(said), "{run}");
}

/// Runs the hidden command on what is in `folder`.
fn ask(env: &TestEnv, folder: &str, words: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = env.command();
    command.arg("collect").args(words).current_dir(env.path(folder)).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
fn nothing_outside_the_folder_is_answered() {
    let env = TestEnv::new();
    env.write("secret", "s3cret");
    env.write("root/inside", "fine");
    std::os::unix::fs::symlink("../secret", env.path("root/link")).unwrap();
    std::os::unix::fs::symlink("..", env.path("root/up")).unwrap();
    let words = ["contents", "--nonce", "n0"];
    for hostile in
        [&b"../secret\0"[..], b"./../secret\0", b"/etc/passwd\0", b"./a//b\0", b"\0", b"./link\0", b"./up/secret\0"]
    {
        let answer = ask(&env, "root", &words, hostile);
        let text = String::from_utf8_lossy(&answer).into_owned();
        assert!(!text.contains("s3cret") && !text.contains("root:"), "{text:?}");
        assert!(text.starts_with("E\0denied\0END n0") || text.contains("\0n0 gone\0"), "{text:?}");
    }
    assert!(ask(&env, "root", &words, b"./inside\0").windows(10).any(|part| part == b"fine\0n0 ok"));
    assert!(ask(&env, "root", &["list", "--nonce", "n0"], b"").ends_with(b"\0"));
}

#[test]
fn repositories_are_named_and_not_entered() {
    let env = TestEnv::new();
    env.write("root/.git/HEAD", "ref: refs/heads/main\n");
    env.write("root/inner/.git/HEAD", "ref: refs/heads/main\n");
    env.write("root/linked/.git", "gitdir: ../inner/.git\n");
    fs::create_dir_all(env.path("root/empty/.git")).unwrap();
    let answer = ask(&env, "root", &["list", "--nonce", "n0"], b"");
    let fields: Vec<String> =
        answer.split(|&byte| byte == 0).map(|field| String::from_utf8(field.to_vec()).unwrap()).collect();
    let mut named: Vec<&str> = fields.windows(2).filter(|pair| pair[0] == "G").map(|pair| pair[1].as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["./.git", "./inner/.git", "./linked/.git"]);
    assert!(!fields.iter().any(|field| field.contains("HEAD")), "{fields:?}");
}

#[test]
fn it_is_no_command_for_people() {
    let env = TestEnv::new();
    assert!(!env.driftline(["--help"]).expect(0).stdout().contains("collect"));
    let run = env.driftline(["collect"]).expect(2);
    assert!(run.stderr().contains("this command is for another driftline, which asks by itself"), "{run}");
}

#[test]
fn digests_follow_the_tools_that_there_are() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file("f", "one");
    let there = Tree::at(home.path().join("there")).file("f", "one").file("back\\slash\nline", "x");
    let here = here.file("back\\slash\nline", "x");
    let tools = home.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for tool in ["sh", "find", "stat", "xargs", "cat", "date", "uname", "nice", "dd", "sha256sum"] {
        let from = ["/usr/bin", "/bin"].map(|folder| format!("{folder}/{tool}"));
        let from = from.iter().find(|path| fs::metadata(path).is_ok()).unwrap();
        std::os::unix::fs::symlink(from, tools.join(tool)).unwrap();
    }
    let path = format!("PATH={}", tools.display());
    let known = |number: usize| {
        let outcome = plan(here.root(), vec![exec(&["/usr/bin/env", "-i", &path], there.root())]).run();
        assert_eq!((outcome.same("f"), outcome.same("back\\slash\nline")), (Some(true), Some(true)), "{number}");
        let at = EntryRef {
            environment: 1,
            entry: outcome.snapshots[1].find(&crate::support::collecting::path("f")).unwrap(),
        };
        let Content::File(file) = outcome.snapshots[1].entries[at.entry].content else { unreachable!() };
        Algorithms::known(&file.digests)
    };
    assert_eq!(known(0), Algorithms { sha256: true, ..Algorithms::default() });
    std::os::unix::fs::symlink("/usr/bin/b3sum", tools.join("b3sum")).unwrap();
    assert_eq!(known(1), Algorithms { blake3: true, ..Algorithms::default() });
}
