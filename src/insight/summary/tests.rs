use super::*;
use crate::compare::compare;
use crate::compare::testing::Tree;

#[test]
fn the_odd_one_out_is_counted() {
    let snapshots = [
        Tree::new("a").file("x", "1").file("y", "1").file("z", "1").file("d/solo", "1").done(),
        Tree::new("b").file("x", "1").file("y", "2").file("z", "1").done(),
        Tree::new("c").file("x", "3").file("y", "3").unreadable("z", false).done(),
    ];
    let comparison = compare(&snapshots);
    let inputs = Inputs {
        snapshots: &snapshots,
        comparison: &comparison,
        moves: &[],
        artifacts: &[],
        maps: &[],
        lineage: &crate::insight::nearest::Lineage::default(),
        fixes: &[],
        candidates: &crate::insight::candidates::Brief::default(),
        focus: &[],
        wishes: crate::insight::Wishes::default(),
    };
    let found: Vec<(usize, usize, usize)> =
        summaries(&inputs).iter().map(|summary| (summary.drift, summary.only_here, summary.unreadable)).collect();
    // x: only c. y: nobody agrees. z: unknown in c, the others agree. d/solo: a has it alone.
    assert_eq!(found, [(2, 1, 0), (1, 0, 0), (2, 0, 1)]);
    let Totals { paths, in_sync, quiet, drift, unreadable } = totals(&comparison);
    assert_eq!((paths, in_sync, quiet, drift, unreadable), (4, 0, 0, 3, 1));
}
