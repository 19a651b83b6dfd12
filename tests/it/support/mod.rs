//! What tests share.

pub(crate) mod collecting;
pub mod memory;
pub(crate) mod run;
pub(crate) mod tree;
pub(crate) mod user;
