//! Candidates of trees that share no history. Where none has one at all, nothing but a copy put aside, a baseline or the number of trees says who
//! changed what.

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};

const TEN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

fn mended() -> String {
    TEN.replace("five", "mended(members)")
}

fn candidates(env: &TestEnv, names: &[&str], words: &[&str]) -> Run {
    let sources: Vec<String> = names.iter().map(|name| format!("{name}={name}")).collect();
    let sources = sources.iter().map(String::as_str);
    env.driftline(["candidates", "--no-state"].into_iter().chain(sources).chain(words.iter().copied()))
}

/// From, title and where it was looked for, of every unit.
fn units(env: &TestEnv, names: &[&str], words: &[&str]) -> Vec<String> {
    let report = candidates(env, names, &[&["--all", "--format", "json"], words].concat()).json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |unit: &Value| {
        let targets: Vec<String> = unit["targets"].as_array().unwrap().iter().map(|it| text(&it["env"])).collect();
        format!("{} -> {}: {}", text(&unit["from"]), targets.join(" "), text(&unit["title"]))
    };
    let mut lines: Vec<String> = report["units"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

fn two() -> TestEnv {
    let env = TestEnv::new();
    env.write("a/m.py", TEN);
    env.write("b/m.py", mended());
    env
}

#[test]
fn a_difference_that_has_no_direction_is_listed_once() {
    let env = two();
    env.write("b/new.py", "only_here\n");
    let both = units(&env, &["a", "b"], &[]);
    assert_eq!(both, ["a -> b: differs in m.py", "b -> a: add new.py"]);
    let listed = candidates(&env, &["a", "b"], &[]).expect(1).stdout();
    assert!(listed.contains("absent   which side is newer is not known  clean\n"), "{listed}");
    assert!(
        listed.contains("\nWhat may be newer on either side is listed once: --from and --to turn it around.\n"),
        "{listed}"
    );
    let report = candidates(&env, &["a", "b"], &["--format", "json"]).json();
    let unit = report["units"].as_array().unwrap().iter().find(|unit| unit["from"] == "a").unwrap();
    assert_eq!(unit["targets"][0]["summary"], "which side is newer is not known");
    // Whoever says which way is given that way, and its patch.
    for (from, to, expected) in [("a", "b", TEN), ("b", "a", &*mended())] {
        let words = ["--from", from, "--to", to];
        assert!(units(&env, &["a", "b"], &words).contains(&format!("{from} -> {to}: differs in m.py")));
        let out = format!("out-{from}");
        let _ = candidates(&env, &["a", "b"], &[&words[..], &["--export", &out]].concat()).expect(1);
        let patch = std::fs::read_to_string(env.path(&out).join("0001-differs-in-m-py.patch")).unwrap();
        let line = expected.lines().nth(4).unwrap();
        assert!(patch.contains(&format!("\n+{line}\n")), "{patch}");
    }
}

#[test]
fn what_a_copy_put_aside_or_a_number_of_trees_tells_has_a_direction() {
    // The older version lies beside the newer one, here or there.
    for (name, content, expected) in
        [("b/m.py.orig", TEN, "b -> a: change m.py"), ("a/m.py.bak", &*mended(), "a -> b: change m.py")]
    {
        let env = two();
        env.write(name, content);
        assert_eq!(units(&env, &["a", "b"], &[]), [expected], "{name}");
    }
    let env = two();
    env.write("driftline.toml", "baseline = 'a'\n[env.a]\npath = 'a'\n[env.b]\npath = 'b'\n");
    assert_eq!(units(&env, &[], &[]), ["b -> a: change m.py"]);
    let env = two();
    env.write("c/m.py", TEN);
    assert_eq!(units(&env, &["a", "b", "c"], &[]), ["b -> a c: change m.py"]);
    // Two and two.
    env.write("d/m.py", mended());
    let found = units(&env, &["a", "b", "c", "d"], &[]);
    let once = ["a -> b c d: differs in m.py", "b -> c d: differs in m.py", "c -> d: differs in m.py"];
    assert_eq!(found, once, "those that have the same are targets as well");
    // Three versions are no two sides of one thing: what each has over another is its own.
    let env = two();
    env.write("c/m.py", TEN.replace("five", "another(members)"));
    assert_eq!(
        units(&env, &["a", "b", "c"], &[]),
        ["a -> b c: differs in m.py", "b -> a c: differs in m.py", "c -> a b: differs in m.py"]
    );
}

#[test]
fn a_command_names_the_candidate_that_it_is_about() {
    let env = two();
    env.write("a/n.py", "only_here\n");
    env.write("b/o.py", "only_there\n");
    for short in ["f1", "f2", "f3"] {
        let shown = candidates(&env, &["a", "b"], &["show", short]).expect(1).stdout();
        let title = shown.lines().next().unwrap().split_once("  ").unwrap().1;
        let next = shown.lines().last().unwrap().strip_prefix("next: driftline ").unwrap();
        let again = env.driftline(next.split(' ').map(|word| if word == "patches/" { short } else { word })).expect(1);
        assert!(again.stdout().contains(&format!(".patch  {title}\n")), "{shown}{again}");
    }
}

#[test]
fn what_came_before_both_were_alike_is_there() {
    let env = TestEnv::new();
    env.write("driftline.toml", "[env.a]\npath = 'a'\n[env.b]\npath = 'b'\nmap = { 'backend' = 'server' }\n");
    let (a, b) = (Repo::init(env.path("a")), Repo::init(env.path("b")));
    for (repo, folder) in [(&a, "backend"), (&b, "server")] {
        let name = format!("{folder}/k.py");
        repo.write(&name, TEN).write("m.py", TEN).write("n.py", TEN).write("o.py", TEN).commit("as it was");
    }
    let number = |word: &str| TEN.replace("seven", word);
    a.write("m.py", mended()).commit("mend it");
    a.write("n.py", number("staged_change(members)")).git(&["add", "n.py"]);
    b.write("o.py", number("of_its_own(members)")).commit("the target's own");
    let verdicts = || {
        let report = candidates(&env, &[], &["--from", "a", "--to", "b", "--all", "--format", "json"]).json();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let line = |unit: &Value| format!("{}: {}", text(&unit["title"]), text(&unit["targets"][0]["verdict"]));
        let mut lines: Vec<String> = report["units"].as_array().unwrap().iter().map(line).collect();
        lines.sort();
        lines
    };
    assert_eq!(verdicts(), ["change n.py: absent", "mend it: absent"]);
    // Both end up alike, so the target's last commit is what the source's tree is nearest to.
    b.write("m.py", mended()).commit("by hand");
    b.write("n.py", number("staged_change(members)")).write("o.py", TEN).commit("the rest");
    assert_eq!(verdicts(), ["change n.py: present", "mend it: present"]);
    b.git(&["revert", "--no-edit", "HEAD~1"]);
    assert_eq!(verdicts(), ["change n.py: present", "mend it: absent"]);
}
