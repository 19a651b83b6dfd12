//! From what was typed to what is done: which environments, from which configuration, with which settings.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::cli::args::CommonArguments;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::TakeDown;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::progress::Progress;
use crate::collect::{CollectPlan, Connections, installation_key};
use crate::compare::text::Redactor;
use crate::config::{self, Config, ConfigError, Environment, MAX_ENVIRONMENTS, SourceSpec};
use crate::history::MadeOf;
use crate::insight::Severity;
use crate::path::EnvironmentName;
use crate::pipeline::Asked;
use crate::report::escape;
use crate::report::layout::counted;
use crate::report::style::Look;
use crate::report::wording::join;
use crate::snapshot::{Counters, Incident, IncidentKind, Snapshot};

/// Everything that is settled before anything is read.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) common: CommonArguments,
    pub(crate) process: Process,
    pub(crate) output: Output,
    /// The names of all environments, those that were left out of this run among them.
    pub(crate) configured: Vec<String>,
    /// What a history of these environments belongs to.
    made_of: MadeOf,
    /// Says what may be shown.
    pub(crate) redactor: Redactor,
    /// The ways to other machines.
    connections: Connections,
    _take_down: Option<TakeDown>,
    /// Why marks of secrets are those of this run alone, if they are.
    key_note: Option<Incident>,
    /// The arguments that made the environments what they are, for commands that are proposed.
    typed: Vec<OsString>,
}

/// What the words of a command turned out to be.
#[derive(Debug, Default)]
struct Words {
    sources: Vec<OsString>,
    others: Vec<OsString>,
}

impl Session {
    /// Settles environments and settings; gives back the words that are neither `NAME=SOURCE` nor the name of a configured
    /// environment.
    pub(crate) fn open(
        common: CommonArguments,
        process: Process,
        output: Output,
        words: &[OsString],
    ) -> Result<(Self, Vec<OsString>), Failure> {
        let Words { sources, others } = sort(words);
        let mut typed = Vec::new();
        let mut config = if sources.is_empty() {
            if let Some(file) = &common.config {
                typed.extend([OsString::from("--config"), file.as_os_str().to_owned()]);
            }
            load(&common, &process)?
        } else {
            typed.extend(sources.iter().cloned());
            from_sources(&sources, &common, &process)?
        };
        let configured = names(&config).into_iter().map(str::to_owned).collect();
        let made_of = made_of(&config, sources.is_empty());
        let (names, others) = if sources.is_empty() { named(&config, others) } else { (Vec::new(), others) };
        if !names.is_empty() {
            config.environments.retain(|environment| names.contains(&environment.name));
            typed.extend(names.iter().map(|name| OsString::from(name.as_str())));
        }
        skip(&mut config, &common.skip)?;
        for rule in &common.ignore {
            let refuse = |why| Failure::new(format!("`--ignore {rule}` is no gitignore rule: {why}"));
            config::check_ignore_rule(rule).map_err(refuse)?;
            typed.extend([OsString::from("--ignore"), OsString::from(rule)]);
        }
        config.ignore.extend(common.ignore.iter().cloned());
        if let Some(file) = &common.ssh_config {
            typed.extend([OsString::from("--ssh-config"), file.as_os_str().to_owned()]);
            hand_on(&mut config, &process.folder.join(file));
        }
        check_number(&config)?;
        check_places(&config)?;
        let (key, key_note) = installation_key(state_dir(&common, &process)).map_err(|error| {
            Failure::because("the system gives no random numbers, and secrets cannot be masked", &error)
        })?;
        let redactor = Redactor::new(key, &config.sensitive);
        let connections = Connections::default();
        let is_far =
            |environment: &Environment| matches!(environment.source, SourceSpec::Ssh { .. } | SourceSpec::Exec { .. });
        // Nothing else has to be taken away.
        let take_down = config.environments.iter().any(is_far).then(|| TakeDown::of(connections.clone())).transpose();
        let guard = take_down.map_err(|error| Failure::because("the system lets no signals be waited for", &error))?;
        let session = Self {
            config,
            common,
            process,
            output,
            configured,
            made_of,
            redactor,
            connections,
            _take_down: guard,
            key_note,
            typed,
        };
        Ok((session, others))
    }

