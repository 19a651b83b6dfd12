//! What has become of findings since the run before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Known, Night, Outcome, Part, Past, Read, Sighting, Stale, Standing, Status, Summary};
use crate::insight::Severity;

/// Says of each finding whether it is new, still there, resolved or reopened.
///
/// A finding that is not there is resolved only if everything was read that it depends on: its own environments where nothing was
/// compared, else all that the project has, each at the finding's place. Otherwise it stays as it was seen last, stale. What is seen of
/// its place without the unread environments is no finding of its own, unless those that were read have changed among
/// themselves. A new finding of the same rule at the same place takes the place of one that is not there any more: that one is not
/// resolved. `accepted` has the ids of findings that are accepted.
pub fn follow(past: &Past, night: &Night, accepted: &BTreeSet<String>) -> Outcome {
    let number = past.last.map_or(1, |(number, _)| number + 1);
    let seen: BTreeSet<&str> = night.sightings.iter().map(|sighting| &*sighting.id).collect();
    let unseen = past.open.values().filter(|known| !seen.contains(&*known.sighting.id));
    let mut unseen: Vec<Unseen<'_>> = unseen.map(|known| Unseen::new(known, night)).collect();
    unseen.sort_by_key(|it| {
        let Sighting { path, subject, code, id, .. } = &it.known.sighting;
        (path, subject, code, id)
    });
    let mut places: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    for (at, it) in unseen.iter().enumerate().rev() {
        places.entry(place(&it.known.sighting)).or_default().push(at);
    }
    let mut standings = Vec::new();
    for sighting in &night.sightings {
        let is_accepted = accepted.contains(&sighting.id);
        let mut standing = Standing {
            sighting: sighting.clone(),
            status: if past.closed.contains(&sighting.id) { Status::CameBack } else { Status::New },
            since: night.at,
            from: number,
            streak: 1,
            replaces: None,
            stale: None,
            is_accepted,
        };
        if let Some(known) = past.open.get(&sighting.id) {
            let is_back = known.is_accepted && !is_accepted;
            standing.status = if is_back { Status::NotAccepted } else { Status::Still };
            standing.since = if is_back { night.at } else { known.since };
            standing.from = known.from;
            standing.streak = number - known.from + 1;
        } else if let Some(at) = places.get_mut(&place(sighting)).and_then(Vec::pop) {
            let it = &mut unseen[at];
            if it.is_seen_in_part(sighting) {
                it.without_them = Some(sighting.message.clone());
                continue;
            }
            it.is_replaced = true;
            standing.replaces = Some(it.known.sighting.id.clone());
        } else if stand_for_all_below(sighting, &mut unseen) {
            continue;
        }
        standings.push(standing);
    }
    let replaced = unseen.iter().filter(|it| it.is_replaced).map(|it| it.known.sighting.id.clone()).collect();
    let left = unseen.into_iter().filter(|it| !it.is_replaced);
    standings.extend(left.map(|it| it.standing(number, night, past, accepted)));
    standings.sort_by_key(|standing| {
        // What was seen is in its order already, and what was not comes after it.
        (standing.status == Status::Resolved, std::cmp::Reverse(standing.sighting.severity), standing.stale.is_some())
    });
    let summary = summary(number, night, &standings);
    Outcome { number, previous: past.last.map(|(_, at)| at), standings, replaced, summary }
}

/// An open finding that tonight's rules do not give.
struct Unseen<'a> {
    known: &'a Known,
    /// What it depends on and was not read; it is gone when that is nothing.
    unread: Vec<String>,
    without_them: Option<String>,
    is_replaced: bool,
}

impl<'a> Unseen<'a> {
    fn new(known: &'a Known, night: &Night) -> Self {
        let sighting = &known.sighting;
        let depends = if sighting.is_of_one { &sighting.environments } else { &night.configured };
        // What is not part of the project any more will never be read again.
        let here = depends.iter().filter(|name| night.configured.contains(name));
        let is_judged = !night.not_judged.contains(&sighting.code);
        let unread = here.filter(|name| !is_judged || is_unread(sighting, name, night)).cloned().collect();
        Self { known, unread, without_them: None, is_replaced: false }
    }

    /// Whether a finding is nothing but what is to be seen of this one without the environments that were not read.
    fn is_seen_in_part(&self, sighting: &Sighting) -> bool {
        let is_read = |part: &&Part| !self.unread.contains(&part.environment);
        let before: Vec<&Part> = self.known.sighting.parts.iter().filter(is_read).collect();
        let now: Vec<&Part> = sighting.parts.iter().filter(is_read).collect();
        !self.unread.is_empty() && is_alike(&before, &now)
    }

