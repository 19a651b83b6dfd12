//! What histories and patches may hold that is no ordinary change: each has a defined outcome in `candidates`, its verdicts and its export.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};

const TEN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// A checkout `a` with these files, and its clone `b`.
fn pair(files: &[(&str, &str)]) -> (TestEnv, Repo, Repo) {
    let env = TestEnv::new();
    let a = Repo::init(env.path("a"));
    for (name, content) in files {
        a.write(name, content);
    }
    a.commit("base");
    a.git(&["clone", "-q", ".", env.path("b").to_str().unwrap()]);
    let b = Repo::at(env.path("b"));
    (env, a, b)
}

fn candidates(env: &TestEnv, words: &[&str]) -> Run {
    let common = ["candidates", "--no-state", "a=a", "b=b", "--from", "a", "--to", "b"];
    env.driftline(common.iter().chain(words))
}

/// Title, verdict and whether it applies, of every unit.
fn units(env: &TestEnv) -> Vec<String> {
    let report = candidates(env, &["--all", "--format", "json"]).json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |unit: &Value| {
        let target = &unit["targets"][0];
        format!("{}: {} {}", text(&unit["title"]), text(&target["verdict"]), text(&target["applies"]))
    };
    let mut lines: Vec<String> = report["units"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

/// Exports and gives the patches' paths in order.
fn export(env: &TestEnv) -> Vec<String> {
    let _ = candidates(env, &["--export", "out", "--force"]).expect(1);
    let series = std::fs::read_to_string(env.path("out/series")).unwrap();
    series.lines().map(|name| env.path("out").join(name).to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_merge_is_what_it_brings_together() {
    let (env, a, b) = pair(&[("1", TEN), ("2", TEN), ("3", TEN), ("4", TEN)]);
    for name in ["1", "2", "3", "4"] {
        a.git(&["checkout", "-q", "-b", &format!("branch{name}"), "main"]);
        a.write(name, TEN.replace("five", &format!("value_of_branch({name})"))).commit(&format!("change {name}"));
    }
    a.git(&["checkout", "-q", "main"]);
    a.git(&["merge", "-q", "--no-edit", "branch1", "branch2", "branch3"]);
    assert_eq!(
        a.git(&["log", "-1", "--format=%P"]).split(' ').count(),
        3,
        "an octopus, whose first parent moved along"
    );
    // A merge that brings more than its parents have: that is no unit.
    a.git(&["merge", "-q", "--no-commit", "--no-ff", "branch4"]);
    a.write("more", "in the merge alone\n").commit("merge with more");
    let each = |words: &str| ["1", "2", "3", "4"].map(|name| format!("change {name}: {words}"));
    assert_eq!(units(&env), each("absent clean"));
    let patches = export(&env);
    assert_eq!(patches.len(), 4);
    for patch in &patches {
        b.git_at("1700000100 +0000", &["am", "-q", "--ignore-date", patch]);
    }
    assert_eq!(units(&env), each("present -"));
    // A target that merged them has the very commits.
    b.git(&["reset", "-q", "--hard", "HEAD~4"]);
    b.git(&["pull", "-q", "--no-edit", a.root().to_str().unwrap(), "main"]);
    assert_eq!(units(&env), [] as [&str; 0]);
}

#[test]
fn grafts_and_replacements_are_not_followed() {
    let (env, a, b) = pair(&[("1", TEN), ("2", TEN)]);
    a.write("1", TEN.replace("two", "first_fix(members)")).commit("first");
    let first = a.git(&["rev-parse", "HEAD"]);
    a.write("2", TEN.replace("two", "second_fix(members)")).commit("second");
    let second = a.git(&["rev-parse", "HEAD"]);
    b.write("1", TEN.replace("two", "first_fix(members)")).commit("picked");
    let plain = units(&env);
    assert_eq!(plain, ["first: present -", "second: absent clean"]);
    // git leaves the first one out, and sees another one in the place of the second.
    a.write(".git/info/grafts", format!("{second} {}\n", a.git(&["rev-parse", "HEAD~2"])));
    assert_eq!(a.git(&["rev-list", "--count", "HEAD"]), "2");
    assert_eq!(units(&env), plain);
    a.remove(".git/info/grafts");
    a.git(&["replace", &second, &first]);
    assert_eq!(a.git(&["log", "-1", "--format=%s"]), "first");
    assert_eq!(units(&env), plain);
}

#[test]
fn a_shallow_history_ends_where_it_was_cut() {
    let env = TestEnv::new();
    let origin = Repo::init(env.path("origin"));
    let text = |step: usize| TEN.replace("five", &format!("value_of_step({step})"));
    for step in 0..4 {
        origin.write("a", text(step)).commit(&format!("step {step}"));
    }
    let url = format!("file://{}", origin.root().display());
    let clone = |name: &str, depth: &[&str]| {
        let path = env.path(name);
        origin.git(&[&["clone", "-q"], depth, &[&*url, path.to_str().unwrap()]].concat());
        Repo::at(path)
    };
    // The commit at which the history is cut is no change: it would be the whole tree.
    let a = clone("a", &["--depth", "1"]);
    a.write("b", "new_file_of_a\n").commit("new file");
    let b = clone("b", &[]);
    assert_eq!(units(&env), ["new file: absent clean"]);
    b.write("b", "new_file_of_a\n").commit("picked");
    assert_eq!(units(&env), ["new file: present -"]);
    // Cut on the other side, where the commits that both have lie below the cut: what is common cannot be told.
    std::fs::remove_dir_all(b.root()).unwrap();
    let b = clone("b", &["--depth", "1"]);
    std::fs::remove_dir_all(a.root()).unwrap();
    let a = clone("a", &[]);
    a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    a.write("b", "new_file_of_a\n").commit("new file");
    let run = candidates(&env, &[]).expect(3);
    for place in ["a", "a -> b"] {
        let words = format!("not judged: {place}: cannot read the history: the history is cut off");
        assert!(run.stdout().contains(&words), "{run}");
    }
    drop((a, b));
}

#[test]
fn no_name_leaves_the_root() {
    let (env, a, _) = pair(&[("1", TEN)]);
    let blob = a.git(&["hash-object", "-w", "1"]);
    // What is no name at all makes the answer incomplete; a repository's own folder is a name, and no patch has it.
    for (name, status) in [("..", 3), (".", 3), ("a/../../b", 3), ("/etc", 3), (".git", 1), (".GIT", 1)] {
        // git makes no such tree, so its bytes are written as they would be in the object.
        let id: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).unwrap()).collect();
        a.write(".git/tree", [format!("100644 {name}\0").as_bytes(), &id[..]].concat());
        let tree = a.git(&["hash-object", "-t", "tree", "-w", "--literally", ".git/tree"]);
        let commit = a.git(&["commit-tree", &tree, "-p", "main", "-m", "out of here"]);
        let back = a.git(&["commit-tree", "main^{tree}", "-p", &commit, "-m", "and back"]);
        a.git(&["update-ref", "refs/heads/main", &back]);
        let run = candidates(&env, &["--all", "--format", "json", "--export", "out", "--force"]);
        let series = std::fs::read_to_string(env.path("out/series")).unwrap();
        assert_eq!((run.status(), &*series), (status, ""), "{name}: {run}");
        a.git(&["reset", "-q", "--hard", "HEAD~2"]);
    }
    let patch = "--- a/../../etc/x\n+++ b/../../etc/x\n@@ -1 +1 @@\n-one\n+two\n";
    env.write("out.patch", patch);
    let fix = "[env.a]\npath = 'a'\n[[fix]]\nid = 'out'\npatch = 'out.patch'\nexpect = ['a']\n";
    env.write("driftline.toml", fix);
    let run = env.driftline(["fixes", "--no-state"]).expect(2);
    assert!(run.stderr().contains("line 1: the file is at no path below a root"), "{run}");
}

#[test]
fn fifty_megabytes_are_compared_as_a_whole() {
    let (env, a, b) = pair(&[("small", TEN)]);
    let mut text = String::new();
    for line in 0..1_100_000 {
        writeln!(text, "line {line:07} of a file that has fifty megabytes").unwrap();
    }
    assert!(text.len() > 50_000_000);
    for repo in [&a, &b] {
        repo.git(&["config", "core.compression", "0"]);
    }
    a.write("large", &text).commit("a large file");
    b.git(&["pull", "-q"]);
    a.write("large", text.replacen("line 0500000 of", "line 0500000 (mended) of", 1)).commit("change a line of it");
    a.write("small", TEN.replace("two", "mended(members)")).commit("change the small one");
    // Address space, of which the program and its threads take most.
    let limited = |words: &[&str]| {
        let all = ["candidates", "--no-state", "a=a", "b=b", "--from", "a", "--to", "b", "--format", "json"];
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 2000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_driftline")]);
        env.run(command.args(all).args(words).env("HOME", env.path("home")).current_dir(env.root()))
    };
    let report = limited(&["--export", "out"]).expect(1).json();
    assert_eq!(report["written"][0]["title"], "change the small one");
    assert_eq!(report["left_out"][0]["why"], "`large` is too large to be tried");
    assert_eq!(units(&env), ["change a line of it: absent not-tried", "change the small one: absent clean"]);
    b.write("large", text.replacen("line 0900000 of", "line 0900000 (own) of", 1));
    let report = candidates(&env, &["--all", "--format", "json"]).expect(1).json();
    let other = report["units"].as_array().unwrap().iter().find(|unit| unit["title"] == "change a line of it").unwrap();
    assert_eq!(other["targets"][0]["because"], "no text or too large, and another content");
    std::fs::copy(a.path("large"), b.path("large")).unwrap();
    assert_eq!(units(&env), ["change a line of it: present -", "change the small one: absent clean"]);
}

#[test]
fn a_text_of_too_many_short_lines_is_compared_as_a_whole() {
    let (env, a, b) = pair(&[("small", TEN)]);
    let text: String = (0..600_000).map(|line| format!("{}\n", line % 9973)).collect();
    a.write("many", &text).commit("many lines");
    b.git(&["pull", "-q"]);
    a.write("many", text.replacen("500\n", "mended\n", 1)).commit("change a line of it");
    assert_eq!(units(&env), ["change a line of it: absent not-tried"]);
    b.write("many", text.replacen("700\n", "own\n", 1));
    let report = candidates(&env, &["--all", "--format", "json"]).expect(0).json();
    assert_eq!(report["units"][0]["targets"][0]["because"], "no text or too large, and another content");
    std::fs::copy(a.path("many"), b.path("many")).unwrap();
    assert_eq!(units(&env), ["change a line of it: present -"]);
}

/// Ten lines without the end of the last one.
fn without_end() -> &'static str {
    TEN.strip_suffix('\n').unwrap()
}

/// Something that is done to the target.
type Step<'a> = &'a dyn Fn();

#[test]
fn the_end_of_the_last_line_is_carried_over_by_itself() {
    for (before, after) in [(without_end(), TEN), (TEN, without_end())] {
        let (env, a, b) = pair(&[("text", before)]);
        a.write("text", after).commit("the end");
        assert_eq!(units(&env), ["the end: absent clean"]);
        b.write("text", before.replace("two", "zwei")).commit("the target's own");
        assert_eq!(units(&env), ["the end: absent clean"]);
        let patch = &*export(&env)[0];
        let run_patch = |words: &[&str]| {
            let output = Command::new("patch").args(words).arg(patch).current_dir(b.root()).output().unwrap();
            assert!(output.status.success(), "patch {words:?}: {output:?}");
        };
        let ways: [(Step<'_>, Step<'_>); 3] = [
            (&|| _ = b.git(&["apply", patch]), &|| _ = b.git(&["apply", "-R", patch])),
            (&|| b.git_at("1700000100 +0000", &["am", "-q", patch]), &|| _ = b.git(&["revert", "--no-edit", "HEAD"])),
            (&|| run_patch(&["-s", "-p1", "-i"]), &|| run_patch(&["-s", "-R", "-p1", "-i"])),
        ];
        for (apply, take_back) in ways {
            apply();
            assert_eq!(units(&env), ["the end: present -"]);
            assert_eq!(std::fs::read_to_string(b.path("text")).unwrap(), after.replace("two", "zwei"));
            take_back();
            assert_eq!(units(&env), ["the end: absent clean"]);
        }
    }
}

#[test]
fn the_end_of_another_last_line_is_what_the_target_made_of_it() {
    let more = format!("{TEN}eleven");
    let open = without_end();
    for (before, after, theirs, expected) in [
        (open, TEN, &*open.replace("ten", "zehn"), "absent conflict"),
        (open, TEN, &TEN.replace("ten", "zehn"), "present -"),
        (TEN, open, &more, "present -"),
        (open, TEN, &TEN.replace('\n', "\r\n"), "present -"),
        (open, TEN, &open.replace('\n', "\r\n"), "absent clean"),
        // Nothing is left that could have an end.
        (open, TEN, "", "unproven conflict"),
        (open, TEN, "\0\n", "unproven conflict"),
        // Nothing but line ends: whether they came by the change cannot be told.
        (TEN, &TEN.replace('\n', "\r\n"), TEN, "unproven clean"),
        (&TEN.replace('\n', "\r\n"), open, TEN, "unproven clean"),
    ] {
        let (env, a, b) = pair(&[("text", before)]);
        a.write("text", after).commit("the end");
        if theirs != before {
            b.write("text", theirs).commit("the target's own");
        }
        assert_eq!(units(&env), [format!("the end: {expected}")], "{before:?} {after:?} {theirs:?}");
    }
    // What the target began with is nobody's change, and what shares no history says nothing by other lines.
    let (env, a, b) = pair(&[("text", TEN)]);
    a.write("text", open).commit("take the end away");
    a.write("text", TEN).commit("put it back");
    assert_eq!(units(&env), ["put it back: unproven clean", "take the end away: absent clean"]);
    std::fs::remove_dir_all(b.root()).unwrap();
    let b = Repo::init(env.path("b"));
    b.write("text", "a line\nand another one\n").commit("another history");
    let own = |lines: Vec<String>| lines.into_iter().filter(|line| line.contains("put it back")).collect::<Vec<_>>();
    assert_eq!(own(units(&env)), ["put it back: unproven conflict"]);
}

#[test]
fn beside_lines_the_end_of_a_file_says_nothing() {
    let fixed = |text: &str| text.replace("five", "value_of(members, 5)");
    let (env, a, b) = pair(&[("text", without_end()), ("other", without_end())]);
    a.write("text", fixed(without_end())).write("other", TEN).commit("fix");
    assert_eq!(units(&env), ["fix: absent clean"]);
    b.write("text", fixed(without_end())).commit("the fix alone");
    assert_eq!(units(&env), ["fix: present -"]);
    let (env, a, b) = pair(&[("text", without_end()), ("other", without_end())]);
    a.write("text", TEN).write("other", TEN).commit("ends");
    b.write("text", TEN).commit("one of them");
    let shown = candidates(&env, &["show", "f1"]).expect(1).stdout();
    assert!(
        shown.contains("partly") && shown.contains("\n  lacks 1 line in other, and still has 1 other\n"),
        "{shown}"
    );
}

#[test]
fn what_lacks_no_lines_lacks_what_is_done_to_the_file() {
    let (env, a, b) = pair(&[("one", TEN), ("two", TEN)]);
    let run = |repo: &Repo, name| std::fs::set_permissions(repo.path(name), PermissionsExt::from_mode(0o755)).unwrap();
    run(&a, "one");
    run(&a, "two");
    a.commit("make them executable");
    run(&b, "one");
    assert_eq!(units(&env), ["make them executable: partly clean"]);
    let shown = candidates(&env, &["show", "f1"]).expect(1).stdout();
    assert!(shown.contains("\n  lacks what it does to two\n"), "{shown}");
}

#[test]
fn a_patch_has_the_line_ends_that_the_target_has_committed() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let fixed = |word: &str| TEN.replace("five", word);
    for by_attribute in [true, false] {
        let (env, a, b) = pair(&[("text", TEN)]);
        if by_attribute {
            b.write(".gitattributes", "text eol=crlf\n").commit("attributes");
        } else {
            b.git(&["config", "core.autocrlf", "true"]);
        }
        b.remove("text").git(&["checkout", "-q", "text"]);
        assert_eq!(std::fs::read_to_string(b.path("text")).unwrap(), crlf(TEN), "git writes it so");
        a.write("text", fixed("mended(members)")).commit("mend");
        a.write("text", fixed("mended(members, all)")).commit("mend more");
        assert_eq!(units(&env), ["mend more: absent conflict", "mend: absent clean"]);
        let patches = export(&env);
        assert_eq!(patches.len(), 2);
        for patch in &patches {
            b.git(&["apply", "--check", patch]);
            b.git_at("1700000100 +0000", &["am", "-q", "--keep-cr", "--ignore-date", patch]);
        }
        assert_eq!(std::fs::read_to_string(b.path("text")).unwrap(), crlf(&fixed("mended(members, all)")));
        assert_eq!(b.git(&["status", "--short"]), "");
        assert_eq!(units(&env), ["mend more: present -", "mend: present -"]);
    }
    // Somebody converted it: then what is committed is not what a patch meets.
    let (env, a, b) = pair(&[("text", TEN)]);
    a.write("text", fixed("mended(members)")).commit("mend");
    b.write("text", crlf(TEN));
    b.git(&["apply", &export(&env)[0]]);
    assert_eq!(std::fs::read_to_string(b.path("text")).unwrap(), crlf(&fixed("mended(members)")));
}

#[test]
fn what_would_change_nothing_is_not_lacking() {
    let (env, a, b) = pair(&[("text", TEN)]);
    let more = TEN.replace("five", "five\nchecked(members, all)");
    a.write("text", &more).write("new", "new_file(members)\n").commit("bring");
    a.write("text", TEN).remove("new").commit("take away");
    assert_eq!(units(&env), ["bring: absent clean", "take away: unproven clean"]);
    b.write("text", &more).write("new", "new_file(members)\n").commit("brought");
    assert_eq!(units(&env), ["bring: present -", "take away: absent clean"]);
    // Of what says that it takes another one back, both are listed as that.
    let (env, a, _) = pair(&[("text", TEN)]);
    a.write("text", &more).commit("bring");
    a.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(units(&env), ["Revert \"bring\": absent clean", "bring: absent clean"]);
}
