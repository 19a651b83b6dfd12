//! What must be asked of environments that are far away to answer what comparing asks: all of it at once.

use std::collections::BTreeMap;

use crate::collect::Source;
use crate::collect::collected::Collected;
use crate::collect::digest::{Answer, Found};
use crate::collect::far::FarFile;
use crate::collect::steady::{Reading, Trouble};
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Counters, Digests, EntryRef, IncidentId, Question};

/// A file far away whose digest is wanted.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) at: EntryRef,
    pub(super) size: u64,
    pub(super) wanted: Algorithms,
}

/// By environment.
pub(super) type Errands = BTreeMap<usize, Vec<Errand>>;

/// By environment and reason: the incident, and how many files it stands for.
pub(super) type Lost = BTreeMap<(usize, String), (IncidentId, usize)>;

/// A member of a question, with its path, its size and what is known of it.
pub(super) type Member<'a> = (EntryRef, (&'a TreePath, u64, Digests));

/// What is read for these: a keyed digest is made of another one.
pub(super) fn to_read(wanted: Algorithms) -> Algorithms {
    Algorithms { blake3: wanted.blake3 || wanted.keyed, keyed: false, ..wanted }
}

impl Collected<'_> {
    /// What must be asked of those far away.
    pub(super) fn errands(&self, questions: &[Question]) -> Errands {
        let mut errands = Errands::new();
        let is_any_far = (0..self.backings.len()).any(|environment| self.is_far(environment));
        for question in questions.iter().filter(|_| is_any_far) {
            let files = self.files(question);
            let wanted = self.choose(&files);
            for (at, (_, size, known)) in files {
                if self.is_far(at.environment) && !wanted.without(Algorithms::known(&known)).is_empty() {
                    let wanted = to_read(wanted);
                    errands.entry(at.environment).or_default().push(Errand { at, size, wanted });
                }
            }
        }
        errands
    }

    /// The members that are readable files.
    pub(super) fn files(&self, question: &Question) -> Vec<Member<'_>> {
        question.members.iter().filter_map(|&at| self.file(at).map(|file| (at, file))).collect()
    }

    /// An algorithm that every member is known under or can be digested under, and of those the one that costs the least reading.
    pub(super) fn choose(&self, files: &[Member<'_>]) -> Algorithms {
        let cost = |one: &Algorithms| {
            let lacking = files.iter().filter(|(_, (.., known))| !one.without(Algorithms::known(known)).is_empty());
            let (mut count, mut impossible) = (0_usize, 0_usize);
            for (at, _) in lacking {
                count += 1;
                impossible += usize::from(!one.without(self.computes(at.environment)).is_empty());
            }
            (impossible, count)
        };
        let blake3 = Algorithms { blake3: true, ..Algorithms::default() };
        let git_blob = Algorithms { git_blob: true, ..Algorithms::default() };
        let sha256 = Algorithms { sha256: true, ..Algorithms::default() };
        let keyed = Algorithms { keyed: true, ..Algorithms::default() };
        [blake3, git_blob, sha256, keyed].into_iter().min_by_key(cost).unwrap_or(blake3)
    }

    /// Digests under which algorithms can be had of an environment's files beyond those that are known: none where contents cannot be read.
    pub(super) fn computes(&self, environment: usize) -> Algorithms {
        let all = Algorithms { blake3: true, git_blob: true, sha256: true, keyed: true };
        match self.backings[environment].source.as_deref() {
            Some(source) if !source.has_contents() => Algorithms::default(),
            source => source.and_then(Source::far).map_or(all, |far| {
                let computes = far.computes();
                Algorithms { keyed: computes.blake3, ..computes }
            }),
        }
    }

    /// Asks one environment that is far away, in one go for each algorithm.
    pub(super) fn run_errands(&self, environment: usize, errand: &[Errand]) -> (Vec<Answer>, Counters) {
        let mut answers: Vec<Answer> = Vec::with_capacity(errand.len());
        let mut counters = Counters::default();
        let Some(far) = self.backings[environment].source.as_deref().and_then(Source::far) else {
            return (answers, counters);
        };
        let mut left: Vec<&Errand> = errand.iter().collect();
        // Two questions can ask about one file.
        left.sort_by_key(|errand| (errand.at, errand.wanted.sha256, errand.wanted.git_blob));
        left.dedup_by_key(|errand| (errand.at, errand.wanted));
        while let Some(first) = left.first() {
            let wanted = first.wanted;
            let (now, later): (Vec<&Errand>, Vec<&Errand>) = left.into_iter().partition(|one| one.wanted == wanted);
            left = later;
            if !wanted.without(far.computes()).is_empty() {
                let why = "no tool was found there that computes a digest (sha256sum, shasum, sha256, openssl, b3sum)";
                answers.extend(now.iter().map(|one| (one.at, Err(Trouble::Lost(why.to_owned())))));
                continue;
            }
            let files: Vec<FarFile<'_>> = now
                .iter()
                .map(|one| FarFile {
                    path: &self.snapshots[environment].entries[one.at.entry].path,
                    size: one.size,
                    listed: self.stamp(one.at),
                })
                .collect();
            far.digests(&files, wanted, &mut counters, &mut |place, result| {
                self.watch.read(environment, 1, files[place].size);
                let found = |Reading { value, stamp, began }| Reading { value: Found::from(value), stamp, began };
                answers.push((now[place].at, result.map(found)));
            });
        }
        answers.sort_by_key(|(at, _)| *at);
        (answers, counters)
    }

    /// Says of how many files it is that an incident stands for.
    pub(super) fn tell_lost(&mut self, lost: &Lost) {
        for ((environment, why), (incident, files)) in lost {
            let those = if *files == 1 { "1 file".to_owned() } else { format!("{files} files") };
            self.snapshots[*environment].incidents[incident.0 as usize].message =
                format!("{those} could not be read: {why}");
        }
    }
}
