//! Whether texts differ only quietly is found out where they are, as far as that goes.

use std::os::unix::fs::symlink;
use std::time::Duration;

use driftline::compare::{Differences, classify, compare, fold_candidates, questions};
use driftline::snapshot::Counters;
use tempfile::tempdir;

use super::reading::{over, tiers};
use super::{exec, plan};
use crate::support::collecting::Plan;
use crate::support::run::TestEnv;
use crate::support::tree::Tree;

/// Which rows differ in what, by their paths, and what it took.
fn drift(plan: &Plan) -> (Vec<(String, Differences)>, Counters) {
    let mut collected = plan.collect();
    collected.answer(&questions(&collected.snapshots));
    let mut comparison = compare(&collected.snapshots);
    let folds = collected.fold(&fold_candidates(&comparison, &collected.snapshots));
    classify(&mut comparison, &collected.snapshots, &folds);
    assert_eq!(collected.save(), []);
    let rows = comparison.rows().filter(|row| !row.differences.is_empty());
    let name = |path: &driftline::path::TreePath| path.as_bytes().escape_ascii().to_string();
    (rows.map(|row| (name(row.path(&collected.snapshots)), row.differences)).collect(), collected.counters())
}

/// A text of some ten thousand bytes, in which one word is this one.
fn text(word: &str) -> String {
    format!("{word}\n{}", "A line of a text that nobody would want to send.\n".repeat(200))
}

#[test]
fn texts_that_differ_really_stay_where_they_are() {
    let home = tempdir().unwrap();
    let (mut here, mut there) = (Tree::at(home.path().join("here")), Tree::at(home.path().join("there")));
    for number in 0..40 {
        // Of one size, and of two.
        here = here.file(format!("f{number}.c"), text(&format!("one {number}")));
        there = there.file(format!("f{number}.c"), text(&format!("{} {number}", ["two", "three"][number % 2])));
    }
    for (number, tools) in tiers().iter().enumerate() {
        std::thread::sleep(Duration::from_millis(if number == 1 { 3100 } else { 150 }));
        let plan = over(tools, &here, &there).state(&home.path().join(format!("state{number}")));
        let (rows, counters) = drift(&plan);
        assert_eq!(rows.len(), 40, "{tools}");
        assert!(rows.iter().all(|(_, differences)| differences.contains(Differences::CONTENT)), "{tools}: {rows:?}");
        // All were listed; half were digested; and of all it was asked whether there is something to fold away.
        assert_eq!((counters.round_trips, counters.far_files_read), (3, 60), "{tools}");
        assert!(counters.bytes_received < 20_000, "{tools}: {}", counters.bytes_received);
        let (again, counters) = drift(&plan);
        assert_eq!((again, counters.round_trips, counters.far_files_read), (rows, 1, 0), "{tools}");
    }
}

#[test]
fn texts_with_something_to_fold_away_are_fetched_or_folded_there() {
    let home = tempdir().unwrap();
    let (mut here, mut there) = (Tree::at(home.path().join("here")), Tree::at(home.path().join("there")));
    for number in 0..40 {
        here = here.file(format!("f{number}.c"), text("one"));
        there = there.file(format!("f{number}.c"), text("two"));
    }
    let here = here.file("quiet.c", text("one"));
    let there = there.file("quiet.c", text("one").replace('\n', "\r\n"));
    for (number, tools) in tiers().iter().enumerate() {
        std::thread::sleep(Duration::from_millis(if number == 1 { 3100 } else { 150 }));
        let plan = over(tools, &here, &there).state(&home.path().join(format!("state{number}")));
        let (rows, counters) = drift(&plan);
        let quiet: Vec<&str> =
            rows.iter().filter(|(_, what)| *what == Differences::LINE_ENDINGS).map(|(path, _)| &**path).collect();
        assert_eq!(quiet, ["quiet.c"], "{tools}");
        let (trips, read, bytes) = if number == 2 { (3, 81, 30_000) } else { (4, 82, 30_000) };
        assert_eq!((counters.round_trips, counters.far_files_read), (trips, read), "{tools}");
        assert!(counters.bytes_received < bytes, "{tools}: {}", counters.bytes_received);
        let (again, counters) = drift(&plan);
        assert_eq!((again, counters.round_trips, counters.far_files_read), (rows, 1, 0), "{tools}");
    }
}

