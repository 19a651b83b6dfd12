//! The same as data, for programs. The documentation of these types is the specification of `driftline diff --format json`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use crate::compare::text::{Redacted, RegionClass};
use crate::insight::base::BaseKind;
use crate::insight::origin::Origin;
use crate::report::escape::json_name;
use crate::report::model::{LikenessReport, PathReport};
use crate::report::text_view::{FileRegion, FileView, RegionOrigin, Side, TextView};

/// The version of the format, in [`TextReport::version`].
pub const VERSION: u32 = 1;

/// Chosen files over all environments.
#[derive(Debug, Clone, Serialize)]
pub struct TextReport {
    /// `driftline-diff`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// The names of the environments, in order; every pattern has its characters in this order.
    pub environments: Vec<String>,
    /// The files, in the order in which they were asked for.
    pub files: Vec<FileReport>,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// Its common path.
    #[serde(flatten)]
    pub path: PathReport,
    /// A character for each environment: `A`, `B`, `C`… by equal content, `-` absent, `!` unreadable.
    pub pattern: String,
    /// What is there, by environment: `text`, `not-text`, `hidden` (sensitive by name), `symlink`, `other`, `absent`, `unknown`.
    pub kinds: BTreeMap<String, &'static str>,
    /// What the texts are measured against; null when no environment has a text, or when there is one alone and no
    /// earlier version of it is known.
    pub base: Option<BaseReport>,
    /// The regions in which at least one text differs from the base, in base order. Lines of the base that are in none of them are the same
    /// in all texts.
    pub regions: Vec<RegionReport>,
    /// Encodings and byte-order marks differ and are left out when lines are compared.
    pub without_encoding: bool,
    /// Line endings differ and are left out when lines are compared.
    pub without_line_endings: bool,
    /// What else is to be said, in words: why an environment's file is not shown as text, which line endings differ.
    pub notes: Vec<String>,
}

/// The version that the others are measured against.
#[derive(Debug, Clone, Serialize)]
pub struct BaseReport {
    /// Why this version: `named` (asked for), `common-ancestor`, `nearest` (the commit that is nearest to an environment which has no history
    /// in common with the others), `committed` (the committed version of an environment with uncommitted
    /// changes in the file), `artifact` (a file like `X.orig` beside another version), `baseline`, `two-way` (no direction is
    /// known).
    pub kind: &'static str,
    /// Whose version, ancestor, commit or artifact it is.
    pub of: Vec<String>,
    /// The environments whose present version equals it, in order.
    pub environments: Vec<String>,
    /// The commit, in hexadecimal, for `common-ancestor` and `nearest`; else null.
    pub commit: Option<String>,
    /// For `nearest`, how near it is; else null.
    pub nearest: Option<LikenessReport>,
    /// For `nearest`, the commit that comes next, if there is another one; else null.
    pub runner_up: Option<LikenessReport>,
    /// The path of the artifact, for `artifact`; else null.
    pub artifact: Option<PathReport>,
    /// The same in words, with what else equals it.
    pub description: String,
}

/// A region in which at least one text differs from the base.
#[derive(Debug, Clone, Serialize)]
pub struct RegionReport {
    /// `only`: one environment differs; `shared`: several made the same change; `conflict`: there are at least two different changes.
    pub class: &'static str,
    /// The environments that differ from the base in it, in order.
    pub environments: Vec<String>,
    /// The same, in groups of equal text.
    pub groups: Vec<Vec<String>>,
    /// Those of them whose difference is uncommitted there.
    pub uncommitted: Vec<String>,
    /// Where what differs comes from, as far as that can be told, the first environment's first. Lines that are older than what was looked at
    /// are in none.
    pub origins: Vec<OriginReport>,
    /// Its lines in the base.
    pub base: RangeReport,
    /// Its lines in each environment that has a text.
    pub sides: BTreeMap<String, RangeReport>,
}

/// Where lines of a region come from.
#[derive(Debug, Clone, Serialize)]
pub struct OriginReport {
    /// The environments that have them so, in order.
    pub environments: Vec<String>,
    /// `commit`, `staged` (in the index and in no commit), `unstaged` (in the file and not in the index), `untracked`, `stash` (in no commit, and some
    /// stash has them), `tree` (the environment has no history, and no known commit has the file as it is there).
    pub kind: &'static str,
    /// The short name of its unit on the first screen and in `driftline candidates`; null where it has none, where there is too much to look at for
    /// a first screen, and where an environment is on another machine.
    pub unit: Option<String>,
    /// The commit, in full, of a commit or a stash; else null. `driftline candidates show` takes that of a commit as a name.
    pub commit: Option<String>,
    /// The first line of its message, or the message of a stash, secrets masked.
    pub subject: Option<String>,
    /// Its author's name, secrets masked.
    pub author: Option<String>,
    /// When it was authored, or the stash made, in seconds since 1970 in UTC.
    pub authored: Option<i64>,
    /// How many lines it accounts for: those that came, and those of the base that went.
    pub lines: usize,
}

/// A stretch of lines.
#[derive(Debug, Clone, Serialize)]
pub struct RangeReport {
    /// The first line, counted from 0.
    pub start: usize,
    /// The line after the last one; equal to `start` when there are none.
    pub end: usize,
    /// The lines' text in UTF-8 without terminators; only for the base and for environments that differ from it. What is no text in the file's
    /// encoding is U+FFFD; in place of a secret stands `<secret 0123abcd>`, the same for the same secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
}

