use std::collections::BTreeSet;

use super::*;
use crate::compare::testing::{Tree, path};
use crate::compare::{artifacts, classify, compare, fold_candidates, moves};
use crate::insight::nearest::{Lineage, Unrelated};
use crate::path::EnvironmentName;
use crate::snapshot::{
    Change, ChangeKind, Head, Incident, IncidentKind, NotJudged, Operation, Stage, Stash, TextFold, TextFolds,
};
use crate::snapshot::{CommitId, CommitSummary};

/// One finding a line.
fn findings(snapshots: &[Snapshot]) -> String {
    let lines: Vec<String> = judged(snapshots, &[])
        .iter()
        .map(|finding| {
            let path = finding.path.as_ref().map_or(".".to_owned(), |path| path.as_bytes().escape_ascii().to_string());
            let evidence = match &finding.evidence {
                Evidence::Content { pattern, .. } => pattern.to_string(),
                Evidence::Presence { pattern, folder, paths, absent } => {
                    format!("{pattern} {folder} {paths} {absent:?}")
                }
                Evidence::Modes { modes, executable, paths } => {
                    let modes: Vec<_> = modes.iter().flatten().map(|mode| format!("{mode:o}")).collect();
                    format!("{modes:?} {executable} {}", paths.len())
                }
                Evidence::Unread { message, paths, .. } => format!("{message} ({paths})"),
                Evidence::Uncommitted { staged, unstaged, untracked, .. } => format!("{staged} {unstaged} {untracked}"),
                Evidence::Artifact(evidence) => format!("unique {}", evidence.is_unique()),
                Evidence::Moved(found) => format!("{:?} {}", found.kind, found.files),
                Evidence::Owners { owners, paths } => {
                    let users: Vec<_> = owners.iter().flatten().map(|owner| &*owner.user).collect();
                    format!("{users:?} {}", paths.len())
                }
                Evidence::UsualOwners { usual } => {
                    format!("{:?}", usual.iter().map(|usual| usual.as_ref()?.user.as_deref()).collect::<Vec<_>>())
                }
                other => format!("{other:?}"),
            };
            format!("{} {} {path} {:?} {evidence}", finding.severity, finding.code, finding.environments)
        })
        .collect();
    lines.join("\n")
}

fn judged(snapshots: &[Snapshot], focus: &[TreePath]) -> Vec<Finding> {
    let comparison = compare(snapshots);
    let moves = moves::find(&comparison, snapshots);
    judge(&Inputs {
        snapshots,
        comparison: &comparison,
        moves: &moves,
        artifacts: &[],
        maps: &[],
        lineage: &Lineage::default(),
        fixes: &[],
        candidates: &crate::insight::candidates::Brief::default(),
        focus,
        wishes: crate::insight::Wishes::default(),
    })
}

#[test]
fn codes_are_unique_and_documented() {
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    // The configuration knows them too.
    assert_eq!(RULES.iter().map(|rule| rule.code).collect::<Vec<_>>(), crate::config::RULE_CODES);
    for Rule { code, finds, matters, example, wrong, .. } in RULES {
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        for text in [finds, matters, example, wrong] {
            assert!(text.len() > 20 && text.ends_with('.') && !text.contains("  "), "{code}: {text}");
        }
        assert_eq!(rule(code).map(|rule| rule.code), Some(*code));
    }
    assert!(rule("no-such-rule").is_none());
}

