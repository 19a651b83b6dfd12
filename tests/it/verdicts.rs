//! Whether a target has what a source has, and whether it would apply.

mod lookalikes;
mod moves;
mod overtaken;
mod reading;
mod trees;

use driftline::collect::Collected;
use driftline::config::SourceSpec;
use driftline::insight::units::{self, Unit};
use driftline::insight::verdict::{
    self, Applies, Asked, ConflictKind, Doubt, Fact, Judged, Judgement, Reading, Tier, Verdict,
};
use driftline::snapshot::{CommitId, CommitReader as _};
use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use crate::support::collecting::{Plan, path};
use crate::support::repo::Repo;

/// A source and a target that were one.
struct Sides {
    _home: TempDir,
    source: Repo,
    target: Repo,
}

/// Twelve lines that are all different, with a word in the sixth.
fn text(word: &str) -> String {
    let lines =
        (1..=12).map(|at| if at == 6 { format!("    value = {word}\n") } else { format!("line number {at}\n") });
    lines.collect()
}

impl Sides {
    /// Both begin with these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let home = tempdir().unwrap();
        let source = Repo::init(home.path().join("source"));
        for (name, content) in files {
            source.write(name, content);
        }
        source.commit("base");
        let folder = home.path().join("target");
        source.git(&["clone", "-q", ".", folder.to_str().unwrap()]);
        Self { _home: home, source, target: Repo::at(folder) }
    }

    fn collected(&self) -> Collected<'static> {
        Plan::of(&[self.source.root(), self.target.root()]).collect()
    }

    /// The commits of the source that the target does not reach, judged.
    fn judged(&self) -> Vec<(String, Judgement)> {
        judge(&self.collected(), None).0
    }

    fn verdicts(&self) -> Vec<(String, Verdict)> {
        self.judged().into_iter().map(|(title, judgement)| (title, judgement.verdict)).collect()
    }

    /// The verdict on the only unit.
    fn only(&self) -> Judgement {
        let mut judged = self.judged();
        assert_eq!(judged.len(), 1, "{judged:#?}");
        judged.remove(0).1
    }
}

/// A commit by its 40 digits.
fn commit_id(digits: &str) -> CommitId {
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    CommitId((0..20).map(byte).collect())
}

fn judge(collected: &Collected<'_>, base: Option<(usize, CommitId)>) -> (Vec<(String, Judgement)>, Vec<Unit>, Judged) {
    let beyond = collected.beyond(0, &[1]).unwrap();
    let mut units = units::commits(&beyond, 0, collected).unwrap();
    if beyond.base.is_none() {
        units.remove(0);
    }
    let judged =
        verdict::judge(&Asked { units: &units, source: 0, target: 1, base, is_in_nearest: false }, &reading(collected))
            .unwrap();
    let named = judged.judgements.iter().map(|it| (units[it.unit].title.clone(), it.clone())).collect();
    (named, units, judged)
}

fn reading<'a>(collected: &'a Collected<'_>) -> Reading<'a> {
    Reading { snapshots: &collected.snapshots, contents: collected, commits: collected, merger: collected }
}

fn replay(collected: &Collected<'_>, at: usize) -> verdict::Replay {
    let (_, units, judged) = judge(collected, None);
    let asked = Asked { units: &units, source: 0, target: 1, base: None, is_in_nearest: false };
    verdict::replay(&units[at], &asked, &judged.places, &reading(collected))
}

#[test]
fn a_pick_is_present_by_its_patch() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    sides.source.write("a.py", text("2")).commit("fix");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    assert_eq!(sides.only().tier, None);
    sides.target.write("other", "x\n").commit("their own");
    sides.target.write("a.py", text("2")).commit("picked");
    let judgement = sides.only();
    assert_eq!((judgement.verdict, judgement.tier), (Verdict::Present, Some(Tier::SameContent)));
    assert!(judgement.evidence.iter().any(|proof| proof.fact == Fact::SamePatch));
}