    /// Refuses words that name no environment.
    pub(crate) fn refuse(&self, words: &[OsString]) -> Result<(), Failure> {
        let Some(word) = words.first() else { return Ok(()) };
        let word = word.to_string_lossy();
        Err(Failure::new(format!("`{word}` is no environment"))
            .hint(format!("write NAME=SOURCE, for instance prod=/var/www/app, or one of: {}", self.names())))
    }

    /// Refuses a place for output that lies in an environment: nothing is ever written there.
    pub(crate) fn keep_out(&self, output: &Path) -> Result<(), Failure> {
        let there = output.ancestors().find_map(|folder| fs::canonicalize(folder).ok());
        for environment in &self.config.environments {
            let SourceSpec::Folder { path } = &environment.source else { continue };
            if let (Ok(root), Some(there)) = (fs::canonicalize(path), &there)
                && there.starts_with(&root)
            {
                return Err(Failure::new(format!(
                    "`{}` lies in the environment `{}`",
                    output.display(),
                    environment.name
                ))
                .hint("name a place outside: nothing is ever written to an environment"));
            }
        }
        Ok(())
    }

    /// How to collect.
    pub(crate) fn plan(&self) -> CollectPlan<'_> {
        CollectPlan {
            environments: &self.config.environments,
            ignore: &self.config.ignore,
            redactor: &self.redactor,
            threads: self.common.threads,
            state_dir: state_dir(&self.common, &self.process),
            rehash: self.common.rehash,
            patience: std::time::Duration::from_secs(self.common.timeout),
            connections: &self.connections,
            now: self.process.now,
        }
    }

    /// What is asked about candidates.
    pub(crate) fn asked(&self) -> Asked<'_> {
        let named = |name: &EnvironmentName| self.config.environments.iter().position(|it| it.name == *name);
        Asked {
            baseline: self.config.baseline.as_ref().and_then(named),
            focus: &self.config.focus,
            redactor: &self.redactor,
            sensitive: &self.config.sensitive,
            now: self.process.now.seconds,
        }
    }

    /// Progress for these environments, where somebody sees it.
    pub(crate) fn progress(&self) -> Progress {
        let names: Vec<EnvironmentName> =
            self.config.environments.iter().map(|environment| environment.name.clone()).collect();
        Progress::new(&names, self.process.stderr_is_terminal)
    }

    /// Says on stderr which environments could not be read, or not to their end, and what to do, and what else is worth saying.
    pub(crate) fn tell(&self, snapshots: &[Snapshot], notes: &[Incident]) {
        let styles = self.output.error_styles;
        let (unread, read): (Vec<&Snapshot>, Vec<&Snapshot>) =
            snapshots.iter().partition(|snapshot| snapshot.unread_because().is_some());
        output::aside(|out| {
            for snapshot in &unread {
                let name = &snapshot.environment;
                let because = snapshot.incidents.iter().find(|incident| incident.kind == IncidentKind::Environment);
                let Some(Incident { message, hint, .. }) = because else { continue };
                let message = self.redactor.line(message.as_bytes());
                let message = escape::text(&message);
                let (what, cause) = parted(&message);
                let how = if snapshot.entries.is_empty() { "could not be read" } else { "was read in part" };
                writeln!(out, "{} {name} {how}: {what}", styles.paint(Look::Alarm, "error:"))?;
                if let Some(cause) = cause {
                    writeln!(out, "  caused by: {cause}")?;
                }
                let hint =
                    hint.as_ref().map(|hint| format!("{}, or ", escape::text(hint.as_bytes()))).unwrap_or_default();
                writeln!(out, "  what to do: {hint}leave it out with --skip {name}")?;
            }
            if !unread.is_empty() && !read.is_empty() {
                let names: Vec<&str> = read.iter().map(|snapshot| snapshot.environment.as_str()).collect();
                let exit = match self.exit(None, true) {
                    Exit::Incomplete => " (exit status 3)",
                    _ => "",
                };
                writeln!(out, "  the comparison went on with {}{exit}", join(&names))?;
            }
            for note in self.key_note.iter().chain(notes) {
                let message = self.redactor.line(note.message.as_bytes());
                writeln!(out, "{} {}", styles.paint(Look::Dim, "note:"), escape::text(&message))?;
                if let Some(hint) = &note.hint {
                    writeln!(out, "  what to do: {}", escape::text(hint.as_bytes()))?;
                }
            }
            Ok(())
        });
    }

    /// Says to a person at a terminal what the answer cost. It is no part of the answer, which is the same for any speed.
    pub(crate) fn tell_work(&self, work: Counters) {
        if !self.process.stderr_is_terminal {
            return;
        }
        let seconds = self.process.began.elapsed().as_secs_f64();
        let listed = counted(work.entries_listed, "entry", "entries");
        let opened = counted(work.files_opened, "file", "files");
        let line = format!("listed {listed} and opened {opened} in {seconds:.1} s");
        output::aside(|out| writeln!(out, "{}", self.output.error_styles.paint(Look::Dim, line)));
    }

    /// The status that findings and gaps amount to.
    pub(crate) fn exit(&self, worst: Option<Severity>, incomplete: bool) -> Exit {
        let fails = |worst: Severity| self.common.fail_on.severity().is_some_and(|least| worst >= least);
        match worst {
            _ if incomplete && !self.common.allow_incomplete => Exit::Incomplete,
            Some(worst) if fails(worst) => Exit::Drift,
            _ => Exit::InSync,
        }
    }

    /// A command to type, over the same environments; `None` when a word in it cannot be typed in plain characters.
    pub(crate) fn command(&self, words: &[&[u8]]) -> Option<String> {
        let own = [OsStr::new("driftline").as_bytes()];
        let all = own.iter().copied().chain(words.iter().copied()).chain(self.typed.iter().map(|word| word.as_bytes()));
        Some(all.map(escape::shell_word).collect::<Option<Vec<String>>>()?.join(" "))
    }

    /// The names of all environments.
    pub(crate) fn names(&self) -> String {
        names(&self.config).join(", ")
    }

    /// What a history of these environments belongs to: their configuration, or they themselves.
    pub(crate) fn made_of(&self) -> MadeOf {
        self.made_of.clone()
    }

    /// Where state is kept, if it is.
    pub(crate) fn state_dir(&self) -> Option<&Path> {
        state_dir(&self.common, &self.process)
    }

    /// What the project is called: the folder of its configuration.
    pub(crate) fn project(&self) -> Option<String> {
        let file = fs::canonicalize(self.config.file.as_ref()?).ok()?;
        Some(file.parent()?.file_name()?.to_string_lossy().into_owned())
    }
}

