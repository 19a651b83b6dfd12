//! One shell of the far side answers everything that is asked over ssh, and files are looked at as seldom as that allows.

use std::fs;
use std::path::Path;

use driftline::compare;
use driftline::snapshot::{ContentReader as _, EntryRef};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::tempdir;

use super::plan;
use super::reading::{assert_nothing_is_written, over, tiers, under_strace};
use crate::support::collecting::{Plan, path};
use crate::support::sshd::{Kind, busybox, held};
use crate::support::tree::Tree;

fn trees(home: &Path) -> (Tree, Tree) {
    let tree = |name: &str, word: &str| {
        Tree::at(home.join(name)).file("a", "same").file("b\nc", word).file("d/e", "also the same").link("l", "a")
    };
    (tree("here", "one"), tree("there", "two"))
}

/// Over a server that keeps the number of each shell that it starts.
fn over_counted(log: &Path, tools: &Path, here: &Tree, there: &Tree) -> Plan {
    let force = format!("echo $$ >>{}; exec $SSH_ORIGINAL_COMMAND", log.display());
    let kind = Kind { force: Some(force), path: Some(tools.to_owned()), ..Kind::default() };
    plan(here.root(), vec![held(kind, there.root())])
}

fn shells(log: &Path) -> Vec<Pid> {
    let log = fs::read_to_string(log).unwrap();
    log.lines().map(|line| Pid::from_raw(line.parse().unwrap()).unwrap()).collect()
}

/// A listing, digests, and contents.
fn ask_everything(plan: &Plan, between: &dyn Fn(u32)) {
    let mut collected = plan.collect();
    between(0);
    let questions = compare::questions(&collected.snapshots);
    collected.answer(&questions);
    between(1);
    let comparison = compare::compare(&collected.snapshots);
    let patterns: Vec<String> = comparison.rows().map(|row| row.pattern().as_str().to_owned()).collect();
    assert_eq!(patterns, ["AA", "AB", "AA", "AA", "AA"]);
    assert_eq!(collected.read(1, &path("b\nc"), 100).unwrap(), b"two");
    assert_eq!(collected.snapshots[1].incidents, []);
    assert_eq!(collected.counters().round_trips, 3);
}

#[test]
fn one_login_is_enough() {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    let log = home.path().join("log");
    ask_everything(&over_counted(&log, Path::new("/usr/bin:/bin"), &here, &there), &|_| {});
    assert_eq!(shells(&log).len(), 1);
}

#[test]
fn what_stays_writes_nothing() {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    let trace = home.path().join("trace");
    let traced = under_strace(&trace, "/usr/bin:/bin").join(" ");
    let kind = Kind { force: Some(format!("{traced} $SSH_ORIGINAL_COMMAND")), ..Kind::default() };
    ask_everything(&plan(here.root(), vec![held(kind, there.root())]), &|_| {});
    assert_nothing_is_written(&trace, "over ssh");
}

/// Where nothing takes from a stream exactly what is meant for it, each answer has a shell of its own.
#[test]
fn a_shell_for_each_answer_where_it_must_be() {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    let log = home.path().join("log");
    let plan = over_counted(&log, &busybox(), &here, &there);
    ask_everything(&plan, &|_| {});
    assert_eq!(shells(&log).len(), 3);
}

/// What waited and is gone is no failure: another one is asked.
#[test]
fn what_went_away_while_it_waited_is_asked_for_anew() {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    let log = home.path().join("log");
    let plan = over_counted(&log, Path::new("/usr/bin:/bin"), &here, &there);
    ask_everything(&plan, &|_| kill_process(*shells(&log).last().unwrap(), Signal::KILL).unwrap());
    assert_eq!(shells(&log).len(), 3);
}

#[test]
fn what_was_written_anew_since_it_was_listed_is_asked_about_once_more() {
    let home = tempdir().unwrap();
    for (number, tools) in tiers().iter().enumerate() {
        let (here, there) = trees(&home.path().join(number.to_string()));
        let mut collected = over(tools, &here, &there).collect();
        let file = there.path("a");
        fs::write(&file, "news").unwrap();
        // Later than it was, also for those who see whole seconds only.
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        crate::support::tree::set_modified(&file, later);
        let questions = compare::questions(&collected.snapshots);
        collected.answer(&questions);
        let comparison = compare::compare(&collected.snapshots);
        let row = comparison.rows().find(|row| row.path(&collected.snapshots) == &path("a")).unwrap();
        assert_eq!(row.pattern().as_str(), "AB", "{tools}");
        // driftline looks for itself before it reads.
        let trips = if number == 2 { 2 } else { 3 };
        assert_eq!(collected.counters().round_trips, trips, "{tools}");
        assert_eq!(collected.snapshots[1].incidents, [], "{tools}");
    }
}

/// Also while contents come, which have no lines of their own to say it.
#[test]
fn contents_of_what_vanished_leave_the_others_whole() {
    let home = tempdir().unwrap();
    for (number, tools) in tiers().iter().enumerate() {
        let (here, there) = trees(&home.path().join(number.to_string()));
        let collected = over(tools, &here, &there).collect();
        fs::remove_file(there.path("a")).unwrap();
        let entries: Vec<EntryRef> = ["a", "b\nc", "d/e"]
            .iter()
            .map(|name| EntryRef { environment: 1, entry: collected.snapshots[1].find(&path(name)).unwrap() })
            .collect();
        collected.prefetch(&entries);
        let trips = collected.counters().round_trips;
        assert_eq!(collected.read(1, &path("b\nc"), 100).unwrap(), b"two", "{tools}");
        assert_eq!(collected.read(1, &path("d/e"), 100).unwrap(), b"also the same", "{tools}");
        assert_eq!(collected.counters().round_trips, trips, "{tools}: they came together");
        let gone = collected.read(1, &path("a"), 100).unwrap_err().0;
        assert_eq!(
            gone, "`e1`: `a` is unstable: it went away, or became something else, before it was read",
            "{tools}"
        );
    }
}
