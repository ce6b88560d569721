//! `status.json`: what a supervisor last knew. Readers see the old or the new one, never a part.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::identity::Identity;
use crate::{Health, State, StopHow};

/// Raised when a reader could misread what an earlier version wrote.
const VERSION: u32 = 1;

const FILE: &str = "status.json";

/// An instance as its supervisor sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Status {
    version: u32,
    pub(super) supervisor: Identity,
    pub(super) port: u16,
    /// The main process, whose pid is also its group's.
    pub(super) main: Option<Identity>,
    pub(super) state: State,
    pub(super) health: Option<Health>,
    pub(super) restarts: u32,
    /// Set when it was asked to stop, and has.
    pub(super) stopped: Option<Ending>,
}

/// How an instance came to its end when asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    Gracefully,
    Killed,
    WasGone,
}

// === impl Status ===

impl Status {
    pub(super) fn new(supervisor: Identity, port: u16) -> Self {
        Self {
            version: VERSION,
            supervisor,
            port,
            main: None,
            state: State::Starting,
            health: None,
            restarts: 0,
            stopped: None,
        }
    }

    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        shipway_durable::replace_unsynced(&directory.join(FILE), &serde_json::to_vec(self)?)
    }

    /// The status, if there is one. One that cannot be read, as after the machine lost power,
    /// counts as none: nothing that it could speak of still runs.
    pub(super) fn read(directory: &Path) -> io::Result<Option<Self>> {
        match fs::read(directory.join(FILE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            content => Ok(serde_json::from_slice(&content?).ok()),
        }
    }
}

impl From<Ending> for StopHow {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Gracefully => Self::Gracefully,
            Ending::Killed => Self::Killed,
            Ending::WasGone => Self::WasGone,
        }
    }
}
