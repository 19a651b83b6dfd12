//! Verdicts against the truth: histories with known backports, and trees without history.
//!
//! Arguments are folders. Each has `truth.tsv` (commit, `present`, `absent` or `unknown`, and more, between tabs) and `repo.git`, with the
//! branches `main` and `maint`; or the branch `upstream`, the name of a commit in `release`, and a folder `tree`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints what it measured"
)]

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use driftline::collect::{CollectPlan, Connections, Unwatched, collect};
use driftline::config::{Environment, Expect, PathMap, SourceSpec};
use driftline::insight::units::{self, Unit};
use driftline::insight::verdict::{self, Asked, Judgement, Reading, Verdict};
use driftline::path::EnvironmentName;
use driftline::snapshot::{Beyond, CommitId, CommitReader as _, Timestamp};
use driftline::text::Redactor;

/// Units, and what the truth says about commits.
struct Truth(HashMap<String, (String, String)>);

fn main() {
    let mut all = Score::default();
    let mut count = 0;
    for folder in std::env::args().skip(1).filter(|word| !word.starts_with('-')) {
        all.add(measure(Path::new(&folder)));
        count += 1;
    }
    if count > 1 {
        println!("all {count}: {all}");
    }
}

/// How often the verdict was right.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |whole: usize| if whole == 0 { 1.0 } else { self.right as f64 / whole as f64 };
        let Self { right, wrong, missed } = self;
        let (precision, recall) = (share(right + wrong), share(right + missed));
        write!(f, "precision {precision:.4} recall {recall:.4} ({right} right, {wrong} wrong, {missed} missed)")
    }
}

impl Truth {
    fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("truth.tsv")).unwrap();
        let entries = text.lines().filter_map(|line| {
            let (commit, rest) = line.split_once('\t')?;
            let (status, note) = rest.split_once('\t').unwrap_or((rest, ""));
            Some((commit.to_owned(), (status.to_owned(), note.to_owned())))
        });
        Self(entries.collect())
    }
}

/// A history with both sides in `repo.git`, or a `tree` without history and its upstream in `repo.git`.
fn measure(folder: &Path) -> Score {
    let truth = Truth::read(folder);
    let repository = folder.join("repo.git");
    let git = |reference: &str| SourceSpec::Git { repository: repository.clone(), reference: reference.to_owned() };
    let release = std::fs::read_to_string(folder.join("release")).ok();
    let sources = match &release {
        None => [git("main"), git("maint")],
        Some(_) => [git("upstream"), SourceSpec::Folder { path: folder.join("tree") }],
    };
    let names = ["source", "target"].map(|name| EnvironmentName::new(name).unwrap()).into_iter();
    let environments: Vec<Environment> = names
        .zip(sources)
        .map(|(name, source)| Environment {
            name,
            role: None,
            source,
            map: PathMap::default(),
            expect: Expect::default(),
        })
        .collect();
    let plan = CollectPlan {
        environments: &environments,
        ignore: &[],
        threads: None,
        state_dir: None,
        rehash: false,
        redactor: &Redactor::new([7; 32], &[]),
        patience: Duration::from_secs(60),
        connections: &Connections::default(),
        now: Timestamp::default(),
    };
    let collected = collect(&plan, &Unwatched).unwrap();
    let start = Instant::now();
    let base = release.map(|release| {
        let bytes = |digits: &str| u8::from_str_radix(digits, 16).unwrap();
        let digits = release.trim();
        (0, CommitId((0..20).map(|at| bytes(&digits[2 * at..2 * at + 2])).collect()))
    });
    let beyond = match &base {
        None => collected.beyond(0, &[1]).unwrap(),
        Some((_, commit)) => Beyond { commits: collected.since(0, commit).unwrap(), base: None },
    };
    let mut units = units::commits(&beyond, 0, &collected).unwrap();
    if base.is_some() {
        units.retain(|unit| truth.0.contains_key(&unit.commit().unwrap().to_string()));
    }
    let reading =
        Reading { snapshots: &collected.snapshots, contents: &collected, commits: &collected, merger: &collected };
    let judged =
        verdict::judge(&Asked { units: &units, source: 0, target: 1, base, is_in_nearest: false }, &reading).unwrap();
    let elapsed = start.elapsed();
    let score = score(&judged.judgements, &units, &truth);
    println!("{}: {} units, {score} in {elapsed:.1?}", folder.file_name().unwrap().display(), units.len());
    score
}

/// Holds verdicts against the truth, and prints those that are wrong (with `--all`, all).
fn score(judged: &[Judgement], units: &[Unit], truth: &Truth) -> Score {
    let is_all = std::env::args().any(|word| word == "--all");
    let mut score = Score::default();
    for judgement in judged {
        let unit = &units[judgement.unit];
        let id = unit.commit().unwrap().to_string();
        let Some((status, note)) = truth.0.get(&*id) else { continue };
        let says = judgement.verdict == Verdict::Present;
        match (says, &**status) {
            (true, "present") => score.right += 1,
            (true, "absent") => score.wrong += 1,
            (false, "present") => score.missed += 1,
            _ => {}
        }
        if is_all || says && status == "absent" || !says && status == "present" {
            let Judgement { verdict, tier, evidence, .. } = judgement;
            println!("\t{status}\t{id}\t{verdict:?}\t{tier:?}\t{note}\t{}\t{evidence:?}", unit.title);
        }
    }
    score
}
