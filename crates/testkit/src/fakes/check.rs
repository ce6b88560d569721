//! What must hold after every effect.

use shipway_pipeline::colour::{Colour, Slot};
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::{Backend, RouteKey};
use shipway_pipeline::traffic::InFlight;
use shipway_runtime::{ColourKey, HealthStatus};

use super::call::Call;
use super::state::State;

/// What an effect has broken.
pub(super) fn check(state: &State, call: &Call) -> Vec<String> {
    let mut broken = Vec::new();
    broken.extend(routed_but_gone(state));
    broken.extend(singletons(state));
    broken.extend(silent(state));
    if let Call::Put { route } = call {
        // An effect that was not done routes to nobody.
        let is_done = state.routes.get(&route.key) == Some(&**route);
        let routed = route.backends.iter().filter(|_| is_done);
        broken.extend(routed.filter_map(|backend| unfit(state, &route.key, backend)));
    }
    broken
        .into_iter()
        .map(|what| format!("after {call:?}: {what}"))
        .collect()
}

/// What is wrong with stopping these instances.
pub(super) fn check_stop(state: &State, key: &ColourKey, ids: &[InstanceId]) -> Vec<String> {
    let busy = |id: &&InstanceId| {
        state.answered.get(&key.route).is_some_and(|all| {
            all.iter().any(|((deployment, colour), answered)| {
                Slot::from(*colour) == key.slot
                    && state
                        .member(key, id)
                        .is_some_and(|member| member.deployment == *deployment)
                    && answered.in_flight.get(*id).map_or(0, InFlight::total) > 0
            })
        })
    };
    ids.iter()
        .filter(busy)
        .map(|id| format!("{id} of {key} is stopped with requests in hand"))
        .collect()
}

/// Whether the shared services of an environment can take requests.
pub(super) fn is_shared_ready(state: &State, key: &RouteKey) -> bool {
    let shared = ColourKey {
        route: key.clone(),
        slot: Slot::Shared,
    };
    state.slots.get(&shared).is_some_and(|members| {
        members
            .values()
            .all(|member| member.is_alive() && member.health() == HealthStatus::Healthy)
    })
}

fn routed_but_gone(state: &State) -> Vec<String> {
    let mut broken = Vec::new();
    for (key, route) in &state.routes {
        for backend in &route.backends {
            let member = state.member(&slot_of(key, backend.colour), &backend.instance);
            let is_there = member.is_some_and(|member| {
                member.deployment == backend.deployment && member.address == backend.address
            });
            if !is_there {
                broken.push(format!(
                    "requests go to {} of {} ({}), which is gone",
                    backend.instance, backend.colour, backend.deployment
                ));
            }
        }
    }
    broken
}

fn unfit(state: &State, key: &RouteKey, backend: &Backend) -> Option<String> {
    let member = state.member(&slot_of(key, backend.colour), &backend.instance)?;
    let is_fit = member.is_alive() && member.health() == HealthStatus::Healthy;
    (!is_fit).then(|| format!("requests go to {}, which is not healthy", backend.instance))
}

fn singletons(state: &State) -> Vec<String> {
    let mut alive = std::collections::BTreeMap::<_, u32>::new();
    for (key, members) in &state.slots {
        for member in members.values().filter(|member| member.is_alive()) {
            if state.singletons.contains(member.id.service.as_str()) {
                *alive
                    .entry((key.route.clone(), member.id.service.clone()))
                    .or_default() += 1;
            }
        }
    }
    alive
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((_, service), count)| format!("{count} of the singleton `{service}` are alive"))
        .collect()
}

/// An environment that serves goes on serving, or lets its requests wait.
fn silent(state: &State) -> Vec<String> {
    let is_silent = |key: &&RouteKey| {
        let is_routed = state
            .routes
            .get(*key)
            .is_some_and(|route| !route.backends.is_empty());
        !is_routed && !state.held.contains(*key)
    };
    state
        .serving
        .iter()
        .filter(is_silent)
        .map(|key| format!("nobody answers for {key}, and requests do not wait"))
        .collect()
}

fn slot_of(key: &RouteKey, colour: Colour) -> ColourKey {
    ColourKey {
        route: key.clone(),
        slot: colour.into(),
    }
}
