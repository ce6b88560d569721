//! The contract between the engine and whatever runs a release.

mod artifact;
mod error;
mod instance;
mod program;
mod spec;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use shipway_pipeline::adoption::Neighbour;
use shipway_pipeline::host::EngineHost;
use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Model;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedSender;

pub use artifact::{Artifact, BuildRequest, Form, Left, Origin};
pub use error::Error;
pub use instance::{Exit, Health, HealthStatus, Instance, Oddities, State, StopHow, Stopped};
pub use program::Program;
pub use spec::{ColourKey, ColourSpec, FileContents, Foreign, TaskSpec};

/// Starts, lists and stops the instances of a slot, builds what they run, runs one-off tasks.
///
/// A crash of the caller in mid-call leaves what each method's docs say;
/// calling again with the same arguments completes it.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Builds the artifact of a commit, or finds the one that an earlier build made.
    ///
    /// A crash leaves an unfinished directory or image that no later call takes for finished.
    ///
    /// # Errors
    /// [`Error::Build`] with the failing step and its last lines.
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error>;

    /// Whether the artifact is here, whole, and ready to start.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error>;

    /// Gets what an environment lacks of an artifact from the registry that has it, or from where
    /// else it is, and returns whether all of it is there now.
    ///
    /// A crash leaves parts of it, which the next call does not get again.
    ///
    /// # Errors
    /// The runtime cannot be asked, or the registry refuses.
    async fn fetch_artifact(
        &self,
        at: &RouteKey,
        artifact: &Artifact,
        output: Output<'_>,
    ) -> Result<bool, Error>;

    /// Names images in their registry, given as `repository@digest`: the same content under one
    /// more tag, without moving it.
    ///
    /// A crash leaves some of them named.
    ///
    /// # Errors
    /// The registry does not answer, refuses, or has no such image.
    async fn tag_images(&self, images: &[String], tag: &str) -> Result<(), Error>;

    /// How many bytes of this machine these parts of an artifact take, what others share counted
    /// as well.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error>;

    /// How many bytes removing these parts of an artifact gives back: what others share stays.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error>;

    /// Removes these parts of an artifact, from here and from the registry that has them. Parts
    /// that are in use stay, parts that are gone are no error.
    ///
    /// A crash leaves some of them.
    ///
    /// # Errors
    /// The runtime cannot be asked, or something cannot be removed.
    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error>;

    /// Makes instances 1 to `replicas` of each service of the slot run, and leaves others alone.
    ///
    /// Returns when each was started; it does not wait for health. An instance that runs already
    /// for the same deployment is left alone; one of another deployment under the same name is
    /// stopped first, and so is one whose stop nobody has seen the end of. A crash leaves some of
    /// them started.
    ///
    /// # Errors
    /// An instance cannot be started at all (program missing, no port free).
    async fn start(&self, spec: &ColourSpec) -> Result<(), Error>;

    /// Everything that exists in the slot, running or not, of whatever deployment.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error>;

    /// Stops and removes instances of the slot: all of them, or those named.
    ///
    /// Each gets its stop signal and its grace period. One that is gone already is no error.
    /// A crash leaves some of them stopped.
    ///
    /// # Errors
    /// An instance does not go even when killed.
    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error>;

    /// Runs a command once with a service's artifact, environment and volumes, to its end.
    ///
    /// A crash ends the task as well; whether its work was done is for the task to tell.
    ///
    /// # Errors
    /// It cannot be started, or passed its deadline and was killed.
    async fn run_task(&self, task: &TaskSpec, output: Output<'_>) -> Result<Exit, Error>;

    /// The last lines that an instance wrote, oldest first.
    ///
    /// # Errors
    /// The log cannot be read.
    async fn logs(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
    ) -> Result<Vec<String>, Error>;

    /// Why what runs an environment's instances does not answer; `None` where it does, or cannot
    /// fail to.
    async fn trouble(&self, _at: &RouteKey) -> Option<String> {
        None
    }

    /// Which host an environment's instances run on; none for this one.
    fn host(&self, _at: &RouteKey) -> Option<&EngineHost> {
        None
    }

    /// The containers of a Compose project that somebody else started where an environment is,
    /// running or not.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn neighbours(&self, _at: &RouteKey, _project: &str) -> Result<Vec<Neighbour>, Error> {
        Ok(Vec::new())
    }

    /// The Compose projects that somebody else started from a directory of this host, and that
    /// run.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn projects_of(&self, _at: &RouteKey, _directory: &Path) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Takes the host's ports away from containers that somebody else started. They go on running
    /// without a network, so that nothing but [`Runtime::give_back`] is needed to have them as
    /// they were. A crash leaves some of them without.
    ///
    /// # Errors
    /// The runtime has no containers, or one does not let go.
    async fn take_over(&self, _foreign: &Foreign) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Stops containers that somebody else started, each with its stop signal and grace period,
    /// and keeps them; nothing starts them again by itself. A crash leaves some of them running.
    ///
    /// # Errors
    /// The runtime has no containers, or one does not end even when killed.
    async fn retire(&self, _foreign: &Foreign) -> Result<Vec<StopHow>, Error> {
        Err(no_containers())
    }

    /// Makes containers run as they did before they were taken over or retired. What was neither
    /// is left alone. A crash leaves some of them given back.
    ///
    /// # Errors
    /// The runtime has no containers, or one cannot be started or connected.
    async fn give_back(&self, _foreign: &Foreign) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Stops shared instances and keeps them aside: nothing starts them, and others can be started
    /// in their places. A crash leaves some of them aside.
    ///
    /// # Errors
    /// The runtime has no containers, or one does not end even when killed.
    async fn set_aside(
        &self,
        _key: &ColourKey,
        _epoch: Epoch,
        _only: &[InstanceId],
    ) -> Result<Vec<StopHow>, Error> {
        Err(no_containers())
    }

    /// Makes instances that are aside run as they did before, and removes what has their places.
    /// A crash leaves some of them aside.
    ///
    /// # Errors
    /// The runtime has no containers, or one cannot be started.
    async fn bring_back(
        &self,
        _key: &ColourKey,
        _epoch: Epoch,
        _only: &[InstanceId],
    ) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Removes instances that are aside; their volumes stay. A crash leaves some of them.
    ///
    /// # Errors
    /// The runtime has no containers, or one cannot be removed.
    async fn discard(
        &self,
        _key: &ColourKey,
        _epoch: Epoch,
        _only: &[InstanceId],
    ) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Makes the command that starts a program inside of an instance, with its streams at the
    /// caller's. Nothing is started yet. A caller that dies closes the program's input.
    ///
    /// # Errors
    /// The runtime has no containers, or cannot be asked which one it is.
    async fn program_in(
        &self,
        _key: &ColourKey,
        _instance: &InstanceId,
        _program: &Program,
    ) -> Result<Command, Error> {
        Err(no_containers())
    }

    /// The directory of an environment's volume, be it there or not; nowhere where volumes are
    /// not directories of this host.
    fn volume_directory(&self, _route: &RouteKey, _volume: &str) -> Option<PathBuf> {
        None
    }

    /// What is odd in a slot and no instance's state tells.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn find_oddities(&self, _key: &ColourKey, _model: &Model) -> Result<Oddities, Error> {
        Ok(Oddities::default())
    }
}

/// Where lines of a running build or task go.
pub type Output<'a> = &'a UnboundedSender<Line>;

/// One line that a build or task wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line without its end.
    pub text: String,
    /// Written to the error stream.
    pub is_error: bool,
}

fn no_containers() -> Error {
    Error::Start {
        instance: "the services".to_owned(),
        reason: "they are processes, and this is about containers".to_owned(),
    }
}
