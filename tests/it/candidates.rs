//! Units of every kind, and what is exported of them, on small situations.

mod unread;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};

/// A checkout `a`, and its clone `b` (or, without git, a copy).
struct Pair {
    env: TestEnv,
    a: Repo,
    b: Repo,
}

impl Pair {
    fn new(files: &[(&str, &str)]) -> Self {
        let env = TestEnv::new();
        let a = Repo::init(env.path("a"));
        for (name, content) in files {
            a.write(name, content);
        }
        a.commit("base");
        a.git(&["clone", "-q", ".", env.path("b").to_str().unwrap()]);
        let b = Repo::at(env.path("b"));
        Self { env, a, b }
    }

    /// The target is a copy without a repository.
    fn without_git(self) -> Self {
        std::fs::remove_dir_all(self.b.path(".git")).unwrap();
        self
    }

    fn run(&self, words: &[&str]) -> Run {
        let common = ["candidates", "--no-state", "a=a", "b=b", "--from", "a", "--to", "b"];
        self.env.driftline(common.iter().chain(words))
    }

    fn units(&self) -> Vec<Value> {
        self.run(&["--all", "--format", "json"]).json()["units"].as_array().unwrap().clone()
    }

    /// Kind, names of files, verdict and whether it applies.
    fn lines(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let line = |unit: &Value| {
            let files: Vec<String> = unit["files"].as_array().unwrap().iter().map(|file| text(&file["path"])).collect();
            let target = &unit["targets"][0];
            let (kind, verdict, applies) = (text(&unit["kind"]), text(&target["verdict"]), text(&target["applies"]));
            format!("{kind} {} {verdict} {applies}", files.join(","))
        };
        let mut lines: Vec<String> = self.units().iter().map(line).collect();
        lines.sort();
        lines
    }

    /// Exports and gives the patches' paths in order.
    fn export(&self) -> Vec<String> {
        let _ = self.run(&["--export", "out"]).expect(1);
        let series = std::fs::read_to_string(self.env.path("out/series")).unwrap();
        series.lines().map(|name| self.env.path("out").join(name).to_str().unwrap().to_owned()).collect()
    }

    fn patch(&self, words: &[&str]) {
        let output = Command::new("patch").args(words).current_dir(self.b.root()).output().unwrap();
        assert!(output.status.success(), "patch {words:?}: {output:?}");
    }
}

const TEN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

#[test]
fn every_kind_of_unit_is_found() {
    let pair = Pair::new(&[("a", TEN), ("b", TEN), ("c", TEN), ("d", TEN), ("x/new", "old\n"), ("y", TEN)]);
    let a = &pair.a;
    a.write("d", TEN.replace("ten", "stashed_value")).write("z/unknown", "not known\n");
    a.git(&["stash", "push", "-q", "-u", "-m", "half done"]);
    a.write("a", TEN.replace("one", "committed_value")).commit("Fix the first line");
    a.write("b", TEN.replace("two", "staged_value"));
    a.git(&["add", "b"]);
    a.write("c", TEN.replace("three", "files_value")).write("n/1", "new one\n").write("n/2", "new two\n");
    a.write("c.orig", TEN).write(".env", "TOKEN=abcdefgh12345678\n");
    assert_eq!(
        pair.lines(),
        [
            "commit a absent clean",
            "staged b absent clean",
            "stash d,z/unknown absent clean",
            "unstaged c absent clean",
            "unstaged n/1,n/2 absent clean",
        ]
    );
    let units = pair.units();
    let ids: Vec<&Value> = units.iter().map(|unit| &unit["id"]).collect();
    assert_eq!(pair.units().iter().map(|unit| &unit["id"]).collect::<Vec<_>>(), ids, "names last");
    assert_eq!(units[0]["title"], "Fix the first line", "what says fix comes first");
    let listing = pair.run(&["--format", "json"]).expect(1).json();
    assert_eq!(listing["sensitive"], 1);
    assert!(!listing.to_string().contains("abcdefgh12345678"));
}

#[test]
fn staged_and_unstaged_changes_of_one_file_are_apart() {
    let pair = Pair::new(&[("a", TEN)]);
    pair.a.write("a", TEN.replace("one", "first_staged"));
    pair.a.git(&["add", "a"]);
    pair.a.write("a", TEN.replace("one", "first_staged").replace("nine", "then_changed"));
    assert_eq!(pair.lines(), ["staged a absent clean", "unstaged a absent clean"]);
    let patches = pair.export();
    for patch in &patches {
        pair.b.git(&["apply", patch]);
    }
    assert_eq!(pair.lines(), ["staged a present -", "unstaged a present -"]);
}

