//! What tests share.

pub(crate) mod browser;
pub(crate) mod collecting;
pub(crate) mod git_status;
pub(crate) mod memory;
pub(crate) mod numbers;
pub(crate) mod pack;
pub(crate) mod proxy;
pub(crate) mod repo;
pub(crate) mod run;
pub(crate) mod sshd;
pub(crate) mod tree;
pub(crate) mod user;
