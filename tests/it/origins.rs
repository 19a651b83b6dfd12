//! Which unit of change a region of `driftline diff` comes from.

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};

const TEN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

fn changed(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(TEN.to_owned(), |text, (old, new)| text.replace(old, new))
}

/// A checkout `a` and its clone `b`.
fn pair() -> (TestEnv, Repo, Repo) {
    let env = TestEnv::new();
    let a = Repo::init(env.path("a"));
    a.write("x.py", TEN).commit("base");
    a.git(&["clone", "-q", ".", env.path("b").to_str().unwrap()]);
    let b = Repo::at(env.path("b"));
    (env, a, b)
}

fn diff(env: &TestEnv, words: &[&str]) -> Value {
    env.driftline(["diff", "--no-state", "--format", "json"].iter().chain(words)).expect(1).json()
}

/// For each region its first line in the base, and where it comes from.
fn regions(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let origin = |origin: &Value| {
        let who: Vec<String> = origin["environments"].as_array().unwrap().iter().map(text).collect();
        let subject = origin["subject"].as_str().map(|subject| format!(" {subject}")).unwrap_or_default();
        format!("{}: {}{subject} {}", who.join("+"), text(&origin["kind"]), origin["lines"])
    };
    let region = |region: &Value| {
        let origins: Vec<String> = region["origins"].as_array().unwrap().iter().map(origin).collect();
        let uncommitted: Vec<String> = region["uncommitted"].as_array().unwrap().iter().map(text).collect();
        let line = format!("{} [{}] {}", region["base"]["start"], origins.join(", "), uncommitted.join("+"));
        line.trim_end().to_owned()
    };
    report["files"][0]["regions"].as_array().unwrap().iter().map(region).collect()
}

