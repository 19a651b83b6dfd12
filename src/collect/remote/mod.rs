//! Folders of other machines: over `ssh`, or by way of any command that runs a command.
//!
//! Nothing needs to be installed there. One fixed POSIX sh program (`script.sh`; `git.sh` where a repository is asked about) goes in
//! by stdin, finds out what the far side has, and answers in records ([`records`], pure). Where driftline itself is installed and speaks
//! them too, it answers instead ([`serve()`]): it digests under every algorithm, folds texts, and leaves access times alone. Whatever
//! ends early is incomplete: what was read is kept, and the rest is unknown.

mod about;
mod checkup;
mod connections;
mod git;
mod listing;
mod records;
mod runner;
mod script;
mod serve;
mod source;
mod ssh;
mod words;

pub(super) use checkup::{Way, open_to};
pub use connections::Connections;
pub use serve::{Asked, serve};
pub(super) use source::RemoteFolder;
pub(super) use words::origin;

/// What `driftline collect --protocol` prints. It changes with the records, and only with them.
pub const PROTOCOL: &str = "driftline-records 2";
