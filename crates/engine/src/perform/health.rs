//! Waits until instances are healthy, and says why when they are not.

use std::collections::HashMap;
use std::time::Duration;

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::plan::{Probe, Side};
use shipway_proxy::probe::{Answer, Question};
use shipway_runtime::{ColourKey, HealthStatus, Instance, State};
use tokio::time::Instant;

use super::{LAST_LINES, Performed, Performer, failure};
use crate::event::Kind;

/// The first look comes soon: most instances are up in less than a second.
const FIRST_LOOK: Duration = Duration::from_millis(25);
/// An instance that ended this often will not become healthy by waiting.
const RESTARTS: u32 = 3;
/// Left of a step's deadline to collect evidence, unless that is a large part of it.
const FOR_EVIDENCE: Duration = Duration::from_secs(1);
/// Between two looks where the plan has no probe.
const PLAIN_INTERVAL: Duration = Duration::from_secs(1);

/// What is known of an instance.
#[derive(Debug, Clone)]
struct Seen {
    healthy_since: Option<Instant>,
    restarts: u32,
    last: String,
}

/// An instance's health at one look.
enum Health {
    Healthy(String),
    NotYet(String),
    /// It will not become healthy.
    Hopeless(String),
}

impl Performer<'_> {
    pub(super) async fn await_healthy(
        &self,
        side: Side,
        wanted: &[InstanceId],
        healthy_for: Duration,
        deadline: Duration,
    ) -> Performed {
        let key = self.colour_key(side)?;
        let for_evidence = FOR_EVIDENCE.min(deadline / 4);
        let until = Instant::now() + deadline.saturating_sub(for_evidence);
        self.await_healthy_in(&key, wanted, healthy_for, Some(until))
            .await
    }

    pub(super) async fn await_healthy_in(
        &self,
        key: &ColourKey,
        wanted: &[InstanceId],
        healthy_for: Duration,
        until: Option<Instant>,
    ) -> Performed {
        let longest = self
            .plan
            .probe
            .as_ref()
            .map_or(PLAIN_INTERVAL, |probe| probe.interval);
        let mut pause = FIRST_LOOK.min(longest);
        let mut seen: HashMap<InstanceId, Seen> = HashMap::new();
        loop {
            let found = self.list(key).await?;
            let healths = wanted.iter().map(|id| self.health_of(id, &found));
            let healths = futures_util::future::join_all(healths).await;
            for (id, health) in wanted.iter().zip(healths) {
                if let Some(reason) = self.note(id, &found, health, &mut seen) {
                    return Err(self.with_logs(key, id, reason).await);
                }
            }
            let is_healthy = |id| {
                seen.get(id).is_some_and(|one: &Seen| {
                    one.healthy_since
                        .is_some_and(|since| since.elapsed() >= healthy_for)
                })
            };
            if wanted.iter().all(is_healthy) {
                return Ok(None);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(self.never_healthy(key, wanted, &seen).await);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Remembers a look; returns why there is no hope, if there is none.
    fn note(
        &self,
        id: &InstanceId,
        found: &[Instance],
        health: Health,
        seen: &mut HashMap<InstanceId, Seen>,
    ) -> Option<String> {
        let restarts = found
            .iter()
            .find(|instance| instance.id == *id)
            .map_or(0, |instance| instance.restarts);
        let before = seen.get(id).cloned();
        // A restart in between breaks the time for which it was healthy, even if nobody saw it.
        let healthy_since = before
            .as_ref()
            .filter(|before| before.restarts == restarts)
            .and_then(|before| before.healthy_since);
        let (healthy_since, last) = match health {
            Health::Healthy(last) => (healthy_since.or_else(|| Some(Instant::now())), last),
            Health::NotYet(last) => (None, last),
            Health::Hopeless(reason) => return Some(reason),
        };
        let is_news = before.as_ref().is_none_or(|before| {
            before.last != last || before.healthy_since.is_some() != healthy_since.is_some()
        });
        if is_news {
            self.tell(Kind::Health {
                deployment: self.plan.deployment,
                instance: id.clone(),
                healthy: healthy_since.is_some(),
                detail: last.clone(),
            });
        }
        seen.insert(
            id.clone(),
            Seen {
                healthy_since,
                restarts,
                last,
            },
        );
        None
    }

    async fn health_of(&self, id: &InstanceId, found: &[Instance]) -> Health {
        let Some(instance) = found.iter().find(|instance| instance.id == *id) else {
            return Health::NotYet("not started".to_owned());
        };
        match &instance.state {
            State::Starting => Health::NotYet("starting".to_owned()),
            State::Exited { exit, .. } => Health::Hopeless(format!("{id} ended: {exit}")),
            State::Restarting { exit } if instance.restarts >= RESTARTS => Health::Hopeless(
                format!("{id} ended {} times, last: {exit}", instance.restarts),
            ),
            State::Restarting { exit } => Health::NotYet(format!("ended: {exit}")),
            State::Running { .. } => self.health_of_running(instance).await,
        }
    }

    async fn health_of_running(&self, instance: &Instance) -> Health {
        if let Some(probe) = self.probe_for(&instance.id) {
            return match self.ask(instance, probe).await {
                Ok(detail) => Health::Healthy(detail),
                Err(detail) => Health::NotYet(detail),
            };
        }
        match &instance.health {
            None => Health::Healthy("running".to_owned()),
            Some(health) => match health.status {
                HealthStatus::Healthy => Health::Healthy("healthy".to_owned()),
                HealthStatus::Starting => {
                    Health::NotYet(format!("starting {}", health.last_output))
                }
                HealthStatus::Unhealthy => {
                    Health::NotYet(format!("unhealthy {}", health.last_output))
                }
            },
        }
    }

    pub(super) fn probe_for(&self, id: &InstanceId) -> Option<&Probe> {
        self.plan
            .probe
            .as_ref()
            .filter(|_| id.service == self.plan.route.service)
    }

    /// Asks an instance for its health: `Ok` when it answers with 2xx.
    pub(super) async fn ask(&self, instance: &Instance, probe: &Probe) -> Result<String, String> {
        let address = instance
            .address
            .ok_or_else(|| "it has no address yet".to_owned())?;
        let question = Question {
            address,
            path: probe.path.clone(),
            host: probe.host.clone(),
            timeout: probe.timeout,
        };
        let answer = self.ask_from_there(&question).await?;
        if answer.is_healthy() {
            Ok(answer.status_text())
        } else {
            Err(answer.describe())
        }
    }

    /// Asks from where the proxy is, which may be another host.
    pub(super) async fn ask_from_there(&self, question: &Question) -> Result<Answer, String> {
        self.engine.router.ask(&self.route_key(), question).await
    }

    async fn never_healthy(
        &self,
        key: &ColourKey,
        wanted: &[InstanceId],
        seen: &HashMap<InstanceId, Seen>,
    ) -> Failure {
        let sick: Vec<&InstanceId> = wanted
            .iter()
            .filter(|id| seen.get(id).is_none_or(|one| one.healthy_since.is_none()))
            .collect();
        let Some(first) = sick.first().copied() else {
            return failure("the instances were not healthy for long enough in time");
        };
        let last = seen
            .get(first)
            .map_or("not started", |one| one.last.as_str());
        let reason = format!(
            "{} of {} instances did not become healthy in time; {first} last said: {last}",
            sick.len(),
            wanted.len()
        );
        self.with_logs(key, first, reason).await
    }

    async fn with_logs(&self, key: &ColourKey, id: &InstanceId, reason: String) -> Failure {
        let lines = self.engine.runtime.logs(key, id, LAST_LINES).await;
        Failure {
            reason,
            evidence: lines.unwrap_or_default(),
        }
    }
}
