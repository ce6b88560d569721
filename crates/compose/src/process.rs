//! The `x-shipway.process` extension: how a service runs as a host process.
//!
//! ```yaml
//! x-shipway:
//!   process:
//!     build:
//!       - run: python3 -m venv "$$OUTPUT" && "$$OUTPUT/bin/pip" install -r requirements.txt
//!         inputs: [requirements.txt]
//!         output: .venv
//!       - run: .venv/bin/python manage.py collectstatic --noinput
//!     path: [.venv/bin]
//!     environment:
//!       DATA_DIR: "{volume:data}"
//! ```

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// How a service runs as a host process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Process {
    /// Steps that make the artifact from a clean export of the commit.
    pub build: Vec<BuildStep>,
    /// Directories of the artifact that go before `PATH`.
    pub path: Vec<String>,
    /// Over the service's environment; `None` unsets. `{port}`, `{artifact}` and
    /// `{volume:NAME}` are replaced when an instance starts.
    pub environment: IndexMap<String, Option<String>>,
    /// In place of the service's `entrypoint` and `command`, with the same replacements.
    pub command: Option<Vec<String>>,
    /// Working directory, relative to the artifact; its root where not given.
    pub directory: Option<String>,
}

/// One step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildStep {
    /// A line for `/bin/sh -c`, run in the artifact's directory.
    pub run: String,
    /// Files whose content, with `run`, decides whether a cached output serves.
    pub inputs: Vec<String>,
    /// A cached directory: made at `$OUTPUT`, linked into the artifact under this name.
    pub output: Option<String>,
}
