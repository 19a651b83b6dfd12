//! The situations that must work, one file each.

mod oncalls;
