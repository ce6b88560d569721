//! The ways back: what is done when a deployment does not go through.

use std::time::Duration;

use super::Draft;
use super::steps::{MARGIN, instances, quick};
use crate::plan::{Action, Side, Sizes, Stage, Step};
use crate::workload::Workload;

impl Draft<'_> {
    pub(super) fn revert_first(&self) -> Vec<Step> {
        let mut steps = vec![Step {
            stage: Stage::RollingBack,
            makes_live: Some(Side::Previous),
            ..self.route(Vec::new(), Vec::new())
        }];
        steps.extend(self.give_back());
        steps.push(self.drain(Side::Target, None, Stage::RollingBack));
        steps.push(stop_target(self.facts.workload));
        steps.extend(self.give_back_singletons());
        steps
    }

    pub(super) fn revert_to_previous(&self) -> Vec<Step> {
        let Some(previous) = self.facts.live else {
            return Vec::new();
        };
        let (singletons, replaceable): (Sizes, Sizes) = previous
            .sizes
            .clone()
            .into_iter()
            .partition(|(service, _)| self.singletons.contains_key(service));
        let environment = self.facts.environment;
        let routed = &self.facts.workload.routed;
        let back = instances(routed, 1..=previous.sizes.get(routed).copied().unwrap_or(0));
        let mut steps = self.swap_database_back();
        steps.extend([
            Step {
                stage: Stage::RollingBack,
                action: Action::Start {
                    side: Side::Previous,
                    sizes: replaceable.clone(),
                },
                deadline: environment.timeouts.start,
                makes_live: None,
                resizes: None,
            },
            Step {
                stage: Stage::RollingBack,
                action: Action::AwaitHealthy {
                    side: Side::Previous,
                    sizes: replaceable,
                    only: None,
                    healthy_for: Duration::ZERO,
                },
                deadline: environment.health.deadline,
                makes_live: None,
                resizes: None,
            },
            Step {
                stage: Stage::RollingBack,
                makes_live: Some(Side::Previous),
                ..self.route(Vec::new(), back)
            },
            quick(Stage::RollingBack, Action::Resume),
        ]);
        steps.push(self.drain(Side::Target, None, Stage::RollingBack));
        steps.push(stop_target(self.facts.workload));
        if !singletons.is_empty() {
            // Only now: two of them must never be alive at once.
            steps.push(Step {
                stage: Stage::RollingBack,
                action: Action::Start {
                    side: Side::Previous,
                    sizes: singletons,
                },
                deadline: environment.timeouts.start,
                makes_live: None,
                resizes: None,
            });
        }
        steps
    }
}

pub(super) fn stop_target(workload: &Workload) -> Step {
    Step {
        stage: Stage::RollingBack,
        action: Action::Stop {
            side: Side::Target,
            only: None,
        },
        deadline: workload.longest_grace() + MARGIN,
        makes_live: None,
        resizes: None,
    }
}
