//! Where what differs in a region comes from, and how that is said.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::compare::text::replacements::changes;
use crate::insight::base::BaseKind;
use crate::insight::candidates::{Brief, BriefKind};
use crate::insight::origin::{Origin, Traced, Version};
use crate::insight::units::{commit_id, stash_id};
use crate::report::escape;
use crate::report::text_view::{FileRegion, FileView, Inputs, RegionOrigin, TextView};
use crate::report::wording::age;
use crate::snapshot::{CommitId, CommitSummary, Stash};

/// More origins of one region are counted.
const SHOWN: usize = 3;

/// Tells of every region that differs where it comes from.
pub(super) fn trace(view: &mut FileView, inputs: &Inputs<'_>) {
    let mut traced: BTreeMap<usize, Traced> = BTreeMap::new();
    for at in 0..view.regions.len() {
        let mut origins: Vec<RegionOrigin> = Vec::new();
        for environment in view.regions[at].class.groups().concat() {
            let Some(traced) = of_environment(&mut traced, view, inputs, environment) else { continue };
            let (came, gone) = changed_lines(view, &view.regions[at], environment);
            for (origin, lines) in traced.of(came, gone) {
                let origin = masked(origin, inputs);
                // What is in no commit is in each place something of its own.
                let is_same = |known: &&mut RegionOrigin| known.origin == origin && !origin.is_uncommitted();
                match origins.iter_mut().find(is_same) {
                    Some(known) => known.environments.push(environment),
                    None => origins.push(RegionOrigin { environments: vec![environment], origin, lines, unit: None }),
                }
            }
        }
        view.regions[at].origins = origins;
    }
}

fn of_environment<'t>(
    known: &'t mut BTreeMap<usize, Traced>,
    view: &FileView,
    inputs: &Inputs<'_>,
    environment: usize,
) -> Option<&'t Traced> {
    let text = view.text_of(environment)?;
    let base = view.base.as_ref()?;
    Some(known.entry(environment).or_insert_with(|| {
        inputs.tracer.trace(&Version {
            environment,
            path: &view.path,
            text: view.texts[text].document.exact(),
            base: base.document.exact(),
            since: commit_of(&base.base.kind),
        })
    }))
}

/// The commit that the base is of.
fn commit_of(kind: &BaseKind) -> Option<&CommitId> {
    match kind {
        BaseKind::CommonAncestor { commit, .. } => Some(&commit.id),
        BaseKind::Nearest { likeness, .. } => Some(&likeness.commit.id),
        _ => None,
    }
}

/// The lines of a region that an environment has and the base has not, and the other way round, by their numbers in the files.
fn changed_lines(view: &FileView, region: &FileRegion, environment: usize) -> (Vec<usize>, Vec<usize>) {
    let (Some(base), Some(text)) = (&view.base, view.text_of(environment)) else { return (Vec::new(), Vec::new()) };
    let (old, new) = (region.base.clone(), region.texts[text].clone());
    let key = |document, line| view.comparing.key(document, line);
    let old_keys: Vec<Cow<'_, [u8]>> = old.clone().map(|line| key(base.document.exact(), line)).collect();
    let new_keys: Vec<Cow<'_, [u8]>> = new.clone().map(|line| key(view.texts[text].document.exact(), line)).collect();
    let changes = changes(&old_keys, &new_keys);
    let came = changes.iter().flat_map(|(_, to)| to.clone()).map(|line| new.start + line).collect();
    let gone = changes.iter().flat_map(|(from, _)| from.clone()).map(|line| old.start + line).collect();
    (came, gone)
}

fn masked(origin: &Origin, inputs: &Inputs<'_>) -> Origin {
    let mask = |words: &str| inputs.redactor.words(words).into_owned();
    match origin {
        Origin::Commit(CommitSummary { id, subject, author, authored }) => Origin::Commit(CommitSummary {
            id: id.clone(),
            subject: mask(subject),
            author: mask(author),
            authored: *authored,
        }),
        Origin::Stash { environment, stash, is_uncommitted } => Origin::Stash {
            environment: *environment,
            stash: Stash { message: mask(&stash.message), ..stash.clone() },
            is_uncommitted: *is_uncommitted,
        },
        other => other.clone(),
    }
}

