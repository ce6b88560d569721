//! The entry point of every helper process.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use super::launcher::Mode;
use super::{guard, shim, supervisor};

/// Exit code of a helper that was called in a way that no launcher calls it.
const USAGE: u8 = 2;

/// Runs a helper process to its end, by the arguments after the [`Launcher`](super::Launcher)'s.
///
/// Call it first thing in `main`, before an async runtime or any thread exists: a
/// parent-death signal is tied to the thread that started the child, and a supervisor is to stay
/// small. Leave the arguments unparsed: they carry the words of a service's command, options
/// included.
pub fn run_helper(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let mode = arguments
        .next()
        .and_then(|word| Mode::from_text(word.to_str()?));
    match (mode, arguments.next()) {
        (Some(Mode::Detach), Some(directory)) => supervisor::detach(Path::new(&directory)),
        (Some(Mode::Instance), Some(directory)) => supervisor::run(Path::new(&directory)),
        (Some(Mode::Exec), Some(parent)) => shim::run(&parent, arguments),
        (Some(Mode::Attach), Some(parent)) => shim::attach(&parent, arguments),
        (Some(Mode::Guard), None) => guard::run(),
        _ => ExitCode::from(USAGE),
    }
}
