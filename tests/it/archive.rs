//! Archives that are odd, broken or hostile.
