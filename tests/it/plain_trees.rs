//! Candidates of trees of which none has a history: nothing but a copy put aside, a baseline or the number of trees says who changed what.

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

fn two() -> TestEnv {
    let env = TestEnv::new();
    env.write("a/m.py", TEN);
    env.write("b/m.py", mended());
    env
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
