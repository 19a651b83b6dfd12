//! `driftline init`: a configuration to begin with.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::args::{CommonArguments, Format, InitArguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::collect::{CollectError, CollectPlan, Collected, Watch, collect};
use crate::compare::maps::MapProposal;
use crate::config::{self, ArgumentError, Environment, Places, SourceSpec};
use crate::insight::{IgnoreProposal, ignore_proposals, shared_folders, single_folder};
use crate::path::TreePath;
use crate::pipeline::map_proposals;
use crate::report::escape;
use crate::report::init::{Document, Draft, TEMPLATE, document};
use crate::report::layout::counted;
use crate::snapshot::Snapshot;

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &InitArguments,
) -> Result<Exit, Failure> {
    if common.config.is_some() {
        return Err(Failure::new("`--config` names a configuration to read, and `init` writes one")
            .hint("name the file to write with -o"));
    }
    let target = Target::new(&process.folder, arguments)?;
    if arguments.environments.is_empty() {
        let document = Document { text: TEMPLATE.to_owned(), ..Document::default() };
        target.write(&document.text, common.format)?;
        target.tell(&document, &[], common.format, &["fill it in, then: driftline doctor".to_owned()])?;
        return Ok(Exit::InSync);
    }
    for word in &arguments.environments {
        if !word.as_bytes().contains(&b'=') {
            let argument = word.as_bytes().escape_ascii().to_string();
            return Err(Failure::new(ArgumentError::NoName { argument }.to_string()));
        }
    }
    let (mut session, others) = Session::open(common, process, output, &arguments.environments)?;
    session.refuse(&others)?;
    if let Some(file) = &target.file {
        session.keep_out(file)?;
    }
    let (proposed, incomplete) = propose(&mut session)?;
    let environments: Vec<Environment> =
        session.config.environments.iter().map(|it| target.as_written(it, &session.process.folder)).collect();
    let ssh_config = session.common.ssh_config.as_ref().map(|file| target.place(file, &session.process.folder));
    let draft = Draft {
        environments: &environments,
        unread: &proposed.unread,
        ssh_config: ssh_config.as_deref(),
        ignore: &session.common.ignore,
        rules: &proposed.rules,
        maps: &proposed.maps,
        shared: &proposed.shared,
    };
    let document = document(&draft);
    check(&document, &target, &session)?;
    target.write(&document.text, session.common.format)?;
    output::aside(|out| {
        document.warnings.iter().try_for_each(|warning| writeln!(out, "warning: {}", escape::text(warning.as_bytes())))
    });
    let names: Vec<String> = environments.iter().map(|environment| environment.name.to_string()).collect();
    target.tell(&document, &names, session.common.format, &target.next())?;
    Ok(session.exit(None, incomplete))
}

/// What looking at the environments gave.
struct Proposed {
    unread: Vec<Option<String>>,
    rules: Vec<IgnoreProposal>,
    maps: Vec<MapProposal>,
    shared: Vec<TreePath>,
}

/// Looks at the environments; gives also whether something could not be read.
fn propose(session: &mut Session) -> Result<(Proposed, bool), Failure> {
    let failed = |error: CollectError| Failure::because("the environments cannot be read", &error);
    let progress = session.progress();
    let mut collected = collect(&session.plan(), &progress).map_err(failed)?;
    let stripped = strip(&mut session.config.environments, &collected.snapshots);
    if stripped {
        collected = again(collected, &session.plan(), &progress).map_err(failed)?;
    }
    let rules = ignore_proposals(&collected.snapshots);
    if session.config.environments.len() > 1 && !rules.is_empty() {
        // What is left out takes no part in what looks like one folder.
        let sure = rules.iter().filter(|rule| rule.doubt.is_none()).map(|rule| rule.rule.to_owned());
        session.config.ignore.extend(sure);
        collected = again(collected, &session.plan(), &progress).map_err(failed)?;
    }
    let maps = map_proposals(&mut collected);
    progress.clear();
    let notes = collected.save();
    session.tell(&collected.snapshots, &notes);
    let snapshots = &collected.snapshots;
    let unread = snapshots.iter().map(|snapshot| {
        let because = &snapshot.incidents[snapshot.unread_because()?.0 as usize];
        Some(session.redactor.words(&because.message).into_owned())
    });
    let (unread, shared) = (unread.collect(), shared_folders(snapshots, &maps));
    let proposed = Proposed { unread, rules, maps, shared };
    let incidents = snapshots.iter().flat_map(|snapshot| &snapshot.incidents);
    let incomplete = incidents.into_iter().any(|incident| incident.kind.is_incomplete());
    Ok((proposed, incomplete))
}

/// Collects anew; connections of the first time are closed before.
fn again<'w>(
    collected: Collected<'w>,
    plan: &CollectPlan<'_>,
    watch: &'w dyn Watch,
) -> Result<Collected<'w>, CollectError> {
    drop(collected);
    collect(plan, watch)
}

/// Takes away the folder in which all of an archive lies, unless another environment has a folder of that name.
fn strip(environments: &mut [Environment], snapshots: &[Snapshot]) -> bool {
    let mut stripped = false;
    for (number, environment) in environments.iter_mut().enumerate() {
        let SourceSpec::Archive { strip, .. } = &mut environment.source else { continue };
        let Some(folder) = single_folder(&snapshots[number]) else { continue };
        let is_alone = |(other, snapshot): (usize, &Snapshot)| {
            other == number || single_folder(snapshot).is_some() || snapshot.find(folder).is_none()
        };
        if snapshots.len() > 1 && snapshots.iter().enumerate().all(is_alone) {
            *strip = 1;
            stripped = true;
        }
    }
    stripped
}

