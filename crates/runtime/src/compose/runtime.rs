//! The Compose runtime: one method per call of the contract, each in a module of its own.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use bollard::Docker;
use shipway_pipeline::id::InstanceId;

use super::cli::Cli;
use super::engine::failed;
use super::{build, image, list, start, stop, task};
use crate::state::files;
use crate::state::layout::Layout;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Instance, Output, Runtime, Stopped,
    TaskSpec,
};

/// A call may last as long as a container's grace period; the engine that calls has deadlines.
const PATIENCE: u64 = 3_600;

/// Runs services as containers of a Docker Engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ComposeRuntime {
    pub(super) layout: Layout,
    pub(super) docker: Docker,
    pub(super) cli: Cli,
}

// === impl ComposeRuntime ===

impl ComposeRuntime {
    /// The runtime of a state directory, with the engine at a unix socket.
    ///
    /// Nothing is asked of the engine yet.
    ///
    /// # Errors
    /// The directory cannot be made, or the socket is not there.
    pub fn try_new(state: &Path, socket: &Path, cli: Cli) -> Result<Self, Error> {
        let resolve = || -> io::Result<_> {
            files::create_private_directory(state)?;
            state.canonicalize()
        };
        let state = resolve().map_err(files::failed("use the state directory", state))?;
        let address = socket.display().to_string();
        let docker = Docker::connect_with_unix(&address, PATIENCE, bollard::API_DEFAULT_VERSION)
            .map_err(failed(format!("connect to the engine at `{address}`")))?;
        Ok(Self {
            layout: Layout::new(state),
            docker,
            cli,
        })
    }

    /// Whether an engine answers.
    ///
    /// # Errors
    /// It does not, and why.
    pub async fn ping(&self) -> Result<(), Error> {
        let answer = self.docker.ping().await;
        answer.map(drop).map_err(failed("reach the Docker Engine"))
    }
}

#[async_trait]
impl Runtime for ComposeRuntime {
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error> {
        build::build(self, request, output).await
    }

    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        image::are_here(&self.docker, artifact).await
    }

    async fn start(&self, spec: &ColourSpec) -> Result<(), Error> {
        start::start(self, spec).await
    }

    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error> {
        list::list(&self.docker, key).await
    }

    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error> {
        stop::stop(&self.docker, key, only).await
    }

    async fn run_task(&self, task: &TaskSpec, output: Output<'_>) -> Result<Exit, Error> {
        task::run(self, task, output).await
    }

    async fn logs(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
    ) -> Result<Vec<String>, Error> {
        list::logs(&self.docker, key, instance, lines).await
    }
}
