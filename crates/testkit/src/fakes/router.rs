//! A router without sockets.

use std::net::SocketAddr;

use async_trait::async_trait;
use shipway_engine::ports::{Router, RouterError, Traffic};
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId};
use shipway_pipeline::route::{Acceptance, Route, RouteKey};
use shipway_pipeline::traffic::InFlight;
use shipway_runtime::ColourKey;

use super::call::Call;
use super::fault::Moment;
use super::state::State;
use super::world::{Failed, World};

/// A [`Router`] whose routes live in a [`World`].
#[derive(Clone)]
pub struct FakeRouter {
    world: World,
}

impl FakeRouter {
    pub(super) fn new(world: World) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Router for FakeRouter {
    async fn route(&self, key: &RouteKey) -> Result<Option<Route>, RouterError> {
        let route = self
            .world
            .perform(Call::Route, |state, _| state.routes.get(key).cloned());
        route.await.map_err(unreachable)
    }

    async fn put(&self, route: &Route) -> Result<(), RouterError> {
        let call = Call::Put {
            route: Box::new(route.clone()),
        };
        let put = self.world.perform(call, |state, part| {
            if part == Moment::After {
                put(state, route)
            } else {
                Ok(())
            }
        });
        put.await.map_err(unreachable)?
    }

    async fn remove(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        let call = Call::Unroute {
            key: key.clone(),
            epoch,
        };
        let removed = self.world.perform(call, |state, part| {
            if part == Moment::After {
                state.accept(key, epoch);
                state.routes.remove(key);
            }
        });
        removed.await.map_err(unreachable)
    }

    async fn routes_at(
        &self,
        _key: &RouteKey,
        _address: SocketAddr,
    ) -> Result<Option<Vec<Route>>, RouterError> {
        let routes = self.world.perform(Call::Listens, |_, _| Some(Vec::new()));
        routes.await.map_err(unreachable)
    }

    async fn traffic(&self, key: &RouteKey) -> Result<Vec<Traffic>, RouterError> {
        let traffic = self.world.perform(Call::Traffic, |state, _| {
            state.answer(key);
            traffic(state, key)
        });
        traffic.await.map_err(unreachable)
    }

    async fn hold(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        let call = Call::Hold {
            key: key.clone(),
            epoch,
        };
        let held = self.world.perform(call, |state, part| {
            check_epoch(state, key, epoch)?;
            if part == Moment::After {
                state.held.insert(key.clone());
            }
            Ok(())
        });
        held.await.map_err(unreachable)?
    }

    async fn resume(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        let call = Call::Resume {
            key: key.clone(),
            epoch,
        };
        let resumed = self.world.perform(call, |state, part| {
            check_epoch(state, key, epoch)?;
            if part == Moment::After {
                state.held.remove(key);
            }
            Ok(())
        });
        resumed.await.map_err(unreachable)?
    }

    async fn cut(
        &self,
        key: &RouteKey,
        epoch: Epoch,
        colour: Colour,
        deployment: DeploymentId,
        only: Option<&[InstanceId]>,
    ) -> Result<InFlight, RouterError> {
        let call = Call::Cut { deployment, epoch };
        let cut = self.world.perform(call, |state, part| {
            check_epoch(state, key, epoch)?;
            if part == Moment::After {
                cut(state, key, colour, deployment, only)
            } else {
                Ok(InFlight::default())
            }
        });
        cut.await.map_err(unreachable)?
    }
}

fn put(state: &mut State, route: &Route) -> Result<(), RouterError> {
    if let Some(current) = state.routes.get(&route.key) {
        let accepted = current.accepts(route);
        match accepted.map_err(|refused| RouterError::Refused(refused.to_string()))? {
            Acceptance::Replaces => {}
            Acceptance::Repeats => return Ok(()),
        }
    }
    state.accept(&route.key, route.epoch);
    for backend in &route.backends {
        let slot = ColourKey {
            route: route.key.clone(),
            slot: backend.colour.into(),
        };
        let release = state
            .member(&slot, &backend.instance)
            .map(|member| member.release.clone());
        let all = state.answered.entry(route.key.clone()).or_default();
        let answered = all.entry((backend.deployment, backend.colour)).or_default();
        answered.release = release;
        answered
            .in_flight
            .entry(backend.instance.clone())
            .or_default();
    }
    state.routes.insert(route.key.clone(), route.clone());
    Ok(())
}

fn traffic(state: &State, key: &RouteKey) -> Vec<Traffic> {
    let all = state.answered.get(key).into_iter().flatten();
    all.map(|((deployment, colour), answered)| Traffic {
        colour: *colour,
        deployment: *deployment,
        routed: state.routes.get(key).is_some_and(|route| {
            route
                .backends
                .iter()
                .any(|backend| backend.deployment == *deployment && backend.colour == *colour)
        }),
        counters: answered.counters.clone(),
        in_flight: answered.in_flight.clone(),
    })
    .collect()
}

fn cut(
    state: &mut State,
    key: &RouteKey,
    colour: Colour,
    deployment: DeploymentId,
    only: Option<&[InstanceId]>,
) -> Result<InFlight, RouterError> {
    let is_wanted = |id: &InstanceId| only.is_none_or(|only| only.contains(id));
    let is_routed = state.routes.get(key).is_some_and(|route| {
        route.backends.iter().any(|backend| {
            backend.deployment == deployment
                && backend.colour == colour
                && is_wanted(&backend.instance)
        })
    });
    if is_routed {
        return Err(RouterError::Refused(format!(
            "{deployment} is still routed"
        )));
    }
    let mut total = InFlight::default();
    let all = state.answered.entry(key.clone()).or_default();
    let Some(answered) = all.get_mut(&(deployment, colour)) else {
        return Ok(total);
    };
    for (_, left) in answered
        .in_flight
        .iter_mut()
        .filter(|(id, _)| is_wanted(id))
    {
        let left = std::mem::take(left);
        total.short += left.short;
        total.streaming += left.streaming;
        total.upgraded += left.upgraded;
    }
    Ok(total)
}

fn check_epoch(state: &mut State, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
    let Some(route) = state.routes.get(key) else {
        return Err(RouterError::Refused(format!("there is no route for {key}")));
    };
    if epoch < route.epoch {
        return Err(RouterError::Refused(format!(
            "epoch {epoch} is older than epoch {}",
            route.epoch
        )));
    }
    state.accept(key, epoch);
    Ok(())
}

fn unreachable(_: Failed) -> RouterError {
    RouterError::Unreachable("it was arranged to fail".to_owned())
}
