//! Workloads as texts: a base and what became of it in each environment.

use super::workload::{ENVIRONMENTS, Random, Workload};

/// One file: the base, then its version in each environment.
pub(crate) struct Versions {
    base: Vec<Vec<u8>>,
    inputs: Vec<Vec<Vec<u8>>>,
}

impl Versions {
    /// The lines of the base.
    pub(crate) fn base(&self) -> &[Vec<u8>] {
        &self.base
    }

    /// The lines of each version.
    pub(crate) fn inputs(&self) -> Vec<&[Vec<u8>]> {
        self.inputs.iter().map(Vec::as_slice).collect()
    }

    /// How long all of them are together.
    pub(crate) fn bytes(&self) -> usize {
        let length = |lines: &[Vec<u8>]| lines.iter().map(Vec::len).sum::<usize>();
        length(&self.base) + self.inputs.iter().map(|input| length(input)).sum::<usize>()
    }
}

/// The files of a workload: 40 of 500 lines; 400 of 20 lines where they are small; one of 60,000 lines where it is large.
///
/// In [`Workload::Disjoint`] no environment has a line of the base; elsewhere, but in [`Workload::InSync`], each has rewritten,
/// dropped or added one line of a hundred.
pub(crate) fn texts(workload: Workload) -> Vec<Versions> {
    let (files, lines) = match workload {
        Workload::ManySmall => (400, 20),
        Workload::FewLarge => (1, 60_000),
        Workload::Disjoint => (4, 500),
        Workload::InSync | Workload::Sparse => (40, 500),
    };
    let mut random = Random(0x7e47);
    (0..files).map(|_| versions(workload, lines, &mut random)).collect()
}

fn versions(workload: Workload, lines: usize, random: &mut Random) -> Versions {
    let base: Vec<Vec<u8>> = (0..lines).map(|_| line(random)).collect();
    let inputs = (0..ENVIRONMENTS).map(|_| match workload {
        Workload::InSync => base.clone(),
        Workload::Disjoint => (0..lines).map(|_| line(random)).collect(),
        _ => edited(&base, random),
    });
    Versions { inputs: inputs.collect(), base }
}

fn edited(base: &[Vec<u8>], random: &mut Random) -> Vec<Vec<u8>> {
    let mut lines = Vec::with_capacity(base.len() + base.len() / 100);
    for old in base {
        match random.below(300) {
            0 => lines.push(line(random)),
            1 => lines.extend([old.clone(), line(random)]),
            2 => {}
            _ => lines.push(old.clone()),
        }
    }
    lines
}

/// Some lines are the same everywhere, as blank ones and closing braces are.
fn line(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => b"\n".to_vec(),
        1 => b"    }\n".to_vec(),
        _ => format!("    value_{} = compute({})\n", random.below(1000), random.next()).into_bytes(),
    }
}
