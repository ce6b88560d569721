//! A check of a commit, wherever it runs.

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_pipeline::gate::Ended;

use crate::Exit;

/// A command, and what is read of what it leaves.
#[derive(Debug, Clone)]
pub struct Check {
    /// Unlike that of any other check that runs, on the engine as well.
    pub name: String,
    /// What `sh -c` runs.
    pub command: String,
    /// Variables besides those of build steps, or of the image.
    pub variables: BTreeMap<String, String>,
    /// The reports that are read afterwards, by their paths from where the command begins. What
    /// the commit or the image holds is not what the command found.
    pub reports: Vec<String>,
    /// The reports that the commit or the image holds.
    pub baselines: Vec<String>,
    /// Killed after this long.
    pub deadline: Duration,
}

/// How a command ended that had the time it took.
pub(crate) fn ended(exit: Exit) -> Ended {
    match exit {
        Exit::Code(code) => Ended::Code(code),
        Exit::Signal(signal) => Ended::Signal(signal),
        Exit::NotStarted | Exit::OutOfMemory => Ended::NotStarted(exit.to_string()),
    }
}
