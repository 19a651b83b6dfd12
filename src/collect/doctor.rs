//! Tries everything that reading an environment needs, in the order in which one thing needs the other.
//!
//! Nothing is kept, and nothing that was kept is used. What is tried is what collecting does: a step works when collecting came past it.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::collect::far::Far;
use crate::collect::gather::{Gathered, Looking, error_in_words, everywhere, pool};
use crate::collect::remote::{self, Way};
use crate::collect::walk::in_words;
use crate::collect::{CollectError, CollectPlan, Filter, Source, Watch, git, key};
use crate::config::{Environment, SourceSpec};
use crate::path::TreePath;
use crate::snapshot::{
    Checkup, Content, Fix, GitState, GitStatus, Head, Incident, IncidentKind, Snapshot, Step, StepKind, StepOutcome,
};

/// So many names of what cannot be read are said.
const NAMES: usize = 3;

/// Tries to read each environment of the plan, and says how far that came and what stands in the way.
///
/// All of them are listed, in parallel, and their repositories judged; no state is read or written, whatever the plan says. Must not be called
/// from inside another rayon pool.
///
/// # Errors
/// [`CollectError::Threads`].
pub fn check_up(plan: &CollectPlan<'_>, watch: &dyn Watch) -> Result<Vec<Checkup>, CollectError> {
    let pool = pool(plan)?;
    let plan = &CollectPlan { state_dir: None, ..*plan };
    let filter = Filter::new(plan.ignore);
    let looking = Looking { plan, filter: &filter, pool: &pool, watch };
    Ok(everywhere(plan, &pool, &|number, environment| {
        let steps = steps(&looking, number, environment);
        Checkup { environment: environment.name.clone(), origin: remote::origin(&environment.source), steps }
    }))
}

fn steps(looking: &Looking<'_>, number: usize, environment: &Environment) -> Vec<Step> {
    let way = match &environment.source {
        SourceSpec::Ssh { .. } | SourceSpec::Exec { .. } => match Way::find(environment, looking.plan) {
            Ok(way) => Some(way),
            Err(steps) => {
                looking.watch.listing_ended(number);
                return with_rest(steps, environment);
            }
        },
        _ => None,
    };
    let looked = looking.look(number, environment);
    let user = match &way {
        Some(way) => way.user().map(str::to_owned),
        None => uzers::get_current_username().map(|name| name.to_string_lossy().into_owned()),
    };
    match looked {
        Ok(Gathered { snapshot, backing, .. }) => {
            let tools = backing.source.as_deref().and_then(Source::far).and_then(Far::tools);
            let mut steps = match &way {
                Some(way) => way.passed(tools.as_ref()),
                None => passed(environment, &snapshot),
            };
            steps.extend(git_step(environment, &snapshot, user.as_deref()));
            steps.extend(reading(environment, &snapshot, user.as_deref()));
            steps
        }
        Err(error) => {
            let (_, message, hint) = error_in_words(environment, &error);
            let steps = match &way {
                Some(way) => way.ended(&error, &message, hint.as_deref()),
                None => ended(environment, &message, hint.as_deref(), user.as_deref(), &error),
            };
            with_rest(steps, environment)
        }
    }
}

/// What comes behind a step that failed.
fn with_rest(mut steps: Vec<Step>, environment: &Environment) -> Vec<Step> {
    if has_repository(environment) {
        steps.push(Step::not_tried(StepKind::Git));
    }
    steps.push(Step::not_tried(StepKind::Reading));
    steps
}

/// Whether the environment is a folder, which may be a checkout.
fn has_repository(environment: &Environment) -> bool {
    matches!(environment.source, SourceSpec::Folder { .. } | SourceSpec::Ssh { .. } | SourceSpec::Exec { .. })
}

/// The steps to a place of this machine that could be listed.
fn passed(environment: &Environment, snapshot: &Snapshot) -> Vec<Step> {
    match &environment.source {
        SourceSpec::Git { reference, .. } => {
            let names = match &snapshot.git {
                GitState::Commit { commit, .. } => format!("{reference} is {:.7}", commit.id),
                _ => reference.clone(),
            };
            vec![Step::fine(StepKind::Repository, "can be read"), Step::fine(StepKind::Reference, names)]
        }
        SourceSpec::Archive { .. } => vec![Step::fine(StepKind::Archive, "is one, and is read without unpacking it")],
        SourceSpec::Snapshot { .. } => vec![Step::fine(StepKind::Snapshot, "is one, of a version that is understood")],
        _ => vec![Step::fine(StepKind::Folder, "can be listed")],
    }
}