/// A file of sixty lines, with two edits that have nothing to do with each other: the first near its top, the second near its end.
fn sixty(first: &str, second: &str) -> String {
    let line = |at: usize| match at {
        5 => first.to_owned(),
        50 => second.to_owned(),
        at => format!("    step_{at}(value_{at})\n"),
    };
    (0..60).map(line).collect()
}

#[test]
fn two_fixes_typed_into_one_file_are_two_units() {
    let base = sixty("    send(mail)\n", "    show(name)\n");
    let both = sixty("    send(mail, 3)\n    wait()\n", "    show(escaped(name))\n");
    for has_git in [true, false] {
        let pair = Pair::new(&[("x.py", &base), ("y.py", &base)]);
        pair.b.git(&["rm", "-q", "--cached", "y.py"]);
        pair.a.write("x.py", &both);
        if !has_git {
            // A tree without git against a checkout: its base is the committed version that is nearest.
            std::fs::remove_dir_all(pair.a.path(".git")).unwrap();
        }
        let kind = if has_git { "unstaged" } else { "tree" };
        let alone = format!("{kind} x.py absent clean");
        assert_eq!(pair.lines(), [alone.clone(), alone.clone()]);
        let units = pair.units();
        let titles: Vec<&str> = units.iter().map(|unit| unit["title"].as_str().unwrap()).collect();
        assert!(titles.contains(&"change x.py at line 6") && titles.contains(&"change x.py at line 52"), "{titles:?}");
        let id = |title: &str| units.iter().find(|unit| unit["title"] == title).unwrap()["id"].clone();
        // What else is done far from it does not give it another name.
        pair.a.write("x.py", sixty("    send(mail)\n", "    show(escaped(name))\n"));
        assert_eq!(
            pair.units().iter().map(|unit| unit["id"].clone()).collect::<Vec<_>>(),
            [id("change x.py at line 52")]
        );
        pair.a.write("x.py", &both);
        let patches = pair.export();
        assert_eq!(patches.len(), 2, "{patches:?}");
        let text = |patch: &String| std::fs::read_to_string(patch).unwrap();
        let changed = |patch: &String| text(patch).lines().filter(|line| line.starts_with(['+', '-'])).count();
        assert_eq!(
            [changed(&patches[0]), changed(&patches[1])].iter().sum::<usize>(),
            4 + 3 + 2,
            "two heads, five lines"
        );
        // Each by itself, and both one after the other.
        pair.patch(&["-s", "-p1", "-i", &patches[1]]);
        if has_git {
            let mut lines = pair.lines();
            lines.sort();
            assert_eq!(lines, [alone, format!("{kind} x.py present -")]);
        }
        pair.patch(&["-s", "-R", "-p1", "-i", &patches[1]]);
        for patch in &patches {
            pair.b.git(&["apply", patch]);
        }
        assert_eq!(std::fs::read_to_string(pair.b.path("x.py")).unwrap(), both);
        if has_git {
            assert_eq!(pair.lines(), ["unstaged x.py present -", "unstaged x.py present -"]);
        }
    }
}

#[test]
fn hunks_that_belong_together_are_one_unit_over_files() {
    let base = sixty("    send(mail)\n", "    show(name)\n");
    let pair = Pair::new(&[("x.py", &base), ("y.py", &base)]);
    // One defines what the other uses; the rest of either file is something else.
    pair.a.write("x.py", sixty("def checked_name(name):\n    return name\n", "    show(escaped(name))\n"));
    pair.a.write("y.py", sixty("    send(checked_name(mail))\n", "    show(name, limit=3)\n"));
    assert_eq!(
        pair.lines(),
        ["unstaged x.py absent clean", "unstaged x.py,y.py absent clean", "unstaged y.py absent clean"]
    );
    let pair = Pair::new(&[("x.py", &base)]);
    pair.a.write("x.py", sixty("import time\n    send(mail)\n", "    time.sleep(1)\n    show(name)\n"));
    assert_eq!(pair.lines(), ["unstaged x.py absent clean"]);
}

