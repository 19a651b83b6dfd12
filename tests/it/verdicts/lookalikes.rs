//! What merely looks like a unit, or like a part of one, is another change.

use driftline::insight::verdict::{Applies, Verdict};
use tempfile::tempdir;

use super::{Sides, commit_id, judge, replay, text};
use crate::support::collecting::{Plan, path};
use crate::support::repo::Repo;

#[test]
fn the_same_patch_to_another_file_is_another_change() {
    let sides = Sides::new(&[("one/a.py", &text("1")), ("two/a.py", &text("1")), ("b.py", &text("1"))]);
    sides.source.write("one/a.py", text("2")).commit("fix one");
    sides.target.write("two/a.py", text("2")).commit("fix two");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    sides.target.write("b.py", text("2")).commit("fix b");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    sides.target.write("one/a.py", text("2")).commit("fix one as well");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn a_value_that_was_changed_elsewhere_still_stands_here() {
    let values = "prod:\n  host: a\n  debug: true\n  port: 1\n\nstage:\n  host: b\n  debug: true\n  port: 2\n";
    let (first, second) = (values.find("debug: true").unwrap(), values.rfind("debug: true").unwrap());
    let with = |at: usize| format!("{}debug: false{}", &values[..at], &values[at + 11..]);
    let sides = Sides::new(&[("app.yaml", values), ("other", "x\n")]);
    sides.source.write("app.yaml", with(first)).commit("no debugging in prod");
    sides.target.write("app.yaml", with(second)).commit("no debugging in stage");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    sides.target.write("app.yaml", with(first)).commit("but in prod");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn one_of_two_places_is_not_both() {
    let function = |name: &str, check: &str| format!("def {name}(x):\n{check}    y = load(x)\n    return y\n\n\n");
    let between: String = (0..30).map(|at| format!("step_{at}()\n")).collect();
    let with = |first: &str, second: &str| function("one", first) + &between + &function("two", second);
    let check = "    check_all(x)\n";
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("a.py", with("", "")).write("b.py", &between).commit("base");
    source.write("a.py", with(check, check)).commit("check both");
    let prod = home.path().join("prod");
    std::fs::create_dir(&prod).unwrap();
    std::fs::write(prod.join("b.py"), &between).unwrap();
    let id = source.git(&["rev-parse", "HEAD~1"]);
    let id = commit_id(&id);
    let verdict = |text: String| {
        std::fs::write(prod.join("a.py"), text).unwrap();
        let collected = Plan::of(&[source.root(), &prod]).collect();
        judge(&collected, Some((0, id.clone()))).0.remove(0).1.verdict
    };
    let half = verdict(with(check, ""));
    assert!(matches!(half, Verdict::Partly { .. }), "{half:?}");
    assert_eq!(verdict(with(check, check)), Verdict::Present);
}

#[test]
fn another_change_of_the_same_line_is_no_part_of_it() {
    let sides = Sides::new(&[("a.py", &text("1")), ("b.py", &text("1"))]);
    sides.source.write("a.py", text("2")).write("b.py", text("2")).commit("fix");
    sides.target.write("a.py", text("other()")).write("b.py", text("another()")).commit("their own");
    assert_eq!(sides.only().verdict, Verdict::Absent);
}

#[test]
fn an_empty_file_is_there_or_not() {
    let sides = Sides::new(&[("a.py", &text("1")), ("old", "")]);
    sides.source.write("pkg/__init__.py", "").commit("a package").remove("old").commit("without it");
    assert!(sides.verdicts().iter().all(|(_, verdict)| *verdict == Verdict::Absent), "{:#?}", sides.judged());
    sides.target.write("pkg/__init__.py", "").remove("old").commit("both");
    assert!(sides.verdicts().iter().all(|(_, verdict)| *verdict == Verdict::Present), "{:#?}", sides.judged());
}

#[test]
fn a_file_that_was_moved_and_edited_in_one_step_is_found() {
    let sides = Sides::new(&[("a.py", &text("1")), ("b.py", &text("1"))]);
    sides.source.write("a.py", text("2")).commit("fix");
    let moved = |word: &str| text(word).replace("line number 11\n", "of their own\n");
    sides.target.remove("a.py").write("lib/members.py", moved("1")).commit("move it");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    let replayed = replay(&sides.collected(), 0);
    assert_eq!(
        (replayed.applies, &replayed.files[0].after.as_ref().unwrap().path),
        (Applies::Clean, &path("lib/members.py"))
    );
    sides.target.write("lib/members.py", moved("2")).commit("fix it there");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn a_move_is_a_removal_and_a_file_that_came() {
    let sides = Sides::new(&[("a.py", &text("1")), ("b.py", "b = 1\n")]);
    sides.source.remove("a.py").commit("drop it").write("lib/a.py", text("1")).commit("have it again");
    let verdicts = || -> Vec<Verdict> { sides.verdicts().into_iter().map(|(_, verdict)| verdict).collect() };
    assert_eq!(verdicts(), [Verdict::Absent, Verdict::Absent]);
    sides.target.remove("a.py").write("lib/a.py", text("1")).commit("move it");
    assert_eq!(verdicts(), [Verdict::Present, Verdict::Present]);
}

#[test]
fn what_is_like_a_whole_tree_lacks_the_file_that_has_nothing_of_it() {
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    let rows = |other: usize| -> String {
        let row = |at: usize| format!("    step_{at}(value_{at})\n");
        (0..60).map(|at| if at == other { "    done(1)\n".to_owned() } else { row(at) }).collect()
    };
    source.write("m.py", rows(99)).write("n.py", rows(99)).write("r.txt", "flask==3\n").commit("base");
    let id = source.git(&["rev-parse", "HEAD"]);
    let safe = rows(20).replace("done(1)", "step_20(value_20, safe=True)\n    log_safe(value_20)");
    source.write("m.py", &safe).write("n.py", rows(30)).commit("fix two");
    let prod = home.path().join("prod");
    std::fs::create_dir(&prod).unwrap();
    for (name, content) in [("m.py", &safe), ("n.py", &rows(99)), ("r.txt", &"flask==3\nmore\n".to_owned())] {
        std::fs::write(prod.join(name), content).unwrap();
    }
    let collected = Plan::of(&[source.root(), &prod]).collect();
    let judged = judge(&collected, Some((0, commit_id(&id)))).0.remove(0).1;
    assert!(matches!(judged.verdict, Verdict::Partly { .. }), "{judged:#?}");
}

#[test]
fn the_same_lines_in_another_function_are_another_change() {
    let steps: String = (0..30).map(|at| format!("    step_{at}()\n")).collect();
    let module = |one: &str, two: &str| {
        let (first, second) = ("    y = load(x)\n    return y\n", "    w = read(x)\n    close(x)\n    return w\n");
        format!("def one(x):\n{one}{first}\n\ndef between():\n{steps}\n\ndef two(x):\n{two}{second}")
    };
    let check = "    if not allowed(x):\n        raise Wrong(x)\n    audit_log(x)\n";
    let sides = Sides::new(&[("m.py", &module("", ""))]);
    sides.source.write("m.py", module(check, "")).commit("check in one");
    sides.target.write("m.py", module("", check)).commit("check in two");
    assert!(!matches!(sides.only().verdict, Verdict::Present), "{:#?}", sides.only());
    sides.target.write("m.py", module(check, check)).commit("check in both");
    assert_eq!(sides.only().verdict, Verdict::Present);
}

#[test]
fn what_lacks_one_of_two_places_is_there_in_part() {
    let steps: String = (0..30).map(|at| format!("step_{at}()\n")).collect();
    let with = |first: &str, second: &str| {
        format!("def one(x):\n{first}    return x\n\n{steps}\ndef two(x):\n{second}    return x\n")
    };
    let sides = Sides::new(&[("m.py", &with("", ""))]);
    let check = "    check_all(x)\n";
    sides.source.write("m.py", with(check, check)).commit("check both");
    sides.target.write("m.py", with("", check)).commit("check one");
    let half = sides.only().verdict;
    assert!(matches!(half, Verdict::Partly { .. }), "{half:?}");
}

#[test]
fn a_change_in_a_block_that_lies_deeper_is_there_where_its_lines_lie_alike() {
    let body = |check: &str| {
        let lines = ["rows = load(day)", "for row in rows:", "    send(row)", "    note(row, day)", "    count(row)"];
        let all = lines.map(|line| format!("{line}\n")).concat();
        all.replace("    note(row, day)\n", &format!("    note(row, day)\n{check}"))
    };
    let under = |head: &str, blanks: usize, body: &str| -> String {
        let lines = body.lines().map(|line| format!("{}{line}\n", " ".repeat(blanks)));
        format!("def run(day):\n{head}{}    return day\n", lines.collect::<String>())
    };
    let check = "    if row.is_late(day):\n        warn(row, day)\n        keep(row.id, day)\n";
    let sides = Sides::new(&[("a.py", &under("", 4, &body(""))), ("b.py", "b = 1\n")]);
    sides.source.write("a.py", under("", 4, &body(check))).commit("warn of late rows");
    let head = "    if is_open(day):\n";
    sides.target.write("a.py", under(head, 8, &body(""))).commit("on open days only");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    sides.target.git(&["branch", "deeper"]);
    sides.target.write("a.py", under(head, 8, &body(check))).commit("warn of late ones and keep these");
    assert_eq!(sides.only().verdict, Verdict::Present);
    sides.target.git(&["checkout", "-q", "deeper"]);
    let outside = check.replace("        keep", "    keep");
    sides.target.write("a.py", under(head, 8, &body(&outside))).commit("keep all, warn of late ones");
    let half = sides.only().verdict;
    assert!(matches!(half, Verdict::Partly { .. }), "a line is in another block: {half:?}");
}
