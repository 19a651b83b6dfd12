//! What runs a report every night: units for systemd, and a line for cron.
//!
//! [`Schedule`] is what is known about the run; [`write_units`], [`write_service`], [`write_timer`] and [`write_crontab`] only write it. What is
//! written leaves open what the environments of that configuration need, and shuts the rest. Nothing is installed: how to do that stands
//! in comments.

mod cron;
mod service;
mod words;

pub use cron::{LONGEST_LINE, write_crontab};
pub use service::write_service;

use std::io::{self, Write};

use crate::report::escape;

/// A report that is made every night.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// What the units are called, without their endings: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The program and its arguments; every path in it is absolute.
    pub command: Vec<String>,
    /// The command that prints a part of this when the name of the part is added to it.
    pub printing: Vec<String>,
    /// The arguments of `doctor` over the same environments, with the program before them.
    pub trying: Vec<String>,
    /// When, in the time of the machine.
    pub at: TimeOfDay,
    /// The login name of whoever it runs as, or the number.
    pub user: String,
    /// That is the superuser.
    pub is_root: bool,
    /// The folder to run in, where that matters.
    pub folder: Option<String>,
    /// The folders that are written to; each one absolute and without `..`.
    pub writable: Vec<String>,
    /// Where programs are looked for, where that is not as usual.
    pub search: Option<String>,
    /// The environment variables that have secrets for those who are told about a report.
    pub variables: Vec<String>,
    /// What it needs of the machine.
    pub needs: Needs,
}

/// An hour and a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

/// What the environments of a configuration need of the machine.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a need of its own")]
pub struct Needs {
    /// Other machines are reached over ssh.
    pub ssh: bool,
    /// Somebody is told about reports over the network.
    pub tells: bool,
    /// Commands of the configuration are run (`exec`, `sendmail`), whose own needs nobody knows.
    pub programs: Programs,
    /// A command puts mail into a spool.
    pub spool: bool,
    /// Something that is read or written lies in a home folder.
    pub home: bool,
    /// Something that is read or written lies in a folder of temporary files.
    pub temporary: bool,
}

/// Commands that a configuration runs, by what they may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Programs {
    /// There are none.
    #[default]
    None,
    /// They stay who they are.
    Plain,
    /// One of them may have to become another user.
    Privileged,
}

impl Needs {
    /// Something is reached that is not on this machine, or might not be.
    pub fn network(self) -> bool {
        self.ssh || self.tells || self.programs > Programs::None
    }
}

impl TimeOfDay {
    /// Reads `02:30`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "this is no time of day: write hours and minutes, such as 02:30";
        let number = |text: &str, below: u8| {
            let is_number = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u8>().ok().filter(|number| is_number && *number < below)
        };
        let (hour, minute) = text.split_once(':').ok_or(wrong)?;
        let minute = number(minute, 60).filter(|_| minute.len() == 2).ok_or(wrong)?;
        Ok(Self { hour: number(hour, 24).ok_or(wrong)?, minute })
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// Which systemd runs the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// That of the machine; the unit runs as the user.
    System,
    /// That of the user.
    User,
}

/// Writes both units with how to install them, to be read by people.
pub fn write_units(schedule: &Schedule, manager: Manager, out: &mut dyn Write) -> io::Result<()> {
    let name = &schedule.name;
    writeln!(out, "# Two units that make a report every night at {}. Nothing was installed; to do that:", schedule.at)?;
    writeln!(out, "#")?;
    let (folder, control) = match manager {
        Manager::System if schedule.is_root => ("/etc/systemd/system", "systemctl"),
        Manager::System => ("/etc/systemd/system", "sudo systemctl"),
        Manager::User => ("~/.config/systemd/user", "systemctl --user"),
    };
    let writable: Vec<String> = schedule.writable.iter().map(|folder| shell(folder)).collect();
    if !writable.is_empty() {
        writeln!(out, "#   mkdir -p -m 700 {}", writable.join(" "))?;
    }
    if manager == Manager::User {
        writeln!(out, "#   mkdir -p {folder}")?;
    }
    let printing = shell_line(&schedule.printing);
    for part in ["service", "timer"] {
        let file = format!("{folder}/{name}.{part}");
        if manager == Manager::System && !schedule.is_root {
            writeln!(out, "#   {printing} --as {part} | sudo tee {file} >/dev/null")?;
        } else {
            writeln!(out, "#   {printing} --as {part} > {file}")?;
        }
    }
    writeln!(out, "#   {control} daemon-reload && {control} enable --now {name}.timer")?;
    if manager == Manager::User {
        writeln!(out, "#   loginctl enable-linger        # it runs when you are not logged in, too")?;
    }
    let journal = if manager == Manager::User { "journalctl --user" } else { "journalctl" };
    writeln!(out, "#\n# A first run: {control} start {name}.service; what it said: {journal} -u {name}.service")?;
    write_about_keys(schedule, out)?;
    write_about_variables(schedule, manager, out)?;
    writeln!(out, "\n# ----- {folder}/{name}.service\n")?;
    write_service(schedule, manager, out)?;
    writeln!(out, "\n# ----- {folder}/{name}.timer\n")?;
    write_timer(schedule, out)
}

/// Writes the timer that starts the service.
pub fn write_timer(schedule: &Schedule, out: &mut dyn Write) -> io::Result<()> {
    let Schedule { name, at, .. } = schedule;
    write!(
        out,
        "[Unit]\n\
         Description=Nightly report of {name}\n\
         \n\
         [Timer]\n\
         OnCalendar=*-*-* {at}:00\n\
         # Not all timers of that minute begin at once.\n\
         RandomizedDelaySec=10min\n\
         # A night on which this machine was off is made up for.\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n"
    )
}

/// Says what ssh needs where nobody sits before it.
fn write_about_keys(schedule: &Schedule, out: &mut dyn Write) -> io::Result<()> {
    if !schedule.needs.ssh {
        return Ok(());
    }
    let user = &schedule.user;
    let trying = shell_line(&schedule.trying);
    writeln!(
        out,
        "#\n# At night there is no ssh agent, and ssh asks nobody (BatchMode). It needs a key of {user} without a passphrase, best"
    )?;
    writeln!(
        out,
        "# one that the servers let in for reading only, and their keys in known_hosts. To see whether that is so:"
    )?;
    writeln!(out, "#   env -u SSH_AUTH_SOCK {trying}")
}

/// Says where the variables go that have secrets: the unit itself may be read by everybody.
fn write_about_variables(schedule: &Schedule, manager: Manager, out: &mut dyn Write) -> io::Result<()> {
    let variables = &schedule.variables;
    if variables.is_empty() {
        return Ok(());
    }
    let file = service::environment_file(schedule, manager).replace("%h", "~");
    let lines: Vec<String> = variables.iter().map(|variable| format!("{variable}=...")).collect();
    writeln!(out, "#\n# Who is told about reports is reached by secrets. Put them into {file}, one a line,")?;
    writeln!(out, "# and let nobody else read it (chmod 600): {}", lines.join(", "))
}

fn shell_line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell(word)).collect();
    words.join(" ")
}

/// Every word was looked at before: what cannot be typed is in no schedule.
fn shell(word: &str) -> String {
    escape::shell_word(word.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