/// The steps to one that could not.
fn ended(
    environment: &Environment,
    message: &str,
    hint: Option<&str>,
    user: Option<&str>,
    error: &CollectError,
) -> Vec<Step> {
    let words = hint.map(Fix::words);
    match &environment.source {
        SourceSpec::Git { repository, .. } => {
            if git::is_readable(repository) {
                let path = repository.as_os_str().as_bytes();
                let fix = Fix::here(
                    "name a branch, a tag or a commit that it has",
                    &[&b"git"[..], b"-C", path, b"branch", b"--all"],
                );
                let fine = Step::fine(StepKind::Repository, "can be read");
                return vec![fine, Step::failed(StepKind::Reference, message, Some(fix))];
            }
            let fix = words.or_else(|| Some(Fix::words("name a checkout or a bare repository that is whole")));
            vec![Step::failed(StepKind::Repository, message, fix), Step::not_tried(StepKind::Reference)]
        }
        SourceSpec::Archive { path, .. } => {
            vec![Step::failed(StepKind::Archive, message, closed(path, user).or(words))]
        }
        SourceSpec::Snapshot { path } => vec![Step::failed(StepKind::Snapshot, message, closed(path, user).or(words))],
        SourceSpec::Folder { path } => {
            let fix = match error {
                CollectError::Root { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                    Some(remote::open_to(user, path.as_os_str().as_bytes(), false))
                }
                _ => words,
            };
            vec![Step::failed(StepKind::Folder, message, fix)]
        }
        _ => vec![Step::failed(StepKind::Folder, message, words)],
    }
}

/// How to open a file that is there and may not be read.
fn closed(path: &Path, user: Option<&str>) -> Option<Fix> {
    let denied = fs::File::open(path).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    denied.then(|| remote::open_to(user, path.as_os_str().as_bytes(), false))
}

fn git_step(environment: &Environment, snapshot: &Snapshot, user: Option<&str>) -> Option<Step> {
    if !has_repository(environment) {
        return None;
    }
    Some(match &snapshot.git {
        GitState::Unknown { reason } => {
            let SourceSpec::Folder { path } = &environment.source else {
                return Some(Step::note(StepKind::Git, reason.clone(), None));
            };
            let path = path.as_os_str().as_bytes();
            let fix = if reason.contains("permission denied") {
                remote::open_to(user, &[path, b"/.git"].concat(), false)
            } else {
                Fix::here("its files are compared all the same; git says more", &[&b"git"[..], b"-C", path, b"fsck"])
            };
            Step::failed(StepKind::Git, reason.clone(), Some(fix))
        }
        GitState::Checkout(status) => checkout(status),
        GitState::None | GitState::NotKept | GitState::Commit { .. } => Step::fine(StepKind::Git, "no repository here"),
    })
}

fn checkout(status: &GitStatus) -> Step {
    let head = match &status.head {
        Head::Branch(name) => format!("branch {name}"),
        Head::Unborn(name) => format!("branch {name}, which has no commit yet"),
        Head::Detached => "no branch".to_owned(),
    };
    let commit = status.commit.as_ref().map(|commit| format!(" at {:.7}", commit.id)).unwrap_or_default();
    match status.not_judged.first() {
        None => Step::fine(StepKind::Git, format!("{head}{commit}")),
        Some(first) => {
            let number = status.not_judged.len();
            let files = if number == 1 { "file" } else { "files" };
            Step::note(
                StepKind::Git,
                format!("{head}{commit}; whether {number} {files} changed cannot be told: {}", first.reason),
                None,
            )
        }
    }
}

