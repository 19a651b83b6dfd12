//! The situations that must work, one file each.

mod fixes;
mod must_show;
mod oncalls;
