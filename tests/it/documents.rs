//! What the README shows, judged by those who would read it.

use std::process::Command;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use saphyr::{LoadableYamlNode as _, YamlOwned};

/// The blocks of this language.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for event in Parser::new(&text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(it))) if &*it == language => block = Some(String::new()),
            Event::Text(text) => block.iter_mut().for_each(|block| block.push_str(&text)),
            Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
            _ => {}
        }
    }
    blocks
}

fn texts(list: &YamlOwned) -> Vec<&str> {
    list.as_sequence().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
}

/// A shell says what it cannot parse.
fn assert_is_script(script: &str) {
    let output = Command::new("sh").args(["-n", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_pipelines_are_valid_and_make_a_report() {
    let blocks = blocks("yaml");
    let [github, gitlab] = &blocks[..] else { panic!("there are {} pipelines", blocks.len()) };
    let read = |text: &str| YamlOwned::load_from_str(text).unwrap().remove(0);

    let github = read(github);
    assert!(github["on"]["schedule"][0]["cron"].as_str().is_some());
    let steps = github["jobs"]["report"]["steps"].as_sequence().unwrap();
    let key = |step: &YamlOwned, key: &str| step.as_mapping_get(key).and_then(|it| it.as_str()).map(str::to_owned);
    let mut runs = Vec::new();
    for step in steps {
        let (uses, run) = (key(step, "uses"), key(step, "run"));
        assert!(uses.is_some() != run.is_some(), "a step uses something or runs something: {step:?}");
        assert!(uses.is_none_or(|uses| uses.contains('@')));
        runs.extend(run);
    }
    for run in &runs {
        assert_is_script(run);
    }
    assert!(runs.iter().any(|run| run.starts_with("driftline report --state-dir state --out reports ")), "{runs:?}");

    let gitlab = read(gitlab);
    let job = &gitlab["drift"];
    for part in ["before_script", "script"] {
        for line in texts(&job[part]) {
            assert_is_script(line);
        }
    }
    assert!(texts(&job["script"])[0].starts_with("driftline report --state-dir state --out reports "));
    assert_eq!(texts(&job["cache"][0]["paths"]), ["state/"]);
    assert_eq!(texts(&job["artifacts"]["paths"]), ["reports/"]);
    assert_eq!(job["artifacts"]["reports"]["junit"].as_str(), Some("reports/report.xml"));
}

#[test]
fn the_configurations_are_valid() {
    let places = driftline::config::Places { folder: "/srv".as_ref(), home: Some("/home/ada".as_ref()) };
    let blocks = blocks("toml");
    assert!(blocks.len() >= 3, "{blocks:?}");
    for block in blocks {
        // Those that show a part do not name environments again.
        let mut text = block.clone();
        for name in ["prod", "staging", "main"] {
            if !text.contains(&format!("[env.{name}]")) {
                text.push_str(&format!("\n[env.{name}]\npath = \"/srv/{name}\"\n"));
            }
        }
        if let Err(invalid) = driftline::config::parse(&text, "README.md", places) {
            panic!("{block}\n{}", invalid.render(false));
        }
    }
}
