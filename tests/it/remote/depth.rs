//! `depth`: histories that are cut off say what they know, and never more.

use std::num::NonZeroU32;
use std::path::Path;

use driftline::config::SourceSpec;
use driftline::snapshot::{CommitReader as _, Counters, Distance, GitState, GitStatus, HistoryReader as _, Snapshot};
use tempfile::{TempDir, tempdir};

use crate::support::collecting::{Plan, path};
use crate::support::git_status::far;
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers};

const TOOLS: &str = "/usr/bin:/bin";

/// A bare repository of ten commits, of which each has content that does not shrink, and a clone of it.
fn cloned(home: &Path) -> Repo {
    let work = Repo::init(home.join("work"));
    for number in 0..10_u8 {
        let noise: String = (0..400_u32).map(|at| blake3::hash(&[number, at as u8]).to_hex().to_string()).collect();
        work.write("a", format!("{number}\n")).write("noise", noise).commit(&format!("commit {number}"));
    }
    work.git(&["clone", "-q", "--bare", ".", home.join("bare.git").to_str().unwrap()]);
    let there = home.join("there");
    work.git(&["clone", "-q", home.join("bare.git").to_str().unwrap(), there.to_str().unwrap()]);
    Repo::at(there)
}

fn to_depth(mut plan: Plan, commits: u32) -> Plan {
    for environment in &mut plan.environments {
        if let SourceSpec::Exec { depth, .. } = &mut environment.source {
            *depth = NonZeroU32::new(commits);
        }
    }
    plan
}

fn run(repo: &Repo, depth: u32, home: &TempDir) -> (Snapshot, Counters) {
    let plan = to_depth(far(repo.root(), TOOLS), depth).state(&home.path().join("state"));
    let mut outcome = plan.run();
    (outcome.snapshots.remove(0), outcome.counters)
}

