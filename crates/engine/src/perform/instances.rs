//! Starts and stops instances.

use std::time::Duration;

use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::plan::{Side, Sizes};
use shipway_runtime::{ColourKey, Instance, State, StopHow};

use super::{Performed, Performer, failed, failure};

impl Performer<'_> {
    /// Removes what dead deployments left in the target's colour; never what is routed.
    pub(super) async fn clear_colour(&self) -> Performed {
        let colour = self.target.occupant.colour;
        let routed = self.engine.router.route(&self.route_key()).await;
        let is_routed = |backend: &shipway_pipeline::route::Backend| {
            backend.colour == colour && backend.deployment != self.plan.deployment
        };
        match routed {
            Ok(Some(route)) if route.backends.iter().any(is_routed) => {
                return Err(failure(format!(
                    "the proxy sends requests to {colour}, which the records say is idle"
                )));
            }
            Ok(_) => {}
            Err(error) => return Err(failed(&error)),
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

    /// Starts the shared services that are not running; those that run are never touched.
    pub(super) async fn start_shared(&self, sizes: &Sizes) -> Performed {
        let mut spec = self.spec(Side::Target, sizes)?;
        spec.key.slot = Slot::Shared;
        let found = self.list(&spec.key).await?;
        let is_up = |service: &str| {
            found.iter().any(|instance| {
                instance.id.service.as_str() == service
                    && !matches!(instance.state, State::Exited { .. })
            })
        };
        spec.services.retain(|service| !is_up(&service.name));
        if spec.services.is_empty() {
            return Ok(None);
        }
        let started: Sizes = sizes
            .iter()
            .filter(|(name, _)| spec.services.iter().any(|s| s.name == name.as_str()))
            .map(|(name, size)| (name.clone(), *size))
            .collect();
        self.engine
            .runtime
            .start(&spec)
            .await
            .map_err(|error| failed(&error))?;
        self.await_healthy_in(&spec.key, &started, Duration::ZERO, None)
            .await
    }

    pub(super) async fn start(&self, side: Side, sizes: &Sizes) -> Performed {
        let spec = self.spec(side, sizes)?;
        self.engine
            .runtime
            .start(&spec)
            .await
            .map_err(|error| failed(&error))?;
        Ok(None)
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

    pub(super) async fn list(
        &self,
        key: &ColourKey,
    ) -> Result<Vec<Instance>, shipway_pipeline::deployment::Failure> {
        self.engine
            .runtime
            .list(key)
            .await
            .map_err(|error| failed(&error))
    }
}
