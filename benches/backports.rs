//! Verdicts against the truth: histories with known backports.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on fails, and prints what it measured")]

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use driftline::collect::{CollectPlan, Unwatched, collect};
use driftline::config::{Environment, PathMap, SourceSpec};
use driftline::insight::units;
use driftline::insight::verdict::{self, Asked, Reading, Verdict};
use driftline::path::EnvironmentName;
use driftline::snapshot::{CommitReader as _, Timestamp};

fn main() {
    for folder in std::env::args().skip(1).filter(|word| word != "--bench" && word != "-v") {
        history(Path::new(&folder));
    }
}

fn history(folder: &Path) {
    let is_verbose = std::env::args().any(|word| word == "-v");
    let truth = std::fs::read_to_string(folder.join("truth.tsv")).unwrap();
    let truth: HashMap<&str, (&str, &str)> = truth
        .lines()
        .filter_map(|line| {
            let (commit, rest) = line.split_once('\t')?;
            Some((commit, rest.split_once('\t').unwrap_or((rest, ""))))
        })
        .collect();
    let environment = |name: &str, reference: &str| Environment {
        name: EnvironmentName::new(name).unwrap(),
        role: None,
        source: SourceSpec::Git { repository: folder.join("repo.git"), reference: reference.to_owned() },
        map: PathMap::default(),
    };
    let environments = [environment("main", "main"), environment("maint", "maint")];
    let plan = CollectPlan {
        environments: &environments,
        ignore: &[],
        threads: None,
        state_dir: None,
        rehash: false,
        sensitive: &[],
        patience: Duration::from_secs(60),
        now: Timestamp::default(),
    };
    let collected = collect(&plan, &Unwatched).unwrap();
    let start = Instant::now();
    let beyond = collected.beyond(0, &[1]).unwrap();
    let units = units::commits(&beyond, 0, &collected).unwrap();
    let parted = start.elapsed();
    let reading =
        Reading { snapshots: &collected.snapshots, contents: &collected, commits: &collected, merger: &collected };
    let judged = verdict::judge(&Asked { units: &units, source: 0, target: 1, base: None }, &reading).unwrap();
    let elapsed = start.elapsed();
    let (mut right, mut wrong, mut missed) = (0, 0, 0);
    for judgement in &judged {
        let id = units[judgement.unit].commit().unwrap().to_string();
        let Some(&(status, note)) = truth.get(&*id) else { continue };
        let says = judgement.verdict == Verdict::Present;
        match (says, status) {
            (true, "present") => right += 1,
            (true, "absent") => wrong += 1,
            (false, "present") => missed += 1,
            _ => {}
        }
        let is_mistake = says && status == "absent" || !says && status == "present";
        if is_verbose || is_mistake {
            println!(
                "{}\t{status}\t{id}\t{:?}\t{:?}\t{note}\t{}\t{}",
                if is_mistake { "X" } else { "." },
                judgement.verdict,
                judgement.tier,
                units[judgement.unit].title,
                format!("{:?}", judgement.evidence)
            );
        }
    }
    let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    println!(
        "{}: {} units, precision {:.4} recall {:.4} ({right} right, {wrong} wrong, {missed} missed) in {elapsed:.1?} (units {parted:.1?})",
        folder.file_name().unwrap().display(),
        units.len(),
        share(right, right + wrong),
        share(right, right + missed),
    );
}
