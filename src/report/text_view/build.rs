//! Gathers a file over all environments.

use std::collections::BTreeMap;

use crate::compare::text::secrets::Treatment;
use crate::compare::text::{Document, Limits, LineEndings, NotText, Redactor, RegionClass, regions};
use crate::compare::{Cell, Differences, IN_SUBMODULE, NOT_COMPARED, Row};
use crate::insight::base::{self, BaseKind, Question};
use crate::insight::nearest::{Likeness, OnDemand};
use crate::insight::origin::Tracer;
use crate::report::text_view::origins;
use crate::report::text_view::{BaseText, Comparing, FileRegion, FileView, Note, Side, Text};
use crate::snapshot::{CommitReader, Content, ContentReader, EntryRef, HistoryReader, IncidentId, Snapshot, Special};

/// What a view is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// Artifacts of the file (`X.original` and the like), in any environment.
    pub artifacts: &'a [EntryRef],
    /// The environment whose version was asked for as the base.
    pub base: Option<usize>,
    /// The environment against which others are measured.
    pub baseline: Option<usize>,
    /// How large a text may be.
    pub limits: Limits,
    /// Reads present versions.
    pub contents: &'a dyn ContentReader,
    /// Reads earlier versions.
    pub history: &'a dyn HistoryReader,
    /// Reads commits.
    pub commits: &'a dyn CommitReader,
    /// Commits that are near to environments without a history in common with others.
    pub nearest: &'a OnDemand<'a>,
    /// Says where lines come from.
    pub tracer: &'a Tracer<'a>,
    /// Says what may be shown.
    pub redactor: &'a Redactor,
}

/// Gathers the file of a row over all environments, and finds who has which lines.
///
/// Each distinct content is read once. What is absent, unknown or no text is said, and the others are shown all the same.
///
/// # Cost
/// As [`regions()`] for the distinct texts, and as [`base::choose`].
pub fn view(row: &Row<'_>, inputs: &Inputs<'_>) -> FileView {
    let path = row.path(inputs.snapshots).clone();
    let mut view = FileView {
        pattern: row.pattern(),
        sides: Vec::new(),
        texts: Vec::new(),
        base: None,
        regions: Vec::new(),
        comparing: Comparing::default(),
        notes: Vec::new(),
        path,
    };
    read_sides(row, inputs, &mut view);
    let present: Vec<usize> = (0..row.cells.len()).filter(|&at| row.cells[at] != Cell::Absent).collect();
    if row.is_in_sync() {
        view.notes.push(Note::InSync);
    } else if let [only] = present[..]
        && row.cells.len() > 1
        && row.cells[only].is_present()
    {
        view.notes.push(Note::OnlyIn(only));
    }
    if row.differences.intersects(Differences::EXECUTABLE | Differences::MODE) {
        view.notes.push(Note::Modes(modes(row, inputs.snapshots)));
    }
    choose_base(inputs, &mut view);
    if view.base.is_some() {
        find_regions(&mut view);
        origins::trace(&mut view, inputs);
    }
    view
}

/// Each mode with the environments that have it, in their order.
fn modes(row: &Row<'_>, snapshots: &[Snapshot]) -> Vec<(u32, Vec<usize>)> {
    let mut modes: Vec<(u32, Vec<usize>)> = Vec::new();
    for (environment, snapshot) in snapshots.iter().enumerate() {
        let Some(entry) = row.entry(environment) else { continue };
        let mode = snapshot.entries[entry].attributes.mode;
        match modes.iter_mut().find(|(known, _)| *known == mode) {
            Some((_, environments)) => environments.push(environment),
            None => modes.push((mode, vec![environment])),
        }
    }
    modes
}

