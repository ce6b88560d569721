//! What cannot have more or fewer instances.

use super::ScaleFacts;
use crate::name::ServiceName;
use crate::plan::size::is_scalable;
use crate::role::Role;

/// Why a service cannot have that many instances.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such service.
    #[error("no service `{service}` is live in `{environment}`")]
    Unknown {
        /// What was asked for.
        service: ServiceName,
        /// Where.
        environment: crate::name::EnvironmentName,
        /// What could have been asked for.
        known: Vec<String>,
    },
    /// Its role allows exactly one.
    #[error("service `{0}` is a singleton: two must never be alive at once")]
    Singleton(ServiceName),
    /// Both colours share it.
    #[error("service `{service}` is {role}: both colours share its one instance")]
    Shared {
        /// The service.
        service: ServiceName,
        /// Its role.
        role: Role,
    },
    /// It has a name of its own.
    #[error("service `{service}` has `container_name: {name}`, which only one container can have")]
    Named {
        /// The service.
        service: ServiceName,
        /// The name.
        name: String,
    },
    /// It has a port of its own.
    #[error("service `{service}` insists on port {port}, which only one instance can have")]
    Port {
        /// The service.
        service: ServiceName,
        /// The port.
        port: u16,
    },
    /// It takes the requests.
    #[error("service `{0}` takes the requests, and without an instance each would be refused")]
    Routed(ServiceName),
}

/// Refuses a number of instances that a service cannot have.
pub(super) fn check(
    facts: &ScaleFacts<'_>,
    service: &ServiceName,
    wanted: u32,
) -> Result<(), Refusal> {
    let mut members = facts.workload.members.iter();
    let Some(member) = members.find(|member| member.name == *service) else {
        return Err(Refusal::Unknown {
            service: service.clone(),
            environment: facts.environment.name.clone(),
            known: facts
                .workload
                .members
                .iter()
                .filter(|member| is_scalable(member.role))
                .map(|member| member.name.to_string())
                .collect(),
        });
    };
    match member.role {
        Role::Singleton => return Err(Refusal::Singleton(service.clone())),
        Role::Stateful | Role::Tool => {
            return Err(Refusal::Shared {
                service: service.clone(),
                role: member.role,
            });
        }
        Role::Web | Role::Worker => {}
    }
    if wanted == 0 && facts.workload.routed == *service {
        return Err(Refusal::Routed(service.clone()));
    }
    if wanted < 2 {
        return Ok(());
    }
    if let Some(name) = &member.service.container_name {
        return Err(Refusal::Named {
            service: service.clone(),
            name: name.clone(),
        });
    }
    match fixed_port(&member.service) {
        Some(port) => Err(Refusal::Port {
            service: service.clone(),
            port,
        }),
        None => Ok(()),
    }
}

/// A number given as `PORT` in `x-shipway.process`.
fn fixed_port(service: &shipway_compose::model::Service) -> Option<u16> {
    let process = service.process.as_ref()?;
    process.environment.get("PORT")?.as_deref()?.parse().ok()
}
