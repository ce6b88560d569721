//! What the engine asks of the world.

use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId};
use shipway_pipeline::route::{Route, RouteKey};
use shipway_runtime::ColourKey;

/// One call of a port, as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `Runtime::build`.
    Build,
    /// `Runtime::has_artifact`.
    HasArtifact,
    /// `Runtime::tag_images`.
    Tag {
        /// Which images.
        images: Vec<String>,
        /// By what name.
        tag: String,
    },
    /// `Runtime::remove_artifact`.
    Remove {
        /// Which parts.
        parts: Vec<String>,
    },
    /// `Runtime::start`.
    Start {
        /// Where.
        key: ColourKey,
        /// Whose.
        deployment: DeploymentId,
        /// Under which lease.
        epoch: Epoch,
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// `Runtime::list`.
    List {
        /// Where.
        key: ColourKey,
    },
    /// `Runtime::stop`.
    Stop {
        /// Where.
        key: ColourKey,
        /// Which; all where not given.
        only: Option<Vec<InstanceId>>,
    },
    /// `Runtime::run_task`.
    RunTask {
        /// The task's name.
        name: String,
        /// Under which lease.
        epoch: Epoch,
    },
    /// `Runtime::logs`.
    Logs,
    /// `Router::route`.
    Route,
    /// `Router::put`.
    Put {
        /// What is to be routed.
        route: Box<Route>,
    },
    /// `Router::remove`.
    Unroute {
        /// Whose route.
        key: RouteKey,
        /// Under which lease.
        epoch: Epoch,
    },
    /// `Router::listens`.
    Listens,
    /// `Router::traffic`.
    Traffic,
    /// `Router::hold`.
    Hold {
        /// Whose requests.
        key: RouteKey,
        /// Under which lease.
        epoch: Epoch,
    },
    /// `Router::resume`.
    Resume {
        /// Whose requests.
        key: RouteKey,
        /// Under which lease.
        epoch: Epoch,
    },
    /// `Router::cut`.
    Cut {
        /// Whose connections.
        deployment: DeploymentId,
        /// Under which lease.
        epoch: Epoch,
    },
}

impl Call {
    /// Whether it changes the world; the others only look.
    pub fn is_effect(&self) -> bool {
        match self {
            Self::Start { .. }
            | Self::Stop { .. }
            | Self::RunTask { .. }
            | Self::Put { .. }
            | Self::Unroute { .. }
            | Self::Hold { .. }
            | Self::Resume { .. }
            | Self::Tag { .. }
            | Self::Remove { .. }
            | Self::Cut { .. } => true,
            Self::Build
            | Self::HasArtifact
            | Self::List { .. }
            | Self::Logs
            | Self::Route
            | Self::Listens
            | Self::Traffic => false,
        }
    }

    /// The lease under which it was made, where the port is told.
    pub fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Start { epoch, .. }
            | Self::RunTask { epoch, .. }
            | Self::Unroute { epoch, .. }
            | Self::Hold { epoch, .. }
            | Self::Resume { epoch, .. }
            | Self::Cut { epoch, .. } => Some(*epoch),
            Self::Put { route } => Some(route.epoch),
            Self::Build
            | Self::HasArtifact
            | Self::Tag { .. }
            | Self::Remove { .. }
            | Self::List { .. }
            | Self::Stop { .. }
            | Self::Logs
            | Self::Route
            | Self::Listens
            | Self::Traffic => None,
        }
    }
}
