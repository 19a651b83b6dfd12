//! One finding for many paths that differ in the same way.

use std::collections::BTreeMap;

use crate::insight::finding::{Finding, Matter};
use crate::path::TreePath;

/// So many paths that differ in the same way are a finding each; more are one finding together.
const MOST_ALONE: usize = 8;

/// Makes findings of rows that differ, by how they differ. `finding` is handed the difference and its sorted paths, at least one.
pub(super) fn report<K: Ord>(
    differing: impl Iterator<Item = (K, TreePath)>,
    findings: &mut Vec<Finding>,
    finding: impl Fn(&K, Vec<TreePath>) -> (Finding, Matter),
) {
    let mut groups: BTreeMap<K, Vec<TreePath>> = BTreeMap::new();
    for (how, path) in differing {
        groups.entry(how).or_default().push(path);
    }
    for (how, paths) in groups {
        let sets =
            if paths.len() > MOST_ALONE { vec![paths] } else { paths.into_iter().map(|path| vec![path]).collect() };
        for paths in sets {
            let place = common(&paths);
            let (mut found, matter) = finding(&how, paths.clone());
            found.id = paths.iter().fold(matter, |matter, path| matter.with(path.as_bytes())).id();
            found.path = place;
            findings.push(found);
        }
    }
}

/// The only path, or the folder that holds all of them.
fn common(sorted: &[TreePath]) -> Option<TreePath> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    let shared: Vec<&[u8]> =
        first.parts().zip(last.parts()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect();
    TreePath::new(shared.join(&b'/')).ok()
}
