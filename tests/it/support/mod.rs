//! What tests share.

pub(crate) mod run;
