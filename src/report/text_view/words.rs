//! What is said about a file in words.

use crate::compare::text::{LineEndings, NotText, RegionClass};
use crate::insight::base::{Also, BaseKind};
use crate::path::EnvironmentName;
use crate::report::escape;
use crate::report::layout::{count, counted};
use crate::report::text_view::{FileRegion, FileView, Note, Side, TextView};
use crate::report::wording::{join, percent, share};

/// More labels in a row are counted rather than read.
const MOST_LABELS: usize = 6;

impl TextView {
    pub(super) fn name(&self, environment: usize) -> &str {
        self.environments.get(environment).map_or("", EnvironmentName::as_str)
    }

    pub(super) fn names(&self, environments: &[usize]) -> String {
        join(&environments.iter().map(|&at| self.name(at)).collect::<Vec<_>>())
    }

    pub(super) fn label(&self, environment: usize) -> &str {
        self.labels.get(environment).map_or("", String::as_str)
    }

    /// `P = S`; of many only the first, and how many there are.
    pub(super) fn equal(&self, environments: &[usize]) -> String {
        let join = |some: &[usize]| some.iter().map(|&at| self.label(at)).collect::<Vec<_>>().join(" = ");
        if environments.len() <= MOST_LABELS {
            return join(environments);
        }
        format!("{} = … ({} of {})", join(&environments[..3]), environments.len(), self.environments.len())
    }

    /// Which version is the base, and why: `P = S, committed in debug (debug's X.original too)`. `None` without one.
    pub(super) fn base(&self, file: &FileView) -> Option<String> {
        let base = &file.base.as_ref()?.base;
        let reason = match &base.kind {
            BaseKind::Named { environment, present: true } => format!("as asked: {}'s", self.name(*environment)),
            BaseKind::Named { environment, present: false } => {
                format!("nothing, as asked: {} has no such file", self.name(*environment))
            }
            BaseKind::CommonAncestor { commit, environments } => {
                format!("common ancestor {:.7} of {}", commit.id, self.names(environments))
            }
            BaseKind::Nearest { environment, likeness, runner_up, is_capped } => format!(
                "commit {:.7} '{}' (nearest to {}, {}{}{})",
                likeness.commit.id,
                escape::text(likeness.commit.subject.as_bytes()),
                self.name(*environment),
                share(likeness),
                runner_up.as_ref().map_or_else(String::new, |next| {
                    let share = percent(next.agree as u64, next.paths as u64);
                    format!("; next {:.7}, {share}", next.commit.id)
                }),
                if *is_capped { "; older commits were not searched" } else { "" }
            ),
            BaseKind::Committed { environment } => format!("committed in {}", self.name(*environment)),
            BaseKind::Artifact { environment, path } => {
                format!("{}'s {}", self.name(*environment), escape::name(path.file_name()))
            }
            BaseKind::Baseline { .. } => "the baseline".to_owned(),
            BaseKind::TwoWay { .. } => "two-way: which came first is not known".to_owned(),
        };
        let also: Vec<String> = base
            .also
            .iter()
            .map(|also| match also {
                Also::Committed { environment } => format!("{}'s committed version", self.name(*environment)),
                Also::Artifact { environment, path } => {
                    format!("{}'s {}", self.name(*environment), escape::name(path.file_name()))
                }
            })
            .collect();
        let words = match &base.equal[..] {
            [] => reason,
            equal => format!("{}, {reason}", self.equal(equal)),
        };
        Some(if also.is_empty() { words } else { format!("{words} ({} too)", join(&also)) })
    }