#[test]
fn what_is_not_committed_counts_as_well() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    sides.source.write("a.py", text("2")).commit("fix");
    sides.target.write("a.py", text("2"));
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn lines_that_came_and_went_in_one_step_leave_no_trace() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    let (first, last) = (text("1"), format!("}}\n}}\n\n{}", &text("1")[5 * 14..]));
    sides.source.write("new.py", &first).commit("new file");
    sides.source.write("new.py", &last).commit("other head");
    sides.target.write("new.py", &first);
    assert_eq!(sides.verdicts()[1].1, Verdict::Absent);
    sides.target.write("new.py", &last);
    assert_eq!(sides.verdicts()[1].1, Verdict::Present);
    sides.target.git(&["clean", "-qfd"]);
    assert_eq!(sides.verdicts()[1].1, Verdict::Absent);
}

#[test]
fn indentation_is_meaning() {
    let before = "def f(x):\n    if x:\n        first(x)\n    second(x)\n    third(x)\n";
    let sides = Sides::new(&[("a.py", before)]);
    sides.source.write("a.py", before.replace("    second", "        second")).commit("only when there is one");
    sides.target.write("a.py", before.replace("    second", "      second")).commit("something else");
    assert_ne!(sides.only().verdict, Verdict::Present);
    let fixed = before.replace("    third(x)\n", "    third(x)\n    fourth_step(x, 4)\n    fifth_step(x, 5)\n");
    let other = before.replace("    third(x)\n", "    third(x)\n        fourth_step(x, 4)\n        fifth_step(x, 5)\n");
    let sides = Sides::new(&[("a.py", before)]);
    sides.source.write("a.py", fixed).commit("steps");
    sides.target.write("a.py", other).commit("steps elsewhere");
    let judgement = sides.only();
    assert_ne!(judgement.verdict, Verdict::Present);
    assert!(judgement.evidence.iter().any(|proof| proof.tier == Tier::BlankPatchId), "{judgement:#?}");
}

#[test]
fn a_fix_that_was_taken_back_is_absent_until_it_comes_again() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    sides.source.write("a.py", text("twenty_two(and_more)")).commit("fix");
    sides.target.write("a.py", text("twenty_two(and_more)")).commit("picked");
    sides.target.write("a.py", text("1")).commit("taken back");
    let judgement = sides.only();
    assert_eq!(judgement.verdict, Verdict::Absent);
    assert!(judgement.evidence.iter().any(|proof| proof.fact == Fact::TakenBack));
    sides.target.write("a.py", text("twenty_two(and_more)")).commit("picked again");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn squashed_and_split_and_moved_fixes_are_present() {
    let one = text("1");
    let sides = Sides::new(&[("src/a.py", &one), ("src/b.py", &one.replace("line", "row"))]);
    let (a, b) = (
        text("check_members(all_of_them)"),
        one.replace("line", "row").replace("row number 9\n", "row = sorted(rows)\n"),
    );
    sides.source.write("src/a.py", &a).commit("first");
    sides.source.write("src/b.py", &b).commit("second");
    // Both in one commit, one of the files elsewhere.
    std::fs::create_dir(sides.target.path("lib")).unwrap();
    sides.target.git(&["mv", "src/a.py", "lib/a.py"]);
    sides.target.git(&["commit", "-qm", "move"]);
    sides.target.write("lib/a.py", &a).write("src/b.py", &b).commit("both");
    let present = |title: &str| (title.to_owned(), Verdict::Present);
    assert_eq!(sides.verdicts(), [present("first"), present("second")]);

    let sides = Sides::new(&[("a.py", &one), ("b.py", &one.replace("line", "row"))]);
    sides.source.write("a.py", &a).write("b.py", &b).commit("both at once");
    sides.target.write("a.py", &a).commit("one half");
    let Verdict::Partly { missing } = sides.only().verdict else { panic!("{:#?}", sides.only()) };
    assert_eq!(missing.len(), 1);
    assert_eq!((&missing[0].path, missing[0].added, missing[0].removed), (&path("b.py"), 1, 1));
    sides.target.write("b.py", &b).commit("other half");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn an_adapted_fix_is_present_and_a_look_alike_is_not() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    let fix = "    rows = sorted(rows, key=by_name)\n    rows = without_duplicates(rows)\n    report(rows, title)\n";
    let at = "line number 9\n";
    sides.source.write("a.py", text("1").replace(at, &format!("{at}{fix}"))).commit("sort and report");
    let around =
        text("1").replace("line number 8\n", "line eight, theirs\n").replace("line number 10\n", "line ten, theirs\n");
    sides.target.write("a.py", &around).commit("their own");
    sides.target.write("a.py", around.replace(at, &format!("{at}{fix}"))).commit("adapted");
    let judgement = sides.only();
    assert_eq!(judgement.verdict, Verdict::Present, "{judgement:#?}");

    let sides = Sides::new(&[("a.py", &text("1"))]);
    sides.source.write("a.py", text("1").replace(at, &format!("{at}{fix}"))).commit("sort and report");
    let alike =
        "    rows = sorted(members, key=by_age)\n    rows = with_duplicates(members)\n    report(members, name)\n";
    sides.target.write("a.py", text("1").replace(at, &format!("{at}{alike}"))).commit("another");
    assert_ne!(sides.only().verdict, Verdict::Present);
}

