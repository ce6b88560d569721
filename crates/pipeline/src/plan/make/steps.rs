//! The parts that strategies and ways back are made of.

use std::time::Duration;

use super::Draft;
use crate::id::InstanceId;
use crate::name::ServiceName;
use crate::plan::{Action, BakeLimits, Side, Sizes, Stage, Step};
use crate::role::Role;

/// Room on top of the sum of a drain's or a stop's own limits, for the calls themselves.
pub(in crate::plan) const MARGIN: Duration = Duration::from_secs(30);

impl Draft<'_> {
    pub(super) fn prepare(&self) -> Vec<Step> {
        let mut steps = vec![self.check_artifact()];
        steps.extend(self.tag_release());
        steps.push(quick(Stage::Preparing, Action::CheckAddress));
        steps.push(self.clear());
        let shared = self.facts.workload.shared_sizes();
        if !shared.is_empty() {
            steps.push(Step {
                stage: Stage::Preparing,
                action: Action::StartShared { sizes: shared },
                deadline: self.facts.environment.health.deadline,
                makes_live: None,
                resizes: None,
            });
        }
        steps.extend(self.save_database());
        steps.extend(self.expand());
        steps
    }

    fn check_artifact(&self) -> Step {
        Step {
            stage: Stage::Preparing,
            action: Action::CheckArtifact,
            // It may have to be pulled, or carried to another host.
            deadline: if self.facts.release.is_published() || self.facts.environment.host.is_some()
            {
                self.facts.environment.timeouts.build
            } else {
                MARGIN
            },
            makes_live: None,
            resizes: None,
        }
    }

    /// Names the release in the registry. This comes before anything starts, so that a registry
    /// that is gone or refuses is found while nothing was touched. A rollback does not wait for
    /// registries.
    fn tag_release(&self) -> Option<Step> {
        let release = self.facts.release;
        let is_tagged = release.is_published() && !self.facts.kind.is_return();
        is_tagged.then(|| tag(Stage::Preparing, release.id.as_str()))
    }

    /// Names what the environment runs, the last thing of all: nothing depends on it.
    pub(super) fn tag_environment(&self) -> Option<Step> {
        let is_tagged = self.facts.release.is_published();
        is_tagged.then(|| tag(Stage::Finalising, &self.facts.environment.name.file_name()))
    }

    fn clear(&self) -> Step {
        Step {
            stage: Stage::Preparing,
            action: Action::ClearColour,
            deadline: self.facts.workload.longest_grace() + MARGIN,
            makes_live: None,
            resizes: None,
        }
    }

    pub(super) fn start(&self, sizes: Sizes) -> [Step; 2] {
        let environment = self.facts.environment;
        [
            Step {
                stage: Stage::Starting,
                action: Action::Start {
                    side: Side::Target,
                    sizes: sizes.clone(),
                },
                deadline: environment.timeouts.start,
                makes_live: None,
                resizes: None,
            },
            Step {
                stage: Stage::Starting,
                action: Action::AwaitHealthy {
                    side: Side::Target,
                    sizes,
                    only: None,
                    healthy_for: environment.health.healthy_for,
                },
                deadline: environment.health.deadline,
                makes_live: None,
                resizes: None,
            },
        ]
    }

    pub(super) fn smoke(&self) -> Option<Step> {
        let health = &self.facts.environment.health;
        let is_tried = !self.facts.kind.is_return() && !health.smoke.is_empty();
        is_tried.then(|| Step {
            stage: Stage::Verifying,
            action: Action::Smoke {
                paths: health.smoke.clone(),
            },
            deadline: health.deadline,
            makes_live: None,
            resizes: None,
        })
    }

    pub(super) fn switch(&self) -> Step {
        let routed = &self.facts.workload.routed;
        let size = self.target.sizes.get(routed).copied().unwrap_or(1);
        Step {
            makes_live: Some(Side::Target),
            ..self.route(instances(routed, 1..=size), Vec::new())
        }
    }

    pub(super) fn route(&self, target: Vec<InstanceId>, previous: Vec<InstanceId>) -> Step {
        Step {
            stage: Stage::Switching,
            action: Action::Route { target, previous },
            deadline: self.facts.environment.timeouts.switch,
            makes_live: None,
            resizes: None,
        }
    }

    /// Stop the old, then start the new: never two alive.
    pub(super) fn swap_singletons(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let old: Vec<InstanceId> = self
            .facts
            .live
            .iter()
            .flat_map(|live| &live.sizes)
            .filter(|(service, _)| self.facts.workload.role(service) == Some(Role::Singleton))
            .flat_map(|(service, size)| instances(service, 1..=*size))
            .collect();
        if !old.is_empty() {
            steps.push(self.stop(Side::Previous, Some(old), Stage::Switching));
        }
        if !self.singletons.is_empty() {
            let [start, await_healthy] = self.start(self.singletons.clone());
            for step in [start, await_healthy] {
                steps.push(Step {
                    stage: Stage::Switching,
                    ..step
                });
            }
        }
        steps
    }

    pub(super) fn bake(&self) -> Option<Step> {
        let limits = BakeLimits::of(self.facts.environment);
        // What a rollback returns to was judged when it was new, and time is short.
        let is_judged = !self.facts.kind.is_return() && !limits.duration.is_zero();
        is_judged.then(|| Step {
            stage: Stage::Baking,
            // It ends by its own clock: once extended by half, and some looks on top.
            deadline: limits.duration * 2 + limits.interval * 10 + MARGIN,
            action: Action::Bake { limits },
            makes_live: None,
            resizes: None,
        })
    }

    pub(super) fn drain(&self, side: Side, only: Option<Vec<InstanceId>>, stage: Stage) -> Step {
        let drain = &self.facts.environment.drain;
        Step {
            stage,
            action: Action::Drain {
                side,
                only,
                timeout: drain.timeout,
                streaming: drain.streaming,
            },
            deadline: drain.timeout.max(drain.streaming) + MARGIN,
            makes_live: None,
            resizes: None,
        }
    }

    pub(super) fn stop(&self, side: Side, only: Option<Vec<InstanceId>>, stage: Stage) -> Step {
        Step {
            stage,
            action: Action::Stop { side, only },
            deadline: self.facts.workload.longest_grace() + MARGIN,
            makes_live: None,
            resizes: None,
        }
    }
}

fn tag(stage: Stage, tag: &str) -> Step {
    quick(
        stage,
        Action::TagArtifact {
            tag: tag.to_owned(),
        },
    )
}

/// A step that only talks to the store or the proxy.
pub(in crate::plan) fn quick(stage: Stage, action: Action) -> Step {
    Step {
        stage,
        action,
        deadline: MARGIN,
        makes_live: None,
        resizes: None,
    }
}

pub(in crate::plan) fn instances(
    service: &ServiceName,
    numbers: impl IntoIterator<Item = u32>,
) -> Vec<InstanceId> {
    numbers
        .into_iter()
        .map(|number| InstanceId {
            service: service.clone(),
            number,
        })
        .collect()
}
