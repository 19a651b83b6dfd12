//! Which version is chosen as the base, and how it is justified.

use driftline::insight::base::{Also, Base, BaseKind, Question, choose};

use crate::support::memory::{Memory, commit, path};

const X: &str = "app/X.py";

fn question<'a>(
    memory: &'a Memory,
    at: &'a driftline::path::TreePath,
    versions: &'a [Option<&'a [u8]>],
) -> Question<'a> {
    Question {
        path: at,
        snapshots: &memory.snapshots,
        versions,
        artifacts: &[],
        named: None,
        baseline: None,
        nearest: &memory.nearest,
        limit: 1000,
    }
}

/// Chooses for `X` with its artifact `X.original`.
fn chosen(memory: &Memory, adjust: impl FnOnce(&mut Question<'_>)) -> Base {
    let at = path(X);
    let versions: Vec<Option<&[u8]>> = (0..memory.snapshots.len())
        .map(|environment| memory.contents.get(&(environment, at.clone())).map(Vec::as_slice))
        .collect();
    let artifacts = memory.refs("app/X.py.original");
    let mut question = Question { artifacts: &artifacts, ..question(memory, &at, &versions) };
    adjust(&mut question);
    choose(&question, memory, memory, &memory.commits).expect("there is a version")
}

/// prod without git, staging clean, debug with an uncommitted change and a copy of what was there before.
fn oncalls() -> Memory {
    Memory::new(&["prod", "staging", "debug"])
        .file(0, X, "old\n")
        .file(1, X, "old\n")
        .file(2, X, "new\n")
        .file(2, "app/X.py.original", "old\n")
        .checkout(1, 1, &[])
        .checkout(2, 2, &[X])
        .committed(2, X, "old\n")
        .committed(1, X, "old\n")
}

fn with_history() -> Memory {
    oncalls().ancestor(&[1, 2], "old\n")
}

#[test]
fn the_order_of_reasons() {
    let artifact = || Also::Artifact { environment: 2, path: path("app/X.py.original") };
    let committed = || Also::Committed { environment: 2 };

    let base = chosen(&with_history(), |question| question.named = Some(2));
    assert_eq!(
        (base.kind, base.equal, base.also),
        (BaseKind::Named { environment: 2, present: true }, vec![2], vec![])
    );

    let base = chosen(&with_history(), |_| {});
    assert_eq!(base.kind, BaseKind::CommonAncestor { commit: commit(9), environments: vec![1, 2] });
    assert_eq!((base.equal, base.also), (vec![0, 1], vec![committed(), artifact()]));

    // Without a history in common: the commit that is nearest, of two that are near to somebody.
    let near = oncalls().near(2, 1, 5, 60).in_commit(5, X, "five\n").near(0, 1, 6, 90).in_commit(6, X, "old\n");
    let base = chosen(&near, |_| {});
    let BaseKind::Nearest { environment, likeness, is_capped, .. } = base.kind else { panic!("{:?}", base.kind) };
    assert_eq!((environment, likeness.commit, likeness.agree, is_capped), (0, commit(6), 90, false));
    assert_eq!((base.equal, base.also), (vec![0, 1], vec![committed(), artifact()]));
    // A commit without the file leaves it to the next.
    let base = chosen(&oncalls().near(2, 1, 5, 60).in_commit(5, X, "five\n").near(0, 1, 6, 90), |_| {});
    assert!(matches!(base.kind, BaseKind::Nearest { environment: 2, .. }), "{:?}", base.kind);
    assert_eq!((&base.bytes[..], base.equal), (&b"five\n"[..], vec![]));

    // Without one: what debug has committed.
    let base = chosen(&oncalls(), |question| question.baseline = Some(2));
    assert_eq!((base.kind, base.equal), (BaseKind::Committed { environment: 2 }, vec![0, 1]));
    assert_eq!(base.also, [artifact()]);

    // Without git: the copy that debug kept is what prod has.
    let mut plain = oncalls();
    plain.committed.clear();
    let base = chosen(&plain, |question| question.baseline = Some(2));
    let kind = BaseKind::Artifact { environment: 2, path: path("app/X.py.original") };
    assert_eq!((base.kind, base.equal, base.also), (kind, vec![0, 1], vec![]));

    plain.contents.remove(&(2, path("app/X.py.original")));
    let base = chosen(&plain, |question| {
        question.baseline = Some(2);
        question.artifacts = &[];
    });
    assert_eq!((base.kind, base.equal), (BaseKind::Baseline { environment: 2 }, vec![2]));

    let base = chosen(&plain, |question| question.artifacts = &[]);
    assert_eq!((base.kind, base.equal), (BaseKind::TwoWay { environment: 0 }, vec![0, 1]));
}

#[test]
fn an_artifact_says_nothing_when_its_file_did_not_change() {
    let memory = Memory::new(&["a", "b", "c"]).file(0, X, "one\n").file(1, X, "two\n").file(2, X, "one\n").file(
        0,
        "app/X.py.original",
        "one\n",
    );
    let base = chosen(&memory, |_| {});
    assert_eq!((base.kind, base.equal), (BaseKind::TwoWay { environment: 0 }, vec![0, 2]));
    assert_eq!(base.also, [Also::Artifact { environment: 0, path: path("app/X.py.original") }]);
}

#[test]
fn unrelated_histories_leave_the_related_ones() {
    let memory = Memory::new(&["prod", "staging", "debug"])
        .file(0, X, "prod\n")
        .file(1, X, "old\n")
        .file(2, X, "new\n")
        .checkout(0, 1, &[])
        .checkout(1, 2, &[])
        .checkout(2, 3, &[])
        .ancestor(&[1, 2], "older\n");
    let base = chosen(&memory, |_| {});
    assert_eq!(base.kind, BaseKind::CommonAncestor { commit: commit(9), environments: vec![1, 2] });
    assert_eq!((&base.bytes[..], &base.equal[..]), (&b"older\n"[..], &[][..]));
}

#[test]
fn a_failing_history_is_noted_and_the_next_reason_taken() {
    let mut memory = oncalls();
    memory.ancestors.insert(vec![1, 2], Err("debug: the object is damaged".to_owned()));
    let base = chosen(&memory, |_| {});
    assert_eq!(base.kind, BaseKind::Committed { environment: 2 });
    assert_eq!(base.notes, ["debug: the object is damaged"]);
}

#[test]
fn a_base_that_was_asked_for_may_be_nothing_but_not_unknown() {
    let memory = Memory::new(&["a", "b"]).file(1, X, "one\n");
    let base = chosen(&memory, |question| question.named = Some(0));
    assert_eq!((base.kind, base.bytes), (BaseKind::Named { environment: 0, present: false }, vec![]));

    let memory = Memory::new(&["a", "b"]).file(1, X, "one\n").unreadable(0, X, "permission denied");
    let base = chosen(&memory, |question| question.named = Some(0));
    assert_eq!(base.kind, BaseKind::TwoWay { environment: 1 });
    assert_eq!(base.notes, ["the version of a was asked for as the base, and there is none to read"]);
}

#[test]
fn artifacts_of_another_size_are_not_read() {
    let memory = oncalls().file(0, "app/X.py.original", "of no size that a version has\n");
    let base = chosen(&memory, |_| {});
    assert_eq!(base.kind, BaseKind::Committed { environment: 2 });
    assert_eq!(*memory.read.borrow(), [(2, path("app/X.py.original"))]);
}