#[test]
fn equal_plain_folders_are_nothing_to_worry_about() {
    let tree =
        |name: &str| Tree::new(name).file("a/x", "1").file("a/x.orig.py", "1").link("l", "x").folder("empty").done();
    insta::assert_snapshot!(findings(&[tree("a"), tree("b")]), @"
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    ");
}

#[test]
fn what_is_missing_is_said_once() {
    let snapshots = [
        Tree::new("a")
            .file("both/x", "1")
            .file("new/x", "1")
            .file("new/sub/y", "1")
            .folder("hollow")
            .file("two", "1")
            .done(),
        Tree::new("b")
            .file("both/x", "1")
            .file("both/only", "1")
            .file("old/a", "1")
            .file("old/b", "2")
            .file("two", "1")
            .done(),
        Tree::new("c").file("both/x", "1").file("old/a", "1").done(),
    ];
    insta::assert_snapshot!(findings(&snapshots), @"
    warning only-in both/only [1] -A- false 1 [0, 2]
    warning only-in new [0] A-- true 2 [1, 2]
    warning only-in old/b [1] -A- false 1 [0, 2]
    warning absent-in old [0] -AA true 1 [0]
    warning absent-in two [2] AA- false 1 [2]
    info only-in hollow [0] A-- true 0 [1, 2]
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    info not-versioned . [2] NotVersioned
    ");
}

#[test]
fn a_folder_that_is_a_file_elsewhere_says_it_all() {
    let snapshots = [Tree::new("a").file("x/one", "1").file("x/two", "2").done(), Tree::new("b").file("x", "1").done()];
    insta::assert_snapshot!(findings(&snapshots), @"
    warning type-differs x [0, 1] Kinds { kinds: [Some(Directory), Some(File)] }
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    ");
}

#[test]
fn what_moved_is_neither_here_nor_there() {
    let snapshots = [
        Tree::new("prod").file("modules/a", "1a").file("modules/b", "2b").file("modules/left", "3").done(),
        Tree::new("main").file("app/modules/a", "1a").file("app/modules/b", "2b").done(),
    ];
    insta::assert_snapshot!(findings(&snapshots), @"
    warning moved modules [0, 1] Folder 2
    warning only-in modules/left [0] A- false 1 [1]
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    ");
}

#[test]
fn what_is_unknown_is_counted_and_nothing_else() {
    let snapshots = [
        Tree::new("a").file("d/x", "1").file("d/y", "1").submodule("lib", 1).done(),
        Tree::new("b").unreadable("d", true).file("lib/x", "1").file("lib/y", "1").done(),
        Snapshot::unread(EnvironmentName::new("c").unwrap(), "/c".to_owned(), "no such host".to_owned(), None),
    ];
    insta::assert_snapshot!(findings(&snapshots), @"
    warning unreadable . [0] paths lie in submodules, whose content this git ref does not hold (2)
    warning unreadable . [2] no such host (6)
    warning unreadable d [1] cannot read `d`: permission denied (3)
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    ");
    let incomplete = judged(&snapshots, &[]).iter().filter(|finding| finding.is_incomplete()).count();
    assert_eq!(incomplete, 3);
}

#[test]
fn modes_and_owners_that_differ_alike_are_one_matter() {
    let tree = |name: &str, mode: u32, owner: u32| {
        let usual = (0..40).fold(Tree::new(name), |tree, at| tree.file(&format!("u/{at}"), "1"));
        let many = (0..9).fold(usual, |tree, at| tree.file(&format!("bin/{at}"), "1").mode(mode));
        let one = many.file("run", "1").mode(mode).file("key", "1").mode(0o600 | mode & 0o004);
        (0..9).fold(one, |tree, at| tree.file(&format!("owned/{at}"), "1").owner(owner)).done()
    };
    insta::assert_snapshot!(findings(&[tree("a", 0o755, 0), tree("b", 0o644, 33)]), @r#"
    warning mode-differs . [0, 1] ["755", "644"] true 10
    notice owner-differs owned [0, 1] ["0", "33"] 9
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    "#);
    insta::assert_snapshot!(findings(&[
        Tree::new("a").file("x", "1").owner(1).done(),
        Tree::new("b").file("x", "1").owner(2).done(),
    ]), @r#"
    notice owner-differs . [0, 1] [Some("1"), Some("2")]
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    "#);
}

#[test]
fn repositories_tell() {
    let commit = CommitSummary {
        id: CommitId(vec![1; 20].into()),
        subject: "last day of the month".to_owned(),
        author: "A".to_owned(),
        authored: 0,
    };
    let change = |at: &str, stage| Change { path: path(at), from: None, stage, kind: ChangeKind::Modified };
    let status = GitStatus {
        head: Head::Branch("main".to_owned()),
        commit: Some(commit.clone()),
        upstream: None,
        unpushed: Some(vec![commit.clone()]),
        changes: vec![change("a", Stage::Staged), change("a", Stage::Unstaged), change("b", Stage::Untracked)],
        not_judged: vec![NotJudged { path: path("lfs"), reason: "it goes through a filter".to_owned() }],
        stashes: vec![Stash { id: commit.id.clone(), message: "WIP".to_owned(), made: 0 }],
        operation: Some(Operation::Merge),
        worktrees: Vec::new(),
        submodules: Vec::new(),
        nested: Vec::new(),
        prefix: None,
    };
    let with = |name: &str, git: GitState| Tree::new(name).with(|snapshot| snapshot.git = git).done();
    let snapshots = [
        with("a", GitState::Checkout(Box::new(status))),
        with("b", GitState::Unknown { reason: "its reference storage is not known".to_owned() }),
        with("c", GitState::None),
    ];
    insta::assert_snapshot!(findings(&snapshots), @r#"
    warning uncommitted . [0] 1 1 1
    warning unfinished-operation . [0] UnfinishedOperation { operation: Merge }
    notice unreadable . [0] NotJudged { paths: [NotJudged { path: `lfs`, reason: "it goes through a filter" }] }
    notice unreadable . [1] GitUnknown { reason: "its reference storage is not known" }
    notice unpushed . [0] Unpushed { commits: [CommitSummary { id: 0101010101010101010101010101010101010101, subject: "last day of the month", author: "A", authored: 0 }] }
    notice stashed . [0] Stashed { stashes: [Stash { id: 0101010101010101010101010101010101010101, message: "WIP", made: 0 }] }
    info not-versioned . [2] NotVersioned
    "#);
}

#[test]
fn an_id_lasts_as_long_as_the_matter() {
    let tree = |name: &str, text: &str| Tree::new(name).file("x", text).file("y", "1").file(name, "").done();
    let ids = |snapshots: &[Snapshot]| -> BTreeSet<String> {
        judged(snapshots, &[]).iter().map(|finding| finding.id.to_string()).collect()
    };
    let (a, b, c) = (tree("a", "1"), tree("b", "22"), tree("c", "1"));
    let before = ids(&[a.clone(), b.clone(), c.clone()]);
    assert_eq!(before.len(), 7);
    assert!(before.iter().all(|id| id.len() == 10));
    assert_eq!(ids(&[c.clone(), a.clone(), b.clone()]), before);

    let after = ids(&[a, tree("b", "333"), c]);
    assert_eq!(before.difference(&after).count(), 1);
}

#[test]
fn the_focus_comes_first_among_equals() {
    let snapshots = [
        Tree::new("a").file("a", "1").file("m/x", "1").file("z", "1").done(),
        Tree::new("b").file("a", "2").file("m/x", "2").unreadable("z", false).done(),
    ];
    let order: Vec<_> = judged(&snapshots, &[path("m")]).into_iter().filter_map(|finding| finding.path).collect();
    assert_eq!(order, [path("m/x"), path("z"), path("a")]);
}

#[test]
fn a_file_that_went_away_is_unstable() {
    let snapshots = [
        Tree::new("a").file("log", "1").done(),
        Tree::new("b")
            .with(|snapshot| {
                snapshot.add_incident(Incident {
                    path: Some(path("log")),
                    kind: IncidentKind::Unstable,
                    message: "`log` changed each time it was read".to_owned(),
                    hint: None,
                });
            })
            .done(),
    ];
    insta::assert_snapshot!(findings(&snapshots), @"
    warning unstable log [1] `log` changed each time it was read (1)
    info not-versioned . [0] NotVersioned
    info not-versioned . [1] NotVersioned
    ");
}

#[test]
fn line_endings_are_quiet() {
    let snapshots = [Tree::new("a").file("x.js", "1\n").done(), Tree::new("b").file("x.js", "1\r\n").done()];
    let mut comparison = compare(&snapshots);
    let fold = |has_crlf| TextFold { has_bom: false, has_crlf, plain: [1; 32], trimmed: [1; 32] };
    let asked = fold_candidates(&comparison, &snapshots).into_iter().flat_map(|question| question.members);
    let folds: TextFolds = asked.map(|at| (at, fold(at.environment == 1))).collect();
    classify(&mut comparison, &snapshots, &folds);
    let found = judge(&Inputs {
        snapshots: &snapshots,
        comparison: &comparison,
        moves: &[],
        artifacts: &[],
        maps: &[],
        lineage: &Lineage::default(),
        fixes: &[],
        candidates: &crate::insight::candidates::Brief::default(),
        focus: &[],
        wishes: crate::insight::Wishes::default(),
    });
    let codes: Vec<_> = found.iter().map(|finding| (finding.code, finding.severity)).collect();
    let info = Severity::Info;
    assert_eq!(codes, [("not-versioned", info), ("not-versioned", info), ("line-endings", info)]);
}

#[test]
fn a_unique_artifact_is_said_loudly() {
    let snapshots = [Tree::new("a").file("x", "1").file("x.bak", "2").file("x~", "1").done()];
    let evidence: Vec<_> = artifacts::find(&compare(&snapshots), &snapshots)
        .into_iter()
        .map(|artifact| crate::insight::ArtifactEvidence {
            equals_current: artifact.path == path("x~"),
            artifact,
            equals: Vec::new(),
            committed: None,
            between: None,
            unknown: None,
        })
        .collect();
    let comparison = compare(&snapshots);
    let inputs = Inputs {
        snapshots: &snapshots,
        comparison: &comparison,
        moves: &[],
        artifacts: &evidence,
        maps: &[],
        lineage: &Lineage::default(),
        fixes: &[],
        candidates: &crate::insight::candidates::Brief::default(),
        focus: &[],
        wishes: crate::insight::Wishes::default(),
    };
    let found: Vec<_> = judge(&inputs).into_iter().map(|finding| (finding.severity, finding.path)).collect();
    assert_eq!(
        found,
        [(Severity::Warning, Some(path("x.bak"))), (Severity::Notice, Some(path("x~"))), (Severity::Info, None)]
    );
}

#[test]
fn a_history_that_others_do_not_share_is_told() {
    let snapshots = [Tree::new("prod").done(), Tree::new("staging").done()];
    let comparison = compare(&snapshots);
    let judged = |lineage: &Lineage| {
        let inputs = Inputs {
            snapshots: &snapshots,
            comparison: &comparison,
            moves: &[],
            artifacts: &[],
            maps: &[],
            lineage,
            fixes: &[],
            candidates: &crate::insight::candidates::Brief::default(),
            focus: &[],
            wishes: crate::insight::Wishes::default(),
        };
        judge(&inputs).into_iter().find(|finding| finding.code == "unrelated-history")
    };
    assert_eq!(judged(&Lineage::default()), None);
    let unrelated = |commits| Lineage {
        unrelated: vec![Unrelated { environment: 0, commits, others: vec![1] }],
        ..Lineage::default()
    };
    let finding = judged(&unrelated(1)).unwrap();
    assert_eq!((finding.severity, &finding.environments[..]), (Severity::Notice, &[0][..]));
    assert_eq!(finding.evidence, Evidence::UnrelatedHistory { commits: 1, others: vec![1] });
    // One more commit is no other matter.
    assert_eq!(judged(&unrelated(2)).unwrap().id, finding.id);
}

#[test]
fn a_fix_in_one_place_is_another_matter_when_another_one_lacks_it() {
    use crate::insight::candidates::{Brief, BriefKind, BriefTarget, BriefUnit, Standing};
    use crate::insight::units::UnitId;
    let judged = |names: [&str; 3], from: usize, standings: [Standing; 2]| {
        let snapshots = names.map(|name| Tree::new(name).done());
        let target = |(environment, standing)| BriefTarget {
            environment,
            standing,
            applies: None,
            needs: Vec::new(),
            is_destroyed: false,
        };
        let others = (0..3).filter(|&at| at != from).zip(standings);
        let unit = BriefUnit {
            id: UnitId::new([&b"one"[..]]),
            number: 1,
            kind: BriefKind::Unstaged,
            commit: None,
            from,
            title: "change x".to_owned(),
            author: String::new(),
            authored: None,
            files: 1,
            paths: vec![b"x".to_vec()],
            lines: None,
            score: 0,
            targets: others.map(target).collect(),
        };
        let inputs = Inputs {
            snapshots: &snapshots,
            comparison: &compare(&snapshots),
            moves: &[],
            artifacts: &[],
            maps: &[],
            lineage: &Lineage::default(),
            fixes: &[],
            candidates: &Brief { units: vec![unit], ..Brief::default() },
            focus: &[],
            wishes: crate::insight::Wishes::default(),
        };
        judge(&inputs).into_iter().find(|finding| finding.code == "unshared-fix")
    };
    let order = ["debug", "prod", "staging"];
    let both = judged(order, 0, [Standing::Absent, Standing::Partly]).unwrap();
    assert_eq!((both.severity, both.path, &both.environments[..]), (Severity::Notice, Some(path("x")), &[0][..]));
    let turned = judged(["staging", "debug", "prod"], 1, [Standing::Absent, Standing::Absent]).unwrap();
    assert_eq!(turned.id, both.id, "the order of environments does not count");
    assert_ne!(judged(order, 0, [Standing::Absent, Standing::Present]).unwrap().id, both.id);
    assert_eq!(judged(order, 0, [Standing::Unproven, Standing::Present]), None);
}