/// Boilerplate that is found again wherever somebody adds one more.
fn panel(title: &str) -> String {
    let lines = (0..30).map(|at| format!("    option_{at} = default_of(option_{at})\n"));
    format!("[panel]\n    title = {title}\n{}[end]\n", lines.collect::<String>())
}

#[test]
fn what_came_elsewhere_is_the_change_only_as_a_whole() {
    let sides = Sides::new(&[("panels.cfg", &text("1"))]);
    let with = |at: &str, panel: &str| text("1").replace(at, &format!("{at}{panel}"));
    sides.source.write("panels.cfg", with("line number 3\n", &panel("lengths of queues"))).commit("show queues");
    let much = (0..150).map(|at| format!("much else {at}\n")).collect::<String>();
    sides
        .target
        .write("much", much)
        .write("panels.cfg", with("line number 9\n", &panel("snapshots sent")))
        .commit("more");
    let judgement = sides.only();
    assert_ne!(judgement.verdict, Verdict::Present, "{judgement:#?}");
    sides.target.write("panels.cfg", with("line number 9\n", &panel("lengths of queues"))).commit("show queues, below");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn a_change_with_a_file_that_has_nothing_of_it_is_there_in_part() {
    let many = |word: &str| (0..80).map(|at| format!("{word} of row {at}\n")).collect::<String>();
    let sides = Sides::new(&[("generated.xml", &many("old")), ("rules.mk", &text("1")), ("more.mk", &text("2"))]);
    sides.source.write("generated.xml", many("new")).write("rules.mk", text("without(generated)"));
    sides.source.write("more.mk", text("without(it, either)")).commit("anew");
    sides.target.write("other", many("other")).write("generated.xml", many("new")).commit("generated again");
    let Verdict::Partly { missing } = sides.only().verdict else { panic!("{:#?}", sides.only()) };
    assert_eq!(missing.iter().map(|it| &it.path).collect::<Vec<_>>(), [&path("more.mk"), &path("rules.mk")]);
}

#[test]
fn a_change_that_was_carried_over_as_it_is_needs_no_content() {
    let sides = Sides::new(&[("a.py", &text("1")), ("b.py", &text("1"))]);
    sides.source.write("a.py", text("check(members)")).commit("fix");
    sides.target.write("a.py", text("check(members)")).commit("picked");
    let read = || {
        let mut plan = Plan::of(&[sides.source.root(), sides.target.root()]);
        for environment in &mut plan.environments {
            let SourceSpec::Folder { path } = &environment.source else { panic!("{:?}", environment.source) };
            environment.source = SourceSpec::Git { repository: path.clone(), reference: "HEAD".to_owned() };
        }
        let collected = plan.collect();
        let before = collected.counters();
        let (judged, ..) = judge(&collected, None);
        assert!(judged.iter().all(|(_, it)| it.verdict == Verdict::Present), "{judged:#?}");
        (judged, collected.counters().bytes_read - before.bytes_read)
    };
    let (judged, bytes) = read();
    assert_eq!((judged[0].1.tier, bytes), (Some(Tier::SameContent), 0));
    // It came in another step than it was made in: the files have to bear it out.
    sides.source.write("b.py", text("sorted(rows)")).commit("second");
    sides.target.write("b.py", text("sorted(rows)").replace("number 12", "of theirs")).commit("with more");
    assert!(read().1 > 0);
}

#[test]
fn a_tree_without_history_is_held_against_its_base() {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("backend/a.py", text("1")).write("backend/b.py", "b\n".repeat(5)).commit("base");
    let base = source.git(&["rev-parse", "HEAD"]);
    source.write("backend/a.py", text("check(members)")).commit("fix");
    source.write("backend/b.py", "another(text)\n").commit("not there");
    let prod = home.path().join("prod");
    std::fs::create_dir_all(prod.join("oncall_backend")).unwrap();
    std::fs::write(prod.join("oncall_backend/a.py"), text("check(members)").replace("number 11", "of prod")).unwrap();
    std::fs::write(prod.join("oncall_backend/b.py"), "b\n".repeat(5)).unwrap();
    let collected = Plan::of(&[source.root(), &prod]).map(1, &[("backend", "oncall_backend")]).collect();
    for base in [Some((0, commit_id(&base))), None] {
        let (judged, ..) = judge(&collected, base);
        let verdicts: Vec<_> = judged.iter().map(|(title, it)| (&**title, it.verdict.clone(), it.tier)).collect();
        assert_eq!(verdicts, [("fix", Verdict::Present, Some(Tier::Replay)), ("not there", Verdict::Absent, None)]);
    }
}

#[test]
fn what_is_no_text_is_held_as_a_whole() {
    let sides = Sides::new(&[("tool.sh", "#!/bin/sh\nrun\n"), ("image", "\0one\n"), ("away", "old\n")]);
    sides.source.git(&["update-index", "--chmod=+x", "tool.sh"]);
    sides.source.git(&["commit", "-qm", "executable"]);
    sides.source.write("image", "\0two\n");
    sides.source.git(&["commit", "-qm", "image", "image"]);
    sides.source.git(&["rm", "-q", "away"]);
    sides.source.git(&["commit", "-qm", "away"]);
    let absent = sides.verdicts();
    assert!(absent.iter().all(|(_, verdict)| *verdict == Verdict::Absent), "{absent:#?}");
    sides.target.write("image", "\0three\n").commit("theirs");
    assert_eq!(sides.verdicts()[1].1, Verdict::Unproven { because: Doubt::Opaque });
    sides.target.write("image", "\0two\n").remove("away");
    sides.target.git(&["add", "-A"]);
    sides.target.git(&["update-index", "--chmod=+x", "tool.sh"]);
    sides.target.git(&["commit", "-qm", "all of it"]);
    sides.target.git(&["checkout", "-q", "-f", "HEAD", "--", "."]);
    sides.target.git(&["reset", "-q", "--hard"]);
    let present = sides.verdicts();
    assert!(present.iter().all(|(_, verdict)| *verdict == Verdict::Present), "{present:#?}");
}

#[test]
fn a_unit_is_replayed_onto_the_targets_own_text() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    sides.source.write("a.py", text("2")).commit("fix");
    assert_eq!(replay(&sides.collected(), 0).applies, Applies::Clean);
    let grown = format!("first\nsecond\n{}", text("1")).replace('\n', "\r\n");
    sides.target.write("a.py", &grown).commit("grown, with other line ends");
    let replayed = replay(&sides.collected(), 0);
    assert_eq!(replayed.applies, Applies::Offset { lines: 2 });
    let after = replayed.files[0].after.as_ref().unwrap();
    assert_eq!(after.content, grown.replace("value = 1", "value = 2").as_bytes());
    sides.target.write("a.py", text("3")).commit("another");
    let Applies::Conflict { conflicts } = replay(&sides.collected(), 0).applies else { panic!() };
    let region = |word: &str| format!("    value = {word}\n").into_bytes();
    let kind = ConflictKind::Region { line: 6, ours: region("3"), theirs: region("2") };
    assert_eq!((conflicts.len(), &conflicts[0].path, &conflicts[0].kind), (1, &path("a.py"), &kind));
    sides.target.remove("a.py").commit("away");
    let Applies::Conflict { conflicts } = replay(&sides.collected(), 0).applies else { panic!() };
    assert_eq!(conflicts[0].kind, ConflictKind::NoFile);
}

