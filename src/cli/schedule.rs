//! `driftline schedule`: prints what makes a report every night, and installs nothing.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::cli::args::{CommonArguments, FAIL_ON, ScheduleArguments, Scheduler, TIMEOUT};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::config::{Channel, KnownBy, Notify, SecretPlace, SourceSpec};
use crate::history::MadeOf;
use crate::report::escape;
use crate::report::schedule::{
    Manager, Needs, Programs, Schedule, write_crontab, write_service, write_timer, write_units,
};

/// What is made when no form is named: one for people, one for programs.
const FORMATS: [&str; 2] = ["html", "json"];
/// Where programs are looked for besides, when that is told to cron and systemd.
const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Commands of which it is known that they become nobody else: what they ask for is done by a service, or elsewhere.
const UNPRIVILEGED: [&str; 9] =
    ["docker", "kubectl", "oc", "ssh", "lxc", "incus", "nerdctl", "crictl", "podman-remote"];

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &ScheduleArguments,
) -> Result<Exit, Failure> {
    if arguments.user && arguments.scheduler == Scheduler::Cron {
        return Err(Failure::new("a crontab is always that of a user, and has no units").hint("leave out --user"));
    }
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    session.refuse(&others)?;
    let MadeOf::Config(_) = session.made_of() else {
        return Err(Failure::new("only a configuration can be scheduled, and these environments were typed")
            .hint("write one, which reports and acceptances need as well: driftline init prod=/var/www/app staging=/srv/staging/app"));
    };
    let schedule = schedule(&session, arguments)?;
    let manager = if arguments.user { Manager::User } else { Manager::System };
    let written = output::data(|out| match arguments.scheduler {
        Scheduler::Systemd => write_units(&schedule, manager, out),
        Scheduler::Service => write_service(&schedule, manager, out),
        Scheduler::Timer => write_timer(&schedule, out),
        Scheduler::Cron => write_crontab(&schedule, out),
    });
    match written {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err(Failure::because("the line for cron is too long", &error)
                .hint("use --as systemd, or put the command into a script of your own"))
        }
        written => Ok(written.map(|()| Exit::InSync)?),
    }
}

/// Where everything is that has a part in it.
struct Places {
    program: PathBuf,
    config: PathBuf,
    state: Option<PathBuf>,
    reports: PathBuf,
    ssh_config: Option<PathBuf>,
    /// The folder to run in: commands of the configuration may look there.
    folder: Option<PathBuf>,
}

impl Places {
    fn new(session: &Session, arguments: &ScheduleArguments, name: &str) -> Result<Self, Failure> {
        let process = &session.process;
        let program = process.program.clone().ok_or_else(|| {
            Failure::new("the system does not say which file this program is")
                .hint("it is told by /proc, which has to be mounted")
        })?;
        let is_odd = |byte: &u8| b"'\"\\".contains(byte);
        if arguments.scheduler != Scheduler::Cron && program.as_os_str().as_bytes().iter().any(is_odd) {
            let shown = escape::name(program.as_os_str().as_bytes());
            return Err(Failure::new(format!("systemd starts no program that is called `{shown}`")).hint(
                "put driftline where there is neither a quote nor a backslash in its path, such as /usr/local/bin",
            ));
        }
        let config = session.config.file.as_ref().map(|file| whole(session, file)).transpose()?.unwrap_or_default();
        let state = session.state_dir().map(|folder| whole(session, folder)).transpose()?;
        let reports = match (&arguments.out, &state) {
            (Some(out), _) => whole(session, out)?,
            (None, Some(state)) => state.join("reports").join(name),
            (None, None) => {
                return Err(Failure::new("there is no state folder to put the reports into")
                    .hint("name a folder for them: --out /srv/reports"));
            }
        };
        session.keep_out(&reports)?;
        let ssh_config = session.common.ssh_config.as_ref().map(|file| whole(session, file)).transpose()?;
        let folder = commands(session).next().map(|_| process.folder.clone());
        Ok(Self { program, config, state, reports, ssh_config, folder })
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        let own = [&self.program, &self.config, &self.reports].into_iter();
        own.chain(&self.state).chain(&self.ssh_config).chain(&self.folder)
    }

    fn writable(&self) -> impl Iterator<Item = &PathBuf> {
        let is_outside = |reports: &&PathBuf| self.state.as_ref().is_none_or(|state| !reports.starts_with(state));
        self.state.iter().chain(Some(&self.reports).filter(is_outside))
    }
}

