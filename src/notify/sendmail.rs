//! Hands a mail to a command, as `sendmail -t` takes it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lettre::Message;
use rustix::process::{Pid, Signal, kill_process_group};

use super::retry::no_answer;
use crate::report::escape;

/// How often it is looked whether the command has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// More of what a command says is not shown.
const SAID: u64 = 300;

/// Runs the command with the mail on its stdin, once: a mailer has its own ways to try again.
pub(super) fn send(command: &[String], message: &Message, limit: Duration, until: Instant) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Err("no command is named".to_owned()) };
    let shown = escape::name(program.as_bytes()).into_owned();
    let failed = |error: io::Error| format!("cannot run `{shown}`: {}", error.kind());
    // Files and no pipes: whatever the command leaves running or unread, nothing waits for it.
    let mut stderr = tempfile::tempfile().map_err(failed)?;
    let stdin = on_disk(message).map_err(failed)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(stderr.try_clone().map_err(failed)?)
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let Some(status) = ended(&mut child, until).map_err(failed)? else {
        return Err(format!("`{shown}`: {}", no_answer(limit)));
    };
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    let read = stderr.rewind().and_then(|()| stderr.take(SAID).read_to_end(&mut said));
    let said = read.map_or(String::new(), |_| escape::text(said.trim_ascii()).into_owned());
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Err(format!("`{shown}` ended with {status}{said}"))
}

/// The mail with line ends as this system has them, which is what such commands read.
fn on_disk(message: &Message) -> io::Result<File> {
    let bytes = message.formatted();
    let text = bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let text = text.collect::<Vec<_>>().join(&b'\n');
    let mut file = tempfile::tempfile()?;
    file.write_all(&text)?;
    file.rewind()?;
    Ok(file)
}

/// How it ended; it and what it started is ended where it did not in time.
fn ended(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended just now.
                let _ = kill_process_group(group, Signal::KILL);
            }
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_AGAIN);
    }
}
