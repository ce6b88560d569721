//! What the engine says of a container, as an instance. Pure.

use std::net::{IpAddr, SocketAddr};

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum as Status, HealthStatusEnum,
};
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::time::Timestamp;

use super::label;
use crate::{Exit, Health, HealthStatus, Instance, State};

/// What is kept of a check's output: the end tells the reason.
const OUTPUT: usize = 500;

/// Whose a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: InstanceId,
    pub(super) release: ReleaseId,
    pub(super) deployment: DeploymentId,
}

/// Reads whose a container is from its labels; none of one that is not ours.
pub(super) fn identity(container: &ContainerInspectResponse) -> Option<Identity> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    Some(Identity {
        id: labels.get(label::INSTANCE)?.parse().ok()?,
        release: labels.get(label::RELEASE)?.parse().ok()?,
        deployment: labels.get(label::DEPLOYMENT)?.parse().ok()?,
    })
}

/// Makes an instance of an inspected container; none of one that is being removed.
pub(super) fn instance(
    container: &ContainerInspectResponse,
    identity: Identity,
) -> Option<Instance> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    let state = container.state.as_ref()?;
    Some(Instance {
        id: identity.id,
        release: identity.release,
        deployment: identity.deployment,
        address: labels
            .get(label::PORT)
            .and_then(|port| port.parse().ok())
            .and_then(|port| Some(SocketAddr::new(address(container)?, port))),
        state: classify(state)?,
        health: health(state),
        restarts: container
            .restart_count
            .and_then(|count| count.try_into().ok())
            .unwrap_or_default(),
        artifact: container.image.clone(),
    })
}

/// How a container that does not run ended.
pub(super) fn exit(state: &ContainerState) -> Exit {
    if state.oom_killed == Some(true) {
        return Exit::OutOfMemory;
    }
    let never_ran = state
        .error
        .as_deref()
        .is_some_and(|error| !error.is_empty());
    match state.exit_code.and_then(|code| i32::try_from(code).ok()) {
        // The engine's own codes for a command that is missing or may not be executed.
        Some(126 | 127) if never_ran => Exit::NotStarted,
        Some(code) => Exit::Code(code),
        None => Exit::NotStarted,
    }
}

fn classify(state: &ContainerState) -> Option<State> {
    Some(match state.status? {
        Status::CREATED => {
            // A start that failed leaves it like this for ever.
            if state
                .error
                .as_deref()
                .is_some_and(|error| !error.is_empty())
            {
                State::Exited {
                    exit: Exit::NotStarted,
                    at: Timestamp::default(),
                }
            } else {
                State::Starting
            }
        }
        Status::RUNNING | Status::PAUSED | Status::STOPPING => State::Running {
            since: timestamp(state.started_at.as_deref()),
            pid: state
                .pid
                .and_then(|pid| pid.try_into().ok())
                .unwrap_or_default(),
        },
        Status::RESTARTING => State::Restarting { exit: exit(state) },
        Status::EXITED | Status::DEAD => State::Exited {
            exit: exit(state),
            at: timestamp(state.finished_at.as_deref()),
        },
        Status::REMOVING | Status::EMPTY => return None,
    })
}

fn health(state: &ContainerState) -> Option<Health> {
    let health = state.health.as_ref()?;
    let status = match health.status? {
        HealthStatusEnum::STARTING => HealthStatus::Starting,
        HealthStatusEnum::HEALTHY => HealthStatus::Healthy,
        HealthStatusEnum::UNHEALTHY => HealthStatus::Unhealthy,
        HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => return None,
    };
    let last = health.log.as_ref().and_then(|log| log.last());
    let output = last
        .and_then(|last| last.output.as_deref())
        .unwrap_or_default();
    Some(Health {
        status,
        last_output: end_of(output.trim()).to_owned(),
    })
}

fn end_of(text: &str) -> &str {
    let start = text.len().saturating_sub(OUTPUT);
    &text[text.ceil_char_boundary(start)..]
}

/// Any of its addresses: the engine's host reaches each of them. The first by name, so that two
/// looks give the same one.
fn address(container: &ContainerInspectResponse) -> Option<IpAddr> {
    let networks = container.network_settings.as_ref()?.networks.as_ref()?;
    let mut names: Vec<&String> = networks.keys().collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|name| networks[name].ip_address.as_deref()?.parse().ok())
        .next()
}

/// The engine's times are of RFC 3339; the year 1 stands for never.
fn timestamp(text: Option<&str>) -> Timestamp {
    let parsed = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let millis = parsed.map_or(0, jiff::Timestamp::as_millisecond);
    Timestamp(millis.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests;
