//! What repositories know: commits as environments, the state of checkouts, earlier versions of files.
//!
//! [`GitReference`] is a source over the tree of a commit. [`judge()`] says what is uncommitted in a folder by holding its listing against
//! the index and HEAD. `GitHistory` gives earlier versions.
//!
//! No git program is asked and nothing of a repository is executed, included or written. libgit2 reads objects and nothing else
//! (opened alone, they have no config, no owner to be validated, no attributes); HEAD, references, index, config, attributes and ignore
//! rules are plain files that are parsed here. The user's and the system's config do not matter either: two people get one answer. That
//! includes a foreign owner: a repository is judged when its files can be read, which is safe because nothing in it is obeyed.
//!
//! A repository of another machine ([`judge_far`]) is judged by the same code: its files are held in memory, its objects in a quarantine.
//!
//! What cannot be known is [`crate::snapshot::GitState::Unknown`] or [`crate::snapshot::NotJudged`] with its reason: never clean, never modified.

mod ancestor;
mod attributes;
mod checkout;
mod commits;
mod config;
mod exclude;
mod facts;
mod far;
mod fault;
mod fetched;
mod files;
mod history;
mod index;
mod judge;
mod lfs;
mod merger;
mod objects;
mod patterns;
mod place;
mod quarantine;
mod reference;
mod refs;
mod repo;
mod revision;
mod staged;
mod store;
mod unstaged;
mod untracked;
mod walk;

pub(crate) use far::{FarCheckout, judge_far};
pub(crate) use history::{GitHistory, Histories};
pub(crate) use judge::judge;
pub(crate) use merger::merge_text;
pub use reference::GitReference;
pub(crate) use reference::is_readable;