fn read_sides(row: &Row<'_>, inputs: &Inputs<'_>, view: &mut FileView) {
    // Equal cells have equal bytes: what was read for one is that of all.
    let mut known: BTreeMap<u8, Side> = BTreeMap::new();
    for (environment, &cell) in row.cells.iter().enumerate() {
        let side = match cell {
            Cell::Absent => Side::Absent,
            Cell::Unreadable(incident) => unknown(inputs, &reason(&inputs.snapshots[environment], incident)),
            Cell::Variant(number) => match known.get(&number) {
                Some(side) => side.clone(),
                None => read_side(row, inputs, environment, view),
            },
        };
        if let Side::Text { text } = side
            && !view.texts[text].environments.contains(&environment)
        {
            view.texts[text].environments.push(environment);
        }
        if let Cell::Variant(number) = cell
            && !matches!(side, Side::Unknown { .. })
        {
            known.insert(number, side.clone());
        }
        view.sides.push(side);
    }
}

fn read_side(row: &Row<'_>, inputs: &Inputs<'_>, environment: usize, view: &mut FileView) -> Side {
    let size = match row.content(inputs.snapshots, environment) {
        Some(Content::File(file)) => file.size,
        Some(Content::Symlink { target }) => return Side::Symlink { target: inputs.redactor.line(target).into() },
        Some(Content::Submodule { .. }) => return Side::Other { kind: "a submodule" },
        Some(Content::Special(special)) => return Side::Other { kind: special_kind(*special) },
        Some(Content::Directory) | None => return Side::Other { kind: "a folder" },
        Some(Content::Unreadable { incident, .. }) => {
            return unknown(inputs, &reason(&inputs.snapshots[environment], *incident));
        }
    };
    if inputs.redactor.treatment(&view.path) == Treatment::Hidden {
        return Side::Hidden { size };
    }
    let limit = inputs.limits.bytes;
    if size > limit {
        return Side::NotText { why: NotText::TooLarge { size, limit }, size };
    }
    let bytes = match inputs.contents.read(environment, &view.path, limit) {
        Ok(bytes) => bytes,
        Err(failure) => return unknown(inputs, &failure.0),
    };
    match Document::new(bytes, inputs.limits) {
        Err(why) => Side::NotText { why, size },
        Ok(document) => {
            let document = inputs.redactor.document(&view.path, document);
            view.texts.push(Text { environments: vec![environment], document });
            Side::Text { text: view.texts.len() - 1 }
        }
    }
}

fn unknown(inputs: &Inputs<'_>, why: &str) -> Side {
    Side::Unknown { why: inputs.redactor.words(why).into_owned() }
}

fn reason(snapshot: &Snapshot, incident: IncidentId) -> String {
    match incident {
        NOT_COMPARED => "it was not compared".to_owned(),
        IN_SUBMODULE => "it lies in a submodule, whose content this source does not hold".to_owned(),
        IncidentId(at) => {
            let incident = snapshot.incidents.get(at as usize);
            incident.map_or_else(|| "it could not be read".to_owned(), |incident| incident.message.clone())
        }
    }
}

fn special_kind(special: Special) -> &'static str {
    match special {
        Special::Fifo => "a named pipe",
        Special::Socket => "a socket",
        Special::BlockDevice => "a block device",
        Special::CharacterDevice => "a character device",
        Special::Other => "a special file",
    }
}

fn choose_base(inputs: &Inputs<'_>, view: &mut FileView) {
    if view.texts.is_empty() {
        return;
    }
    let version = |at: usize| Some(view.texts[view.text_of(at)?].document.exact().bytes());
    let versions: Vec<Option<&[u8]>> = (0..view.sides.len()).map(version).collect();
    let question = Question {
        path: &view.path,
        snapshots: inputs.snapshots,
        versions: &versions,
        artifacts: inputs.artifacts,
        named: inputs.base,
        baseline: inputs.baseline,
        nearest: inputs.nearest,
        limit: inputs.limits.bytes,
    };
    let Some(mut base) = base::choose(&question, inputs.contents, inputs.history, inputs.commits) else { return };
    if let BaseKind::Nearest { likeness, runner_up, .. } = &mut base.kind {
        for Likeness { commit, .. } in std::iter::once(likeness).chain(runner_up) {
            commit.subject = inputs.redactor.words(&commit.subject).into_owned();
        }
    }
    view.notes.extend(base.notes.iter().map(|words| Note::Base(inputs.redactor.words(words).into_owned())));
    match Document::new(base.bytes.clone(), inputs.limits) {
        // One version measured against itself says nothing.
        Ok(_) if view.texts.len() == 1 && matches!(base.kind, BaseKind::TwoWay { .. }) => {}
        Ok(document) => {
            let document = inputs.redactor.document(&view.path, document);
            view.base = Some(BaseText { base, document });
        }
        Err(why) => view.notes.push(Note::BaseNotText(why)),
    }
}

