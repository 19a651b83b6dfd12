//! The situations that must work, one file each.

mod must_show;
mod oncalls;