/// Where state is kept, if it is.
pub(crate) fn state_dir<'a>(common: &'a CommonArguments, process: &'a Process) -> Option<&'a Path> {
    let kept = common.state_dir.as_deref().or(process.state_dir.as_deref());
    kept.filter(|_| !common.no_state)
}

/// What a history belongs to. The same places under other names are others, and so are the same names elsewhere.
fn made_of(config: &Config, is_configured: bool) -> MadeOf {
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(file) = config.file.as_ref().filter(|_| is_configured) {
        return MadeOf::Config(whole(file));
    }
    let place = |source: &SourceSpec| match source {
        SourceSpec::Folder { path } | SourceSpec::Archive { path, .. } | SourceSpec::Snapshot { path } => {
            whole(path).to_string_lossy().into_owned()
        }
        SourceSpec::Git { repository, reference } => format!("{}@{reference}", whole(repository).display()),
        SourceSpec::Ssh { .. } | SourceSpec::Exec { .. } => format!("{source:?}"),
    };
    let each = config.environments.iter();
    MadeOf::Typed(each.map(|environment| (environment.name.to_string(), place(&environment.source))).collect())
}

/// What failed, and why: parted at the first colon that is not in a name.
fn parted(message: &str) -> (&str, Option<&str>) {
    let mut colons = message.match_indices(": ").map(|(at, _)| at);
    match colons.find(|&at| message[..at].matches('`').count().is_multiple_of(2)) {
        Some(at) => (&message[..at], Some(&message[at + 2..])),
        None => (message, None),
    }
}

