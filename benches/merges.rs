//! Three-way regions against GNU `diff3` and `git merge-file`, on files of real merges.
//!
//! Arguments are folders of cases. A case is a folder with the files `base`, `ours` and `theirs`, and `result` where the merge kept the path.
//! Each case on whose outcome (merged cleanly, or in conflict) the programs differ is printed with what each of them says.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints what it measured"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use driftline::compare::text::{RegionClass, regions};

/// A merged text, or `None` where there is a conflict.
type Merged = Option<Vec<u8>>;

fn main() {
    let mut tally = Tally::default();
    for folder in std::env::args_os().skip(1).filter(|word| !word.as_encoded_bytes().starts_with(b"-")) {
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut cases: Vec<PathBuf> = entries.filter(|path| path.join("base").is_file()).collect();
        cases.sort();
        for case in &cases {
            tally.case(case);
        }
    }
    tally.print();
}

#[derive(Default)]
struct Tally {
    cases: usize,
    clean: usize,
    /// Of the cases with a result that somebody committed, how often a clean merge is that.
    as_committed: (usize, usize),
    /// How often each outcome of driftline, `diff3 -E`, `diff3 -A` and `git merge-file` came together.
    outcomes: BTreeMap<String, usize>,
    /// Both clean, and with another text.
    other_text: usize,
    elapsed: Duration,
}

impl Tally {
    fn case(&mut self, case: &Path) {
        let read = |name: &str| fs::read(case.join(name)).unwrap();
        let (base, ours, theirs) = (read("base"), read("ours"), read("theirs"));
        let start = Instant::now();
        let mine = merged(&base, &ours, &theirs);
        self.elapsed += start.elapsed();
        // GNU's order is MINE OLDER YOURS. Without `-E` it brackets as if in conflict what both sides changed alike.
        let diff3 = run(case, "diff3", &["-m", "-E", "ours", "base", "theirs"]);
        let all = run(case, "diff3", &["-m", "ours", "base", "theirs"]);
        let git = run(case, "git", &["merge-file", "-p", "-q", "ours", "base", "theirs"]);
        self.cases += 1;
        self.clean += usize::from(mine.is_some());
        if let (Some(mine), Ok(result)) = (&mine, fs::read(case.join("result"))) {
            self.as_committed.0 += usize::from(*mine == result);
            self.as_committed.1 += 1;
        }
        let named = [("driftline", &mine), ("diff3 -m -E", &diff3), ("diff3 -m", &all), ("git merge-file", &git)];
        let word = |merged: &Merged| if merged.is_some() { "clean" } else { "conflict" };
        let words = named.map(|(name, merged)| format!("{name}: {}", word(merged))).join(", ");
        let differ = mine.is_some() != diff3.is_some() || mine.is_some() != git.is_some();
        let is_other = matches!((&mine, &diff3), (Some(mine), Some(text)) if mine != text);
        self.other_text += usize::from(is_other);
        if differ || is_other {
            let note = if is_other { " (another text than diff3's)" } else { "" };
            println!("{}: {words}{note}", case.display());
        }
        *self.outcomes.entry(words).or_default() += 1;
    }

    fn print(&self) {
        println!("\n{} cases, {} clean, in {:.1?}", self.cases, self.clean, self.elapsed);
        println!("clean ones that are what was committed: {} of {}", self.as_committed.0, self.as_committed.1);
        println!("clean for both driftline and diff3 -m -E, and another text: {}", self.other_text);
        for (words, count) in &self.outcomes {
            println!("{count:6}  {words}");
        }
    }
}

/// Merges by our regions: each stretch is taken from who changed it.
fn merged(base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    let [base, ours, theirs] =
        [base, ours, theirs].map(|text| text.split_inclusive(|&b| b == b'\n').collect::<Vec<_>>());
    let mut text = Vec::new();
    for region in regions(&base, &[&ours, &theirs]) {
        match region.class {
            RegionClass::Unchanged => text.extend(base[region.base].concat()),
            RegionClass::Only(0) | RegionClass::Shared(_) => text.extend(ours[region.sides[0].clone()].concat()),
            RegionClass::Only(_) => text.extend(theirs[region.sides[1].clone()].concat()),
            RegionClass::Conflict(_) => return None,
        }
    }
    Some(text)
}

/// Runs a merge program; status 0 is a clean merge, 1 (git: the number of conflicts) a conflict.
fn run(folder: &Path, program: &str, arguments: &[impl AsRef<OsStr>]) -> Merged {
    let output = Command::new(program).args(arguments).current_dir(folder).env("LC_ALL", "C").output().unwrap();
    match output.status.code() {
        Some(0) => Some(output.stdout),
        Some(1..=127) => None,
        status => panic!("`{program}` ended with {status:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}
