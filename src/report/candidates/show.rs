//! One candidate: what it is, its evidence, its diff, and how it meets the files of its targets. Secrets are masked in all of it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{TargetReport, UnitReport, VERSION};
use crate::compare::text::Redacted;
use crate::compare::text::regions::{Region, RegionClass, regions};
use crate::compare::text::replacements::changes;
use crate::report::escape;
use crate::report::layout::counted;
use crate::report::model::PathReport;
use crate::report::style::{Look, Styles};
use crate::report::text_view::unified::{hunks, write_hunk};

/// One candidate with its texts.
#[derive(Debug)]
pub struct Shown {
    /// What is known of it.
    pub unit: UnitReport,
    /// How long ago it was made, in words.
    pub age: Option<String>,
    /// Its files.
    pub files: Vec<ShownFile>,
    /// Its files in targets that lack it.
    pub three_way: Vec<ThreeWay>,
    /// What units that it needs are called, by their lasting names.
    pub names: BTreeMap<String, String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// A file that it changes.
#[derive(Debug)]
pub struct ShownFile {
    /// Its common path.
    pub path: PathReport,
    /// What happens to it beside its lines: that it is new, goes away, gets another name, or becomes something else.
    pub notes: Vec<String>,
    /// Its text before and after; nothing where there is none.
    pub sides: [Option<Redacted>; 2],
    /// Why there is no diff, instead of one.
    pub because: Option<&'static str>,
}

/// A file of a unit beside the one of a target, both against what the unit was made on.
#[derive(Debug)]
pub struct ThreeWay {
    /// The target.
    pub target: String,
    /// The file's path in the target, common.
    pub path: PathReport,
    /// What the unit was made on, what the target has, what the unit makes of it.
    pub texts: [Redacted; 3],
}

/// The same for programs.
#[derive(Debug, Serialize)]
pub struct ShownReport<'a> {
    /// `driftline-candidate`.
    format: &'static str,
    /// The version of the format, that of the listing.
    version: u32,
    /// As in the listing.
    unit: &'a UnitReport,
    /// What becomes of its files, as diffs with secrets masked.
    diffs: Vec<DiffReport<'a>>,
    /// Where it meets the files of its targets.
    three_way: Vec<ThreeWayReport<'a>>,
    /// What to type next.
    next: &'a [String],
}

#[derive(Debug, Serialize)]
struct DiffReport<'a> {
    #[serde(flatten)]
    path: &'a PathReport,
    /// What happens to the file beside its lines, in words.
    notes: &'a [String],
    /// Hunks of a unified diff, not to be applied; null where there is none.
    diff: Option<String>,
    /// Why there is none.
    because: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ThreeWayReport<'a> {
    env: &'a str,
    #[serde(flatten)]
    path: &'a PathReport,
    regions: Vec<RegionReport>,
}

#[derive(Debug, Serialize)]
struct RegionReport {
    /// `unit` (only the unit changes it), `target` (only the target did), `both` (alike), `conflict`.
    class: &'static str,
    /// The first line in the target's file, from 1.
    line: u64,
    base: Vec<String>,
    target: Vec<String>,
    unit: Vec<String>,
}

/// Makes the report of one candidate.
pub fn json(shown: &Shown) -> ShownReport<'_> {
    let diff = |file: &ShownFile| {
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = write_diff(file, Styles::default(), &mut bytes);
        file.because.is_none().then(|| String::from_utf8_lossy(&bytes).into_owned())
    };
    let three_way = shown.three_way.iter().map(|view| ThreeWayReport {
        env: &view.target,
        path: &view.path,
        regions: view.regions().into_iter().filter(|it| it.class.is_changed()).map(|it| view.region(&it)).collect(),
    });
    ShownReport {
        format: "driftline-candidate",
        version: VERSION,
        unit: &shown.unit,
        diffs: shown
            .files
            .iter()
            .map(|file| DiffReport { path: &file.path, notes: &file.notes, diff: diff(file), because: file.because })
            .collect(),
        three_way: three_way.collect(),
        next: &shown.next,
    }
}

/// Writes one candidate for a person at a terminal.
pub fn write_shown(shown: &Shown, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let unit = &shown.unit;
    let title = escape::text(unit.title.as_bytes());
    writeln!(out, "{}  {}", unit.short, styles.paint(Look::Heading, title))?;
    let mut facts = vec![format!("{} in {}", unit.kind, unit.from)];
    facts.extend(unit.commit.as_ref().map(|commit| commit[..commit.len().min(12)].to_owned()));
    facts.extend(unit.author.as_ref().map(|author| escape::text(author.as_bytes()).into_owned()));
    facts.extend(shown.age.as_ref().map(|age| format!("{age} old")));
    writeln!(out, "    {}", facts.join(", "))?;
    let reasons: Vec<String> =
        unit.reasons.iter().map(|reason| format!("{} {:+}", reason.reason, reason.points)).collect();
    if !reasons.is_empty() {
        writeln!(out, "    score {}: {}", unit.score, reasons.join(", "))?;
    }
    writeln!(out, "    {}", styles.paint(Look::Dim, format!("id {}", unit.id)))?;
    for target in &unit.targets {
        write_target(shown, target, styles, out)?;
    }
    for file in &shown.files {
        writeln!(out, "\n{}", styles.paint(Look::Heading, escape::name(&file.path.bytes)))?;
        for words in file.notes.iter().map(String::as_str).chain(file.because) {
            writeln!(out, "  {}", escape::text(words.as_bytes()))?;
        }
        if file.because.is_none() {
            write_diff(file, styles, out)?;
        }
    }
    for view in &shown.three_way {
        view.write(&unit.from, styles, out)?;
    }
    for (at, command) in shown.next.iter().enumerate() {
        let lead = if at == 0 { "\nnext: " } else { "      " };
        writeln!(out, "{lead}{}", styles.paint(Look::Command, command))?;
    }
    Ok(())
}

