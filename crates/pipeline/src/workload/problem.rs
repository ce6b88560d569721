//! Why Compose files and configuration do not make a workload.

use shipway_compose::diagnostic::Code;
use shipway_compose::yaml::Span;

use super::FileKind;
use crate::name::{EnvironmentName, ServiceName};
use crate::secret::SecretName;

/// Why Compose files and configuration do not make a workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A service's key cannot be a name.
    #[error(transparent)]
    Name(#[from] crate::name::InvalidName),
    /// Nobody said what a service is.
    #[error("service `{service}` has no role")]
    NoRole {
        /// The service.
        service: String,
    },
    /// Nothing takes the requests.
    #[error("no service has the role `web`, so nothing can take the requests")]
    NothingRouted,
    /// `shipway.yml` names a service that the Compose files lack.
    #[error("`shipway.yml` names the service `{service}`, which the Compose files do not have")]
    Unknown {
        /// The service.
        service: ServiceName,
        /// One that was perhaps meant.
        near: Option<String>,
    },
    /// The routed service cannot run as a process.
    #[error(
        "service `{service}` takes the requests but has no `x-shipway.process`, which the process runtime needs"
    )]
    NotRunnable {
        /// The service.
        service: ServiceName,
    },
    /// Required variables are missing or empty.
    #[error("required variables are not set: {}", names.join(", "))]
    MissingVariables {
        /// Which.
        names: Vec<String>,
    },
    /// Nobody said on which port the routed service listens.
    #[error("service `{service}` takes the requests, and nothing says on which port")]
    NoPort {
        /// The service.
        service: String,
    },
    /// A host port that two colours would fight over.
    #[error(
        "service `{service}` publishes the host port {port}, which two releases cannot both have with `runtime: compose`"
    )]
    PublishedPort {
        /// The service.
        service: ServiceName,
        /// The port, as written.
        port: String,
    },
    /// A file of the project that another host does not have.
    #[error(
        "service `{service}` mounts `{path}` of the project, which is not on the environment's host"
    )]
    LocalMount {
        /// The service.
        service: ServiceName,
        /// What it mounts, below the project.
        path: String,
    },
    /// Containers cannot go on as processes.
    #[error("`adopt` is for containers, and the services run as processes")]
    AdoptsProcesses,
    /// An external secret or config that nobody set.
    #[error("the {kind} `{secret}` is not set in this environment")]
    MissingSecret {
        /// What the Compose files call it.
        kind: FileKind,
        /// Its name in the store.
        secret: SecretName,
        /// Where it is wanted.
        place: Option<Span>,
    },
    /// A secret or config whose content cannot be had.
    #[error("the {kind} `{name}` has no content: {reason}")]
    NoContent {
        /// What it is.
        kind: FileKind,
        /// Its key.
        name: String,
        /// Why not.
        reason: String,
        /// Where it is wanted.
        place: Option<Span>,
    },
    /// A routed service without any instance.
    #[error("service `{service}` takes the requests but has 0 replicas")]
    NoReplicas {
        /// The service.
        service: ServiceName,
    },
}

// === impl Problem ===

impl Problem {
    /// The service of the Compose files that it is about.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::NoRole { service } | Self::NoPort { service } => Some(service),
            Self::NotRunnable { service }
            | Self::NoReplicas { service }
            | Self::LocalMount { service, .. }
            | Self::PublishedPort { service, .. } => Some(service.as_str()),
            Self::Name(_)
            | Self::NothingRouted
            | Self::AdoptsProcesses
            | Self::Unknown { .. }
            | Self::MissingSecret { .. }
            | Self::NoContent { .. }
            | Self::MissingVariables { .. } => None,
        }
    }

    /// The place in the Compose files that it is about, where it is not a service as a whole.
    pub fn place(&self) -> Option<Span> {
        match self {
            Self::MissingSecret { place, .. } | Self::NoContent { place, .. } => *place,
            Self::Name(_)
            | Self::NoRole { .. }
            | Self::NothingRouted
            | Self::AdoptsProcesses
            | Self::Unknown { .. }
            | Self::NotRunnable { .. }
            | Self::MissingVariables { .. }
            | Self::NoPort { .. }
            | Self::PublishedPort { .. }
            | Self::LocalMount { .. }
            | Self::NoReplicas { .. } => None,
        }
    }

    /// The code of its explanation.
    pub fn code(&self) -> Code {
        match self {
            Self::MissingSecret { .. } | Self::NoContent { .. } => Code::MissingSecret,
            Self::MissingVariables { .. } => Code::RequiredVariable,
            Self::Name(_)
            | Self::NoRole { .. }
            | Self::NothingRouted
            | Self::AdoptsProcesses
            | Self::Unknown { .. }
            | Self::NotRunnable { .. }
            | Self::NoPort { .. }
            | Self::PublishedPort { .. }
            | Self::LocalMount { .. }
            | Self::NoReplicas { .. } => Code::Workload,
        }
    }

    /// The way out, in an environment.
    pub fn help(&self, environment: &EnvironmentName) -> Option<String> {
        match self {
            Self::Name(_) => None,
            Self::AdoptsProcesses => {
                Some("set `runtime: compose` in the environment, or take `adopt` out".to_owned())
            }
            Self::NoRole { service } => Some(format!(
                "add it to `services:` of shipway.yml, such as `{service}: {{ role: worker }}`; roles are web, worker, singleton, stateful and tool"
            )),
            Self::NothingRouted => Some(
                "give the service that answers HTTP `{ role: web, port: 8000 }` under `services:` of shipway.yml"
                    .to_owned(),
            ),
            Self::Unknown { near, .. } => near.as_ref().map(|near| format!("did you mean `{near}`?")),
            Self::NotRunnable { .. } => Some(
                "say under `x-shipway.process` of the service how it is built as a host process".to_owned(),
            ),
            Self::MissingVariables { names } => Some(format!(
                "set them in the environment's `env_files` or in your shell, such as `export {}=…`",
                names.first().map_or("NAME", String::as_str)
            )),
            Self::NoPort { service } => Some(format!(
                "add it in shipway.yml: `services: {{ {service}: {{ role: web, port: 8000 }} }}`"
            )),
            Self::PublishedPort { .. } => Some(
                "take it out of `ports`; if it must be reached from outside, make it the `web` service or a `tool`"
                    .to_owned(),
            ),
            Self::LocalMount { .. } => Some(
                "put it into the image, or give it as a `config` or `secret`; an absolute path \
                 outside of the project is one of that host"
                    .to_owned(),
            ),
            Self::MissingSecret { secret, .. } => Some(format!(
                "`shipway secrets set {environment} {secret}` reads its value from standard input"
            )),
            Self::NoContent { .. } => {
                Some("set the variable, or put the file where the Compose file says".to_owned())
            }
            Self::NoReplicas { .. } => Some("set `deploy.replicas` to 1 or more".to_owned()),
        }
    }
}
