//! How little is read and sent, and that nothing is changed by it.

use std::time::Duration;

use driftline::snapshot::{Content, ContentReader as _};
use tempfile::tempdir;

use super::{exec, plan};
use crate::support::collecting::{Plan, path};
use crate::support::sshd::{Kind, busybox, held, with_driftline};
use crate::support::tree::Tree;

fn tree(root: &std::path::Path, files: usize) -> Tree {
    let mut tree = Tree::at(root);
    for number in 0..files {
        tree = tree.file(format!("d{}/f{number}", number % 7), format!("{number:>8}"));
    }
    tree
}

/// The system's tools, those of busybox, and driftline itself.
pub(super) fn tiers() -> [String; 3] {
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    ["/usr/bin:/bin".to_owned(), text(busybox()), text(with_driftline())]
}

fn env(tools: &str) -> Vec<String> {
    ["/usr/bin/env", "-i", &format!("PATH={tools}")].map(str::to_owned).to_vec()
}

pub(super) fn over(tools: &str, here: &Tree, there: &Tree) -> Plan {
    let command = env(tools);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    plan(here.root(), vec![exec(&words, there.root())])
}

#[test]
fn round_trips_do_not_grow_with_files() {
    let home = tempdir().unwrap();
    for (number, files) in [3, 400].into_iter().enumerate() {
        let here = tree(&home.path().join(format!("here{number}")), files);
        let there = tree(&home.path().join(format!("there{number}")), files);
        let plan = plan(here.root(), vec![held(Kind::default(), there.root())]);
        let outcome = plan.run();
        assert_eq!((outcome.counters.round_trips, outcome.counters.far_files_read), (2, files as u64));
        assert_eq!(outcome.counters.files_opened, files as u64, "the same number of files is read here");
        assert_eq!(outcome.same("d0/f0"), Some(true));
    }
}

#[test]
fn a_listing_that_decides_costs_no_reading() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file("a", "1").file("only", "x");
    let there = Tree::at(home.path().join("there")).file("a", "22").file("lonely", "yy");
    for tools in tiers() {
        let outcome = over(&tools, &here, &there).run();
        assert_eq!((outcome.counters.round_trips, outcome.counters.far_files_read), (1, 0), "{tools}");
        assert_eq!(outcome.counters.files_opened, 0, "{tools}");
        assert!(outcome.counters.bytes_sent > 0 && outcome.counters.bytes_received > 0, "{tools}");
    }
}

#[test]
fn a_second_run_reads_nothing_there() {
    let home = tempdir().unwrap();
    let here = tree(&home.path().join("here"), 20);
    let there = tree(&home.path().join("there"), 20).file("d1/f1", "changed!");
    for (number, tools) in tiers().iter().enumerate() {
        // Whole seconds are all that some tools show, so a change has to be some seconds old before its time proves anything.
        std::thread::sleep(Duration::from_millis(if number == 1 { 3100 } else { 150 }));
        let plan = over(tools, &here, &there).state(&home.path().join(format!("state{number}")));
        let first = plan.run();
        assert_eq!((first.counters.round_trips, first.counters.far_files_read), (2, 20), "{tools}");
        let second = plan.run();
        assert_eq!((second.counters.round_trips, second.counters.far_files_read), (1, 0), "{tools}");
        assert_eq!(second.counters.files_opened, 0, "{tools}");
        assert_eq!(second.snapshots, first.snapshots, "{tools}: a warm cache changes no answer");
        assert_eq!((second.same("d0/f0"), second.same("d1/f1")), (Some(true), Some(false)), "{tools}");
    }
}

#[test]
fn a_change_there_is_noticed_in_spite_of_size_and_time() {
    let home = tempdir().unwrap();
    let here = tree(&home.path().join("here"), 3);
    let there = tree(&home.path().join("there"), 3);
    std::thread::sleep(Duration::from_millis(150));
    let plan = over("/usr/bin:/bin", &here, &there).state(&home.path().join("state"));
    assert_eq!(plan.run().same("d1/f1"), Some(true));
    let file = there.path("d1/f1");
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, "????????").unwrap();
    crate::support::tree::set_modified(&file, before);
    assert_eq!(plan.run().same("d1/f1"), Some(false));
}

#[test]
fn what_is_left_out_by_name_is_not_even_listed_there() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file("a", "1");
    let there = Tree::at(home.path().join("there")).file("a", "1").file("x/node_modules/m/f", "1");
    for number in 0..500 {
        std::fs::write(there.path(format!("x/node_modules/m/{number}")), "x").unwrap();
    }
    let all = over("/usr/bin:/bin", &here, &there).run().counters.bytes_received;
    let without = over("/usr/bin:/bin", &here, &there).ignore(&["node_modules/"]).run();
    assert!(without.counters.bytes_received + 30_000 < all, "{} of {all}", without.counters.bytes_received);
    assert_eq!(without.snapshots[1].entries.len(), 2);
}

