//! What is called differently in one environment: [`PathMap`].

use crate::path::TreePath;

/// Translates between the names in one environment and the common ones.
///
/// Pairs do not overlap: on neither side is one path the other or within it. Whatever no pair names has the same name on both
/// sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathMap {
    /// Sorted by common path.
    pairs: Vec<MapPair>,
    /// Indices into `pairs`, sorted by the path here.
    by_here: Vec<usize>,
}

/// One folder or file that is called differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapPair {
    /// The common path.
    pub common: TreePath,
    /// The path in this environment.
    pub here: TreePath,
}

/// Why pairs are not a map. Numbers say which pairs, in the order in which they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapConflict {
    /// The second common path is the first one, or within it.
    Common(usize, usize),
    /// The second path here is the first one, or within it.
    Here(usize, usize),
    /// The path here is within its own common path: that folder, which exists here too, would have to be called the same.
    Inside(usize),
}

impl PathMap {
    /// Takes pairs in any order.
    ///
    /// # Errors
    /// All conflicts, in the order of the second pair of each.
    pub fn new(pairs: Vec<MapPair>) -> Result<Self, Vec<MapConflict>> {
        let mut conflicts: Vec<MapConflict> = pairs
            .iter()
            .enumerate()
            .filter(|(_, pair)| pair.here != pair.common && pair.here.is_within(&pair.common))
            .map(|(at, _)| MapConflict::Inside(at))
            .collect();
        conflicts.extend(overlaps(&pairs, |pair| &pair.common).map(|(a, b)| MapConflict::Common(a, b)));
        conflicts.extend(overlaps(&pairs, |pair| &pair.here).map(|(a, b)| MapConflict::Here(a, b)));
        if !conflicts.is_empty() {
            conflicts.sort_by_key(|conflict| match *conflict {
                MapConflict::Common(_, at) | MapConflict::Here(_, at) | MapConflict::Inside(at) => at,
            });
            return Err(conflicts);
        }
        let mut pairs = pairs;
        pairs.sort_by(|a, b| a.common.cmp(&b.common));
        let mut by_here: Vec<usize> = (0..pairs.len()).collect();
        by_here.sort_by(|&a, &b| pairs[a].here.cmp(&pairs[b].here));
        Ok(Self { pairs, by_here })
    }

    /// The pairs, sorted by common path.
    pub fn pairs(&self) -> &[MapPair] {
        &self.pairs
    }

    /// Whether all names are the common ones.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The same with more pairs of a common name and the name here; `None` when they do not fit together.
    pub fn with<'a>(&self, more: impl IntoIterator<Item = (&'a TreePath, &'a TreePath)>) -> Option<Self> {
        let more = more.into_iter().map(|(common, here)| MapPair { common: common.clone(), here: self.to_here(here) });
        Self::new(self.pairs.iter().cloned().chain(more).collect()).ok()
    }

    /// As it stands in a configuration: `{ "backend" = "oncall_backend" }`. `None` when a name is not UTF-8, which no configuration can hold.
    /// `quote` makes a string of TOML.
    pub fn to_toml(&self, quote: fn(&str) -> String) -> Option<String> {
        let quoted = |path: &TreePath| Some(quote(std::str::from_utf8(path.as_bytes()).ok()?));
        let pair = |pair: &MapPair| Some(format!("{} = {}", quoted(&pair.common)?, quoted(&pair.here)?));
        Some(format!("{{ {} }}", self.pairs.iter().map(pair).collect::<Option<Vec<_>>>()?.join(", ")))
    }

    /// The common name of a path here.
    ///
    /// Two paths here get the same common name only when one of them is unmapped and has the common name of a mapped one (`backend` and
    /// `oncall_backend`, which is mapped to `backend`, both exist). Whoever lists them reports the collision.
    pub fn to_common(&self, here: &TreePath) -> TreePath {
        // Pairs do not overlap and what is below a folder directly follows it, so only the last pair not after the path can hold it.
        let at = self.by_here.partition_point(|&at| self.pairs[at].here <= *here);
        let pair = at.checked_sub(1).map(|at| &self.pairs[self.by_here[at]]);
        pair.and_then(|pair| here.rebase(&pair.here, &pair.common)).unwrap_or_else(|| here.clone())
    }

    /// The name here of a common path: the inverse of [`PathMap::to_common`] for all paths without a collision.
    ///
    /// A path that no pair names is given unchanged, even where that name means something else here; such a common path does not exist
    /// in this environment.
    pub fn to_here(&self, common: &TreePath) -> TreePath {
        let at = self.pairs.partition_point(|pair| pair.common <= *common);
        let pair = at.checked_sub(1).map(|at| &self.pairs[at]);
        pair.and_then(|pair| common.rebase(&pair.common, &pair.here)).unwrap_or_else(|| common.clone())
    }
}

