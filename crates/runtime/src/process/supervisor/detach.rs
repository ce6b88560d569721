//! Starts a supervisor that is nobody's child.

use std::path::Path;
use std::process::ExitCode;

use super::super::launcher::Mode;
use super::super::spec::Spec;

/// Starts the supervisor and ends, so that it is adopted by the system and a long-lived starter
/// has no zombie to reap. It inherits the standard streams: lock, report and log.
pub(in super::super) fn detach(directory: &Path) -> ExitCode {
    let started = Spec::read(directory).and_then(|spec| {
        spec.launcher
            .own_command(Mode::Instance, &spec.base)
            .arg(directory)
            .current_dir("/")
            .spawn()
    });
    match started {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