#[test]
fn what_a_unit_builds_upon_comes_first() {
    let sides = Sides::new(&[("a.py", &text("1"))]);
    let helper = text("1").replace("line number 3\n", "def helper(members):\n    return members\n");
    sides.source.write("a.py", &helper).commit("a helper");
    sides.source.write("b.py", "import a\n").commit("unrelated");
    sides.source.write("a.py", helper.replace("return members", "return sorted(members)")).commit("sorted");
    let collected = sides.collected();
    let (_, units, judged) = judge(&collected, None);
    let asked = Asked { units: &units, source: 0, target: 1, base: None, is_in_nearest: false };
    let needs = verdict::needs(&[0, 1, 2], &judged.judgements, &asked, &judged.places, &reading(&collected));
    assert_eq!(needs.into_iter().collect::<Vec<_>>(), [(2, vec![0])]);
}

/// One change of a file: in which, at which line, and what.
#[derive(Debug, Clone)]
enum Edit {
    Replace(usize, usize),
    Insert(usize, usize),
    Remove(usize, usize),
}

fn edits() -> impl Strategy<Value = Vec<Vec<Edit>>> {
    let edit = (0..3usize, 0..40usize, 0..3u8).prop_map(|(file, line, kind)| match kind {
        0 => Edit::Replace(file, line),
        1 => Edit::Insert(file, line),
        _ => Edit::Remove(file, line),
    });
    prop::collection::vec(prop::collection::vec(edit, 1..4), 1..6)
}

