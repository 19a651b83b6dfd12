//! Which paths a person means.
