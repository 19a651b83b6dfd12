//! Puts a listing with mapped names in order.
//!
//! Mapping moves entries, so they are sorted anew. A folder that only led to mapped ones is dropped, and folders above a common path
//! that do not exist here are added: otherwise a folder called differently would show as two folders that differ.

use std::collections::BTreeMap;

use crate::collect::walk::Walked;
use crate::collect::{CollectError, Filter, Stamp};
use crate::config::{MapPair, PathMap};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{Content, Entry, Incident, IncidentKind};

/// Sorts by common path, completes the folders, and notes pairs that map nothing.
///
/// # Errors
/// [`CollectError::MapCollision`] when two entries have one common path, or one is below a common path that is no folder.
pub(super) fn settle(
    walked: &mut Walked,
    map: &PathMap,
    filter: &Filter,
    of: &EnvironmentName,
) -> Result<(), CollectError> {
    let entries = std::mem::take(&mut walked.entries);
    let mut all: Vec<(Entry, Option<Stamp>)> = entries.into_iter().zip(std::mem::take(&mut walked.stamps)).collect();
    all.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    refuse_collisions(&all, map, of)?;
    drop_passed(&mut all, map);
    add_parents(&mut all, map);
    for pair in map.pairs() {
        let there = all.binary_search_by(|(entry, _)| entry.path.cmp(&pair.common)).is_ok();
        if !there && !is_left_out(filter, &pair.common) && !is_unknown(&mut all, pair) {
            walked.incidents.push(not_there(pair));
        }
    }
    (walked.entries, walked.stamps) = all.into_iter().unzip();
    walked.counters.entries_listed = walked.entries.len() as u64;
    Ok(())
}

fn refuse_collisions(all: &[(Entry, Option<Stamp>)], map: &PathMap, of: &EnvironmentName) -> Result<(), CollectError> {
    for pair in all.windows(2) {
        let [(first, _), (second, _)] = pair else { continue };
        let is_folder = matches!(first.content, Content::Directory | Content::Unreadable { folder: true, .. });
        if first.path == second.path || (!is_folder && second.path.is_within(&first.path)) {
            // Of two entries with one name, the mapped one has another name here.
            let common = &second.path;
            let mapped = map.pairs().iter().find(|pair| common.is_within(&pair.common)).map(|pair| &pair.here);
            return Err(CollectError::MapCollision {
                environment: of.clone(),
                common: first.path.as_bytes().escape_ascii().to_string(),
                here: mapped.unwrap_or(common).as_bytes().escape_ascii().to_string(),
            });
        }
    }
    Ok(())
}

/// Drops folders above a mapped folder that have nothing else in them.
fn drop_passed(all: &mut Vec<(Entry, Option<Stamp>)>, map: &PathMap) {
    let leads = |path: &TreePath| map.pairs().iter().any(|pair| pair.here != *path && pair.here.is_within(path));
    // From the end, so that a folder is looked at after those in it.
    for at in (0..all.len()).rev() {
        let entry = &all[at].0;
        let is_empty = all.get(at + 1).is_none_or(|(next, _)| !next.path.is_within(&entry.path));
        if is_empty
            && entry.content == Content::Directory
            && map.to_here(&entry.path) == entry.path
            && leads(&entry.path)
        {
            all.remove(at);
        }
    }
}

/// Adds the folders above common paths that have no entry of their own, with the attributes of the mapped folder.
fn add_parents(all: &mut Vec<(Entry, Option<Stamp>)>, map: &PathMap) {
    let mut missing: BTreeMap<TreePath, Entry> = BTreeMap::new();
    for pair in map.pairs() {
        let Ok(at) = all.binary_search_by(|(entry, _)| entry.path.cmp(&pair.common)) else { continue };
        for folder in std::iter::successors(pair.common.parent(), TreePath::parent) {
            if all.binary_search_by(|(entry, _)| entry.path.cmp(&folder)).is_err() {
                let entry =
                    Entry { path: folder.clone(), content: Content::Directory, attributes: all[at].0.attributes };
                missing.entry(folder).or_insert(entry);
            }
        }
    }
    if !missing.is_empty() {
        all.extend(missing.into_values().map(|entry| (entry, None)));
        all.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    }
}

/// Whether a folder above a mapped one could not be listed; then the mapped one is unknown too, and is added as such.
fn is_unknown(all: &mut Vec<(Entry, Option<Stamp>)>, pair: &MapPair) -> bool {
    let above = std::iter::successors(pair.here.parent(), TreePath::parent)
        .filter_map(|folder| all.binary_search_by(|(entry, _)| entry.path.cmp(&folder)).ok())
        .find(|&at| matches!(all[at].0.content, Content::Unreadable { folder: true, .. }));
    let Some(above) = above else { return false };
    let entry = Entry { path: pair.common.clone(), ..all[above].0.clone() };
    let at = all.partition_point(|(other, _)| other.path < entry.path);
    all.insert(at, (entry, None));
    true
}

fn not_there(pair: &MapPair) -> Incident {
    Incident {
        path: Some(pair.common.clone()),
        kind: IncidentKind::Note,
        message: format!(
            "`{}`, to which `map` gives the name `{}`, is not there",
            String::from_utf8_lossy(pair.here.as_bytes()),
            String::from_utf8_lossy(pair.common.as_bytes())
        ),
        hint: Some("correct `map`, if the folder has another name by now".to_owned()),
    }
}

fn is_left_out(filter: &Filter, path: &TreePath) -> bool {
    filter.leaves_out(path, false)
        || std::iter::successors(Some(path.clone()), TreePath::parent).any(|folder| filter.leaves_out(&folder, true))
}