fn apply(files: &mut [Vec<String>; 3], edits: &[Edit], who: &str, at: usize) {
    for (number, edit) in edits.iter().enumerate() {
        let line = format!("{who} makes step {at} of kind {number}");
        match *edit {
            Edit::Replace(file, place) => {
                let lines = &mut files[file];
                let place = own(lines, place, who).unwrap_or(place % lines.len());
                lines[place] = line;
            }
            Edit::Insert(file, place) => {
                let place = place % files[file].len();
                files[file].insert(place, line);
            }
            Edit::Remove(file, place) => {
                let lines = &mut files[file];
                if let Some(at) = own(lines, place, who).filter(|_| lines.len() > 20) {
                    drop(lines.remove(at));
                } else {
                    let place = place % lines.len();
                    lines[place] = line;
                }
            }
        }
    }
}

/// The next line from a place on that this side takes away.
fn own(lines: &[String], place: usize, who: &str) -> Option<usize> {
    (0..lines.len()).map(|after| (place + after) % lines.len()).find(|&at| may_go(&lines[at], who))
}

/// Whether a line is one that this side takes away or writes anew: of the first ones each has its half, since to take away the same one is the
/// same change.
fn may_go(line: &str, who: &str) -> bool {
    match line.split(' ').nth(3).and_then(|number| number.parse::<usize>().ok()) {
        Some(number) => (number % 2 == 0) == (who == "the source"),
        None => line.starts_with(who),
    }
}

fn commit(repo: &Repo, files: &[Vec<String>; 3], title: &str) {
    for (at, lines) in files.iter().enumerate() {
        repo.write(&format!("f{at}"), lines.join("\n") + "\n");
    }
    repo.commit(title);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn applying_makes_present_and_reverting_makes_absent(theirs in edits(), ours in edits()) {
        let start: [Vec<String>; 3] =
            std::array::from_fn(|file| (0..30).map(|line| format!("file {file} says {line} at first")).collect());
        let sides = Sides::new(&[]);
        commit(&sides.source, &start, "start");
        sides.target.git(&["pull", "-q"]);
        let (mut source, mut target) = (start.clone(), start);
        for (at, edits) in theirs.iter().enumerate() {
            apply(&mut source, edits, "the source", at);
            commit(&sides.source, &source, &format!("step {at}"));
        }
        for (at, edits) in ours.iter().enumerate() {
            apply(&mut target, edits, "the target", at);
            commit(&sides.target, &target, &format!("own {at}"));
        }
        let collected = sides.collected();
        let (_, units, judged) = judge(&collected, None);
        for judgement in &judged.judgements {
            prop_assert_ne!(&judgement.verdict, &Verdict::Present, "{:#?}", judgement);
        }
        let asked = Asked { units: &units, source: 0, target: 1, base: None, is_in_nearest: false };
        let replays: Vec<_> = units.iter().map(|unit| verdict::replay(unit, &asked, &judged.places, &reading(&collected))).collect();
        for (unit, replay) in units.iter().zip(replays) {
            if !matches!(replay.applies, Applies::Clean | Applies::Offset { .. }) || replay.files.is_empty() {
                continue;
            }
            for file in &replay.files {
                let after = file.after.as_ref().unwrap();
                sides.target.write(std::str::from_utf8(after.path.as_bytes()).unwrap(), &after.content);
            }
            sides.target.commit("applied");
            let verdict = |title: &str| sides.verdicts().into_iter().find(|(it, _)| it == title).unwrap().1;
            prop_assert_eq!(verdict(&unit.title), Verdict::Present, "{} applied", unit.title);
            sides.target.git(&["revert", "--no-edit", "HEAD"]);
            prop_assert_eq!(verdict(&unit.title), Verdict::Absent, "{} reverted", unit.title);
        }
    }
}

