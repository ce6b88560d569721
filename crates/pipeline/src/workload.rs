//! What a release runs in one environment: the services of its Compose files,
//! each with its role and its complete environment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_compose::model::{Project, Service};

use crate::config::{Config, Environment, RuntimeKind};
use crate::digest::Digest;
use crate::name::ServiceName;
use crate::plan::Sizes;
use crate::role::Role;

/// Version of the stored form.
pub const VERSION: u16 = 1;

/// What a release runs in one environment. Holds secrets: it is stored, never printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// [`VERSION`] at the time of its making.
    pub version: u16,
    /// The services that are run.
    pub members: Vec<Member>,
    /// The service that takes the requests.
    pub routed: ServiceName,
    /// Services of the files that the runtime cannot run.
    pub left_out: Vec<ServiceName>,
    /// What containers are made from; `None` where services run as processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
}

/// What containers are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The canonical Compose document, as YAML. Holds secrets.
    pub document: String,
    /// The project's directory: its paths are below.
    pub directory: String,
    /// The ports on which services take connections, by service.
    pub listens: BTreeMap<String, u16>,
}

/// A service and its role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: ServiceName,
    /// What it is to a deployment.
    pub role: Role,
    /// As its Compose files define it, with a complete environment.
    pub service: Service,
}

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
    /// A routed service without any instance.
    #[error("service `{service}` takes the requests but has 0 replicas")]
    NoReplicas {
        /// The service.
        service: ServiceName,
    },
}

/// Makes the workload of an environment.
///
/// `variable` answers for the environment's variables: its files, then the caller's environment.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn resolve(
    config: &Config,
    environment: &Environment,
    project: &Project,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Workload, Vec<Problem>> {
    let mut problems = Vec::new();
    let missing: Vec<String> = environment
        .required
        .iter()
        .filter(|name| variable(name).is_none_or(|value| value.is_empty()))
        .cloned()
        .collect();
    if !missing.is_empty() {
        problems.push(Problem::MissingVariables { names: missing });
    }
    check_named(config, project, &mut problems);
    let mut members = Vec::new();
    // Services with profiles run only where the environment asks for one of them.
    let is_active = |profile: &String| {
        let mut active = environment.profiles.iter();
        active.any(|one| one == "*" || one == profile)
    };
    let deployed = project
        .services
        .values()
        .filter(|service| service.profiles.is_empty() || service.profiles.iter().any(is_active));
    for service in deployed {
        match member(config, service, variable) {
            Ok(member) => members.push(member),
            Err(problem) => problems.push(problem),
        }
    }
    let is_runnable = |member: &Member| match environment.runtime {
        RuntimeKind::Process => member.service.process.is_some(),
    };
    let routed = members.iter().find(|member| member.role == Role::Web);
    match routed {
        None => problems.push(Problem::NothingRouted),
        Some(routed) if !is_runnable(routed) => problems.push(Problem::NotRunnable {
            service: routed.name.clone(),
        }),
        Some(routed) if routed.service.replicas == 0 => problems.push(Problem::NoReplicas {
            service: routed.name.clone(),
        }),
        Some(_) => {}
    }
    match routed.map(|routed| routed.name.clone()) {
        Some(routed) if problems.is_empty() => {
            let (mut members, left_out): (Vec<_>, Vec<_>) =
                members.into_iter().partition(is_runnable);
            for member in &mut members {
                // The engine asks over HTTP where it has a path; asking twice helps nobody.
                if member.name == routed && environment.health.path.is_some() {
                    member.service.healthcheck = None;
                }
            }
            Ok(Workload {
                version: VERSION,
                members,
                routed,
                left_out: left_out.into_iter().map(|member| member.name).collect(),
                model: None,
            })
        }
        _ => Err(problems),
    }
}

fn check_named(config: &Config, project: &Project, problems: &mut Vec<Problem>) {
    let named = config
        .services
        .keys()
        .chain(config.migrate.as_ref().map(|migrate| &migrate.service));
    for name in named {
        if !project.services.contains_key(name.as_str()) {
            let near = shipway_compose::diagnostic::nearest(
                name.as_str(),
                project.services.keys().map(String::as_str),
            );
            problems.push(Problem::Unknown {
                service: name.clone(),
                near: near.map(str::to_owned),
            });
        }
    }
}

fn member(
    config: &Config,
    service: &Service,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Member, Problem> {
    let name: ServiceName = service.name.parse()?;
    let role = config
        .services
        .get(&name)
        .map(|known| known.role)
        .or_else(|| service.image.as_deref().and_then(Role::of_image))
        .ok_or_else(|| Problem::NoRole {
            service: service.name.clone(),
        })?;
    let mut service = service.clone();
    service.environment = service
        .environment
        .iter()
        .filter_map(|(key, value)| {
            let value = value.clone().or_else(|| variable(key))?;
            Some((key.clone(), Some(value)))
        })
        .collect();
    if role == Role::Singleton {
        service.replicas = service.replicas.min(1);
    }
    Ok(Member {
        name,
        role,
        service,
    })
}

// === impl Workload ===

impl Workload {
    /// Names what it holds.
    pub fn digest(&self) -> Digest {
        let text = serde_json::to_vec(self).expect("a workload has only text keys");
        Digest::of(&text)
    }

    /// A service's role.
    pub fn role(&self, service: &ServiceName) -> Option<Role> {
        self.members
            .iter()
            .find(|member| member.name == *service)
            .map(|member| member.role)
    }

    /// How many instances of each service that a colour has of its own.
    pub fn coloured_sizes(&self) -> Sizes {
        self.sizes(Role::is_coloured)
    }

    /// How many instances of each service that both colours share.
    pub fn shared_sizes(&self) -> Sizes {
        self.sizes(|role| !role.is_coloured())
    }

    fn sizes(&self, wanted: impl Fn(Role) -> bool) -> Sizes {
        self.members
            .iter()
            .filter(|member| wanted(member.role) && member.service.replicas > 0)
            .map(|member| (member.name.clone(), member.service.replicas))
            .collect()
    }

    /// The longest that any instance may take to stop.
    pub fn longest_grace(&self) -> Duration {
        self.members
            .iter()
            .map(|member| member.service.stop_grace_period)
            .max()
            .unwrap_or_default()
    }
}

// === impl Problem ===

impl Problem {
    /// The service of the Compose files that it is about.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::NoRole { service } => Some(service),
            Self::NotRunnable { service } | Self::NoReplicas { service } => Some(service.as_str()),
            Self::Name(_)
            | Self::NothingRouted
            | Self::Unknown { .. }
            | Self::MissingVariables { .. } => None,
        }
    }

    /// The way out.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Name(_) => None,
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
            Self::NoReplicas { .. } => Some("set `deploy.replicas` to 1 or more".to_owned()),
        }
    }
}
