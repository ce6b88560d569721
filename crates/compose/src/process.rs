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

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// How a service runs as a host process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Process {
    /// Steps that make the artifact from a clean export of the commit.
    pub build: Vec<BuildStep>,
    /// Directories of the artifact that go before `PATH`.
    pub path: Vec<String>,
    /// Over the service's environment; `None` unsets. `{port}`, `{artifact}`, `{volume:NAME}`,
    /// `{secret:NAME}` and `{config:NAME}` are replaced when an instance starts.
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

// === impl Process ===

impl Process {
    /// Returns the secrets that it asks for as files, by `{secret:NAME}`.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<String> {
        self.asked("{secret:")
    }

    /// Returns the configs that it asks for as files, by `{config:NAME}`.
    #[must_use]
    pub fn configs(&self) -> BTreeSet<String> {
        self.asked("{config:")
    }

    fn asked(&self, opening: &str) -> BTreeSet<String> {
        let values = self.environment.values().flatten();
        let texts = values.chain(self.command.iter().flatten());
        let names = texts.flat_map(|text| {
            let parts = text.split(opening).skip(1);
            parts.filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
        });
        names.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_a_process_asks_for_are_found_in_its_variables_and_its_command() {
        let process = Process {
            environment: IndexMap::from([
                ("KEY_FILE".to_owned(), Some("{secret:key}".to_owned())),
                ("NONE".to_owned(), None),
                ("OPEN".to_owned(), Some("{secret:".to_owned())),
            ]),
            command: Some(vec![
                "run".to_owned(),
                "-c={config:app},{secret:tls}".to_owned(),
            ]),
            ..Process::default()
        };
        assert_eq!(
            process.secrets().into_iter().collect::<Vec<_>>(),
            ["key", "tls"]
        );
        assert_eq!(process.configs().into_iter().collect::<Vec<_>>(), ["app"]);
    }
}
