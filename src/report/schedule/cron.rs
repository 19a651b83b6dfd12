//! A line for cron.

use std::io::{self, Write};

use super::words::cron_word;
use super::{Schedule, write_about_keys};

/// Some crons take no command that is longer, in bytes.
pub const LONGEST_LINE: usize = 990;

/// Writes the line, with what there is to know about it in comments.
///
/// # Errors
/// Those of `out`, and one of the kind `InvalidInput` when the line is longer than [`LONGEST_LINE`].
pub fn write_crontab(schedule: &Schedule, out: &mut dyn Write) -> io::Result<()> {
    let line = line(schedule);
    if line.len() > LONGEST_LINE {
        let words = format!("it is {} bytes long, and some crons take no more than {LONGEST_LINE}", line.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    let user = &schedule.user;
    writeln!(
        out,
        "# A line that makes a report every night at {}. Nothing was installed: put it into `crontab -e` of {user}.",
        schedule.at
    )?;
    writeln!(out, "# cron sends the summary by mail (MAILTO); put >/dev/null at its end if nobody wants it.")?;
    write_about_keys(schedule, out)?;
    if !schedule.variables.is_empty() {
        let lines: Vec<String> = schedule.variables.iter().map(|variable| format!("{variable}=...")).collect();
        writeln!(
            out,
            "# Who is told about reports is reached by secrets: put these lines above it: {}",
            lines.join(", ")
        )?;
    }
    writeln!(out, "{line}")
}

fn line(schedule: &Schedule) -> String {
    let at = schedule.at;
    let words: Vec<String> = schedule.command.iter().map(|word| cron_word(word)).collect();
    let search = schedule.search.iter().map(|search| format!("PATH={} ", cron_word(search)));
    let folder = schedule.folder.iter().map(|folder| format!("cd {} && ", cron_word(folder)));
    let before: String = folder.chain(search).collect();
    format!("{} {} * * * umask 077; {before}nice -n 10 {}", at.minute, at.hour, words.join(" "))
}