#[test]
fn a_commit_that_the_target_reaches_needs_no_proof() {
    let sides = Sides::new(&[("a", "1\n")]);
    sides.source.write("a", "2\n").commit("two");
    sides.source.write("a", "3\n").commit("three");
    let mut plan = Plan::of(&[sides.source.root(), sides.source.root()]);
    plan.environments[1].source =
        SourceSpec::Git { repository: sides.source.root().to_owned(), reference: "HEAD~1".to_owned() };
    let collected = plan.collect();
    let units = units::commits(&collected.beyond(0, &[]).unwrap(), 0, &collected).unwrap();
    let asked = Asked { units: &units, source: 0, target: 1, base: None, is_in_nearest: false };
    let judged = verdict::judge(&asked, &reading(&collected)).unwrap();
    let present: Vec<bool> = judged.judgements.iter().map(|it| it.verdict == Verdict::Present).collect();
    assert_eq!(present, [true, true, false]);
    assert_eq!(judged.judgements[0].evidence[0].fact, Fact::SameCommit);
}

#[test]
fn a_fix_in_a_file_that_was_taken_out_of_another_is_looked_for_there() {
    let rows = |from: usize, to: usize| (from..to).map(|at| format!("serve_number_{at}()\n")).collect::<String>();
    let sides = Sides::new(&[("tools.py", &rows(0, 60))]);
    sides.source.write("tools.py", rows(0, 30)).write("serve.py", rows(30, 60)).commit("split");
    sides.source.write("serve.py", rows(30, 60).replace("number_44()", "number_44(all=True)")).commit("fix");
    let fix = |verdicts: Vec<(String, Verdict)>| verdicts.into_iter().find(|(title, _)| title == "fix").unwrap().1;
    assert_eq!(fix(sides.verdicts()), Verdict::Absent);
    let replayed = replay(&sides.collected(), 1);
    assert_eq!(replayed.applies, Applies::Offset { lines: 30 });
    let after = replayed.files[0].after.as_ref().unwrap();
    let fixed = rows(0, 60).replace("number_44()", "number_44(all=True)");
    assert_eq!((&after.path, &after.content[..]), (&path("tools.py"), fixed.as_bytes()));
    sides.target.write("tools.py", &fixed).commit("fixed where it was");
    assert_eq!(fix(sides.verdicts()), Verdict::Present);
}

#[test]
fn lines_that_present_fixes_changed_again_and_again_are_no_sign_against_the_first() {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("a.py", text("0")).commit("base");
    let base = source.git(&["rev-parse", "HEAD"]);
    let with = |value: &str, more: usize| {
        let checks: String = (0..more).map(|at| format!("check_{at}(members)\nlog_{at}(members)\n")).collect();
        text(value) + &checks
    };
    for (title, value, more) in
        [("one", "first(members)", 1), ("two", "second(members)", 2), ("three", "third(all)", 3)]
    {
        source.write("a.py", with(value, more)).commit(title);
    }
    let prod = home.path().join("prod");
    std::fs::create_dir(&prod).unwrap();
    std::fs::write(prod.join("a.py"), with("third(all)", 3)).unwrap();
    let collected = Plan::of(&[source.root(), &prod]).collect();
    let (judged, ..) = judge(&collected, Some((0, commit_id(&base))));
    assert!(judged.iter().all(|(_, it)| it.verdict == Verdict::Present), "{judged:#?}");
}