    /// Who has what in a region.
    pub(super) fn owners(&self, file: &FileView, region: &FileRegion) -> String {
        let is_two_way = matches!(file.base.as_ref().map(|text| &text.base.kind), Some(BaseKind::TwoWay { .. }));
        let words = match &region.class {
            RegionClass::Unchanged => String::new(),
            RegionClass::Only(at) if is_two_way => format!("{} differs", self.name(*at)),
            RegionClass::Only(at) => format!("only {}", self.name(*at)),
            RegionClass::Shared(environments) => format!("{} alike", self.names(environments)),
            RegionClass::Conflict(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| self.names(group)).collect();
                format!("conflict: {}", groups.join(" | "))
            }
        };
        let owners = region.class.groups().concat();
        let uncommitted: Vec<usize> = owners.iter().copied().filter(|&at| file.is_uncommitted(region, at)).collect();
        if uncommitted.is_empty() {
            words
        } else if uncommitted == owners {
            format!("{words}, uncommitted")
        } else {
            format!("{words}, uncommitted in {}", self.names(&uncommitted))
        }
    }

    /// What is to be said about environments whose version is not shown as text, and about the file.
    pub(super) fn remarks(&self, file: &FileView) -> Vec<String> {
        let mut remarks = self.sides(file);
        remarks.extend(file.notes.iter().map(|note| self.note(note)));
        remarks
    }

    fn sides(&self, file: &FileView) -> Vec<String> {
        let mut words: Vec<(String, Vec<usize>)> = Vec::new();
        for (environment, side) in file.sides.iter().enumerate() {
            let word = match side {
                Side::Text { .. } => continue,
                // That only one has it was said already.
                Side::Absent if file.notes.iter().any(|note| matches!(note, Note::OnlyIn(_))) => continue,
                Side::Absent => "it is absent".to_owned(),
                Side::Unknown { why } => format!("it is not known what is there: {}", escape::text(why.as_bytes())),
                Side::Symlink { target } => format!("a symbolic link to {}", escape::name(target)),
                Side::Other { kind } => (*kind).to_owned(),
                Side::Hidden { size } => {
                    let variant = file.pattern.as_str().get(environment..=environment).unwrap_or_default();
                    let size = counted(*size, "byte", "bytes");
                    format!("sensitive: its lines are not shown, {size} (content {variant})")
                }
                Side::NotText { why, size } => {
                    let variant = file.pattern.as_str().get(environment..=environment).unwrap_or_default();
                    format!("not shown as text: {} (content {variant})", why_not(*why, *size))
                }
            };
            match words.iter_mut().find(|(known, _)| *known == word) {
                Some((_, environments)) => environments.push(environment),
                None => words.push((word, vec![environment])),
            }
        }
        words.into_iter().map(|(word, environments)| format!("{}: {word}", self.names(&environments))).collect()
    }

    fn note(&self, note: &Note) -> String {
        match note {
            Note::InSync => "one content in all".to_owned(),
            Note::Modes(groups) => {
                let groups = groups.iter().map(|(mode, environments)| (format!("{mode:04o}"), &environments[..]));
                format!("modes differ: {}", self.each(groups))
            }
            Note::OnlyIn(environment) => format!("only {} has it", self.name(*environment)),
            Note::LineEndings(groups) => {
                let groups = groups.iter().map(|(endings, environments)| (style(*endings), &environments[..]));
                format!("line endings differ and are left out below: {}", self.each(groups))
            }
            Note::Encodings(groups) => {
                let groups =
                    groups.iter().map(|(encoding, environments)| (encoding.name().to_owned(), &environments[..]));
                format!("encodings differ and are left out below: {}", self.each(groups))
            }
            Note::QuietOnly => "nothing else differs".to_owned(),
            Note::NoFinalNewline(environments) => {
                format!("no newline at the end of the file in {}", self.names(environments))
            }
            Note::BaseNotText(why) => format!("the base is not shown as text: {why}"),
            Note::Base(words) => format!("base: {}", escape::text(words.as_bytes())),
        }
    }

    /// `LF in prod and debug, CR LF in staging`.
    fn each<'a>(&self, groups: impl Iterator<Item = (String, &'a [usize])>) -> String {
        let mut words: Vec<(String, Vec<usize>)> = Vec::new();
        for (word, environments) in groups {
            match words.iter_mut().find(|(known, _)| *known == word) {
                Some((_, all)) => all.extend(environments),
                None => words.push((word, environments.to_vec())),
            }
        }
        let words: Vec<String> =
            words.iter().map(|(word, environments)| format!("{word} in {}", self.names(environments))).collect();
        words.join(", ")
    }

    /// How many regions are whose: `2 regions only in debug, 1 only in staging, 0 conflicts`.
    pub(super) fn summary(&self, files: &[FileView]) -> Option<String> {
        let mut owners: Vec<(&RegionClass, u64)> = Vec::new();
        let mut conflicts = 0;
        for region in files.iter().flat_map(FileView::changed) {
            match &region.class {
                RegionClass::Conflict(_) => conflicts += 1,
                class => match owners.iter_mut().find(|(known, _)| *known == class) {
                    Some((_, number)) => *number += 1,
                    None => owners.push((class, 1)),
                },
            }
        }
        if !files.iter().any(|file| file.base.is_some()) {
            return None;
        }
        owners.sort_by_key(|(class, number)| (std::cmp::Reverse(*number), class.groups()));
        let mut parts: Vec<String> = owners
            .iter()
            .enumerate()
            .map(|(at, (class, number))| {
                let number = if at == 0 { counted(*number, "region", "regions") } else { count(*number) };
                match class {
                    RegionClass::Shared(environments) => format!("{number} alike in {}", self.names(environments)),
                    class => format!("{number} only in {}", self.names(&class.groups().concat())),
                }
            })
            .collect();
        if parts.is_empty() && conflicts == 0 {
            // Of a single file it was said already.
            return (files.len() > 1).then(|| "no region differs".to_owned());
        }
        parts.push(counted(conflicts, "conflict", "conflicts"));
        Some(parts.join(", "))
    }
}

/// Why a file is not shown as text, with its size.
fn why_not(why: NotText, size: u64) -> String {
    let size = counted(size, "byte", "bytes");
    match why {
        NotText::Binary => format!("binary, {size}"),
        NotText::TooLarge { limit, .. } => format!("{size}, more than the {} that are compared by lines", count(limit)),
        NotText::TooManyLines { limit } => format!("{size}, more than {} lines", count(limit as u64)),
    }
}

fn style(endings: LineEndings) -> String {
    match endings {
        LineEndings { lf: 0, crlf: 0 } => "none".to_owned(),
        LineEndings { crlf: 0, .. } => "LF".to_owned(),
        LineEndings { lf: 0, .. } => "CR LF".to_owned(),
        LineEndings { lf, crlf } => format!("CR LF ({} of {} lines)", count(crlf as u64), count((lf + crlf) as u64)),
    }
}