/// `NAME=SOURCE` is told from a path by its name: `./a=b` is always a path.
fn sort(words: &[OsString]) -> Words {
    let mut sorted = Words::default();
    for word in words {
        let bytes = word.as_bytes();
        let name = bytes.iter().position(|&b| b == b'=').and_then(|at| std::str::from_utf8(&bytes[..at]).ok());
        let to = if name.and_then(EnvironmentName::new).is_some() { &mut sorted.sources } else { &mut sorted.others };
        to.push(word.clone());
    }
    sorted
}

fn load(common: &CommonArguments, process: &Process) -> Result<Config, Failure> {
    let file = match &common.config {
        Some(file) => process.folder.join(file),
        None => config::find(&process.folder).ok_or_else(|| {
            let asked = process.folder.display();
            Failure::new(format!("there is no `{}` in `{asked}` or above it", config::FILE_NAME))
                .hint("name what to compare: driftline prod=/var/www/app staging=/srv/staging/app")
                .hint(
                    "or write a configuration to begin with: driftline init prod=/var/www/app staging=/srv/staging/app",
                )
                .hint("or look at an example: driftline demo")
        })?,
    };
    config::load(&file, process.home.as_deref()).map_err(|error| match error {
        ConfigError::Invalid(invalid) => Failure::Invalid(invalid),
        ConfigError::Read { path, source } => {
            Failure::because(format!("cannot read the configuration `{}`", path.display()), &source)
        }
    })
}

/// Typed environments take the place of configured ones; a configuration that was named as well gives everything else.
fn from_sources(sources: &[OsString], common: &CommonArguments, process: &Process) -> Result<Config, Failure> {
    let environments = config::from_arguments(sources, process.home.as_deref()).map_err(|errors| {
        let mut errors = errors.iter().map(ToString::to_string);
        let first = errors.next().unwrap_or_default();
        errors.fold(Failure::new(first), Failure::also)
    })?;
    let mut config = match &common.config {
        Some(_) => load(common, process)?,
        None => Config {
            environments: Vec::new(),
            baseline: None,
            focus: Vec::new(),
            ignore: Vec::new(),
            sensitive: Vec::new(),
            fixes: Vec::new(),
            accepts: Vec::new(),
            severities: Vec::new(),
            keep_days: None,
            notify: Vec::new(),
            file: None,
        },
    };
    let mut maps: BTreeMap<EnvironmentName, _> =
        config.environments.drain(..).map(|configured| (configured.name.clone(), configured)).collect();
    config.environments = environments;
    for environment in &mut config.environments {
        if let Some(configured) = maps.remove(&environment.name) {
            environment.map = configured.map;
            environment.role = configured.role;
            environment.expect = configured.expect;
        }
    }
    let is_there = |name: &EnvironmentName| config.environments.iter().any(|environment| environment.name == *name);
    config.baseline = config.baseline.take().filter(is_there);
    Ok(config)
}

/// Which of the words name configured environments.
fn named(config: &Config, words: Vec<OsString>) -> (Vec<EnvironmentName>, Vec<OsString>) {
    let mut names = Vec::new();
    let mut others = Vec::new();
    for word in words {
        let name = word.to_str().and_then(EnvironmentName::new);
        match name.filter(|name| config.environments.iter().any(|environment| environment.name == *name)) {
            Some(name) => names.push(name),
            None => others.push(word),
        }
    }
    (names, others)
}

