//! The texts of a file over all environments, whole, as data: what a view of N panes is drawn from.

use serde::Serialize;

use crate::compare::text::Redacted;
use crate::report::escape::json_name;
use crate::report::model::PathReport;
use crate::report::text_view::json::{file_report, region_report};
use crate::report::text_view::{FileView, TextView};

/// One file over all environments.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FocusFile {
    /// Its common path.
    #[serde(flatten)]
    pub path: PathReport,
    /// A character for each environment: `A`, `B`, `C`… by equal content, `-` absent, `!` unreadable.
    pub pattern: String,
    /// What is there, in the order of environments.
    pub sides: Vec<FocusSide>,
    /// The distinct texts, in the order of the first environments that have them.
    pub texts: Vec<FocusText>,
    /// What the texts are measured against; null when there is no text, or one alone and nothing earlier.
    pub base: Option<BaseText>,
    /// The base and all texts without gaps, in base order. Empty without a base.
    pub regions: Vec<FocusRegion>,
    /// What else is to be said, in words.
    pub notes: Vec<String>,
}

/// What is there in one environment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FocusSide {
    /// The environment.
    pub environment: String,
    /// `text`, `not-text`, `hidden` (sensitive by name), `symlink`, `other`, `absent` or `unknown`.
    pub kind: &'static str,
    /// Which of [`FocusFile::texts`]; null when it is none.
    pub text: Option<usize>,
}

/// A text, and who has it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FocusText {
    /// The environments, in order.
    pub environments: Vec<String>,
    /// Its lines in UTF-8 without terminators. What is no text in the file's encoding is U+FFFD; in place of a secret stands
    /// `<secret 0123abcd>`, the same for the same secret.
    pub lines: Vec<String>,
}

/// The version that the others are measured against.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BaseText {
    /// Why this version, as in `driftline diff --format json`.
    pub kind: &'static str,
    /// In words: which version it is, and what else equals it.
    pub description: String,
    /// The environments whose present version equals it, in order.
    pub environments: Vec<String>,
    /// Its lines, as in [`FocusText::lines`].
    pub lines: Vec<String>,
}

/// A stretch of the file.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FocusRegion {
    /// `unchanged`; `only`: one environment differs; `shared`: several made the same change; `conflict`: there are at least two different
    /// changes.
    pub class: &'static str,
    /// The environments that differ from the base in it, in groups of equal text.
    pub groups: Vec<Vec<String>>,
    /// Those of them whose difference is uncommitted there.
    pub uncommitted: Vec<String>,
    /// Its lines in the base: the first, counted from 0, and the one after the last.
    pub base: (usize, usize),
    /// The same in each of [`FocusFile::texts`].
    pub texts: Vec<(usize, usize)>,
}

impl FocusFile {
    /// All files of a view.
    pub fn all(view: &TextView) -> Vec<Self> {
        view.files.iter().map(|file| Self::new(view, file)).collect()
    }

    fn new(view: &TextView, file: &FileView) -> Self {
        let report = file_report(view, file);
        let names = |environments: &[usize]| environments.iter().map(|&at| view.environments[at].to_string()).collect();
        let side = |(at, environment): (usize, &crate::path::EnvironmentName)| FocusSide {
            environment: environment.to_string(),
            kind: report.kinds.get(environment.as_str()).copied().unwrap_or("unknown"),
            text: file.text_of(at),
        };
        let base = report.base.as_ref().zip(file.base.as_ref()).map(|(base, text)| BaseText {
            kind: base.kind,
            description: base.description.clone(),
            environments: base.environments.clone(),
            lines: lines(&text.document),
        });
        let regions = file.regions.iter().map(|region| {
            let report = region_report(view, file, region);
            FocusRegion {
                class: report.class,
                groups: report.groups,
                uncommitted: report.uncommitted,
                base: (region.base.start, region.base.end),
                texts: region.texts.iter().map(|range| (range.start, range.end)).collect(),
            }
        });
        Self {
            sides: view.environments.iter().enumerate().map(side).collect(),
            texts: file
                .texts
                .iter()
                .map(|text| FocusText { environments: names(&text.environments), lines: lines(&text.document) })
                .collect(),
            base,
            regions: regions.collect(),
            path: report.path,
            pattern: report.pattern,
            notes: report.notes,
        }
    }
}

fn lines(document: &Redacted) -> Vec<String> {
    (0..document.line_count()).map(|line| json_name(&document.text(line)).0).collect()
}
