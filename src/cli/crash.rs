//! What happens when the program is wrong about itself: few words, and no secret among them.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, Location};

use crate::cli::exit::Exit;
use crate::cli::output;

/// Runs it; a panic, of any thread that is waited for, is said in [`words`] and ends it with [`Exit::Error`].
pub(crate) fn guarded(run: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(|info| {
        let words = words(info.payload(), info.location());
        output::aside(|out| out.write_all(words.as_bytes()));
    }));
    // Nothing of it is used afterwards.
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Error)
}

/// A message that was put together may quote a text that was read, with the secrets in it; one that stands in the program does not.
fn words(payload: &dyn Any, location: Option<&Location<'_>>) -> String {
    let what =
        payload.downcast_ref::<&'static str>().copied().unwrap_or("a text that may hold secrets is left out here");
    let place = location.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "error: driftline {version} failed at {place}: {what}\n\
         hint: this is a mistake in driftline: tell its authors this line and what you typed\n"
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "DRIFTLINE_TEST_CRASHES";
    const SECRET: &str = "Xq7rT9mK2pL4vB8n";

    /// In a process of its own: what is done about panics is done for all of one.
    #[test]
    fn a_panic_tells_no_secret_and_is_an_error() {
        if std::env::var_os(CHILD).is_some() {
            let text = format!("PASSWORD={SECRET}\u{e9}");
            let crash = |run: &dyn Fn()| {
                let exit = guarded(|| {
                    run();
                    Exit::InSync
                });
                assert!(exit == Exit::Error, "a panic is an error");
            };
            // The standard library quotes the text whose parts do not end there.
            crash(&|| drop(text[..text.len() - 1].to_owned()));
            crash(&|| panic!("found {text}"));
            crash(&|| panic!("plain words"));
            let wait = || std::thread::scope(|scope| scope.spawn(|| panic!("found {text}")).join());
            crash(&|| wait().unwrap_or_else(|payload| panic::resume_unwind(payload)));
            return;
        }
        let test = "cli::crash::tests::a_panic_tells_no_secret_and_is_an_error";
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--exact", test, "--nocapture"]).env(CHILD, "1").output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}");
        assert_eq!(said.matches("is a mistake in driftline").count(), 4, "{said}");
        assert_eq!(said.matches("is left out here").count(), 3, "{said}");
        assert!(said.contains(": plain words") && said.contains("crash.rs:"), "{said}");
        assert!(!said.contains(SECRET), "{said}");
    }
}
