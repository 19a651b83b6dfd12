//! The situations that must work, one file each.

mod backfill;
mod fixes;
mod must_show;
pub(crate) mod oncalls;