/// Pairs of numbers, lower first, of which one path is the other or within it; each with the outermost path only.
fn overlaps(pairs: &[MapPair], side: fn(&MapPair) -> &TreePath) -> impl Iterator<Item = (usize, usize)> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by(|&a, &b| side(&pairs[a]).cmp(side(&pairs[b])).then(a.cmp(&b)));
    let mut found = Vec::new();
    let mut outer: Option<usize> = None;
    for at in order {
        match outer {
            Some(outer) if side(&pairs[at]).is_within(side(&pairs[outer])) => {
                found.push((outer.min(at), outer.max(at)));
            }
            _ => outer = Some(at),
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text.as_bytes()).unwrap()
    }

    fn map(pairs: &[(&str, &str)]) -> Result<PathMap, Vec<MapConflict>> {
        PathMap::new(pairs.iter().map(|(common, here)| MapPair { common: path(common), here: path(here) }).collect())
    }

    #[test]
    fn whole_parts_are_renamed() {
        let map = map(&[("oncallsreact", "oncalls_react"), ("backend", "oncall_backend"), ("a/b", "x")]).unwrap();
        for (here, common) in [
            ("oncall_backend", "backend"),
            ("oncall_backend/app/x.py", "backend/app/x.py"),
            ("oncall_backend2/x", "oncall_backend2/x"),
            ("oncalls_react/src", "oncallsreact/src"),
            ("x/y", "a/b/y"),
            ("README", "README"),
        ] {
            assert_eq!(map.to_common(&path(here)), path(common));
            assert_eq!(map.to_here(&path(common)), path(here));
        }
        assert!(PathMap::default().is_empty());
        assert_eq!(PathMap::default().to_common(&path("a")), path("a"));
    }

    #[test]
    fn names_may_be_swapped() {
        let map = map(&[("blue", "green"), ("green", "blue")]).unwrap();
        assert_eq!(map.to_common(&path("green/a")), path("blue/a"));
        assert_eq!(map.to_here(&path("green/a")), path("blue/a"));
    }

    #[test]
    fn a_name_that_is_taken_stays_and_collides() {
        let map = map(&[("backend", "oncall_backend")]).unwrap();
        assert_eq!(map.to_common(&path("backend/x")), path("backend/x"));
        assert_eq!(map.to_common(&path("oncall_backend/x")), path("backend/x"));
    }

    #[test]
    fn what_is_written_is_what_a_configuration_means() {
        let quote = crate::report::escape::toml;
        let map = map(&[("backend", "oncall_backend"), ("a", "b \"\\\u{1}\u{202e}\u{e9}")]).unwrap();
        let text = map.to_toml(quote).unwrap();
        assert_eq!(text, r#"{ "a" = "b \"\\\u0001\u202eé", "backend" = "oncall_backend" }"#);
        let read: std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>> =
            toml::from_str(&format!("map = {text}")).unwrap();
        let read: Vec<(&str, &str)> = read["map"].iter().map(|(common, here)| (&**common, &**here)).collect();
        let pairs: Vec<(&str, &str)> = map
            .pairs()
            .iter()
            .map(|pair| {
                let text = |path: &'_ TreePath| std::str::from_utf8(path.as_bytes()).unwrap().to_owned().leak() as &str;
                (text(&pair.common), text(&pair.here))
            })
            .collect();
        assert_eq!(read, pairs);
        let more = map.with([(&path("x"), &path("y"))]).unwrap();
        assert_eq!((more.pairs().len(), map.with([(&path("backend"), &path("y"))])), (3, None));
        let foreign = PathMap::new(vec![MapPair { common: path("a"), here: TreePath::new(&b"\xff"[..]).unwrap() }]);
        assert_eq!(foreign.unwrap().to_toml(quote), None);
    }

    #[test]
    fn overlapping_pairs_are_no_map() {
        assert_eq!(map(&[("a", "x"), ("b", "x")]), Err(vec![MapConflict::Here(0, 1)]));
        assert_eq!(map(&[("b", "x/y"), ("a", "x")]), Err(vec![MapConflict::Here(0, 1)]));
        assert_eq!(map(&[("a", "x"), ("a/b", "y")]), Err(vec![MapConflict::Common(0, 1)]));
        assert_eq!(map(&[("a", "a/b")]), Err(vec![MapConflict::Inside(0)]));
        assert!(map(&[("a/b", "a")]).is_ok());
        assert!(map(&[("a", "a")]).is_ok());
        assert_eq!(
            map(&[("a", "x"), ("b", "y"), ("c", "x"), ("b/d", "z")]),
            Err(vec![MapConflict::Here(0, 2), MapConflict::Common(1, 3)])
        );
    }

    proptest! {
        #[test]
        fn there_and_back(
            pairs in prop::collection::vec(("[ab]{1,2}(/[ab]{1,2}){0,2}", "[xy]{1,2}(/[xy]{1,2}){0,2}"), 0..4),
            common in "[ab]{1,2}(/[ab]{1,2}){0,3}",
        ) {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
            if let Ok(map) = map(&pairs) {
                let common = path(&common);
                prop_assert_eq!(map.to_common(&map.to_here(&common)), common);
                for pair in map.pairs() {
                    prop_assert_eq!(&map.to_common(&pair.here), &pair.common);
                    prop_assert_eq!(&map.to_here(&pair.common), &pair.here);
                }
            }
        }
    }
}
