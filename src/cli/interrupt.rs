//! Signals that end a run, held back by a command that has something to take away first.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::{flag, low_level};

use crate::collect::Connections;

/// Takes connections to other machines down before a signal ends the process, for as long as it lives.
#[derive(Debug)]
pub(crate) struct TakeDown {
    handle: Handle,
    /// A signal came.
    came: Arc<AtomicBool>,
}

/// Taking down takes no longer than this.
const LONGEST: Duration = Duration::from_secs(5);

impl TakeDown {
    /// Waits for SIGHUP, SIGINT and SIGTERM from now on. A second one ends the process at once.
    pub(crate) fn of(connections: Connections) -> io::Result<Self> {
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
        }
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let handle = signals.handle();
        let came = Arc::clone(&again);
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                connections.take_down();
                // All of them end a process, so there is nothing after this.
                let _ = low_level::emulate_default_handler(signal);
            }
        });
        Ok(Self { handle, came })
    }
}

impl Drop for TakeDown {
    fn drop(&mut self) {
        if self.came.load(Ordering::SeqCst) {
            // The run found its connections gone and came to its end before the signal could end it: it is the signal that ends it.
            std::thread::sleep(LONGEST);
        }
        self.handle.close();
    }
}

/// Which signal came, 0 while there was none.
pub(crate) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Holds SIGINT and SIGTERM back from now on. A second one ends the process at once.
    pub(crate) fn hold() -> io::Result<Self> {
        let came = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag as it was before.
            flag::register_conditional_default(signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&came), signal.unsigned_abs() as usize)?;
        }
        Ok(Self(came))
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst) != 0
    }

    /// Ends the process as the signal that came would have done; nothing happens when none came.
    pub(crate) fn obey(&self) {
        if let Ok(signal @ 1..) = i32::try_from(self.0.load(Ordering::SeqCst)) {
            // Both signals end a process, so there is nothing after this.
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}