#[test]
fn many_contents_are_one_round_trip() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here"));
    let odd = b"odd \n\xff\\ name";
    let there = tree(&home.path().join("there"), 150).file(odd, b"zero \0 and\n\0 more").file("empty", "");
    let collected = over("/usr/bin:/bin", &here, &there).collect();
    let before = collected.counters();
    let files: Vec<_> = collected.snapshots[1]
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(entry.content, Content::File(_)))
        .map(|(entry, _)| driftline::snapshot::EntryRef { environment: 1, entry })
        .collect();
    collected.prefetch(&files);
    assert_eq!(collected.counters().round_trips, before.round_trips + 1);
    assert_eq!(collected.read(1, &path(odd), 100).unwrap(), b"zero \0 and\n\0 more");
    for number in 0..150 {
        let content = collected.read(1, &path(format!("d{}/f{number}", number % 7)), 100).unwrap();
        assert_eq!(content, format!("{number:>8}").into_bytes());
    }
    assert_eq!(collected.counters().round_trips, before.round_trips + 1, "they were there already");
}

#[test]
fn nothing_there_is_written() {
    let home = tempdir().unwrap();
    let here = tree(&home.path().join("here"), 5);
    let there = tree(&home.path().join("there"), 5).link("l", "x").file("d1/f1", "changed!");
    for (number, tools) in tiers().iter().enumerate() {
        let trace = home.path().join(format!("trace{number}"));
        let command = under_strace(&trace, tools);
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let mut collected = plan(here.root(), vec![exec(&words, there.root())]).collect();
        let questions = driftline::compare::questions(&collected.snapshots);
        collected.answer(&questions);
        collected.read(1, &path("d1/f1"), 100).unwrap();
        assert_nothing_is_written(&trace, tools);
    }
}

/// Collects a folder alone, and keeps what the far side asked of its system.
pub(super) fn traced(trace: &std::path::Path, tools: &str, root: &std::path::Path) -> driftline::snapshot::Snapshot {
    let command = under_strace(trace, tools);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let mut plan = Plan::of(&[root]);
    plan.environments[0].source = exec(&words, root);
    plan.run().snapshots.remove(0)
}

pub(super) fn under_strace(trace: &std::path::Path, tools: &str) -> Vec<String> {
    let calls = "trace=open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,\
                 symlinkat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utime,utimes,utimensat,futimesat,truncate,ftruncate,\
                 mknod,mknodat,setxattr,lsetxattr,fsetxattr";
    // Each round trip adds to it.
    let strace = ["strace", "-A", "-f", "-qq", "-s", "200", "-o", trace.to_str().unwrap(), "-e", calls];
    strace.map(str::to_owned).into_iter().chain(env(tools)).collect()
}

pub(super) fn assert_nothing_is_written(trace: &std::path::Path, tools: &str) {
    let calls = std::fs::read_to_string(trace).unwrap();
    assert!(calls.lines().count() > 10, "strace saw what was done");
    let writes = |line: &&str| {
        let opens = line.contains("open(") || line.contains("openat(");
        let to_write = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"].iter().any(|flag| line.contains(flag));
        (!opens || to_write)
            && !line.contains("\"/dev/null\"")
            && !line.contains("--- SIG")
            && !line.contains("+++ ")
            && !line.contains("resumed>")
            // A process that strace let go of without having seen what it asked for.
            && !line.contains("???( <detached")
    };
    let writing: Vec<&str> = calls.lines().filter(writes).collect();
    assert!(writing.is_empty(), "{tools}: {writing:#?}");
}

#[test]
fn a_rate_is_kept_to() {
    let home = tempdir().unwrap();
    let here = tree(&home.path().join("here"), 6);
    let there = tree(&home.path().join("there"), 6);
    let mut plan = over("/usr/bin:/bin", &here, &there);
    let driftline::config::SourceSpec::Exec { rate, .. } = &mut plan.environments[1].source else { unreachable!() };
    // Far more than is there: every file is still asked for by itself, and all are answered.
    *rate = std::num::NonZeroU64::new(1 << 30);
    let outcome = plan.run();
    assert_eq!((outcome.counters.round_trips, outcome.counters.far_files_read), (2, 6));
    assert_eq!(outcome.same("d0/f0"), Some(true));
    // Six files of eight bytes, of which the last is asked for when the others are paid for.
    let driftline::config::SourceSpec::Exec { rate, .. } = &mut plan.environments[1].source else { unreachable!() };
    *rate = std::num::NonZeroU64::new(40);
    let began = std::time::Instant::now();
    assert_eq!(plan.run().counters.far_files_read, 6);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}