fn schedule(session: &Session, arguments: &ScheduleArguments) -> Result<Schedule, Failure> {
    let process = &session.process;
    let name = name(session, arguments)?;
    let places = Places::new(session, arguments, &name)?;
    let needs = needs(session, &places);
    let mut reading = Vec::new();
    for (key, path) in [
        ("--config", Some(&places.config)),
        ("--state-dir", places.state.as_ref()),
        ("--ssh-config", places.ssh_config.as_ref()),
    ] {
        if let Some(path) = path {
            reading.extend([key.to_owned(), word(path.as_os_str())?]);
        }
    }
    reading.extend(read_so(session));
    let mut report = reading.clone();
    report.extend(judged_so(session));
    report.extend(["--out".to_owned(), word(places.reports.as_os_str())?]);
    let formats = &session.common.formats;
    let formats = if formats.is_empty() { FORMATS.map(str::to_owned).to_vec() } else { formats.clone() };
    report.extend(formats.into_iter().flat_map(|format| ["--format".to_owned(), format]));
    let program = word(places.program.as_os_str())?;
    let command = |words: &[&str], settings: &[String]| -> Result<Vec<String>, Failure> {
        let words = words.iter().map(OsStr::new).chain(arguments.environments.iter().map(OsString::as_os_str));
        let words = words.chain(settings.iter().map(OsStr::new)).map(word);
        std::iter::once(Ok(program.clone())).chain(words).collect()
    };
    let at = arguments.at;
    let mut printing = command(&["schedule", "--at", &at.to_string(), "--name", &name], &report)?;
    printing.extend(arguments.user.then(|| "--user".to_owned()));
    let programs = commands(session).map(|command| command[0].as_str()).chain(needs.ssh.then_some("ssh"));
    Ok(Schedule {
        printing,
        trying: command(&["doctor"], &reading)?,
        command: command(&["report"], &report)?,
        at,
        user: process.user.clone(),
        is_root: process.is_root,
        folder: places.folder.as_deref().map(working_folder).transpose()?,
        writable: places.writable().map(|folder| word(folder.as_os_str())).collect::<Result<_, _>>()?,
        search: search(process, programs),
        variables: variables(session),
        needs,
        name: if name.starts_with("driftline") { name } else { format!("driftline-{name}") },
    })
}

/// The commands that the configuration runs to read environments.
fn commands(session: &Session) -> impl Iterator<Item = &Vec<String>> {
    session.config.environments.iter().filter_map(|environment| match &environment.source {
        SourceSpec::Exec { command, .. } => Some(command),
        _ => None,
    })
}

/// What units and folders of reports are called.
fn name(session: &Session, arguments: &ScheduleArguments) -> Result<String, Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if let Some(name) = &arguments.name {
        let is_name =
            !name.is_empty() && name.len() <= 100 && name.chars().all(is_plain) && !name.starts_with(['.', '-']);
        let shown = escape::name(name.as_bytes());
        return if is_name {
            Ok(name.clone())
        } else {
            Err(Failure::new(format!("`{shown}` is no name for a unit")).hint("take letters, digits, `.`, `_` and `-`"))
        };
    }
    let project = session.project().unwrap_or_default();
    let plain: String = project.chars().map(|c| if is_plain(c) { c } else { '-' }).take(60).collect();
    let plain = plain.trim_start_matches(['.', '-']);
    Ok(if plain.is_empty() { "driftline".to_owned() } else { plain.to_owned() })
}

/// Where the secret is that it takes to tell somebody.
fn secret(notify: &Notify) -> Option<&SecretPlace> {
    match &notify.channel {
        Channel::Webhook { url, .. } => Some(url),
        Channel::Smtp { login, .. } => login.as_ref().map(|(_, password)| password),
        Channel::Sendmail { .. } => None,
    }
}

/// The environment variables that have secrets.
fn variables(session: &Session) -> Vec<String> {
    let mut variables: Vec<String> = session
        .config
        .notify
        .iter()
        .filter_map(secret)
        .filter_map(|secret| match secret {
            SecretPlace::Variable(name) => Some(name.clone()),
            SecretPlace::File(_) => None,
        })
        .collect();
    variables.sort_unstable();
    variables.dedup();
    variables
}