/// How much of what is there could not be read, and what else is worth saying.
fn reading(environment: &Environment, snapshot: &Snapshot, user: Option<&str>) -> Vec<Step> {
    let mut steps = Vec::new();
    let closed = snapshot.entries.iter().filter_map(|entry| match entry.content {
        Content::Unreadable { folder, .. } => Some((&entry.path, folder)),
        _ => None,
    });
    let closed: Vec<(&TreePath, bool)> = closed.collect();
    let total = snapshot.entries.len();
    let entries = if total == 1 { "entry" } else { "entries" };
    if let Some((first, _)) = closed.first() {
        let folders = closed.iter().filter(|(_, folder)| *folder).count();
        let number = |number: usize, one: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            many => Some(format!("{many} {one}s")),
        };
        let what = [number(folders, "folder"), number(closed.len() - folders, "file")];
        let what: Vec<String> = what.into_iter().flatten().collect();
        let names =
            closed.iter().take(NAMES).map(|(path, _)| format!("`{}`", String::from_utf8_lossy(path.as_bytes())));
        let mut names: Vec<String> = names.collect();
        if closed.len() > NAMES {
            names.push(format!("{} more", closed.len() - NAMES));
        }
        let detail = format!("{} of {total} {entries} may not be read: {}", what.join(" and "), names.join(", "));
        let only = (closed.len() == 1).then_some(*first);
        steps.push(Step::failed(StepKind::Reading, detail, Some(below(environment, snapshot, only, user))));
    }
    for Incident { kind, message, hint, .. } in &snapshot.incidents {
        let fix = hint.clone().map(Fix::words);
        match kind {
            IncidentKind::Environment | IncidentKind::Unstable => {
                steps.push(Step::failed(StepKind::Reading, message.clone(), fix));
            }
            IncidentKind::Note => steps.push(Step::note(StepKind::Reading, message.clone(), fix)),
            // Told by their entries.
            IncidentKind::Folder | IncidentKind::File => {}
        }
    }
    let is_incomplete = steps.iter().any(|step| step.outcome == StepOutcome::Failed);
    if !is_incomplete && (total > 0 || steps.is_empty()) {
        steps.insert(0, Step::fine(StepKind::Reading, format!("all {total} {entries}")));
    }
    steps
}

/// How to open what is closed below a root: all of it, or the only thing that is.
fn below(environment: &Environment, snapshot: &Snapshot, only: Option<&TreePath>, user: Option<&str>) -> Fix {
    let (root, there) = match &environment.source {
        SourceSpec::Folder { path } => (path, false),
        SourceSpec::Ssh { path, .. } | SourceSpec::Exec { path, .. } => (path, true),
        _ => {
            let hint =
                snapshot.incidents.iter().find(|incident| incident.path.is_some()).and_then(|it| it.hint.clone());
            return Fix::words(hint.unwrap_or_else(|| "leave it out with `ignore`".to_owned()));
        }
    };
    let mut path = root.as_os_str().as_bytes().to_owned();
    if let Some(only) = only {
        path.push(b'/');
        path.extend_from_slice(environment.map.to_here(only).as_bytes());
    }
    let fix = remote::open_to(user, &path, there);
    if user.is_none() { fix } else { Fix { words: format!("leave it out with `ignore`, or {}", fix.words), ..fix } }
}

/// Whether state can be kept in a folder; nothing is made there. `None` when it is kept nowhere.
pub fn check_state(folder: Option<&Path>) -> Step {
    let Some(folder) = folder else {
        return Step::note(StepKind::State, "kept nowhere: every run reads everything again", None);
    };
    let name = folder.display();
    let choose = |words: &str| Some(Fix::words(format!("{words}, or choose another with --state-dir")));
    let metadata = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => return Step::note(StepKind::State, format!("`{name}` is no folder"), choose("move it away")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let above =
                folder.ancestors().skip(1).map(|above| if above == Path::new("") { Path::new(".") } else { above });
            let above = above.into_iter().find(|above| above.exists());
            if above.is_some_and(may_write) {
                return Step::fine(StepKind::State, format!("`{name}` will be made by the first run"));
            }
            return Step::note(
                StepKind::State,
                format!("`{name}` is not there, and cannot be made"),
                choose("make it"),
            );
        }
        Err(error) => {
            let message = format!("cannot look into `{name}`: {}", in_words(&error));
            return Step::note(StepKind::State, message, choose("open it"));
        }
    };
    if !may_write(folder) {
        return Step::note(StepKind::State, format!("`{name}` cannot be written to"), choose("open it"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        let words = [&b"chmod"[..], b"700", folder.as_os_str().as_bytes()];
        let fix = Fix::here("let nobody else look into it", &words);
        return Step::note(StepKind::State, format!("`{name}` is open to others"), Some(fix));
    }
    match key::damage(folder) {
        Some(note) => Step::note(StepKind::State, note.message, note.hint.map(Fix::words)),
        None => Step::fine(StepKind::State, format!("`{name}` is private and can be written to")),
    }
}

fn may_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}