/// What is written has to be what was meant.
fn check(document: &Document, target: &Target, session: &Session) -> Result<(), Failure> {
    if document.environments == 0 {
        let failure = Failure::new("no environment can be written into a configuration");
        return Err(document.warnings.iter().cloned().fold(failure, Failure::also));
    }
    let places = Places { folder: &session.process.folder, home: session.process.home.as_deref() };
    config::parse(&document.text, &target.name(), places)
        .map(drop)
        .map_err(|invalid| Failure::Invalid(Box::new(invalid)))
}

/// Where the configuration goes.
struct Target {
    /// `None` for stdout.
    file: Option<PathBuf>,
    force: bool,
    /// It lies in the working folder, so that paths may stay as they were typed.
    is_here: bool,
}

impl Target {
    fn new(folder: &Path, arguments: &InitArguments) -> Result<Self, Failure> {
        let force = arguments.force;
        let typed = arguments.output.clone().unwrap_or_else(|| config::FILE_NAME.into());
        if typed.as_os_str() == "-" {
            return Ok(Self { file: None, force, is_here: true });
        }
        let file = folder.join(&typed);
        if let Ok(there) = file.symlink_metadata() {
            let name = typed.display();
            if there.is_dir() {
                return Err(Failure::new(format!("`{name}` is a folder"))
                    .hint(format!("name the file in it: -o {name}/{}", config::FILE_NAME)));
            }
            if !force {
                return Err(Failure::new(format!("`{name}` is there already, and stays as it is"))
                    .hint("replace it with --force, write another file with -o FILE, or look at what would be written with -o -"));
            }
        }
        let is_here = file.parent() == Some(folder);
        Ok(Self { file: Some(file), force, is_here })
    }

    fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "stdout".to_owned(), |file| file.display().to_string())
    }

    /// A path as it means the same in the file.
    fn place(&self, path: &Path, folder: &Path) -> PathBuf {
        if self.is_here { path.to_owned() } else { folder.join(path) }
    }

    fn as_written(&self, environment: &Environment, folder: &Path) -> Environment {
        let mut environment = environment.clone();
        match &mut environment.source {
            SourceSpec::Folder { path }
            | SourceSpec::Archive { path, .. }
            | SourceSpec::Snapshot { path }
            | SourceSpec::Git { repository: path, .. } => *path = self.place(path, folder),
            SourceSpec::Ssh { .. } | SourceSpec::Exec { .. } => {}
        }
        environment
    }

    /// Writes the whole file or nothing; one that appeared meanwhile stays, unless it is to be replaced.
    fn write(&self, text: &str, format: Format) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            if format == Format::Text {
                output::data(|out| out.write_all(text.as_bytes()))?;
            }
            return Ok(());
        };
        let put = || -> io::Result<()> {
            let folder = file.parent().unwrap_or(Path::new("."));
            // As an editor would make it: the umask decides who may read it.
            let mut new = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
            new.write_all(text.as_bytes())?;
            new.as_file().sync_all()?;
            let done = if self.force { new.persist(file) } else { new.persist_noclobber(file) };
            done.map(drop).map_err(|error| error.error)
        };
        put().map_err(|error| {
            Failure::because(format!("cannot write the configuration `{}`", file.display()), &error)
                .hint("name a file in a folder that you may write to with -o, or print it with -o -")
        })
    }

    /// Says what was written; nothing where that is on stdout itself.
    fn tell(&self, document: &Document, names: &[String], format: Format, next: &[String]) -> io::Result<()> {
        if format == Format::Json {
            let maps = document.maps.iter().map(|(environment, common, here)| {
                let text = |path: &TreePath| String::from_utf8_lossy(path.as_bytes()).into_owned();
                serde_json::json!({ "environment": names[*environment], "common": text(common), "here": text(here) })
            });
            let told = serde_json::json!({
                "format": "driftline-init",
                "version": 1,
                "written": self.file.as_ref().map(|file| file.to_string_lossy()),
                "environments": names,
                "ignore": document.ignore,
                "maps": maps.collect::<Vec<_>>(),
                "warnings": document.warnings,
                "text": document.text,
            });
            return output::data(|out| escape::write_json(&told, out));
        }
        let Some(file) = &self.file else { return Ok(()) };
        output::data(|out| {
            let name = file.as_os_str().as_bytes();
            match document.environments {
                0 => writeln!(out, "{}: a configuration to fill in", escape::name(name))?,
                number => writeln!(
                    out,
                    "{}: {}, {}, {}",
                    escape::name(name),
                    counted(number as u64, "environment", "environments"),
                    counted(document.ignore.len() as u64, "ignore rule", "ignore rules"),
                    counted(document.maps.len() as u64, "name mapped", "names mapped"),
                )?,
            }
            next.iter().try_for_each(|next| writeln!(out, "next: {next}"))
        })
    }

    /// What to type with it.
    fn next(&self) -> Vec<String> {
        let Some(file) = &self.file else { return Vec::new() };
        if self.is_here && file.file_name().is_some_and(|name| name == config::FILE_NAME) {
            return vec!["read it, then: driftline".to_owned()];
        }
        let file = escape::shell_word(file.as_os_str().as_bytes());
        file.map(|file| format!("read it, then: driftline --config {file}")).into_iter().collect()
    }
}