fn skip(config: &mut Config, names: &[String]) -> Result<(), Failure> {
    for name in names {
        find_environment(config, name)?;
        config.environments.retain(|environment| environment.name.as_str() != name);
    }
    let is_there = |name: &EnvironmentName| config.environments.iter().any(|environment| environment.name == *name);
    config.baseline = config.baseline.take().filter(is_there);
    Ok(())
}

/// The number of an environment by its name.
pub(crate) fn find_environment(config: &Config, name: &str) -> Result<usize, Failure> {
    let known = names(config);
    known.iter().position(|known| *known == name).ok_or_else(|| {
        Failure::new(format!("there is no environment `{name}`")).hint(format!("there are: {}", known.join(", ")))
    })
}

fn names(config: &Config) -> Vec<&str> {
    config.environments.iter().map(|environment| environment.name.as_str()).collect()
}

fn check_number(config: &Config) -> Result<(), Failure> {
    match config.environments.len() {
        0 => Err(Failure::new("there is no environment left to look at")),
        number if number > MAX_ENVIRONMENTS => Err(Failure::new(format!(
            "{number} environments are too many: at most {MAX_ENVIRONMENTS} can be told apart"
        ))),
        _ => Ok(()),
    }
}

/// Lets every ssh be started with this configuration.
fn hand_on(config: &mut Config, file: &Path) {
    for environment in &mut config.environments {
        if let SourceSpec::Ssh { place, .. } = &mut environment.source {
            place.config = Some(file.to_owned());
        }
    }
}

/// One place under two names would be in sync with itself, and say so.
fn check_places(config: &Config) -> Result<(), Failure> {
    let mut known: BTreeMap<(PathBuf, Option<&str>), &EnvironmentName> = BTreeMap::new();
    let mut far: Vec<&Environment> = Vec::new();
    for environment in &config.environments {
        let (path, reference): (&Path, _) = match &environment.source {
            SourceSpec::Folder { path } | SourceSpec::Archive { path, .. } | SourceSpec::Snapshot { path } => {
                (path, None)
            }
            SourceSpec::Git { repository, reference } => (repository, Some(reference.as_str())),
            SourceSpec::Ssh { path, .. } | SourceSpec::Exec { path, .. } => {
                let same = far.iter().find(|other| other.source == environment.source);
                if let Some(other) = same {
                    return Err(same_place(&other.name, &environment.name, path));
                }
                far.push(environment);
                continue;
            }
        };
        // What is not there is reported when it is read.
        let Ok(place) = fs::canonicalize(path) else { continue };
        if let Some(other) = known.insert((place, reference), &environment.name) {
            return Err(same_place(other, &environment.name, path));
        }
    }
    Ok(())
}

fn same_place(one: &EnvironmentName, other: &EnvironmentName, path: &Path) -> Failure {
    Failure::new(format!("`{one}` and `{other}` are the same place: `{}`", path.display()))
        .hint("name two different places, or leave one out with --skip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_from_what_failed() {
        assert_eq!(
            parted("ssh ended with status 255: ssh: refused"),
            ("ssh ended with status 255", Some("ssh: refused"))
        );
        assert_eq!(parted("cannot read `a: b`: denied"), ("cannot read `a: b`", Some("denied")));
        assert_eq!(parted("`a: b` is not there"), ("`a: b` is not there", None));
    }

    #[test]
    fn sources_are_told_from_paths() {
        let words: Vec<OsString> = ["prod=/a", "./x=y", "a/b=c", "app.py", "=x"].map(OsString::from).to_vec();
        let sorted = sort(&words);
        assert_eq!(sorted.sources, ["prod=/a"]);
        assert_eq!(sorted.others, ["./x=y", "a/b=c", "app.py", "=x"]);
    }
}
