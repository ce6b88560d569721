//! Runs one build step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_compose::process::BuildStep;
use tokio::time::Instant;

use super::super::guarded::{self, How};
use super::super::launch::{Launch, RUN_VARIABLE};
use super::super::runtime::ProcessRuntime;
use crate::{Error, Exit, Output};

/// What all steps of an artifact have in common.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    pub(super) runtime: &'a ProcessRuntime,
    /// Where the artifact is built, and stays.
    pub(super) tree: PathBuf,
    /// The git tree it is exported from.
    pub(super) tree_id: String,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) deadline: Instant,
    /// How long all steps may take, for messages.
    pub(super) whole: Duration,
}

/// What a step makes outside of the artifact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    /// Where.
    pub(super) at: &'a Path,
    /// By this name the step's processes are found when it was killed.
    pub(super) run: &'a str,
}

// === impl Builder ===

impl Builder<'_> {
    /// Runs the step, with `$OUTPUT` set where it makes a cached output.
    pub(super) async fn run(
        &self,
        step: &BuildStep,
        made: Option<Made<'_>>,
        output: Output<'_>,
    ) -> Result<(), Error> {
        let mut environment = self.environment.clone();
        if let Some(made) = made {
            environment.insert("OUTPUT".to_owned(), made.at.display().to_string());
            environment.insert(RUN_VARIABLE.to_owned(), made.run.to_owned());
        }
        let launch = Launch {
            words: vec!["/bin/sh".to_owned(), "-c".to_owned(), step.run.clone()],
            directory: self.tree.clone(),
            environment,
        };
        let left = self.deadline.saturating_duration_since(Instant::now());
        let finished = guarded::run(&self.runtime.launcher, &launch, left, output)
            .await
            .map_err(|error| failed(step, error.to_string()))?;
        let reason = match finished.how {
            How::Ended(Exit::Code(0)) => return Ok(()),
            How::Ended(exit) => exit.to_string(),
            How::NotStarted(reason) => reason,
            How::Deadline => format!("the build did not end within {:?}, killed", self.whole),
        };
        Err(Error::Build {
            step: step.run.clone(),
            reason,
            last_lines: finished.last_lines,
        })
    }
}

/// A step that failed without having written anything.
pub(super) fn failed(step: &BuildStep, reason: String) -> Error {
    Error::Build {
        step: step.run.clone(),
        reason,
        last_lines: Vec::new(),
    }
}