    fn standing(self, number: u64, night: &Night, past: &Past, accepted: &BTreeSet<String>) -> Standing {
        let known = self.known;
        let is_gone = self.unread.is_empty();
        // It was there when the last run was made, if that is known at all.
        let seen = known.seen.or(past.last.map(|(_, at)| at)).unwrap_or(known.since);
        let is_accepted = accepted.contains(&known.sighting.id);
        let is_back = known.is_accepted && !is_accepted;
        Standing {
            sighting: known.sighting.clone(),
            status: match (is_gone, is_back) {
                (true, _) => Status::Resolved,
                (false, true) => Status::NotAccepted,
                (false, false) => Status::Still,
            },
            since: if is_back && !is_gone { night.at } else { known.since },
            from: known.from,
            streak: if is_gone { 0 } else { number - known.from + 1 },
            replaces: None,
            stale: (!is_gone).then_some(Stale { seen, unread: self.unread, without_them: self.without_them }),
            is_accepted: is_accepted && !is_gone,
        }
    }
}

/// Whether something that the finding depends on was not read in an environment.
fn is_unread(sighting: &Sighting, environment: &str, night: &Night) -> bool {
    let Some(coverage) = night.environments.iter().find(|it| it.environment == environment) else { return true };
    match coverage.read {
        Read::All => false,
        Read::Failed => true,
        // What could not be read elsewhere in it says nothing about this.
        Read::Part if sighting.is_incomplete => false,
        Read::Part => match &sighting.path {
            None => true,
            Some(path) => coverage.unread.iter().any(|unread| is_within(path, unread) || is_within(unread, path)),
        },
    }
}

/// Whether a path is another one or lies below it; no bytes stand for the root.
fn is_within(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.first().is_none_or(|&separator| separator == b'/'))
}

/// Where something was found, and by what kind of rule: what two findings have in common that are about one matter.
type Place<'a> = (&'a str, Result<&'a [u8], &'a str>);

fn place(sighting: &Sighting) -> Place<'_> {
    let family = match &*sighting.code {
        // All of them judge what is at one path, and which of them speaks depends on who was read.
        "content-differs" | "line-endings" | "type-differs" | "link-differs" | "only-in" | "absent-in" => "row",
        code => code,
    };
    let subject = match &sighting.parts[..] {
        // Many changes may begin with the same file.
        [first, ..] if matches!(family, "unshared-fix" | "would-be-destroyed") => Err(&*first.detail),
        _ => sighting.path.as_deref().ok_or(&*sighting.subject),
    };
    (family, subject)
}

/// Whether the same environments agree, and have the same where that is known of both.
fn is_alike(before: &[&Part], now: &[&Part]) -> bool {
    let class = |parts: &[&Part], at: usize| parts.iter().position(|part| part.class == parts[at].class);
    let is_known = |part: &Part| !part.detail.is_empty();
    before.len() == now.len()
        && before.iter().zip(now).enumerate().all(|(at, (one, other))| {
            let is_same = !is_known(one) || !is_known(other) || one.detail == other.detail;
            one.environment == other.environment && is_same && class(before, at) == class(now, at)
        })
}

/// Whether a folder is found at once tonight, because others are unread, where single paths in it were found before.
fn stand_for_all_below(sighting: &Sighting, unseen: &mut [Unseen<'_>]) -> bool {
    let (family, Ok(folder)) = place(sighting) else { return false };
    let is_below = |it: &Unseen<'_>| {
        let (other, at) = place(&it.known.sighting);
        !it.unread.is_empty() && other == family && at.is_ok_and(|at| at != folder && is_within(at, folder))
    };
    let below: u64 = unseen.iter().filter(|it| is_below(it)).map(|it| it.known.sighting.paths).sum();
    if sighting.paths < 2 || below < sighting.paths {
        return false;
    }
    if let Some(first) = unseen.iter_mut().find(|it| is_below(it)) {
        first.without_them = Some(sighting.message.clone());
    }
    true
}

fn summary(number: u64, night: &Night, standings: &[Standing]) -> Summary {
    let count = |is: &dyn Fn(&&Standing) -> bool| standings.iter().filter(is).count() as u64;
    let listed = |it: &&Standing| !it.is_accepted;
    let open = Severity::ALL
        .map(|severity| count(&|it| listed(it) && it.status != Status::Resolved && it.sighting.severity == severity));
    Summary {
        number: Some(number),
        at: night.at,
        open,
        new: count(&|it| listed(it) && it.status == Status::New),
        resolved: count(&|it| listed(it) && it.status == Status::Resolved),
        reopened: count(&|it| listed(it) && it.status.name() == "reopened"),
        accepted: count(&|it| it.is_accepted),
        drift: night.drift,
        coverage: night.environments.iter().map(|it| (it.environment.clone(), it.read)).collect(),
    }
}

#[cfg(test)]
mod tests;
