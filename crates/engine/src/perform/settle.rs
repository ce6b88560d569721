//! Makes what runs be what is recorded.

use std::time::Duration;

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::{Occupant, Side};
use shipway_runtime::State;

use super::{Performed, Performer, failed, failure};

impl Performer<'_> {
    /// Routes to the recorded instances that run, then drains and stops those beyond them.
    pub(super) async fn settle(
        &self,
        services: &[ServiceName],
        timeout: Duration,
        streaming: Duration,
    ) -> Performed {
        let live = self.recorded()?;
        let is_recorded = |id: &InstanceId| {
            let size = live.sizes.get(&id.service);
            size.is_some_and(|size| id.number <= *size)
        };
        let found = self.list(&self.colour_key(Side::Target)?).await?;
        let own = found
            .iter()
            .filter(|instance| instance.deployment == live.deployment)
            .filter(|instance| services.contains(&instance.id.service));
        let (staying, surplus): (Vec<_>, Vec<_>) = own.partition(|one| is_recorded(&one.id));
        let surplus: Vec<InstanceId> = surplus.into_iter().map(|one| one.id.clone()).collect();
        if surplus.is_empty() {
            return Ok(None);
        }
        let routed = &self.plan.route.service;
        let is_routed = |id: &InstanceId| id.service == *routed;
        if surplus.iter().any(is_routed) {
            let target: Vec<InstanceId> = staying
                .into_iter()
                .filter(|one| is_routed(&one.id) && !matches!(one.state, State::Exited { .. }))
                .map(|one| one.id.clone())
                .collect();
            // What is left of a release that died altogether is better than nothing.
            if target.is_empty() {
                return Err(failure(format!(
                    "none of the recorded instances of `{routed}` runs"
                )));
            }
            self.route(&target, &[]).await?;
            self.drain(Side::Target, Some(&surplus), timeout, streaming)
                .await?;
        }
        self.stop(Side::Target, Some(&surplus)).await
    }

    /// What is live by the record, as far as the finished steps brought it.
    fn recorded(&self) -> Result<Occupant, shipway_pipeline::deployment::Failure> {
        let record = self.engine.store.environment(&self.plan.environment);
        let live = record.map_err(|error| failed(&error))?.live;
        live.filter(|live| live.deployment == self.plan.target.deployment)
            .ok_or_else(|| failure("another release is live by now"))
    }
}
