//! Looks at a release during its bake.

use std::collections::HashMap;

use shipway_pipeline::bake::Look;
use shipway_pipeline::deployment::{Event, Failure};
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::plan::{Action, Side, Step};
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::traffic::Counters;
use shipway_runtime::{HealthStatus, Instance, State};

use super::{LAST_LINES, Performer, instances, late};
use crate::clock::now;
use crate::event::Kind;

/// What one engine remembers between its looks. A new engine looks afresh.
#[derive(Debug, Default)]
pub(crate) struct WatchMemory {
    restarts: Option<HashMap<InstanceId, u32>>,
    start: Option<Counters>,
}

impl Performer<'_> {
    /// Waits for the bake's interval, then looks. One look may take as long as the whole bake.
    pub(crate) async fn look(
        &self,
        step: &Step,
        until: Timestamp,
        memory: &mut WatchMemory,
    ) -> Event {
        let look = self.look_after_interval(step, until, memory);
        tokio::time::timeout(step.deadline, look)
            .await
            .unwrap_or_else(|_| Event::Failed(late(step)))
    }

    async fn look_after_interval(
        &self,
        step: &Step,
        until: Timestamp,
        memory: &mut WatchMemory,
    ) -> Event {
        let Action::Bake { limits } = &step.action else {
            return Event::Failed(Failure {
                reason: "only a bake is looked at".to_owned(),
                evidence: vec![],
            });
        };
        tokio::time::sleep(limits.interval).await;
        let key = match self.colour_key(Side::Target) {
            Ok(key) => key,
            Err(failure) => return Event::Failed(failure),
        };
        let found = loop {
            match self.list(&key).await {
                Ok(found) => break found,
                Err(_) if self.waited_for_engine().await => {}
                Err(failure) => return Event::Failed(failure),
            }
        };
        let (target, baseline) = self.traffic().await;
        self.tell_look(target.as_ref(), until, memory);
        let mut crashes = crashes(&self.wanted(), &found, memory);
        if let Some(first) = crashes.first().map(|(id, _)| id.clone()) {
            let lines = self.engine.runtime.logs(&key, &first, LAST_LINES).await;
            crashes.extend(
                lines
                    .unwrap_or_default()
                    .into_iter()
                    .map(|line| (first.clone(), line)),
            );
        }
        Event::Looked(Look {
            target,
            baseline,
            crashes: self
                .mask
                .lines(crashes.into_iter().map(|(_, line)| line).collect()),
            unhealthy: self
                .unhealthy(&found)
                .await
                .map(|text| self.mask.text(text)),
        })
    }

    fn wanted(&self) -> Vec<InstanceId> {
        instances(&self.plan.target.sizes)
    }

    /// The target's traffic, and the previous release's as it was before the switch.
    async fn traffic(&self) -> (Option<Counters>, Option<Counters>) {
        let Ok(all) = self.engine.router.traffic(&self.route_key()).await else {
            return (None, None);
        };
        let of = |side| {
            let occupant = self.plan.occupant(side)?;
            all.iter()
                .find(|one| one.deployment == occupant.deployment)
                .map(|one| one.counters.clone())
        };
        // A target that nobody asked anything yet has no counters, which is a measurement too.
        (
            Some(of(Side::Target).unwrap_or_default()),
            of(Side::Previous),
        )
    }

    fn tell_look(&self, target: Option<&Counters>, until: Timestamp, memory: &mut WatchMemory) {
        let Some(counters) = target else { return };
        let start = memory.start.get_or_insert_with(|| counters.clone());
        let since = counters.since(start);
        self.tell(Kind::Look {
            deployment: self.plan.deployment,
            requests: since.requests(),
            errors: since.errors(),
            p95_millis: since.quantile(0.95).map(|p95| p95.as_millis() as u64),
            remaining_millis: until.since(now()).as_millis() as u64,
        });
    }

    /// What the first unhealthy instance says: to the probe, or by its own health check.
    async fn unhealthy(&self, found: &[Instance]) -> Option<String> {
        let asked = found.iter().map(|instance| async move {
            let said = match self.probe_for(&instance.id) {
                Some(probe) => self.ask(instance, probe).await.err()?,
                None => {
                    let health = instance.health.as_ref();
                    let sick = health.filter(|one| one.status == HealthStatus::Unhealthy)?;
                    format!("unhealthy {}", sick.last_output)
                }
            };
            Some(format!("{}: {said}", instance.id))
        });
        futures_util::future::join_all(asked)
            .await
            .into_iter()
            .flatten()
            .next()
    }
}

/// Instances that ended, vanished or were started again since the first look.
fn crashes(
    wanted: &[InstanceId],
    found: &[Instance],
    memory: &mut WatchMemory,
) -> Vec<(InstanceId, String)> {
    let by_id: HashMap<&InstanceId, &Instance> = found
        .iter()
        .map(|instance| (&instance.id, instance))
        .collect();
    let restarts = memory.restarts.get_or_insert_with(|| {
        found
            .iter()
            .map(|instance| (instance.id.clone(), instance.restarts))
            .collect()
    });
    let mut crashes = Vec::new();
    for id in wanted {
        let what = match by_id
            .get(id)
            .map(|instance| (&instance.state, instance.restarts))
        {
            None => "it is gone".to_owned(),
            Some((State::Exited { exit, .. } | State::Restarting { exit }, _)) => {
                format!("it ended: {exit}")
            }
            Some((_, now)) if now > restarts.get(id).copied().unwrap_or(0) => {
                "it ended and was started again".to_owned()
            }
            Some(_) => continue,
        };
        crashes.push((id.clone(), format!("{id}: {what}")));
    }
    crashes
}
