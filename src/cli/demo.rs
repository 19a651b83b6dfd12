//! `driftline demo`: three drifted servers to look at.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::cli::args::{CommonArguments, DemoArguments, DiffArguments, Format, View};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::cli::{diff, status};
use crate::demo::{self, Variant};
use crate::report::escape;
use crate::report::style::Look;

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &DemoArguments,
) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.keep {
        return look(common, process, output, folder, arguments, || false);
    }
    let failed = |error| Failure::because("cannot make a temporary folder for the demo", &error);
    let interrupt = Interrupt::hold().map_err(failed)?;
    let vanishing = tempfile::Builder::new().prefix("driftline-demo-").tempdir().map_err(failed)?;
    let looked = look(common, process, output, &vanishing.path().join("oncalls"), arguments, || interrupt.came());
    drop(vanishing);
    interrupt.obey();
    looked
}

/// Lays the servers out and looks at them, until somebody wants it to end.
fn look(
    common: CommonArguments,
    process: Process,
    output: Output,
    folder: &Path,
    arguments: &DemoArguments,
    is_over: impl Fn() -> bool,
) -> Result<Exit, Failure> {
    demo::lay_out(folder, Variant::Before)
        .map_err(|error| Failure::because(format!("cannot lay the demo out in `{}`", folder.display()), &error))?;
    if is_over() {
        return Ok(Exit::InSync);
    }
    // What is read here is gone, or somebody's to play with: nothing about it is worth keeping.
    let common = CommonArguments { config: Some(folder.join("driftline.toml")), no_state: true, ..common };
    let (session, _) = Session::open(common, process, output, &[])?;
    let say = |text: String| {
        if session.common.format == Format::Text { output::data(|out| out.write_all(text.as_bytes())) } else { Ok(()) }
    };
    let prompt = |command: &str| format!("{}\n\n", session.output.styles.paint(Look::Command, format!("$ {command}")));
    say(format!(
        "Three servers of one application, drifted apart (made up for this demo).\n\n{}",
        prompt("driftline")
    ))?;
    status::show(&session, |_| Vec::new())?;
    if is_over() || session.common.format == Format::Json {
        return Ok(Exit::InSync);
    }
    say(format!("\n{}", prompt("driftline diff MemberService")))?;
    let chosen = DiffArguments { words: vec!["MemberService".into()], all: false, base: None, view: View::Regions };
    diff::show(&session, &chosen, &["MemberService".into()], Vec::new())?;
    say(format!("\n{}", farewell(arguments.keep.as_deref())))?;
    Ok(Exit::InSync)
}

fn farewell(kept: Option<&Path>) -> String {
    match kept {
        Some(folder) => format!(
            "The servers stay in `{}`. Go there and try:\n  cd {}\n  driftline\n  driftline diff HomeService --view columns\n",
            escape::name(folder.as_os_str().as_bytes()),
            escape::shell_word(folder.as_os_str().as_bytes()).unwrap_or_else(|| "…".to_owned()),
        ),
        None => "Keep the servers and play with them:\n  driftline demo --keep oncalls\n\
                 Your own, in one line:\n  driftline prod=/var/www/app staging=/srv/staging/app debug=/srv/debug/app\n"
            .to_owned(),
    }
}