/// The data of a view.
pub fn report(view: &TextView) -> TextReport {
    TextReport {
        format: "driftline-diff",
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION"),
        environments: view.environments.iter().map(ToString::to_string).collect(),
        files: view.files.iter().map(|file| file_report(view, file)).collect(),
    }
}

pub(in crate::report) fn file_report(view: &TextView, file: &FileView) -> FileReport {
    let kinds = file.sides.iter().enumerate().map(|(at, side)| {
        let kind = match side {
            Side::Absent => "absent",
            Side::Unknown { .. } => "unknown",
            Side::Symlink { .. } => "symlink",
            Side::Other { .. } => "other",
            Side::NotText { .. } => "not-text",
            Side::Hidden { .. } => "hidden",
            Side::Text { .. } => "text",
        };
        (view.environments[at].to_string(), kind)
    });
    FileReport {
        path: PathReport::from(&file.path),
        pattern: file.pattern.as_str().to_owned(),
        kinds: kinds.collect(),
        base: base_report(view, file),
        regions: file.changed().map(|region| region_report(view, file, region)).collect(),
        without_encoding: file.comparing.without_encoding,
        without_line_endings: file.comparing.without_endings,
        notes: view.remarks(file),
    }
}

fn base_report(view: &TextView, file: &FileView) -> Option<BaseReport> {
    let base = &file.base.as_ref()?.base;
    let (kind, of) = match &base.kind {
        BaseKind::Named { environment, .. } => ("named", vec![*environment]),
        BaseKind::CommonAncestor { environments, .. } => ("common-ancestor", environments.clone()),
        BaseKind::Nearest { environment, .. } => ("nearest", vec![*environment]),
        BaseKind::Committed { environment } => ("committed", vec![*environment]),
        BaseKind::Artifact { environment, .. } => ("artifact", vec![*environment]),
        BaseKind::Baseline { environment } => ("baseline", vec![*environment]),
        BaseKind::TwoWay { environment } => ("two-way", vec![*environment]),
    };
    Some(BaseReport {
        kind,
        of: names(view, &of),
        environments: names(view, &base.equal),
        commit: match &base.kind {
            BaseKind::CommonAncestor { commit, .. } => Some(commit.id.to_string()),
            BaseKind::Nearest { likeness, .. } => Some(likeness.commit.id.to_string()),
            _ => None,
        },
        nearest: match &base.kind {
            BaseKind::Nearest { likeness, .. } => Some(LikenessReport::new(likeness)),
            _ => None,
        },
        runner_up: match &base.kind {
            BaseKind::Nearest { runner_up, .. } => runner_up.as_ref().map(LikenessReport::new),
            _ => None,
        },
        artifact: match &base.kind {
            BaseKind::Artifact { path, .. } => Some(PathReport::from(path)),
            _ => None,
        },
        description: view.base(file)?,
    })
}

pub(in crate::report) fn region_report(view: &TextView, file: &FileView, region: &FileRegion) -> RegionReport {
    let groups = region.class.groups();
    let mut owners = groups.concat();
    owners.sort_unstable();
    let uncommitted: Vec<usize> = owners.iter().copied().filter(|&at| file.is_uncommitted(region, at)).collect();
    let sides = (0..file.sides.len()).filter_map(|environment| {
        let text = file.text_of(environment)?;
        let document = owners.contains(&environment).then_some(&file.texts[text].document);
        Some((view.environments[environment].to_string(), range(&region.texts[text], document)))
    });
    RegionReport {
        class: match region.class {
            RegionClass::Unchanged => "unchanged",
            RegionClass::Only(_) => "only",
            RegionClass::Shared(_) => "shared",
            RegionClass::Conflict(_) => "conflict",
        },
        environments: names(view, &owners),
        groups: groups.iter().map(|group| names(view, group)).collect(),
        uncommitted: names(view, &uncommitted),
        origins: region.origins.iter().map(|origin| origin_report(view, origin)).collect(),
        base: range(&region.base, file.base.as_ref().map(|base| &base.document)),
        sides: sides.collect(),
    }
}

fn origin_report(view: &TextView, origin: &RegionOrigin) -> OriginReport {
    let commit = match &origin.origin {
        Origin::Commit(commit) => Some(commit),
        _ => None,
    };
    let stash = match &origin.origin {
        Origin::Stash { stash, .. } => Some(stash),
        _ => None,
    };
    OriginReport {
        environments: names(view, &origin.environments),
        kind: TextView::kind(&origin.origin),
        unit: origin.unit.map(|number| format!("f{number}")),
        commit: commit.map(|commit| &commit.id).or(stash.map(|stash| &stash.id)).map(ToString::to_string),
        subject: commit.map(|commit| commit.subject.clone()).or(stash.map(|stash| stash.message.clone())),
        author: commit.map(|commit| commit.author.clone()),
        authored: commit.map(|commit| commit.authored).or(stash.map(|stash| stash.made)),
        lines: origin.lines,
    }
}

fn range(lines: &Range<usize>, document: Option<&Redacted>) -> RangeReport {
    let text = |document: &Redacted| lines.clone().map(|line| json_name(&document.text(line)).0).collect();
    RangeReport { start: lines.start, end: lines.end, lines: document.map(text) }
}

fn names(view: &TextView, environments: &[usize]) -> Vec<String> {
    environments.iter().map(|&at| view.environments[at].to_string()).collect()
}