/// What the configuration needs of the machine.
fn needs(session: &Session, places: &Places) -> Needs {
    let mut needs = Needs::default();
    let mut places: Vec<PathBuf> = places.all().cloned().collect();
    for environment in &session.config.environments {
        match &environment.source {
            SourceSpec::Folder { path }
            | SourceSpec::Archive { path, .. }
            | SourceSpec::Snapshot { path }
            | SourceSpec::Git { repository: path, .. } => {
                places.push(session.process.folder.join(path));
            }
            // Its keys, its known hosts and its configuration are at home.
            SourceSpec::Ssh { .. } => (needs.ssh, needs.home) = (true, true),
            SourceSpec::Exec { command, .. } => {
                needs.home = true;
                let program = Path::new(&command[0]).file_name().unwrap_or_default();
                let is_plain = UNPRIVILEGED.iter().any(|known| program == *known);
                needs.programs = needs.programs.max(if is_plain { Programs::Plain } else { Programs::Privileged });
                places.extend(command.iter().map(PathBuf::from));
            }
        }
    }
    places.extend(session.config.fixes.iter().filter_map(|fix| match &fix.known {
        KnownBy::Patch { path, .. } => Some(session.process.folder.join(path)),
        _ => None,
    }));
    for notify in &session.config.notify {
        places.extend(notify.ca_file.clone());
        match &notify.channel {
            Channel::Webhook { .. } | Channel::Smtp { .. } => needs.tells = true,
            // It belongs to a group that may write to the spool, and its mail waits there.
            Channel::Sendmail { .. } => (needs.programs, needs.spool) = (Programs::Privileged, true),
        }
        places.extend(secret(notify).and_then(|secret| match secret {
            SecretPlace::File(path) => Some(path.clone()),
            SecretPlace::Variable(_) => None,
        }));
    }
    // A link may lead there as well.
    let behind: Vec<PathBuf> = places.iter().filter_map(|place| fs::canonicalize(place).ok()).collect();
    let is_in = |folders: &[&str]| {
        places.iter().chain(&behind).any(|place| folders.iter().any(|folder| place.starts_with(folder)))
    };
    needs.home |= is_in(&["/home", "/root", "/run/user"]);
    needs.temporary = is_in(&["/tmp", "/var/tmp"]);
    needs
}

/// What was typed about reading, and holds for every report.
fn read_so(session: &Session) -> Vec<String> {
    let common = &session.common;
    let mut settings = Vec::new();
    let mut add = |key: &str, value: String| settings.extend([key.to_owned(), value]);
    common.skip.iter().for_each(|name| add("--skip", name.clone()));
    common.ignore.iter().for_each(|rule| add("--ignore", rule.clone()));
    if common.timeout != TIMEOUT {
        add("--timeout", common.timeout.to_string());
    }
    common.threads.iter().for_each(|threads| add("--threads", threads.to_string()));
    let flags = [("--no-state", common.no_state), ("--rehash", common.rehash)];
    settings.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| (*flag).to_owned()));
    settings
}

/// What was typed about the status.
fn judged_so(session: &Session) -> Vec<String> {
    let common = &session.common;
    let fail_on = common.fail_on.to_string();
    let mut settings = Vec::new();
    if fail_on != FAIL_ON {
        settings.extend(["--fail-on".to_owned(), fail_on]);
    }
    settings.extend(common.allow_incomplete.then(|| "--allow-incomplete".to_owned()));
    settings
}

/// A word that a unit, a crontab and a terminal can show.
fn word(word: &OsStr) -> Result<String, Failure> {
    let typed = word.to_str().filter(|_| escape::shell_word(word.as_bytes()).is_some());
    typed.map(str::to_owned).ok_or_else(|| {
        let shown = escape::name(word.as_bytes());
        Failure::new(format!("`{shown}` cannot stand in a unit or a crontab: not all of its characters can be typed"))
            .hint("rename it, or reach it by a link with a plain name")
    })
}

/// systemd takes this one as it stands, without quotes.
fn working_folder(folder: &Path) -> Result<String, Failure> {
    let text = word(folder.as_os_str())?;
    if text.ends_with([' ', '\\']) {
        return Err(Failure::new(format!("`{text}` cannot be the working folder of a unit"))
            .hint("call this from another folder"));
    }
    Ok(text)
}

/// A path from the root without `..`, which systemd does not take.
fn whole(session: &Session, path: &Path) -> Result<PathBuf, Failure> {
    let path: PathBuf = session.process.folder.join(path).components().collect();
    if !path.components().any(|part| part == Component::ParentDir) {
        return Ok(path);
    }
    let is_plain = |rest: &Path| rest.components().all(|part| part != Component::ParentDir);
    let found = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    let whole =
        found.and_then(|(above, whole)| Some((path.strip_prefix(above).ok().filter(|rest| is_plain(rest))?, whole)));
    whole.map(|(rest, whole)| whole.join(rest)).ok_or_else(|| {
        Failure::new(format!("nobody knows where `{}` is", escape::name(path.as_os_str().as_bytes())))
            .hint("name it without `..`, or make the folders first")
    })
}

/// Where programs are looked for, when one of these is not where cron and systemd look for it in any case.
fn search<'a>(process: &Process, programs: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut folders: Vec<String> = Vec::new();
    for program in programs.filter(|program| !program.contains('/')) {
        let found = process.search.iter().find(|folder| folder.is_absolute() && folder.join(program).is_file());
        let folder = found.and_then(|folder| word(folder.as_os_str()).ok());
        folders.extend(folder.filter(|folder| !folder.contains(':') && !["/usr/bin", "/bin"].contains(&&**folder)));
    }
    if folders.is_empty() {
        return None;
    }
    folders.retain(|folder| !SEARCH.split(':').any(|usual| usual == folder));
    folders.dedup();
    folders.push(SEARCH.to_owned());
    Some(folders.join(":"))
}
