//! Tries again what may go better the next time, until the time is over.

use std::thread;
use std::time::{Duration, Instant};

/// So long is waited after a first try; after each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Why a try failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// In words.
    pub(super) why: String,
    /// It may go better the next time.
    pub(super) passes: bool,
    /// The other side asked to be left alone for so long.
    pub(super) wait: Option<Duration>,
}

impl Trouble {
    pub(super) fn lasting(why: impl Into<String>) -> Self {
        Self { why: why.into(), passes: false, wait: None }
    }

    pub(super) fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), passes: true, wait: None }
    }
}

/// Tries until it works, it is known not to, or the time is over. `limit` is for words alone.
pub(super) fn until(
    end: Instant,
    limit: Duration,
    mut attempt: impl FnMut(Duration) -> Result<(), Trouble>,
) -> Result<(), String> {
    let mut pause = FIRST_WAIT;
    let mut tries = 0;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(no_answer(limit));
        }
        tries += 1;
        let Err(trouble) = attempt(left) else { return Ok(()) };
        let wait = trouble.wait.unwrap_or_default().max(pause);
        if !trouble.passes {
            return Err(trouble.why);
        }
        if Instant::now() + wait >= end {
            let times = if tries == 1 { String::new() } else { format!(" ({tries} tries)") };
            return Err(format!("{}{times}", trouble.why));
        }
        thread::sleep(wait);
        pause *= 2;
    }
}

/// That the time is over.
pub(super) fn no_answer(limit: Duration) -> String {
    format!("there was no answer within {}", crate::report::layout::counted(limit.as_secs(), "second", "seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let long = Instant::now() + Duration::from_secs(600);
        let mut tries = 0;
        let lasting = until(long, Duration::ZERO, |_| {
            tries += 1;
            Err(Trouble::lasting("gone"))
        });
        assert_eq!((lasting, tries), (Err("gone".to_owned()), 1));
        let mut tries = 0;
        let passing = until(long, Duration::ZERO, |_| {
            tries += 1;
            if tries < 3 { Err(Trouble::passing("busy")) } else { Ok(()) }
        });
        assert_eq!((passing, tries), (Ok(()), 3));
    }

    #[test]
    fn a_wait_that_is_longer_than_what_is_left_is_not_begun() {
        let end = Instant::now() + Duration::from_secs(600);
        let mut tries = 0;
        let asked = until(end, Duration::ZERO, |_| {
            tries += 1;
            Err(Trouble { wait: Some(Duration::from_secs(3600)), ..Trouble::passing("come back later") })
        });
        assert_eq!((asked, tries), (Err("come back later".to_owned()), 1));
        let over = until(Instant::now(), Duration::from_secs(30), |_| panic!("there is no time left"));
        assert_eq!(over, Err("there was no answer within 30 seconds".to_owned()));
    }
}