fn find_regions(view: &mut FileView) {
    let Some(base) = &view.base else { return };
    let base = base.document.exact();
    let encodings = groups(view, Document::encoding);
    let endings = groups(view, Document::line_endings);
    let finals = groups(view, Document::lacks_final_newline);
    let is_other = |document: &Document| {
        (document.encoding() != base.encoding(), style(document.line_endings()) != style(base.line_endings()))
    };
    let others: Vec<(bool, bool)> = view.texts.iter().map(|text| is_other(text.document.exact())).collect();
    view.comparing = Comparing {
        without_encoding: others.iter().any(|(encoding, _)| *encoding),
        without_endings: others.iter().any(|(_, endings)| *endings),
    };

    let comparing = view.comparing;
    let base_keys = comparing.keys(base);
    let keys: Vec<_> = view.texts.iter().map(|text| comparing.keys(text.document.exact())).collect();
    let keys: Vec<&[_]> = keys.iter().map(Vec::as_slice).collect();
    let found = regions(&base_keys, &keys);
    view.regions = found
        .into_iter()
        .map(|region| FileRegion {
            class: in_environments(&region.class, &view.texts),
            base: region.base,
            texts: region.sides,
            origins: Vec::new(),
        })
        .collect();

    if encodings.len() > 1 || view.comparing.without_encoding {
        view.notes.push(Note::Encodings(encodings));
    }
    if view.comparing.without_endings {
        view.notes.push(Note::LineEndings(endings));
    }
    if view.changed().next().is_none() && view.comparing != Comparing::default() {
        view.notes.push(Note::QuietOnly);
    }
    if finals.len() > 1 {
        let lacking = finals.into_iter().filter(|(lacks, _)| *lacks);
        view.notes.extend(lacking.map(|(_, environments)| Note::NoFinalNewline(environments)));
    }
}

/// Which kinds of terminators a text has; texts without any fit all.
fn style(endings: LineEndings) -> (bool, bool) {
    match endings {
        LineEndings { lf: 0, crlf: 0 } => (true, false),
        LineEndings { lf, crlf } => (lf > 0, crlf > 0),
    }
}

/// Who has texts of which property, in the order of the first environments.
fn groups<T: PartialEq>(view: &FileView, of: impl Fn(&Document) -> T) -> Vec<(T, Vec<usize>)> {
    let mut groups: Vec<(T, Vec<usize>)> = Vec::new();
    for text in &view.texts {
        let property = of(text.document.exact());
        match groups.iter_mut().find(|(known, _)| *known == property) {
            Some((_, environments)) => environments.extend(&text.environments),
            None => groups.push((property, text.environments.clone())),
        }
    }
    for (_, environments) in &mut groups {
        environments.sort_unstable();
    }
    groups
}

/// The class with environments in place of texts.
fn in_environments(class: &RegionClass, texts: &[Text]) -> RegionClass {
    let mut groups: Vec<Vec<usize>> = class.groups();
    for group in &mut groups {
        *group = group.iter().flat_map(|&text| texts[text].environments.iter().copied()).collect();
        group.sort_unstable();
    }
    groups.sort();
    match groups.len() {
        0 => RegionClass::Unchanged,
        1 if groups[0].len() == 1 => RegionClass::Only(groups[0][0]),
        1 => RegionClass::Shared(groups.swap_remove(0)),
        _ => RegionClass::Conflict(groups),
    }
}
