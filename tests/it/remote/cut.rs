//! A stream that is cut anywhere leaves things unknown, and never wrong.
//!
//! `dd` passes single bytes on at once, unlike `head`, which keeps an answer back until it is a block.

use driftline::collect::Collected;
use driftline::compare::{self, Cell};
use tempfile::tempdir;

use super::{exec, plan};
use crate::support::collecting::Plan;
use crate::support::proxy::{Fate, Proxy};
use crate::support::sshd::{Kind, Servers};
use crate::support::tree::Tree;

/// Everything exists in both; `same*` are equal, and `other*` differ.
fn trees(home: &std::path::Path) -> (Tree, Tree) {
    let build = |name: &str, content: &str| {
        let mut tree = Tree::at(home.join(name)).link("link", "target").folder("empty");
        for number in 0..4 {
            tree = tree.file(format!("d{number}/same"), format!("{number}")).file(format!("other{number}"), content);
        }
        tree
    };
    (build("here", "one"), build("there", "two"))
}

/// What would be wrong to say, whatever was cut.
fn check(collected: &Collected<'_>, at: usize) -> bool {
    let comparison = compare::compare(&collected.snapshots);
    for row in comparison.rows() {
        let path = String::from_utf8_lossy(row.path(&collected.snapshots).as_bytes()).into_owned();
        assert_ne!(row.cells[1], Cell::Absent, "{path} is not missing, cut at {at}");
        if let [Cell::Variant(a), Cell::Variant(b)] = row.cells[..] {
            assert_eq!(a == b, !path.starts_with("other"), "{path}, cut at {at}");
        }
    }
    let incomplete = collected.snapshots[1].incidents.iter().any(|incident| incident.kind.is_incomplete());
    let unknown = comparison.rows().any(|row| row.cells.iter().any(|cell| matches!(cell, Cell::Unreadable(_))));
    assert!(incomplete || !unknown, "cut at {at}");
    incomplete
}

fn run(plan: &Plan) -> Collected<'static> {
    let mut collected = plan.collect();
    let questions = compare::questions(&collected.snapshots);
    collected.answer(&questions);
    collected
}

/// Points all over a stream of this length, in an order that is no order; the same in every run.
fn points(length: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |number| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % length)
}

fn cut_at_many_points(tools: &str, count: u64) {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    let whole = run(&plan(here.root(), vec![exec(&["/usr/bin/env", "-i", &format!("PATH={tools}")], there.root())]));
    assert!(!check(&whole, 0));
    // Of the two answers, the listing and the digests, at least one is longer than any of the points.
    let listing = plan(here.root(), vec![exec(&["/usr/bin/env", "-i", &format!("PATH={tools}")], there.root())])
        .collect()
        .counters()
        .bytes_received;
    let length = listing.max(whole.counters().bytes_received - listing);
    let mut incomplete = 0;
    let path = format!("PATH={tools}");
    for at in points(length, count) {
        let cut = format!("\"$@\" | /usr/bin/dd bs=1 count={at} 2>/dev/null");
        let command = ["sh", "-c", &cut, "cut", "/usr/bin/env", "-i", &path];
        incomplete += u32::from(check(&run(&plan(here.root(), vec![exec(&command, there.root())])), at as usize));
    }
    assert!(u64::from(incomplete) > count * 9 / 10, "only {incomplete} runs were cut");
}

#[test]
fn anywhere_with_gnu_tools() {
    cut_at_many_points("/usr/bin:/bin", 90);
}

#[test]
fn anywhere_with_busybox() {
    cut_at_many_points(crate::support::sshd::busybox().to_str().unwrap(), 90);
}

#[test]
fn anywhere_with_driftline() {
    cut_at_many_points(crate::support::sshd::with_driftline().to_str().unwrap(), 60);
}

/// The connection itself is cut, in the middle of what is encrypted.
#[test]
fn the_connection_of_ssh() {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    let servers = Servers::start(&[("far", Kind::default())]);
    let mut incomplete = 0;
    for at in points(12_000, 30) {
        servers.detour("far", |port| Proxy::start(port, Fate::Cut(at as usize)).port);
        incomplete += u32::from(check(&run(&plan(here.root(), vec![servers.spec("far", there.root())])), at as usize));
    }
    assert!(incomplete > 8, "only {incomplete} runs were cut");
}

#[test]
fn after_the_listing() {
    let home = tempdir().unwrap();
    let (here, there) = trees(home.path());
    for at in points(1500, 40) {
        let mark = home.path().join(format!("mark{at}"));
        let cut = format!(
            "if [ -e {0} ]; then \"$@\" | /usr/bin/dd bs=1 count={at} 2>/dev/null; else : >{0}; exec \"$@\"; fi",
            mark.display()
        );
        let command = ["sh", "-c", &cut, "cut"];
        check(&run(&plan(here.root(), vec![exec(&command, there.root())])), at as usize);
    }
}