/// The far side is not asked about what the others have settled among themselves.
#[test]
fn rows_that_are_decided_cost_nothing_there() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file("a.c", text("one")).file("b.c", "a\0b");
    let other = Tree::at(home.path().join("other")).file("a.c", text("three")).file("b.c", "a\0b, and more");
    let there = Tree::at(home.path().join("there")).file("a.c", text("a fourth one")).file("b.c", "text\r\n");
    for tools in tiers() {
        let path = format!("PATH={tools}");
        let mut plan = plan(here.root(), vec![exec(&["/usr/bin/env", "-i", &path], there.root()); 2]);
        plan.environments[1].source = driftline::config::SourceSpec::Folder { path: other.root().to_owned() };
        let (rows, counters) = drift(&plan);
        assert_eq!(rows.len(), 2, "{tools}");
        assert_eq!((counters.round_trips, counters.far_files_read), (1, 0), "{tools}");
    }
}

/// Contents that are alike but for what is folded away, and others that look so.
fn odd_texts() -> Vec<Vec<u8>> {
    let long = vec![b'x'; 9000];
    let mut texts: Vec<Vec<u8>> = [
        &b""[..],
        b"a\nb\n",
        b"a\r\nb\r\n",
        b"a\r\nb\n",
        b"\xef\xbb\xbfa\nb\n",
        b"\xef\xbb\xbfa\r\nb\r\n",
        b"a \nb\t\n",
        b"a\nb",
        b"a\nb ",
        b"a\nb\r",
        b"a\r\r\nb\n",
        b"a\rb\n",
        b"a\n\xef\xbb\xbfb\n",
        b"a\n\xff\xfe\nb\n",
        b"a\n\xff\xfe \nb\n",
        b"a\0b\n",
        b"a\0b \n",
        b"a\0b\r\n",
        b" \n",
        b"\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    for end in [&b"\0b\n"[..], b"\0b \n", b" \0b\n", b"\0b\r\n"] {
        texts.push([&long, end].concat());
    }
    texts
}

#[test]
fn what_is_quiet_there_is_what_is_quiet_here() {
    let home = tempdir().unwrap();
    let (mut here, mut there) = (Tree::at(home.path().join("here")), Tree::at(home.path().join("there")));
    let texts = odd_texts();
    for (one, ours) in texts.iter().enumerate() {
        for (other, theirs) in texts.iter().enumerate().filter(|(other, _)| *other != one) {
            // What has to be asked about one by one costs processes.
            let odd = if one == 2 { &b"odd \n\\ "[..] } else { b"" };
            let name = [odd, format!("{one}-{other}.c").as_bytes()].concat();
            (here, there) = (here.file(&name, ours), there.file(&name, theirs));
        }
    }
    let (near, _) = drift(&Plan::of(&[here.root(), there.root()]));
    let quiet = near.iter().filter(|(_, differences)| !differences.contains(Differences::CONTENT)).count();
    assert!(quiet > 20 && near.len() - quiet > 400, "{quiet} of {}", near.len());
    // The third has no tool that finds the ends of lines, so all that differs is fetched.
    let bare = home.path().join("tools");
    std::fs::create_dir(&bare).unwrap();
    for tool in ["sh", "find", "stat", "xargs", "cat", "date", "uname", "nice", "dd", "sha256sum"] {
        let from = ["/usr/bin", "/bin"].map(|folder| std::path::Path::new(folder).join(tool));
        symlink(from.iter().find(|path| path.exists()).unwrap(), bare.join(tool)).unwrap();
    }
    for tools in tiers().into_iter().chain([bare.to_str().unwrap().to_owned()]) {
        let (far, _) = drift(&over(&tools, &here, &there));
        assert_eq!(far, near, "{tools}");
        // Nor does it matter which of the two is far away.
        let (mirrored, _) = drift(&over(&tools, &there, &here));
        assert_eq!(mirrored.len(), near.len(), "{tools}");
    }
}

#[test]
fn a_snapshot_of_a_place_with_driftline_needs_no_contents() {
    let env = TestEnv::new();
    for number in 0..20 {
        env.write(format!("there/f{number}.c"), text(&format!("{number}\r")));
    }
    let driftline = format!("PATH={}", crate::support::sshd::with_driftline().display());
    let heard = env.path("heard");
    let listen = format!("\"$@\" | /usr/bin/tee -a {}", heard.display());
    env.write(
        "driftline.toml",
        format!(
            "[env.far]\nexec = [\"sh\", \"-c\", {listen:?}, \"listen\", \"/usr/bin/env\", \"-i\", {driftline:?}]\npath = {:?}\n",
            env.path("there")
        ),
    );
    let _ = env.driftline(["snapshot", "far", "-o", "far.ndjson.zst"]).expect(0);
    let heard = String::from_utf8_lossy(&std::fs::read(&heard).unwrap()).into_owned();
    assert!(heard.contains("f19.c") && !heard.contains("nobody would want to send"), "{heard}");
}
