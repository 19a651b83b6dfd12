//! Folders of other machines: over `ssh`, or by way of any command that runs a command.
//!
//! Nothing is installed there. A fixed POSIX sh program (`script.sh`; `git.sh` where a repository is asked about) goes in by stdin, finds out
//! what the far side has, and answers in records ([`records`], pure). Whatever ends early is incomplete: what was read is kept, and the rest is unknown.

mod checkup;
mod git;
mod listing;
mod records;
mod runner;
mod source;
mod ssh;
mod words;

pub(super) use checkup::{Way, open_to};
pub(super) use source::{RemoteFolder, origin};
