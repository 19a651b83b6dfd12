use super::*;
use crate::compare::testing::{Tree, path};
use crate::snapshot::{CommitId, CommitSummary, TextFold};

fn found(snapshots: &[Snapshot]) -> Vec<Candidate> {
    candidates(&crate::compare::compare(snapshots), snapshots)
}

fn proposals(snapshots: &[Snapshot]) -> Vec<String> {
    propose(&found(snapshots), snapshots, &TextFolds::new()).iter().map(|proposal| words(proposal, snapshots)).collect()
}

fn words(proposal: &MapProposal, snapshots: &[Snapshot]) -> String {
    let name = |at: usize| snapshots[at].environment.as_str();
    let others: Vec<&str> = proposal.others.iter().map(|&at| name(at)).collect();
    let unequal: Vec<String> =
        proposal.unequal.iter().map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned()).collect();
    format!(
        "{}: {:?} like {:?} of {}, {} equal {} quiet of {}, unequal [{}]",
        name(proposal.environment),
        proposal.here,
        proposal.common,
        others.join(" "),
        proposal.equal,
        proposal.quiet,
        proposal.files(),
        unequal.join(" "),
    )
}

fn backend(name: &str, folder: &str, service: &str) -> Tree {
    let mut tree = Tree::new(name).file(&format!("{folder}/app/services/Home.py"), service);
    for (file, text) in
        [("app/__init__.py", ""), ("app/models.py", "class A\n"), ("app/views.py", "def a\n"), ("x", "x\n")]
    {
        tree = tree.file(&format!("{folder}/{file}"), text);
    }
    tree
}

#[test]
fn a_folder_with_another_name_is_proposed_once() {
    let prod = backend("prod", "oncall_backend", "old\n").file("oncall_backend/log", "1").done();
    let staging = backend("staging", "backend", "newer\n").file("README", "r").done();
    let debug = backend("debug", "backend", "newest\n").done();
    assert_eq!(
        proposals(&[prod, staging, debug]),
        [
            "prod: `oncall_backend` like `backend` of staging debug, 4 equal 0 quiet of 5, unequal [app/services/Home.py]"
        ]
    );
}

#[test]
fn the_common_name_is_that_of_most_then_of_a_repository_then_of_the_first() {
    let is_versioned = |snapshot: &mut Snapshot| {
        let commit =
            CommitSummary { id: CommitId([1; 20].into()), subject: String::new(), author: String::new(), authored: 0 };
        snapshot.git = GitState::Commit { reference: String::new(), commit };
    };
    let one = backend("one", "a", "s\n");
    let other = backend("other", "b", "s\n");
    let third = backend("third", "b", "s\n");
    let who = |snapshots: &[Snapshot]| {
        let proposed = propose(&found(snapshots), snapshots, &TextFolds::new());
        let [only] = &proposed[..] else { panic!("{proposed:?}") };
        (only.environment, only.here.clone())
    };
    assert_eq!(who(&[one.clone().done(), other.clone().done()]), (1, path("b")));
    assert_eq!(who(&[one.clone().done(), other.clone().with(is_versioned).done()]), (0, path("a")));
    assert_eq!(who(&[one.with(is_versioned).done(), other.done(), third.done()]), (0, path("a")));
}

#[test]
fn three_names_for_one_folder_are_two_proposals() {
    let trees = [("one", "a"), ("two", "b"), ("three", "c")].map(|(name, folder)| backend(name, folder, "s\n").done());
    assert_eq!(
        proposals(&trees),
        [
            "two: `b` like `a` of one, 5 equal 0 quiet of 5, unequal []",
            "three: `c` like `a` of one, 5 equal 0 quiet of 5, unequal []",
        ]
    );
}

#[test]
fn a_name_that_is_taken_is_not_proposed() {
    let prod = backend("prod", "oncall_backend", "s\n").file("backend/app/other", "o").done();
    let staging = backend("staging", "backend", "s\n").done();
    assert_eq!(proposals(&[prod, staging.clone()]), [] as [String; 0]);
    let unknown = backend("prod", "oncall_backend", "s\n").unreadable("backend", true).done();
    assert_eq!(proposals(&[unknown, staging]), [] as [String; 0]);
}

#[test]
fn equal_names_with_other_contents_are_not_enough() {
    let django = |name: &str, app: &str, text: &str| {
        let file = |tree: Tree, file: &str| tree.file(&format!("{app}/{file}"), &format!("{text} {file}\n"));
        let tree = ["models.py", "views.py", "urls.py"].into_iter().fold(Tree::new(name), file);
        tree.file(&format!("{app}/__init__.py"), "").file(&format!("{app}/migrations/__init__.py"), "").done()
    };
    assert_eq!(proposals(&[django("a", "members", "m"), django("b", "billing", "b")]), [] as [String; 0]);
}

#[test]
fn a_folder_may_be_deeper_on_one_side() {
    let prod = backend("prod", "srv/oncall", "s\n").done();
    let staging = backend("staging", "backend", "s\n").done();
    assert_eq!(
        proposals(&[staging, prod]),
        ["prod: `srv/oncall` like `backend` of staging, 5 equal 0 quiet of 5, unequal []"]
    );
}

#[test]
fn line_endings_are_set_aside_where_texts_were_folded() {
    let tree = |name: &str, folder: &str, end: &str| {
        let file = |tree: Tree, at: usize| tree.file(&format!("{folder}/v{at}.js"), &format!("view {at}{end}"));
        (0..6).fold(Tree::new(name), file).done()
    };
    let snapshots = [tree("prod", "react_app", "\r\n"), tree("staging", "react", "\n")];
    assert_eq!(proposals(&snapshots), [] as [String; 0]);
    let wanted = fold_candidates(&found(&snapshots), &snapshots);
    let wanted: Vec<EntryRef> = wanted.into_iter().flat_map(|question| question.members).collect();
    assert_eq!(wanted.len(), 12);
    let fold = |at: &EntryRef| {
        let number = snapshots[at.environment].entries[at.entry].path.as_bytes().to_vec();
        let plain = *blake3::hash(number.split(|&byte| byte == b'/').next_back().unwrap()).as_bytes();
        (*at, TextFold { has_bom: false, has_crlf: at.environment == 0, plain, trimmed: plain })
    };
    let folds: TextFolds = wanted.iter().map(fold).collect();
    let proposed: Vec<String> =
        propose(&found(&snapshots), &snapshots, &folds).iter().map(|proposal| words(proposal, &snapshots)).collect();
    assert_eq!(proposed, ["staging: `react` like `react_app` of prod, 0 equal 6 quiet of 6, unequal []"]);
}

#[test]
fn only_what_is_undecided_is_asked() {
    let sized = |name: &str, folder: &str, last: u64| {
        let tree = Tree::new(name).sized(&format!("{folder}/one"), 1).sized(&format!("{folder}/two"), 2);
        tree.sized(&format!("{folder}/three"), last).file("same/x", "x").done()
    };
    let snapshots = [sized("a", "here", 3), sized("b", "there", 4)];
    let asked: Vec<Vec<TreePath>> = questions(&found(&snapshots), &snapshots)
        .iter()
        .map(|question| {
            question.members.iter().map(|at| snapshots[at.environment].entries[at.entry].path.clone()).collect()
        })
        .collect();
    assert_eq!(asked, [["here/one", "there/one"].map(path), ["here/two", "there/two"].map(path)]);
    let alike = [sized("a", "here", 3), sized("b", "here", 4)];
    assert_eq!(questions(&found(&alike), &alike), []);
}