fn write_target(shown: &Shown, target: &TargetReport, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let head = format!("{} -> {}", shown.unit.from, target.env);
    let mut words = vec![target.verdict.to_string()];
    words.extend(target.tier.map(|tier| format!("tier {tier}")));
    words.extend(target.applies.as_ref().map(|applies| match target.offset {
        Some(lines) => format!("applies {lines} lines away"),
        None if applies == "clean" => "applies".to_owned(),
        None => applies.to_string(),
    }));
    writeln!(out, "\n{}  {}", styles.paint(Look::Heading, head), words.join(", "))?;
    for fact in target.evidence.iter().chain(&target.because) {
        writeln!(out, "  {fact}")?;
    }
    for missing in &target.missing {
        let name = escape::name(&missing.path.bytes);
        if (missing.added, missing.removed) == (0, 0) {
            writeln!(out, "  lacks what it does to {name}")?;
            continue;
        }
        let lines = counted(missing.added, "line", "lines");
        writeln!(out, "  lacks {lines} in {name}, and still has {}", counted(missing.removed, "other", "others"))?;
    }
    for conflict in &target.conflicts {
        let line = conflict.line.map(|line| format!(":{line}")).unwrap_or_default();
        let what = disagreement(&conflict.kind, &target.env);
        writeln!(out, "  conflict {}{line}: {what}", escape::name(&conflict.path.bytes))?;
    }
    for need in &target.needs {
        let name = shown.names.get(need).unwrap_or(need);
        writeln!(out, "  needs {} first", escape::text(name.as_bytes()))?;
    }
    Ok(())
}

/// A kind of conflict, in words.
fn disagreement(kind: &str, env: &str) -> String {
    match kind {
        "region" => "both changed it".to_owned(),
        "no-file" => format!("{env} has no such file"),
        "exists" => format!("{env} has another file there"),
        "edited" => format!("it would be removed, and {env} has edited it"),
        "binary" => format!("it is no text, and {env} has another one"),
        "kind" => format!("{env} has something else there"),
        other => other.to_owned(),
    }
}

fn write_diff(file: &ShownFile, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let [old, new] = &file.sides;
    let lines = |side: &Option<Redacted>| -> Vec<Vec<u8>> {
        side.as_ref().map(|it| it.exact().lines().map(<[u8]>::to_vec).collect()).unwrap_or_default()
    };
    let (old_lines, new_lines) = (lines(old), lines(new));
    let spans = changes(&old_lines, &new_lines);
    let old_refs: Vec<&[u8]> = old_lines.iter().map(Vec::as_slice).collect();
    for hunk in hunks(&spans) {
        write_hunk(old.as_ref(), new.as_ref(), &old_refs, (hunk, ""), styles, out)?;
    }
    Ok(())
}

impl ThreeWay {
    fn regions(&self) -> Vec<Region> {
        let [base, ours, theirs] = self.texts.each_ref().map(|text| text.exact().lines().collect::<Vec<_>>());
        regions(&base, &[&ours, &theirs])
    }

    fn region(&self, region: &Region) -> RegionReport {
        let lines = |side: usize, range: &std::ops::Range<usize>| -> Vec<String> {
            range.clone().map(|line| String::from_utf8_lossy(&self.texts[side].text(line)).into_owned()).collect()
        };
        RegionReport {
            class: class(&region.class),
            line: region.sides[0].start as u64 + 1,
            base: lines(0, &region.base),
            target: lines(1, &region.sides[0]),
            unit: lines(2, &region.sides[1]),
        }
    }

    fn write(&self, from: &str, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
        let regions = self.regions();
        let is_shown = |region: &&Region| matches!(class(&region.class), "unit" | "conflict" | "both");
        if !regions.iter().any(|region| is_shown(&region)) {
            return Ok(());
        }
        let name = escape::name(&self.path.bytes);
        writeln!(out, "\n{}", styles.paint(Look::Heading, format!("{name} in {}, three ways", self.target)))?;
        for region in regions.iter().filter(is_shown) {
            let report = self.region(region);
            let (words, look) = match report.class {
                "conflict" => ("conflict: both changed it", Look::Conflict),
                "both" => ("there already", Look::Good),
                _ => ("only the unit", Look::Dim),
            };
            writeln!(out, "{}", styles.paint(look, format!("@@ {} @@ {words}", report.line)))?;
            let base = ("base", &report.base, Look::Dim);
            let ours = (self.target.as_str(), &report.target, Look::Removed);
            let theirs = (from, &report.unit, Look::Added);
            let sides = if report.class == "conflict" { vec![base, ours, theirs] } else { vec![ours, theirs] };
            let widest = sides.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
            for (name, lines, look) in sides {
                for line in lines {
                    let parts: Vec<_> = line.split('\t').map(|part| escape::text(part.as_bytes())).collect();
                    writeln!(out, "{name:widest$} | {}", styles.paint(look, parts.join("\t")))?;
                }
            }
        }
        Ok(())
    }
}

fn class(class: &RegionClass) -> &'static str {
    match class {
        RegionClass::Unchanged => "unchanged",
        RegionClass::Only(0) => "target",
        RegionClass::Only(_) => "unit",
        RegionClass::Shared(_) => "both",
        RegionClass::Conflict(_) => "conflict",
    }
}