#[test]
fn a_copy_put_aside_tells_what_was_done_where_nothing_else_does() {
    let pair = Pair::new(&[("a", TEN)]).without_git();
    std::fs::remove_dir_all(pair.a.path(".git")).unwrap();
    pair.a.write("a", TEN.replace("one", "own_value")).write("a.original", TEN);
    let lines = pair.lines();
    assert!(lines.iter().any(|line| line.ends_with("a absent clean")), "{lines:?}");
}

#[test]
fn units_that_build_upon_each_other_are_exported_in_order() {
    let pair = Pair::new(&[("a", TEN)]);
    let helper = TEN.replace("three\n", "three\ndef helper_of(members):\n    return members\n");
    pair.a.write("a", &helper).commit("A helper");
    pair.a.write("a", helper.replace("return members", "return sorted(members)")).commit("Fix the order");
    let units = pair.units();
    let fix = units.iter().find(|unit| unit["title"] == "Fix the order").unwrap();
    let helper = units.iter().find(|unit| unit["title"] == "A helper").unwrap();
    assert_eq!(fix["targets"][0]["needs"], Value::Array(vec![helper["id"].clone()]));
    let patches = pair.export();
    for patch in &patches {
        pair.b.git_at("1700000100 +0000", &["am", "-q", "--ignore-date", patch]);
    }
    assert_eq!(
        pair.b.git(&["log", "--format=%an %ae %s", "-2"]),
        "Ada Author ada@example.org Fix the order\nAda Author ada@example.org A helper"
    );
    assert_eq!(pair.lines(), ["commit a present -", "commit a present -"]);
    pair.b.git(&["reset", "-q", "--hard", "HEAD~2"]);
    assert_eq!(pair.lines(), ["commit a absent clean", "commit a absent conflict"]);
}

#[test]
fn a_file_that_went_is_gone_where_no_history_tells_that_it_was_there() {
    let pair = Pair::new(&[("a.py", "a\n"), ("b.py", "b\n"), ("c.py", "first = 1\nsecond = 2\n")]).without_git();
    std::fs::remove_file(pair.a.path("c.py")).unwrap();
    pair.a.commit("without it");
    assert_eq!(pair.lines(), ["commit c.py absent clean"]);
    pair.patch(&["-s", "-p1", "-i", &pair.export()[0]]);
    assert_eq!(pair.lines(), ["commit c.py present -"]);
    // What is near to nothing does not tell by what it never had.
    for name in ["a.py", "b.py"] {
        pair.b.write(name, "something else\n");
    }
    assert_eq!(pair.lines(), ["commit c.py unproven clean"]);
}

