//! What a gate writes, kept in the state directory.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shipway_pipeline::gate::Timings;
use shipway_pipeline::name::GateName;
use shipway_pipeline::time::Timestamp;

use super::GateError;

/// The folder in the state directory.
const FOLDER: &str = "gates";

/// A log that several parts write line by line.
#[derive(Debug)]
pub(super) struct Log {
    name: String,
    path: PathBuf,
    file: Mutex<File>,
}

// === impl Log ===

impl Log {
    /// A log of its own for each run.
    pub(super) fn create(
        state: &Path,
        gate: &GateName,
        commit: &str,
        began: Timestamp,
    ) -> Result<Self, GateError> {
        let commit = commit.get(..12).unwrap_or(commit);
        let name = format!(
            "{FOLDER}/{commit}-{gate}-{}-{}.log",
            began.0,
            std::process::id()
        );
        let path = state.join(&name);
        let open = || {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(state.join(FOLDER))?;
            OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&path)
        };
        let file = Mutex::new(open().map_err(failed(&path))?);
        Ok(Self { name, path, file })
    }

    /// Its path in the state directory.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Keeps what the tests took beside the log, for the next run in parts.
    pub(super) fn keep_timings(&self, timings: &Timings) -> Result<(), GateError> {
        let path = timings_beside(&self.path);
        let text = serde_json::to_vec(timings).expect("numbers by names are JSON");
        std::fs::write(&path, text).map_err(failed(&path))
    }

    pub(super) fn line(&self, text: &str) -> Result<(), GateError> {
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        writeln!(file, "{text}").map_err(failed(&self.path))
    }
}

/// Where the timings of a run stand, by the path of its log.
pub(super) fn timings_beside(log: &Path) -> PathBuf {
    log.with_extension("timings.json")
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> GateError {
    let path = path.display().to_string();
    move |source| GateError::Log { path, source }
}