/// Gives each origin the number that its unit has on a first screen, by what it is and not by where it stands; none when it was not there yet.
pub fn number(files: &mut [FileView], brief: &Brief) {
    for file in files {
        let places: Vec<Option<usize>> = (0..file.sides.len()).map(|environment| file.text_of(environment)).collect();
        for region in &mut file.regions {
            let texts = &region.texts;
            for origin in &mut region.origins {
                let at = |kinds: &[BriefKind]| {
                    let environment = *origin.environments.first()?;
                    brief.number_at(environment, kinds, &file.path, &texts[places[environment]?])
                };
                origin.unit = match &origin.origin {
                    Origin::Commit(commit) => brief.number(&commit_id(&commit.id)),
                    Origin::Stash { stash, .. } => brief.number(&stash_id(&stash.id)),
                    Origin::Staged => at(&[BriefKind::Staged]),
                    Origin::Unstaged | Origin::Untracked => at(&[BriefKind::Unstaged]),
                    Origin::NoHistory => at(&[BriefKind::Tree, BriefKind::Artifact]),
                };
            }
        }
    }
}

/// What is said about where a region comes from.
pub(super) struct Origins {
    /// In a few words each.
    pub(super) lines: Vec<String>,
    /// Whether there is one alone, for all owners alike.
    pub(super) is_one: bool,
    /// The short names of units of which nothing else is to be said.
    pub(super) units: Vec<String>,
}

impl TextView {
    /// Where a region comes from, each in a few words, as far as its owners do not say it already: `f7 8a21f0c "bcrypt" (Ada Example, 9 days)`;
    /// and whether that is all that there is to say, for all owners alike. Of what the owners say already, there are the units.
    pub(super) fn origins(&self, region: &FileRegion) -> Origins {
        let owners = region.class.groups().concat();
        let is_of_all = |origin: &RegionOrigin| origin.environments.len() == owners.len();
        let is_worth_words = |origin: &&RegionOrigin| match origin.origin {
            Origin::Unstaged => region.origins.iter().any(|other| !other.origin.is_uncommitted()),
            // Beside those of others, it says nothing about the region.
            Origin::NoHistory => is_of_all(origin),
            _ => true,
        };
        let (told, untold): (Vec<&RegionOrigin>, Vec<&RegionOrigin>) = region.origins.iter().partition(is_worth_words);
        let unit = |origin: &RegionOrigin| origin.unit.map(|number| format!("f{number}"));
        let mut units: Vec<String> = untold.into_iter().filter_map(unit).collect();
        units.dedup();
        let words = |origin: &&RegionOrigin| {
            let words = self.origin(&origin.origin);
            let words = unit(origin).map_or(words.clone(), |unit| format!("{unit} {words}"));
            if is_of_all(origin) { words } else { format!("{}: {words}", self.names(&origin.environments)) }
        };
        let mut lines: Vec<String> = told.iter().take(SHOWN).map(words).collect();
        if told.len() > SHOWN {
            lines.push(format!("and {} more", told.len() - SHOWN));
        }
        Origins { lines, is_one: told.len() == 1 && is_of_all(told[0]), units }
    }

    fn origin(&self, origin: &Origin) -> String {
        match origin {
            Origin::Commit(commit) => {
                let subject = escape::text(commit.subject.as_bytes());
                let author = escape::text(commit.author.as_bytes());
                let age = age(self.now, commit.authored);
                let who = if author.is_empty() { age } else { format!("{author}, {age}") };
                format!("{:.7} \"{subject}\" ({who})", commit.id)
            }
            Origin::Stash { environment, stash, .. } => {
                let message = escape::text(stash.message.as_bytes());
                format!("stash \"{message}\" ({}, {})", self.name(*environment), age(self.now, stash.made))
            }
            Origin::Staged => "staged".to_owned(),
            Origin::Unstaged => "not staged".to_owned(),
            Origin::Untracked => "untracked".to_owned(),
            Origin::NoHistory => "no history".to_owned(),
        }
    }

    /// The kind of unit it is, as JSON and `driftline candidates` call it.
    pub(super) fn kind(origin: &Origin) -> &'static str {
        match origin {
            Origin::Commit(_) => "commit",
            Origin::Stash { .. } => "stash",
            Origin::Staged => "staged",
            Origin::Unstaged => "unstaged",
            Origin::Untracked => "untracked",
            Origin::NoHistory => "tree",
        }
    }
}