#[test]
fn odd_names_ends_modes_and_kinds_survive_the_way() {
    let pair =
        Pair::new(&[("keep", TEN), ("away", "going\n"), ("tool", "#!/bin/sh\n"), ("end", "no end"), ("old name", TEN)]);
    let a = &pair.a;
    let odd = OsStr::from_bytes(b"caf\xe9 \"q\"\\\n\xc3\xa4.txt");
    std::fs::write(a.path(odd), "odd\n").unwrap();
    a.remove("away").write("end", "another end, and no newline").write("dir/new", "new\n").write("empty", "");
    a.git(&["mv", "old name", "new name"]);
    std::fs::set_permissions(a.path("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("keep", a.path("link")).unwrap();
    a.commit("All kinds: ünïcode, <odd>");
    let patches = pair.export();
    assert_eq!(patches.len(), 1);
    pair.b.git(&["am", "-q", &patches[0]]);
    // Author, date, message and files are the same, and so is the name of the commit.
    assert_eq!(pair.b.git(&["rev-parse", "HEAD"]), a.git(&["rev-parse", "HEAD"]));
    assert_eq!(pair.lines(), [] as [&str; 0]);
}

#[test]
fn what_is_no_text_needs_git() {
    let pair = Pair::new(&[("image", "\0one\n"), ("a", TEN)]);
    pair.a.write("image", [&b"\0two"[..], &[7; 300], b"\n"].concat()).commit("A picture");
    let patches = pair.export();
    pair.b.git(&["am", "-q", &patches[0]]);
    assert_eq!(std::fs::read(pair.b.path("image")).unwrap(), std::fs::read(pair.a.path("image")).unwrap());
    let pair = Pair::new(&[("image", "\0one\n"), ("a", TEN)]).without_git();
    pair.a.write("image", "\0two\n");
    let report = pair.run(&["--export", "out", "--format", "json"]).expect(1).json();
    assert_eq!(report["written"], Value::Array(Vec::new()));
    assert!(report["left_out"][0]["why"].as_str().unwrap().contains("only git applies that"), "{report:#}");
}

#[test]
fn line_ends_are_those_of_the_target() {
    let pair = Pair::new(&[("a", TEN)]).without_git();
    pair.a.write("a", TEN.replace("three", "fixed_value"));
    let crlf = |text: &str| text.replace('\n', "\r\n");
    pair.b.write("a", crlf(TEN));
    let patches = pair.export();
    pair.patch(&["-s", "--binary", "-p1", "-i", &patches[0]]);
    assert_eq!(std::fs::read_to_string(pair.b.path("a")).unwrap(), crlf(&TEN.replace("three", "fixed_value")));
    assert_eq!(pair.lines(), ["unstaged a present -"]);
}

/// Contents out of commits are sealed as present files are, so that like is held against like.
#[test]
fn a_commit_to_a_sensitive_file_is_present_where_the_file_has_it() {
    let env = |second: &str| format!("FIRST=kept-as-it-is\nSECOND={second}\nTHIRD=kept-as-well\n");
    let pair = Pair::new(&[(".env", &env("old-value-12345")), ("a", TEN)]);
    pair.b.write(".env", env("new-value-67890")).write("a", TEN.replace("one", "of its own"));
    pair.a.write(".env", env("new-value-67890")).commit("Renew it");
    assert_eq!(pair.lines(), ["commit .env present -"]);
    pair.b.write(".env", env("old-value-12345"));
    assert_eq!(pair.lines(), ["commit .env absent clean"]);
}

#[test]
fn no_patch_holds_a_secret() {
    let pair = Pair::new(&[("a.py", TEN), ("b.py", TEN), (".env", "TOKEN=x\n")]);
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    pair.a.write("a.py", TEN.replace("three", &format!("token = \"{secret}\""))).commit("Use a token");
    pair.a.write(".env", "TOKEN=another\n").commit("Set it");
    pair.a.write("b.py", TEN.replace("three", "plain_value")).commit("Say more");
    let report = pair.run(&["--export", "out", "--format", "json"]).expect(1).json();
    let whys: Vec<&str> = report["left_out"].as_array().unwrap().iter().map(|it| it["why"].as_str().unwrap()).collect();
    assert_eq!(whys.len(), 2, "{report:#}");
    assert!(whys.contains(&"what looks like a secret is in `a.py`, line 3") && whys.contains(&"`.env` holds secrets"));
    assert_eq!(report["written"].as_array().unwrap().len(), 1);
    for entry in std::fs::read_dir(pair.env.path("out")).unwrap() {
        assert!(!std::fs::read_to_string(entry.unwrap().path()).unwrap().contains(secret));
    }
    let shown =
        pair.run(&["show", "f1"]).stdout() + &pair.run(&["show", "f2"]).stdout() + &pair.run(&["show", "f3"]).stdout();
    assert!(!shown.contains(secret) && !shown.contains("TOKEN=another") && shown.contains("<secret "), "{shown}");
}

#[test]
fn nothing_is_replaced_unasked_and_nothing_is_written_to_an_environment() {
    let pair = Pair::new(&[("a", TEN)]);
    pair.a.write("a", TEN.replace("one", "fixed_value"));
    let patches = pair.export();
    std::fs::write(&patches[0], "mine").unwrap();
    let again = pair.run(&["--export", "out"]).expect(2);
    assert!(again.stderr().contains("is in `[ROOT]/out` already"), "{again}");
    assert_eq!(std::fs::read_to_string(&patches[0]).unwrap(), "mine");
    let _ = pair.run(&["--export", "out", "--force"]).expect(1);
    assert_ne!(std::fs::read_to_string(&patches[0]).unwrap(), "mine");
    let inside = pair.run(&["--export", "b/out"]).expect(2);
    assert!(inside.stderr().contains("lies in the environment `b`"), "{inside}");
}

#[test]
fn the_exit_status_follows_what_is_absent() {
    let pair = Pair::new(&[("a", TEN), ("CHANGELOG.md", "# Changes\n")]);
    let _ = pair.run(&[]).expect(0);
    pair.a.write("CHANGELOG.md", "# Changes\n\nMore.\n").commit("Say what is new");
    let folded = pair.run(&[]).expect(0);
    assert!(folded.stdout().contains("bookkeeping folded: 1 (--all)"), "{folded}");
    pair.a.write("a", TEN.replace("one", "fixed_value"));
    let _ = pair.run(&[]).expect(1);
    let _ = pair.run(&["--fail-on", "never"]).expect(0);
    let _ = pair.env.driftline(["candidates", "--no-state", "a=a", "b=missing"]).expect(3);
    let _ = pair.env.driftline(["candidates", "--no-state", "a=a", "b=b", "--from", "a", "--to", "a"]).expect(2);
}

#[test]
fn a_mode_alone_is_a_change_that_a_target_lacks_or_has() {
    let pair = Pair::new(&[("tool", "#!/bin/sh\n"), ("a", TEN)]);
    let mode = |repo: &Repo, mode| std::fs::set_permissions(repo.path("tool"), std::fs::Permissions::from_mode(mode));
    mode(&pair.a, 0o755).unwrap();
    assert_eq!(pair.lines(), ["unstaged tool absent clean"]);
    let shown = pair.run(&["show", "f1"]).expect(1).stdout();
    assert!(shown.starts_with("f1  make tool executable\n"), "{shown}");
    assert!(shown.contains("\ntool\n  becomes executable\n  its content stays the same\n"), "{shown}");
    assert!(!shown.contains("three ways"), "{shown}");
    let patches = pair.export();
    pair.b.git(&["apply", &patches[0]]);
    assert_eq!(pair.lines(), ["unstaged tool present -"]);
    mode(&pair.b, 0o644).unwrap();
    assert_eq!(pair.lines(), ["unstaged tool absent clean"]);
}

#[test]
fn a_file_that_was_moved_before_it_was_committed_is_called_so() {
    let pair = Pair::new(&[("old name.py", TEN), ("a", TEN)]);
    pair.a.write("lib/keep", "").git(&["add", "."]);
    pair.a.git(&["mv", "old name.py", "lib/new.py"]);
    let units = pair.units();
    let moved = units.iter().find(|unit| unit["title"] == "rename old name.py to lib/new.py");
    assert_eq!(moved.unwrap()["targets"][0]["verdict"], "absent", "{units:#?}");
}

#[test]
fn what_is_in_the_way_of_a_new_file_is_a_conflict() {
    let pair = Pair::new(&[("a", TEN)]);
    pair.a.write("folder", "a file\n").commit("Where a folder is");
    pair.a.write("file/x", "in a folder\n").commit("Where a file is");
    pair.a.write("link/x", "in a folder\n").commit("Where a link is");
    pair.a.write("free/x", "in a folder\n").commit("Where nothing is");
    pair.b.write("folder/x", "x\n").write("file", "f\n");
    std::os::unix::fs::symlink("/etc", pair.b.path("link")).unwrap();
    assert_eq!(
        pair.lines(),
        [
            "commit file/x absent conflict",
            "commit folder absent conflict",
            "commit free/x absent clean",
            "commit link/x absent conflict"
        ]
    );
    assert_eq!(pair.export().len(), 1);
    let text = pair.run(&["--all"]).stdout();
    assert!(text.contains("Where a link is") && text.contains("conflict link"), "{text}");
    let id = pair.units().iter().find(|it| it["title"] == "Where a link is").unwrap()["short"].clone();
    let shown = pair.run(&["show", id.as_str().unwrap()]).stdout();
    assert!(shown.contains("conflict link: b has something else there"), "{shown}");
    // A folder whose files go away with the same change is in nobody's way.
    let pair = Pair::new(&[("m/one", TEN), ("a", TEN)]);
    std::fs::remove_dir_all(pair.a.path("m")).unwrap();
    pair.a.write("m", "a file now\n").commit("A file for a folder");
    assert_eq!(pair.lines(), ["commit m,m/one absent clean"]);
    pair.b.git(&["am", "-q", &pair.export()[0]]);
    assert_eq!(pair.lines(), [] as [&str; 0]);
}

#[test]
fn one_candidate_is_shown_with_what_it_needs_and_where_the_target_has_its_file() {
    let pair = Pair::new(&[("a", TEN), ("old.py", TEN)]);
    pair.b.git(&["mv", "old.py", "moved.py"]);
    pair.b.commit("Move it");
    pair.b.write("moved.py", TEN.replace("seven", "of_its_own(b)")).commit("Elsewhere");
    pair.a.write("n.py", "first = 1\nsecond = 2\n").commit("A new file");
    pair.a.write("n.py", "first = 1\nsecond = 3\n").commit("Mend it");
    pair.a.write("old.py", TEN.replace("seven", "of_its_own(a)")).commit("Clash");
    let short = |title: &str| {
        let units = pair.units();
        units.iter().find(|unit| unit["title"] == title).unwrap()["short"].as_str().unwrap().to_owned()
    };
    let shown = pair.run(&["show", &short("Mend it")]).stdout();
    let needs = format!("  conflict n.py: b has no such file\n  needs {} (A new file) first\n", short("A new file"));
    assert!(shown.contains(&needs), "{shown}");
    let shown = pair.run(&["show", &short("Clash")]).stdout();
    let three = "moved.py in b, three ways\n@@ 7 @@ conflict: both changed it\nbase | seven\nb    | of_its_own(b)\n\
                 a    | of_its_own(a)\n";
    assert!(shown.contains(three), "{shown}");
}

#[test]
fn one_candidate_is_exported_with_what_it_needs() {
    let pair = Pair::new(&[("a", TEN), ("b", TEN)]);
    pair.a.write("b", TEN.replace("two", "something_else(1)")).commit("Fix something else");
    pair.a.write("n.py", "first = 1\nsecond = 2\n").commit("A new file");
    pair.a.write("n.py", "first = 1\nsecond = 3\n").commit("Fix the new file");
    let units = pair.units();
    let short =
        |title: &str| units.iter().find(|it| it["title"] == title).unwrap()["short"].as_str().unwrap().to_owned();
    let fix = short("Fix the new file");
    let run = pair.run(&["show", &fix, "--export", "out", "--format", "json"]).expect(1).json();
    let written: Vec<&str> =
        run["written"].as_array().unwrap().iter().map(|patch| patch["title"].as_str().unwrap()).collect();
    assert_eq!((written, &run["left_out"]), (vec!["A new file", "Fix the new file"], &Value::Array(Vec::new())));
    let shown = pair.run(&["show", &fix]).stdout();
    assert!(
        shown.contains(&format!("next: driftline candidates show {fix} --from a --to b --export patches/")),
        "{shown}"
    );
    for patch in std::fs::read_to_string(pair.env.path("out/series")).unwrap().lines() {
        pair.b.git(&["am", "-q", pair.env.path("out").join(patch).to_str().unwrap()]);
    }
    assert_eq!(pair.lines(), ["commit b absent clean", "commit n.py present -", "commit n.py present -"]);
    // What cannot be exported is said, and nothing is written.
    let run = pair.run(&["show", &fix, "--export", "more"]).expect(2);
    assert!(run.stderr().contains("is not exported: b has it"), "{run}");
    pair.b.write("b", TEN.replace("two", "of_its_own(2)")).commit("Other");
    let other = pair.units().iter().find(|it| it["title"] == "Fix something else").unwrap()["short"].clone();
    let run = pair.run(&["show", other.as_str().unwrap(), "--export", "more"]).expect(2);
    assert!(run.stderr().contains("is not exported: ") && !pair.env.path("more").exists(), "{run}");
}

#[test]
fn bookkeeping_that_a_fix_needs_goes_with_it() {
    let pair = Pair::new(&[("a.py", TEN), ("package-lock.json", "{}\n")]);
    pair.a.write("CHANGELOG.md", "# Changes\n\n- the first\n").commit("Begin a changelog");
    pair.a.write("CHANGELOG.md", "# Changes\n\n- the second\n- the first\n");
    pair.a.write("a.py", TEN.replace("two", "mended(2)")).commit("Fix two");
    pair.a.write("package-lock.json", "{\"a\": 1}\n").commit("Lock");
    let patches = pair.export();
    assert_eq!(patches.len(), 2, "{patches:?}");
    for patch in &patches {
        pair.b.git(&["am", "-q", patch]);
    }
    assert_eq!(std::fs::read_to_string(pair.b.path("a.py")).unwrap(), TEN.replace("two", "mended(2)"));
}

#[test]
fn a_listing_of_one_pair_leads_to_its_patches() {
    let pair = Pair::new(&[("a", TEN)]);
    pair.a.write("a", TEN.replace("two", "mended(2)")).commit("Fix two");
    let text = pair.run(&[]).stdout();
    let end = "next: driftline candidates show f1 --from a --to b a=a b=b\n      \
               driftline candidates --from a --to b --export patches/ a=a b=b\n";
    assert!(text.ends_with(end), "{text}");
    pair.b.write("a", TEN.replace("two", "of_its_own(b)")).commit("Other");
    let text = pair.run(&[]).stdout();
    assert!(text.contains("conflict in line 2") && !text.contains("--export"), "{text}");
}

#[test]
fn a_copy_put_aside_is_nearer_than_what_another_environment_made_of_the_file() {
    let base = sixty("    send(mail)\n", "    show(name)\n");
    let own = sixty("    send(mail, 3)\n", "    show(name)\n");
    let theirs = sixty("    send(mail)\n", "    show(escaped(name))\n");
    for [a_has_git, b_has_git] in [[false, false], [false, true], [true, false], [true, true]] {
        let env = TestEnv::new();
        let pair = Pair { a: Repo::init(env.path("a")), b: Repo::init(env.path("b")), env };
        pair.a.write("x.py", &own).write("k", TEN).commit("all of it");
        pair.b.write("x.py", &theirs).write("k", TEN).commit("all of this");
        pair.a.write("x.py.original", &base);
        for (repo, has_git) in [(&pair.a, a_has_git), (&pair.b, b_has_git)] {
            if !has_git {
                std::fs::remove_dir_all(repo.path(".git")).unwrap();
            }
        }
        // Only what was done since the copy: no patch takes the other's own line away.
        let kind = if a_has_git && !b_has_git { "artifact" } else { "tree" };
        assert_eq!(pair.lines(), [format!("{kind} x.py absent clean")], "{a_has_git} {b_has_git}");
        let patches = pair.export();
        pair.patch(&["-s", "-p1", "-i", &patches[0]]);
        let both = sixty("    send(mail, 3)\n", "    show(escaped(name))\n");
        assert_eq!(std::fs::read_to_string(pair.b.path("x.py")).unwrap(), both);
    }
    // Where commits tell what was done to a file, a copy of what they have says nothing.
    let pair = Pair::new(&[("x.py", &base), ("k", TEN)]);
    pair.a.write("x.py", &own).commit("Send thrice");
    pair.a.write("x.py.original", &base);
    assert_eq!(pair.lines(), ["commit x.py absent clean"]);
}

#[test]
fn what_was_taken_back_where_it_is_is_nothing_to_carry_over() {
    let pair = Pair::new(&[("a", TEN), ("b", TEN)]);
    let (a, fixed) = (&pair.a, TEN.replace("two", "mended(2)"));
    a.write("a", &fixed).commit("Fix two");
    a.git(&["revert", "--no-edit", "HEAD"]);
    a.write("b", TEN.replace("four", "mended(4)")).commit("Mend four");
    assert_eq!(pair.lines(), ["commit a absent clean", "commit a absent clean", "commit b absent clean"]);
    let units = pair.units();
    assert_eq!(units[0]["title"], "Mend four");
    let summary = |title: &str| {
        let units = pair.units();
        let unit = units.iter().find(|unit| unit["title"] == title).unwrap();
        unit["targets"][0]["summary"].as_str().unwrap()[9..].to_owned()
    };
    assert_eq!(summary("Fix two"), "a later change of the source takes it back");
    assert_eq!(summary("Revert \"Fix two\""), "it takes back an earlier change of the source");
    let status = pair.env.driftline(["--no-state", "a=a", "b=b"]).stdout();
    assert!(status.contains("Mend four") && !status.contains("Fix two"), "{status}");
    assert_eq!(pair.export().len(), 1);
    // A target that has it would lose it with the next deploy, and be rid of it with the patch.
    pair.b.write("a", &fixed).commit("picked");
    let lines = pair.lines();
    assert_eq!(lines, ["commit a absent clean", "commit a present -", "commit b absent clean"]);
    assert!(pair.run(&[]).stdout().contains("Revert"), "it is a candidate now");
    // Applied again, it is a fix as any other.
    pair.b.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let revert = a.git(&["rev-parse", "HEAD~1"]);
    a.git(&["revert", "--no-edit", &revert]);
    std::fs::remove_dir_all(pair.env.path("out")).unwrap();
    let patches = pair.export();
    for patch in &patches {
        pair.b.git(&["am", "-q", patch]);
    }
    assert_eq!((patches.len(), std::fs::read_to_string(pair.b.path("a")).unwrap()), (2, fixed));
}
