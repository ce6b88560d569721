//! The steps: who comes, who goes, in which order.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ScaleFacts, resized};
use crate::id::InstanceId;
use crate::name::ServiceName;
use crate::plan::make::{MARGIN, instances};
use crate::plan::{Action, Occupant, Side, Sizes, Stage, Step};

/// First those that come, then those that go: there is never less capacity than need be.
pub(super) fn steps(facts: &ScaleFacts<'_>) -> Vec<Step> {
    let is_live = |instance: &&InstanceId| instance.number <= size(facts.live, &instance.service);
    let mut draft = Draft {
        facts,
        occupant: facts.live.clone(),
        serving: facts.running.iter().filter(is_live).cloned().collect(),
        steps: Vec::new(),
    };
    for (service, wanted) in facts.wanted {
        draft.grow(service, *wanted);
    }
    for (service, wanted) in facts.wanted {
        draft.shrink(service, *wanted);
    }
    draft.steps
}

/// Removes what came and was not recorded.
pub(super) fn settle(facts: &ScaleFacts<'_>) -> Step {
    let environment = facts.environment;
    let action = Action::Settle {
        services: facts.wanted.keys().cloned().collect(),
        timeout: environment.drain.timeout,
        streaming: environment.drain.streaming,
    };
    let deadline = environment.timeouts.switch + longest_drain(facts) + longest_stop(facts);
    step(Stage::RollingBack, action, deadline)
}

/// A plan in the making.
struct Draft<'a> {
    facts: &'a ScaleFacts<'a>,
    /// What is live after the steps so far.
    occupant: Occupant,
    /// What runs and may be routed after the steps so far.
    serving: BTreeSet<InstanceId>,
    steps: Vec<Step>,
}

impl Draft<'_> {
    fn grow(&mut self, service: &ServiceName, wanted: u32) {
        let environment = self.facts.environment;
        for instance in instances(service, 1..=wanted) {
            if self.serving.contains(&instance) {
                continue;
            }
            let number = instance.number;
            let sizes = Sizes::from([(service.clone(), number)]);
            let start = Action::Start {
                side: Side::Target,
                sizes: sizes.clone(),
            };
            let await_healthy = Action::AwaitHealthy {
                side: Side::Target,
                sizes,
                only: Some(vec![instance.clone()]),
                healthy_for: environment.health.healthy_for,
            };
            self.push(Stage::Starting, start, environment.timeouts.start);
            self.push(Stage::Starting, await_healthy, environment.health.deadline);
            self.serving.insert(instance);
            if self.facts.workload.routed == *service {
                self.push_route(service);
            }
            self.resize(service, number.max(size(&self.occupant, service)));
        }
    }

    fn shrink(&mut self, service: &ServiceName, wanted: u32) {
        let now = size(&self.occupant, service);
        let of_service = |instance: &&InstanceId| instance.service == *service;
        let going: BTreeSet<InstanceId> = instances(service, 1..=now)
            .into_iter()
            .chain(self.facts.running.iter().filter(of_service).cloned())
            .filter(|instance| instance.number > wanted)
            .collect();
        for instance in going.into_iter().rev() {
            let left = now.min(instance.number - 1);
            self.serving.remove(&instance);
            let only = Some(vec![instance]);
            if self.facts.workload.routed == *service {
                self.push_route(service);
                // It gets no more requests from here on, whatever becomes of the rest.
                self.resize(service, left);
                self.push_drain(only.clone());
                self.push_stop(only);
            } else {
                self.push_stop(only);
                self.resize(service, left);
            }
        }
    }

    /// After the last step so far there are this many.
    fn resize(&mut self, service: &ServiceName, size: u32) {
        self.occupant = resized(self.facts, &self.occupant, service, size);
        if let Some(last) = self.steps.last_mut() {
            last.resizes = Some(Box::new(self.occupant.clone()));
        }
    }

    fn push_route(&mut self, service: &ServiceName) {
        let serving = self.serving.iter();
        let target = serving.filter(|instance| instance.service == *service);
        let action = Action::Route {
            target: target.cloned().collect(),
            previous: Vec::new(),
        };
        self.push(
            Stage::Switching,
            action,
            self.facts.environment.timeouts.switch,
        );
    }

    fn push_drain(&mut self, only: Option<Vec<InstanceId>>) {
        let drain = &self.facts.environment.drain;
        let action = Action::Drain {
            side: Side::Target,
            only,
            timeout: drain.timeout,
            streaming: drain.streaming,
        };
        self.push(Stage::Finalising, action, longest_drain(self.facts));
    }

    fn push_stop(&mut self, only: Option<Vec<InstanceId>>) {
        let side = Side::Target;
        let deadline = longest_stop(self.facts);
        self.push(Stage::Finalising, Action::Stop { side, only }, deadline);
    }

    fn push(&mut self, stage: Stage, action: Action, deadline: Duration) {
        self.steps.push(step(stage, action, deadline));
    }
}

fn size(occupant: &Occupant, service: &ServiceName) -> u32 {
    occupant.sizes.get(service).copied().unwrap_or(0)
}

fn longest_drain(facts: &ScaleFacts<'_>) -> Duration {
    let drain = &facts.environment.drain;
    drain.timeout.max(drain.streaming) + MARGIN
}

fn longest_stop(facts: &ScaleFacts<'_>) -> Duration {
    facts.workload.longest_grace() + MARGIN
}

fn step(stage: Stage, action: Action, deadline: Duration) -> Step {
    Step {
        stage,
        action,
        deadline,
        makes_live: None,
        resizes: None,
    }
}