fn status(snapshot: &Snapshot) -> &GitStatus {
    match &snapshot.git {
        GitState::Checkout(status) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_above_the_cut_is_known() {
    let home = tempdir().unwrap();
    let repo = cloned(home.path());
    repo.write("b", "1").commit("one of its own");
    repo.write("b", "2").commit("another");
    let (snapshot, counters) = run(&repo, 3, &home);
    let known = status(&snapshot);
    assert_eq!(known.upstream.as_ref().unwrap().distance, Distance::Known { ahead: 2, behind: 0 });
    assert_eq!(known.unpushed.as_ref().unwrap().len(), 2);
    assert_eq!(snapshot.incidents, []);
    // Nothing is fetched twice, and what is new comes alone.
    let (again, second) = run(&repo, 3, &home);
    assert_eq!(again, snapshot);
    assert_eq!(second.round_trips + 1, counters.round_trips);
    repo.write("b", "3").commit("a third");
    let (newer, third) = run(&repo, 3, &home);
    assert_eq!(status(&newer).upstream.as_ref().unwrap().distance, Distance::Known { ahead: 3, behind: 0 });
    assert!(third.bytes_received < 10_000, "{third:?}");
    // All of it costs more, and is had where it is wanted.
    let (whole, all) = run(&repo, 0, &home);
    assert_eq!(status(&whole), status(&newer));
    assert!(counters.bytes_received + 50_000 < all.bytes_received, "{counters:?} {all:?}");
}

#[test]
fn what_depends_on_what_is_below_is_unknown() {
    let home = tempdir().unwrap();
    let repo = cloned(home.path());
    repo.git(&["reset", "-q", "--hard", "HEAD~6"]);
    let (snapshot, _) = run(&repo, 2, &home);
    let known = status(&snapshot);
    assert_eq!(known.upstream.as_ref().unwrap().distance, Distance::Cut);
    assert_eq!(known.unpushed, None, "it cannot be told that they are in no remote");
    assert_eq!(known.changes, []);
    let message = &snapshot.incidents[0].message;
    assert_eq!(message, "its history is cut off before its branches meet, so how far they are apart is not known");
    assert!(snapshot.incidents[0].hint.as_ref().unwrap().contains("raise `depth`"));
    // Deep enough, it is known.
    for depth in [8, 0] {
        let (snapshot, _) = run(&repo, depth, &home);
        assert_eq!(status(&snapshot).upstream.as_ref().unwrap().distance, Distance::Known { ahead: 0, behind: 6 });
        assert_eq!((status(&snapshot).unpushed.as_deref(), &*snapshot.incidents), (Some(&[][..]), &[][..]));
    }
}

/// Without git nothing can be left out, and that is said.
#[test]
fn without_git_there_the_whole_history_comes() {
    let home = tempdir().unwrap();
    let repo = cloned(home.path());
    let tools = super::git::without_git(home.path());
    let whole = far(repo.root(), TOOLS).run().snapshots.remove(0);
    let snapshot = to_depth(far(repo.root(), tools.to_str().unwrap()), 3).run().snapshots.remove(0);
    assert_eq!(status(&snapshot), status(&whole));
    let said: Vec<&str> = snapshot.incidents.iter().map(|incident| &*incident.message).collect();
    assert_eq!(said, ["there is no git there, so its history comes as files and whole, whatever `depth` says"]);
}

/// The same of a shallow clone of this machine.
#[test]
fn a_shallow_clone_does_not_guess_either() {
    let home = tempdir().unwrap();
    let repo = cloned(home.path());
    repo.git(&["reset", "-q", "--hard", "HEAD~6"]);
    let root = home.path().join("shallow");
    let from = format!("file://{}", repo.root().display());
    repo.git(&["clone", "-q", "--depth", "2", "--no-single-branch", &from, root.to_str().unwrap()]);
    let shallow = Repo::at(&root);
    let bare = format!("file://{}", home.path().join("bare.git").display());
    shallow.git(&["fetch", "-q", "--depth", "2", &bare, "+main:refs/remotes/origin/main"]);
    let snapshot = Plan::of(&[&root]).run().snapshots.remove(0);
    assert_eq!(status(&snapshot).upstream.as_ref().unwrap().distance, Distance::Cut);
    assert_eq!(status(&snapshot).unpushed, None);
}

#[test]
fn a_history_that_is_cut_off_is_not_called_unrelated() {
    let home = tempdir().unwrap();
    let repo = cloned(home.path());
    repo.write("b", "1").commit("of its own");
    repo.write("b", "2").commit("another of its own");
    let mut plan = Plan::of(&[&home.path().join("work"), repo.root()]);
    plan.environments[1].source = far(repo.root(), TOOLS).environments.remove(0).source;
    let whole = plan.collect();
    assert_eq!(whole.are_related(0, 1), Ok(true));
    assert_eq!(whole.beyond(1, &[0]).unwrap().commits.len(), 2);
    assert_eq!(whole.beyond(0, &[1]).unwrap().commits.len(), 0);
    // With the newest two there is one that both have.
    let two = to_depth(plan, 2);
    let met = two.collect();
    assert_eq!(met.are_related(0, 1), Ok(true));
    assert_eq!(met.beyond(1, &[0]).unwrap().commits.len(), 2);
    assert_eq!(met.beyond(0, &[1]).unwrap().commits.len(), 0);
    assert!(met.recent(1).unwrap().is_capped && !met.recent(0).unwrap().is_capped);
    let cut = to_depth(two, 1).collect();
    let because = "the history is cut off (by `depth`, or in a shallow clone) before that could be told";
    for failure in [
        cut.are_related(0, 1).unwrap_err(),
        cut.beyond(0, &[1]).unwrap_err(),
        cut.beyond(1, &[0]).unwrap_err(),
        cut.common_ancestor(&[0, 1], &path("a")).unwrap_err(),
    ] {
        assert!(failure.0.contains(because), "{}", failure.0);
    }
}

#[test]
fn over_ssh_nothing_is_claimed_that_lies_below_the_cut() {
    let env = TestEnv::new();
    let repo = cloned(&env.path(""));
    repo.write("b", "1").commit("of its own");
    repo.write("b", "2").commit("another of its own");
    let servers = Servers::start(&[("far", Kind::default())]);
    let configure = |depth: &str| {
        env.write(
            "driftline.toml",
            format!(
                "[env.work]\npath = \"work\"\n[env.far]\nssh = \"far\"\nssh_config = {:?}\npath = {:?}\n{depth}\n",
                servers.config(),
                repo.root(),
            ),
        );
        let status = env.driftline(["--no-state", "--format", "json", "--fail-on", "never"]).expect(0).json();
        (status, env.driftline(["candidates", "--no-state", "--format", "json"]).stdout())
    };
    let (whole, candidates) = configure("");
    assert_eq!(whole["environments"][1]["git"]["upstream"]["ahead"], 2);
    assert!(candidates.contains("of its own"), "{candidates}");
    let (cut, candidates) = configure("depth = 1");
    let upstream = &cut["environments"][1]["git"]["upstream"];
    assert!(upstream["ahead"].is_null() && upstream["behind"].is_null() && upstream["is_gone"] == false, "{upstream}");
    assert!(cut["environments"][1]["git"]["unpushed"].is_null(), "{cut:#}");
    assert!(!cut.to_string().contains("unrelated"), "{cut:#}");
    assert!(candidates.contains("the history is cut off (by `depth`"), "{candidates}");
    assert!(!candidates.contains("commit 3"), "what both have is nobody's own: {candidates}");
}