#[test]
fn commits_the_index_and_the_file_are_told_apart() {
    let (env, a, b) = pair();
    let committed = [("two\n", "two committed\n"), ("four\n", "")];
    a.write("x.py", changed(&committed)).commit("Commit of a");
    let staged = [&committed[..], &[("six\n", "six staged\n")]].concat();
    a.write("x.py", changed(&staged)).git(&["add", "x.py"]);
    let all = [&staged[..], &[("eight\n", "")]].concat();
    a.write("x.py", changed(&all));
    b.write("x.py", changed(&[("ten\n", "ten of b\n")])).commit("Commit of b");
    insta::assert_snapshot!(regions(&diff(&env, &["x.py", "a=a", "b=b"])).join("\n"), @"
    1 [a: commit Commit of a 2]
    3 [a: commit Commit of a 1]
    5 [a: staged 2] a
    7 [a: unstaged 1] a
    9 [b: commit Commit of b 2]
    ");
}

#[test]
fn the_last_commit_that_made_a_line_counts_whatever_came_after() {
    let (env, a, b) = pair();
    a.write("x.py", changed(&[("two\n", "two first\n"), ("nine\n", "nine first\n")])).commit("First");
    a.write("x.py", changed(&[("two\n", "two second\n"), ("nine\n", "nine first\n")])).commit("Second");
    a.write("other.py", "x\n").commit("Elsewhere");
    a.git(&["mv", "x.py", "y.py"]);
    a.commit("Rename");
    b.git(&["mv", "x.py", "y.py"]);
    b.commit("Rename too");
    // The base that both have has no such file, so either side is measured against the other.
    let report = diff(&env, &["y.py", "a=a", "b=b", "--base", "b"]);
    insta::assert_snapshot!(regions(&report).join("\n"), @"
    1 [a: commit Second 1]
    8 [a: commit First 1]
    ");
}

#[test]
fn a_merge_hands_lines_to_the_side_that_made_them() {
    let (env, a, _) = pair();
    a.git(&["checkout", "-q", "-b", "side"]);
    a.write("x.py", changed(&[("nine\n", "nine of the side\n")])).commit("On the side");
    a.git(&["checkout", "-q", "main"]);
    a.write("x.py", changed(&[("two\n", "two of main\n")])).commit("On main");
    a.git(&["merge", "-q", "--no-edit", "side"]);
    insta::assert_snapshot!(regions(&diff(&env, &["x.py", "a=a", "b=b"])).join("\n"), @"
    1 [a: commit On main 1]
    8 [a: commit On the side 1]
    ");
}

#[test]
fn a_copy_without_git_is_known_by_its_content() {
    let (env, a, _) = pair();
    a.write("x.py", changed(&[("two\n", "two fixed\n")])).commit("Fix");
    std::fs::create_dir_all(env.path("c")).unwrap();
    std::fs::copy(a.path("x.py"), env.path("c/x.py")).unwrap();
    insta::assert_snapshot!(regions(&diff(&env, &["x.py", "a=a", "b=b", "c=c"])).join("\n"), @"1 [a+c: commit Fix 2]");
    std::fs::write(env.path("c/x.py"), changed(&[("five\n", "five of nobody\n")])).unwrap();
    let report = diff(&env, &["x.py", "a=a", "b=b", "c=c"]);
    insta::assert_snapshot!(regions(&report).join("\n"), @"
    1 [a: commit Fix 2]
    4 [c: tree 1]
    ");
}

#[test]
fn untracked_files_and_files_in_conflict_are_not_guessed_at() {
    let (env, a, _) = pair();
    a.write("new.py", TEN);
    std::fs::write(env.path("b/new.py"), changed(&[("two\n", "2\n")])).unwrap();
    let report = diff(&env, &["new.py", "a=a", "b=b", "--base", "a"]);
    insta::assert_snapshot!(regions(&report).join("\n"), @"1 [b: untracked 1] b");
    a.write("x.py", changed(&[("two\n", "two ours\n")])).commit("Ours");
    a.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    a.write("x.py", changed(&[("two\n", "two theirs\n")])).commit("Theirs");
    let merged =
        std::process::Command::new("git").args(["merge", "-q", "main"]).current_dir(a.root()).output().unwrap();
    assert!(!merged.status.success(), "it is a conflict");
    let report = diff(&env, &["x.py", "a=a", "b=b", "--base", "b"]);
    assert!(regions(&report).iter().all(|region| region.contains("[]")), "{report:#}");
}

#[test]
fn in_text_it_stands_behind_the_owner_or_below() {
    let (env, a, _) = pair();
    a.write("x.py", changed(&[("two\n", "two fixed\n")]))
        .commit("Fix the second line, which was wrong for a long time");
    a.write("x.py", changed(&[("two\n", "two fixed\n"), ("nine\n", "nine too\n")]));
    let heads = |columns: &str| -> String {
        let run = |words: &[&str]| {
            let mut command = env.command();
            command.args(words).args(["a=a", "b=b"]).env("COLUMNS", columns).env("DRIFTLINE_NOW", "1700864000");
            env.run(&mut command).stdout()
        };
        // The numbers are those of the last first screen.
        let _ = run(&["status"]);
        let text = run(&["diff", "x.py"]);
        let mut lines = text.lines();
        let mut heads = Vec::new();
        while let Some(line) = lines.next() {
            if line.starts_with("  @@") {
                heads.push(line.trim());
                heads.extend(lines.next().filter(|line| line.contains('"')).map(str::trim));
            }
        }
        heads.join("\n")
    };
    insta::assert_snapshot!(heads("80"), @r#"
    @@ 2  one                                                               only a
    f1 516662a "Fix the second line, which was wrong for a long time" (Ada Aut…
    @@ 9  eight                                            only a, uncommitted, f2
    "#);
    insta::assert_snapshot!(heads("160"), @r#"
    @@ 2  one                                                      only a: f1 516662a "Fix the second line, which was wrong for a long time" (Ada Author, 10 days)
    @@ 9  eight                                                                                                                            only a, uncommitted, f2
    "#);
}

/// The heads of regions in a view, as they stand on the screen.
fn heads_of(run: &Run) -> String {
    let text = run.stdout();
    let heads = text.lines().map(str::trim).filter(|line| line.starts_with("@@"));
    heads.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

/// One number for one unit: on the first screen, in the listing of all pairs and of one, shown by itself, and at a region.
#[test]
fn a_unit_has_one_number_on_all_screens() {
    let (env, a, b) = pair();
    let long = |first: &str, second: &str| {
        let lines = (0..60).map(|at| format!("    step_{at}()\n")).collect::<String>();
        lines.replace("    step_3()\n", first).replace("    step_50()\n", second)
    };
    let (old, fixed) = (("    step_3()\n", "    step_50()\n"), ("    retry(3)\n", "    escape(name)\n"));
    a.write("l.py", long(old.0, old.1)).commit("A long file");
    b.git(&["pull", "-q", a.root().to_str().unwrap(), "main"]);
    b.write("own.py", "own_value\n").commit("Fix of b");
    a.write("x.py", changed(&[("two\n", "two fixed\n")])).commit("Fix of a");
    a.write("l.py", long(fixed.0, fixed.1));
    let json = |words: &[&str]| env.driftline(words.iter().chain(&["--format", "json", "a=a", "b=b"])).json();
    let names = |units: &Value| -> std::collections::BTreeMap<String, String> {
        let name = |unit: &Value| (unit["id"].to_string(), unit["short"].as_str().unwrap().to_owned());
        units.as_array().unwrap().iter().map(name).collect()
    };
    let kept = |words: &[&str]| heads_of(&env.driftline(["diff", "--width", "150"].iter().chain(words)).expect(1));
    let before = kept(&["l.py", "a=a", "b=b"]);
    assert!(before.lines().all(|head| head.ends_with("only a, uncommitted")), "nothing has a number yet: {before}");
    let all = names(&json(&["candidates"])["units"]);
    assert_eq!(all.len(), 4, "two commits, two edits of one file: {all:?}");
    assert_eq!(names(&json(&["status"])["candidates"]["units"]), all);
    for (from, to, count) in [("a", "b", 3), ("b", "a", 1)] {
        let one = names(&json(&["candidates", "--from", from, "--to", to])["units"]);
        assert_eq!(one.len(), count);
        assert!(one.iter().all(|(id, name)| all[id] == *name), "{one:?} {all:?}");
    }
    let units = json(&["candidates", "--from", "a", "--to", "b"])["units"].clone();
    let short = |title: &str| {
        let unit = units.as_array().unwrap().iter().find(|unit| unit["title"].as_str().unwrap().contains(title));
        unit.unwrap_or_else(|| panic!("{units:#}"))["short"].as_str().unwrap().to_owned()
    };
    let (commit, above, below) = (short("Fix of a"), short("at line 4"), short("at line 51"));
    let shown = env.driftline(["candidates", "show", &below, "--from", "a", "--to", "b", "a=a", "b=b"]);
    assert!(shown.stdout().contains("change l.py at line 51"), "{shown}");
    let regions = kept(&["l.py", "a=a", "b=b"]);
    let regions: Vec<&str> = regions.lines().collect();
    assert!(regions[0].ends_with(&format!("only a, uncommitted, {above}")), "{regions:?}");
    assert!(regions[1].ends_with(&format!("only a, uncommitted, {below}")), "{regions:?}");
    assert!(kept(&["x.py", "a=a", "b=b"]).contains(&format!("only a: {commit} ")));
    let unified = kept(&["x.py", "a=a", "b=b", "--view", "unified"]);
    assert!(unified.contains(&format!("{commit} ")) && unified.contains("\"Fix of a\""), "{unified}");
    let unified = kept(&["l.py", "a=a", "b=b", "--view", "unified"]);
    assert!(unified.contains(&format!("uncommitted, {above}")), "{unified}");
    let origin = &json(&["diff", "l.py"])["files"][0]["regions"];
    let origins: Vec<&Value> = origin.as_array().unwrap().iter().filter(|it| it["class"] == "only").collect();
    assert_eq!(origins[1]["origins"][0]["unit"], *below, "{origins:#?}");
}

#[test]
fn lines_that_a_stash_has_come_from_it() {
    let (env, a, b) = pair();
    a.write("x.py", changed(&[("two\n", "two put aside\n")]));
    a.git(&["stash", "push", "-q", "-m", "half done"]);
    a.git(&["stash", "apply", "-q"]);
    a.write("x.py", changed(&[("two\n", "two put aside\n"), ("nine\n", "nine typed in\n")]));
    // Somebody copied it by hand.
    b.write("x.py", changed(&[("two\n", "two put aside\n")]));
    let report = diff(&env, &["x.py", "a=a", "b=b"]);
    insta::assert_snapshot!(regions(&report).join("\n"), @r"
    1 [a: stash On main: half done 1, a: unstaged 1, b: stash On main: half done 1, b: unstaged 1] a+b
    8 [a: unstaged 2] a
    ");
}
