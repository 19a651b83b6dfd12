//! What the exit status says. Help texts and the man page are made from this table.

use std::fmt::Write as _;
use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing was found at or above the level of `--fail-on`, and all was read.
    InSync = 0,
    /// Something was found.
    Drift = 1,
    /// The question was wrong, or the program failed.
    Error = 2,
    /// Something could not be read: the answer is incomplete.
    Incomplete = 3,
}

impl Exit {
    /// All of them, in order, with their meaning.
    pub const TABLE: [(Exit, &'static str); 4] = [
        (Exit::InSync, "in sync: no finding at or above --fail-on, and all was read"),
        (Exit::Drift, "drift: at least one finding at or above --fail-on (default: warning; `never` turns it off)"),
        (Exit::Error, "the arguments or the configuration are wrong, or driftline failed"),
        (
            Exit::Incomplete,
            "something could not be read, or the history of reports not be kept: the answer is incomplete (--allow-incomplete turns it off); or somebody was not told of a report",
        ),
    ];

    /// The table as text, a line each.
    pub fn table() -> String {
        let mut text = String::from("Exit status:\n");
        for (exit, meaning) in Self::TABLE {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {:>3}  {meaning}", exit as u8);
        }
        text.push_str("  130, 143  ended by a signal");
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
