//! How the helper processes are launched: supervisors, guards and the exec shim.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use shipway_durable::crash_point;

/// The program that becomes a helper process when run with the leading arguments.
///
/// Its command must hand every argument after the leading ones, as it is, to
/// [`run_helper`](super::run_helper) and exit with what that returns. It must be the executable
/// itself, no script around it: helpers start further helpers through `/proc/self/exe`, so that
/// a binary that is replaced on disk while its instances run still fits its supervisors.
///
/// ```
/// use shipway_runtime::process::Launcher;
///
/// let launcher = Launcher::new("/usr/local/bin/shipway", ["supervise"]);
/// # let _ = launcher;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launcher {
    program: PathBuf,
    arguments: Vec<String>,
}

/// The kernel's link to the program that a process executes, of which a child has its own.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// What a helper process is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Starts a supervisor that is nobody's child, and ends.
    Detach,
    /// Supervises an instance.
    Instance,
    /// Ties itself to its parent's life and becomes a program.
    Exec,
    /// The same at its parent's standard streams.
    Attach,
    /// Runs a command that must end with its caller.
    Guard,
}

// === impl Launcher ===

impl Launcher {
    /// Launches helpers as `program arguments…`.
    pub fn new<A: Into<String>>(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
        }
    }

    /// Launches helpers as this very program, even when its file was replaced or removed since it
    /// was started.
    pub fn this_program<A: Into<String>>(arguments: impl IntoIterator<Item = A>) -> Self {
        Self::new(THIS_PROGRAM, arguments)
    }

    /// A helper, launched by somebody who is none.
    ///
    /// Its environment is not the caller's: a caller that is itself a service would pass on the
    /// mark by which its own orphans are found, and secrets it was never meant to pass.
    pub(super) fn command(&self, mode: Mode, base: &BTreeMap<String, String>) -> Command {
        self.command_of(&self.program, mode, base)
    }

    /// A helper, launched by a helper.
    pub(super) fn own_command(
        &self,
        mode: Mode,
        environment: &BTreeMap<String, String>,
    ) -> Command {
        self.command_of(Path::new(THIS_PROGRAM), mode, environment)
    }

    fn command_of(
        &self,
        program: &Path,
        mode: Mode,
        environment: &BTreeMap<String, String>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(&self.arguments)
            .arg(mode.as_str())
            .env_clear()
            .envs(environment);
        // For the tests that kill supervisors everywhere: handed on to them, and to nobody else.
        if let Some(point) = crash_point::of_supervisors() {
            match mode {
                Mode::Detach => drop(command.env(crash_point::SUPERVISORS, point)),
                Mode::Instance => drop(command.env(crash_point::VARIABLE, point)),
                Mode::Exec | Mode::Attach | Mode::Guard => {}
            }
        }
        command
    }
}

// === impl Mode ===

impl Mode {
    const ALL: [Self; 5] = [
        Self::Detach,
        Self::Instance,
        Self::Exec,
        Self::Attach,
        Self::Guard,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Detach => "detach",
            Self::Instance => "instance",
            Self::Exec => "exec",
            Self::Attach => "attach",
            Self::Guard => "guard",
        }
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}
