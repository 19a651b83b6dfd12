//! The situations that must work, one file each.

mod backfill;
mod fixes;
mod hodlxxi;
mod must_show;
mod nights;
pub(crate) mod oncalls;
