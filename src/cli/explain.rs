//! `driftline explain`: what a rule means, why something is reported, why a path is left out.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::args::{CommonArguments, ExplainArguments, Format};
use crate::cli::choose::{Selected, select_path};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::cli::status;
use crate::compare::{Cell, IN_SUBMODULE, NOT_COMPARED, Row};
use crate::config::Environment;
use crate::history::Store;
use crate::insight::{self, Finding, RULES};
use crate::path::TreePath;
use crate::pipeline::{Picture, look_for_candidates, survey};
use crate::report::build::status_report;
use crate::report::escape;
use crate::report::explain::{self, ExplainReport, LeftOut, NearReport, PathExplanation, PlaceReport, RuleReport};
use crate::report::layout::counted;
use crate::report::model::{EnvironmentReport, FindingReport, PathReport, StatusReport};
use crate::report::wording::words_of_change;
use crate::snapshot::{Content, GitState, Snapshot};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &ExplainArguments,
) -> Result<Exit, Failure> {
    // A rule needs no environment to be explained.
    if let [word] = &arguments.words[..]
        && let Some(rule) = word.to_str().and_then(insight::rule)
    {
        show(common.format, &output, &ExplainReport::new(vec![RuleReport::from(rule)]))?;
        return Ok(Exit::InSync);
    }
    let (session, others) = Session::open(common, process, output, &arguments.words)?;
    let [word] = &others[..] else {
        let typed: Vec<_> = others.iter().map(|word| escape::name(word.as_bytes()).into_owned()).collect();
        let what = if typed.is_empty() { "nothing was named".to_owned() } else { format!("`{}`", typed.join("`, `")) };
        return Err(Failure::new(format!("one thing can be explained at a time, and not {what}"))
            .hint("name a path, the id of a finding, or the code of a rule, such as content-differs"));
    };
    let progress = session.progress();
    let surveyed = survey(&session.plan(), &session.config.fixes, &session.config.severities, &progress);
    let looked = surveyed.map(|mut picture| {
        look_for_candidates(&mut picture, &session.asked());
        picture
    });
    progress.clear();
    let picture = looked.map_err(|error| Failure::because("the environments cannot be compared", &error))?;
    let notes = picture.collected.save();
    let about = status::about(&session, &picture, Vec::new());
    let status = status_report(&picture.inputs(&session.config.focus), &picture.findings, about, &session.redactor);
    let report = explained(&session, &picture, status, word)?;
    show(session.common.format, &session.output, &report)?;
    session.tell(&picture.collected.snapshots, &notes);
    Ok(session.exit(None, picture.findings.iter().any(Finding::is_incomplete)))
}

fn show(format: Format, output: &Output, report: &ExplainReport) -> Result<(), Failure> {
    output::data(|out| match format {
        Format::Json => escape::write_json(report, out),
        Format::Text => explain::write(report, output.width, output.styles, out),
    })?;
    Ok(())
}

fn explained(
    session: &Session,
    picture: &Picture<'_>,
    status: StatusReport,
    word: &OsString,
) -> Result<ExplainReport, Failure> {
    let id = word.to_string_lossy();
    let of_id: Vec<FindingReport> = status.findings.iter().filter(|finding| finding.id == id).cloned().collect();
    if !of_id.is_empty() {
        let rules = rules(&of_id);
        let nearest = nearest(&of_id, &status);
        return Ok(ExplainReport { findings: of_id, nearest, ..ExplainReport::new(rules) });
    }
    if let Some(report) = of_history(session, picture, &id)? {
        return Ok(report);
    }
    if let Some(left_out) = left_out(session, picture, word) {
        return Ok(ExplainReport { path: Some(left_out), ..ExplainReport::new(Vec::new()) });
    }
    let snapshots = &picture.collected.snapshots;
    let (path, is_folder) = match select_path(session, &picture.comparison, snapshots, word)? {
        Selected::Folder { folder, .. } => (folder, true),
        Selected::File(path) => (path, false),
    };
    let touches = |finding: &&FindingReport| {
        let at = finding.path.as_ref().and_then(|path| TreePath::new(&path.bytes[..]).ok());
        at.is_some_and(|at| path.is_within(&at) || (is_folder && at.is_within(&path)))
    };
    let findings: Vec<FindingReport> = status.findings.iter().filter(touches).cloned().collect();
    let rules = rules(&findings);
    let mut map_proposals = status.map_proposals;
    map_proposals.retain(|proposal| {
        [&proposal.here, &proposal.common].into_iter().any(|folder| {
            TreePath::new(&folder.bytes[..]).is_ok_and(|folder| path.is_within(&folder) || folder.is_within(&path))
        })
    });
    let explanation = explanation(session, picture, &path, is_folder);
    Ok(ExplainReport { path: Some(explanation), findings, map_proposals, ..ExplainReport::new(rules) })
}

