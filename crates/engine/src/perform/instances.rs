//! Starts and stops instances.

use std::time::Duration;

use shipway_pipeline::colour::Slot;
use shipway_pipeline::deployment::Failure;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::plan::{self, Side, Sizes};
use shipway_pipeline::role::Role;
use shipway_pipeline::route::{Backend, Route};
use shipway_runtime::{ColourKey, ColourSpec, HealthStatus, Instance, State, StopHow};

use super::{Performed, Performer, failed, failure, instances};
use crate::event::Kind;

/// A database that does not like its data ends within a second or two; one without a health check
/// would be taken for healthy until then.
const STAYS: Duration = Duration::from_secs(2);

impl Performer<'_> {
    /// Removes what dead deployments left in the target's colour; never what is routed.
    pub(super) async fn clear_colour(&self) -> Performed {
        let routed = self.engine.router.route(&self.route_key()).await;
        if let Some(route) = routed.map_err(|error| failed(&error))? {
            self.unroute_left_over(route).await?;
        }
        let key = self.colour_key(Side::Target)?;
        let found = self.list(&key).await?;
        let left_over: Vec<InstanceId> = found
            .into_iter()
            .filter(|instance| instance.deployment != self.plan.deployment)
            .map(|instance| instance.id)
            .collect();
        if left_over.is_empty() {
            return Ok(None);
        }
        self.stop_in(&key, Some(&left_over)).await
    }

    /// A rolling release whose way back failed leaves both colours routed: the live one stays.
    async fn unroute_left_over(&self, route: Route) -> Result<(), Failure> {
        let colour = self.target.occupant.colour;
        let is_left_over = |backend: &Backend| {
            backend.colour == colour && backend.deployment != self.plan.deployment
        };
        let (left_over, staying): (Vec<_>, Vec<_>) =
            route.backends.into_iter().partition(is_left_over);
        if left_over.is_empty() {
            return Ok(());
        }
        let live = self.plan.previous.as_ref().map(|live| live.deployment);
        if !staying.iter().any(|one| Some(one.deployment) == live) {
            return Err(failure(format!(
                "the proxy sends requests to {colour}, which the records say is idle"
            )));
        }
        let wanted = Route {
            epoch: self.lease.epoch(),
            generation: route.generation.next(),
            backends: staying,
            ..route
        };
        let put = self.engine.router.put(&wanted).await;
        put.map_err(|error| failed(&error))
    }

    /// Starts the shared services that are not running and waits for those that are coming up;
    /// those that another deployment started are never touched.
    pub(super) async fn start_shared(&self, sizes: &Sizes) -> Performed {
        let mut spec = self.spec(Side::Target, sizes)?;
        spec.key.slot = Slot::Shared;
        // Not the live one's, where a service is made anew beside it.
        spec.deployment = self.plan.deployment;
        let found = self.list(&spec.key).await?;
        let others: Vec<&Instance> = found
            .iter()
            .filter(|instance| instance.deployment != self.plan.deployment)
            .filter(|instance| !matches!(instance.state, State::Exited { .. }))
            .collect();
        let is_others = |service: &str| {
            let mut others = others.iter();
            others.any(|instance| instance.id.service.as_str() == service)
        };
        spec.services.retain(|service| !is_others(&service.name));
        let mut awaited: Sizes = sizes
            .iter()
            .filter(|(name, _)| !is_others(name.as_str()))
            .map(|(name, size)| (name.clone(), *size))
            .collect();
        // Whoever started these died before they were healthy.
        for instance in others.iter().filter(|instance| is_coming_up(instance)) {
            let size = awaited.entry(instance.id.service.clone()).or_default();
            *size = instance.id.number.max(*size);
        }
        let is_tool = |name: &str| {
            let name = name.parse().ok();
            name.and_then(|name| self.target.workload.role(&name)) == Some(Role::Tool)
        };
        awaited.retain(|name, _| !is_tool(name.as_str()));
        let mut tools = spec.clone();
        tools.services.retain(|service| is_tool(&service.name));
        spec.services.retain(|service| !is_tool(&service.name));
        if !spec.services.is_empty() {
            self.engine
                .runtime
                .start(&spec)
                .await
                .map_err(|error| failed(&error))?;
        }
        self.start_tools(&tools).await;
        let healthy_for = match self.plan.kind {
            plan::Kind::Renew => STAYS,
            plan::Kind::Deploy
            | plan::Kind::Promote
            | plan::Kind::Rollback
            | plan::Kind::Restore
            | plan::Kind::Scale
            | plan::Kind::Down
            | plan::Kind::Migrate => Duration::ZERO,
        };
        self.await_healthy_in(&spec.key, &instances(&awaited), healthy_for, None)
            .await
    }

    /// Tools are no part of a release: one that does not start is told of, and that is all.
    async fn start_tools(&self, tools: &ColourSpec) {
        if tools.services.is_empty() {
            return;
        }
        if let Err(error) = self.engine.runtime.start(tools).await {
            self.tell(Kind::Warning {
                text: format!("a tool does not start: {}", failed(&error).reason),
            });
        }
    }

    /// Stops the shared services, whichever deployment started them.
    pub(super) async fn stop_shared(&self) -> Performed {
        let key = ColourKey {
            route: self.route_key(),
            slot: Slot::Shared,
        };
        self.stop_in(&key, None).await
    }

    pub(super) async fn start(&self, side: Side, sizes: &Sizes) -> Performed {
        self.check_singletons(side, sizes).await?;
        let spec = self.spec(side, sizes)?;
        self.engine
            .runtime
            .start(&spec)
            .await
            .map_err(|error| failed(&error))?;
        Ok(None)
    }

    /// A singleton of the other side that could not be stopped must not get company.
    async fn check_singletons(&self, side: Side, sizes: &Sizes) -> Result<(), Failure> {
        let is_singleton = |service| self.target.workload.role(service) == Some(Role::Singleton);
        let other = match side {
            Side::Target => Side::Previous,
            Side::Previous => Side::Target,
        };
        if self.plan.occupant(other).is_none() || !sizes.keys().any(is_singleton) {
            return Ok(());
        }
        let found = self.list(&self.colour_key(other)?).await?;
        let mut alive = found
            .iter()
            .filter(|one| sizes.contains_key(&one.id.service) && is_singleton(&one.id.service))
            .filter(|one| !matches!(one.state, State::Exited { .. }));
        match alive.next() {
            Some(one) => Err(failure(format!(
                "{} of {} still runs, and a second one may not be started",
                one.id, one.deployment
            ))),
            None => Ok(()),
        }
    }

    pub(super) async fn stop(&self, side: Side, only: Option<&[InstanceId]>) -> Performed {
        let key = self.colour_key(side)?;
        self.stop_in(&key, only).await
    }

    async fn stop_in(&self, key: &ColourKey, only: Option<&[InstanceId]>) -> Performed {
        let stopped = self
            .engine
            .runtime
            .stop(key, only)
            .await
            .map_err(|error| failed(&error))?;
        let count = |wanted| stopped.iter().filter(|one| one.how == wanted).count() as u32;
        Ok(Some(Detail::Stopped {
            gracefully: count(StopHow::Gracefully),
            killed: count(StopHow::Killed),
        }))
    }

    pub(super) async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Failure> {
        self.engine
            .runtime
            .list(key)
            .await
            .map_err(|error| failed(&error))
    }
}

fn is_coming_up(instance: &Instance) -> bool {
    let health = instance.health.as_ref().map(|health| health.status);
    matches!(instance.state, State::Starting) || health == Some(HealthStatus::Starting)
}