/// A finding that is not there now, as the last report that saw it had it. A path may be called like one, and comes first.
fn of_history(session: &Session, picture: &Picture<'_>, id: &str) -> Result<Option<ExplainReport>, Failure> {
    let Ok(path) = TreePath::new(id.as_bytes()) else { return Ok(None) };
    let is_id = id.len() == 10 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_id || picture.comparison.find(&picture.collected.snapshots, &path).is_some() {
        return Ok(None);
    }
    let store = session.state_dir().and_then(|state| Store::look(state, &session.made_of()).ok().flatten());
    let past = store.and_then(|store| store.past().ok()).unwrap_or_default();
    let Some(known) = past.open.get(id) else {
        let what = if past.closed.contains(id) {
            format!("the finding `{id}` is resolved: nothing of it is there any more")
        } else {
            format!("there is no finding `{id}`")
        };
        return Err(Failure::new(what).hint("the names of findings are in: driftline report"));
    };
    let sighting = &known.sighting;
    let Some(rule) = insight::rule(&sighting.code) else { return Ok(None) };
    let focus = &session.config.focus;
    let path = sighting.path.as_ref().map(|path| PathReport::new(path));
    let at = path.as_ref().and_then(|path| TreePath::new(&path.bytes[..]).ok());
    let finding = FindingReport {
        id: sighting.id.clone(),
        code: rule.code,
        severity: sighting.severity.name(),
        focus: at.is_some_and(|at| focus.iter().any(|focus| at.is_within(focus))),
        path,
        environments: sighting.environments.clone(),
        subject: sighting.subject.clone(),
        message: format!("not to be seen now; the last report had: {}", sighting.message),
    };
    let rules = rules(std::slice::from_ref(&finding));
    Ok(Some(ExplainReport { findings: vec![finding], ..ExplainReport::new(rules) }))
}

/// What the environments are near to that findings of no path are about.
fn nearest(findings: &[FindingReport], status: &StatusReport) -> Vec<NearReport> {
    let about: BTreeSet<&String> =
        findings.iter().filter(|it| it.path.is_none()).flat_map(|finding| &finding.environments).collect();
    let near = |environment: &EnvironmentReport| {
        let nearest = environment.nearest.clone()?;
        about.contains(&environment.name).then(|| NearReport { environment: environment.name.clone(), nearest })
    };
    status.environments.iter().filter_map(near).collect()
}

/// The rules that found something, in their order.
fn rules(findings: &[FindingReport]) -> Vec<RuleReport> {
    let found = |rule: &&insight::Rule| findings.iter().any(|finding| finding.code == rule.code);
    RULES.iter().filter(found).map(RuleReport::from).collect()
}

/// Why no environment has the path, when a rule says that nobody looks there.
fn left_out(session: &Session, picture: &Picture<'_>, word: &OsString) -> Option<PathExplanation> {
    let typed = TreePath::from_typed(word.as_bytes()).ok()?;
    let maps = session.config.environments.iter().map(|environment| environment.map.to_common(&typed));
    // A name that only one environment has for it is translated, if it can be.
    let names: Vec<TreePath> = maps.filter(|common| *common != typed).chain([typed.clone()]).collect();
    if names.iter().any(|path| picture.comparison.find(&picture.collected.snapshots, path).is_some()) {
        return None;
    }
    let left_out = names.iter().find_map(|path| {
        let (rule, at) = picture.collected.left_out_by(path)?;
        Some((path.clone(), LeftOut { rule, at: PathReport::from(&at) }))
    });
    let (path, left_out) = left_out?;
    Some(PathExplanation {
        path: PathReport::from(&path),
        left_out: Some(left_out),
        pattern: None,
        differences: Vec::new(),
        differ_below: None,
        environments: Vec::new(),
    })
}

fn explanation(session: &Session, picture: &Picture<'_>, path: &TreePath, is_folder: bool) -> PathExplanation {
    let snapshots = &picture.collected.snapshots;
    let row = picture.comparison.find(snapshots, path).map(|at| picture.comparison.row(at));
    let place = |(at, environment): (usize, &Environment)| place(session, &snapshots[at], environment, path, row, at);
    let below = || {
        let rows = picture.comparison.within(snapshots, path).map(|at| picture.comparison.row(at));
        rows.filter(|row| !row.is_folder && !row.is_in_sync()).count() as u64
    };
    PathExplanation {
        path: PathReport::from(path),
        left_out: None,
        pattern: row.map(|row| row.pattern().as_str().to_owned()),
        differences: row.map(|row| row.differences.names().collect()).unwrap_or_default(),
        differ_below: is_folder.then(below),
        environments: session.config.environments.iter().enumerate().map(place).collect(),
    }
}

fn place(
    session: &Session,
    snapshot: &Snapshot,
    environment: &Environment,
    path: &TreePath,
    row: Option<Row<'_>>,
    at: usize,
) -> PlaceReport {
    let pair = environment.map.pairs().iter().find(|pair| path.is_within(&pair.common));
    let text = |path: &TreePath| String::from_utf8_lossy(path.as_bytes()).into_owned();
    let entry = snapshot.find(path).map(|entry| &snapshot.entries[entry].content);
    let mut about = Vec::new();
    let kind = match (entry, row.map(|row| row.cells[at])) {
        (_, Some(Cell::Unreadable(incident))) => {
            let why = match incident {
                NOT_COMPARED => "it was not compared".to_owned(),
                IN_SUBMODULE => "it lies in a submodule, whose content this source does not hold".to_owned(),
                _ => snapshot.incidents.get(incident.0 as usize).map(|it| it.message.clone()).unwrap_or_default(),
            };
            about.push(session.redactor.words(&why).into_owned());
            "unknown"
        }
        (Some(Content::File(file)), _) => {
            about.push(counted(file.size, "byte", "bytes"));
            "file"
        }
        (Some(Content::Directory), _) => "folder",
        (Some(Content::Symlink { target }), _) => {
            about.push(format!("to {}", String::from_utf8_lossy(&session.redactor.line(target))));
            "symlink"
        }
        (Some(Content::Submodule { commit }), _) => {
            about.push(format!("at {commit:.7}"));
            "submodule"
        }
        (Some(Content::Special(_)), _) => "special",
        (Some(Content::Unreadable { .. }), _) => "unknown",
        (None, _) => "absent",
    };
    if let GitState::Checkout(status) = &snapshot.git {
        let of_it = status.changes.iter().filter(|change| change.path == *path);
        about.extend(of_it.map(|change| format!("uncommitted: {}", words_of_change(change))));
    }
    PlaceReport {
        environment: environment.name.to_string(),
        here: PathReport::from(&environment.map.to_here(path)),
        mapped: pair.map(|pair| (text(&pair.common), text(&pair.here))),
        kind,
        about,
    }
}
