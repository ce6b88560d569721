//! The planner: facts in, plan out.

use std::time::Duration;

use super::{
    Action, BakeLimits, Kind, Note, Occupant, Plan, Probe, Revert, RoutePlan, Severity, Side,
    Sizes, Stage, Step, VERSION,
};
use crate::config::{Config, Environment};
use crate::id::{DeploymentId, InstanceId, ReleaseId};
use crate::name::ServiceName;
use crate::role::Role;
use crate::strategy::Strategy;
use crate::workload::Workload;

/// Room on top of the sum of a drain's or a stop's own limits, for the calls themselves.
const MARGIN: Duration = Duration::from_secs(30);

/// What is known before a deployment is planned.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The deployment to plan.
    pub deployment: DeploymentId,
    /// Why it is made.
    pub kind: Kind,
    /// The project's configuration.
    pub config: &'a Config,
    /// The environment.
    pub environment: &'a Environment,
    /// The release that shall be live.
    pub release: &'a ReleaseId,
    /// What it runs here.
    pub workload: &'a Workload,
    /// What is live now.
    pub live: Option<&'a Occupant>,
}

/// Plans a deployment.
pub fn make(facts: &Facts<'_>) -> Plan {
    let draft = Draft::new(facts);
    let (steps, revert) = match (facts.environment.strategy, facts.live) {
        (_, None) => (draft.first(), draft.revert_first()),
        (Strategy::BlueGreen, Some(_)) => (draft.blue_green(), draft.revert_to_previous()),
        (Strategy::Rolling, Some(previous)) => {
            (draft.rolling(previous), draft.revert_to_previous())
        }
        (Strategy::Recreate, Some(_)) => (draft.recreate(), draft.revert_to_previous()),
    };
    let touched_from = steps
        .iter()
        .position(|step| touches(&step.action))
        .unwrap_or(steps.len());
    Plan {
        version: VERSION,
        deployment: facts.deployment,
        kind: facts.kind,
        project: facts.config.project.clone(),
        environment: facts.environment.name.clone(),
        strategy: facts.environment.strategy,
        route: RoutePlan {
            listen: facts.environment.route.listen,
            hosts: facts.environment.route.hosts.clone(),
            service: facts.workload.routed.clone(),
        },
        probe: draft.probe(),
        notes: draft.notes(),
        target: draft.target,
        previous: facts.live.cloned(),
        steps,
        revert: Revert {
            touched_from,
            untouched: vec![stop_target(facts.workload)],
            touched: revert,
        },
    }
}

/// The same plan for a deployment of another number, which is given only with its record.
pub fn renumber(mut plan: Plan, deployment: DeploymentId) -> Plan {
    plan.deployment = deployment;
    plan.target.deployment = deployment;
    plan
}

/// Whether an action can be felt by the traffic or the old release.
pub(super) fn touches(action: &Action) -> bool {
    match action {
        Action::Hold | Action::Route { .. } => true,
        Action::Stop { side, .. } | Action::Drain { side, .. } => *side == Side::Previous,
        Action::CheckArtifact
        | Action::CheckAddress
        | Action::ClearColour
        | Action::StartShared { .. }
        | Action::Migrate { .. }
        | Action::Start { .. }
        | Action::AwaitHealthy { .. }
        | Action::Smoke { .. }
        | Action::Resume
        | Action::Bake { .. }
        | Action::MarkStable => false,
    }
}

/// What the strategies share.
struct Draft<'a> {
    facts: &'a Facts<'a>,
    target: Occupant,
    /// The target's sizes without singletons, which start at the switch.
    replaceable: Sizes,
    singletons: Sizes,
}

impl<'a> Draft<'a> {
    fn new(facts: &'a Facts<'a>) -> Self {
        let all = facts.workload.coloured_sizes();
        let is_singleton =
            |service: &ServiceName| facts.workload.role(service) == Some(Role::Singleton);
        let (singletons, replaceable): (Sizes, Sizes) = all
            .clone()
            .into_iter()
            .partition(|(service, _)| is_singleton(service));
        Self {
            target: Occupant {
                release: facts.release.clone(),
                deployment: facts.deployment,
                colour: facts
                    .live
                    .map_or(crate::colour::Colour::Blue, |live| live.colour.other()),
                workload: facts.workload.digest(),
                sizes: all,
            },
            facts,
            replaceable,
            singletons,
        }
    }

    // --- the strategies ---

    fn first(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.extend(self.start(self.replaceable.clone()));
        steps.extend(self.smoke());
        steps.push(self.switch());
        steps.extend(self.swap_singletons());
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps
    }

    fn blue_green(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.extend(self.start(self.replaceable.clone()));
        steps.extend(self.smoke());
        steps.push(self.switch());
        steps.extend(self.swap_singletons());
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps.push(self.drain(Side::Previous, None, Stage::Finalising));
        steps.push(self.stop(Side::Previous, None, Stage::Finalising));
        steps
    }

    fn recreate(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.push(quick(Stage::Switching, Action::Hold));
        // While requests wait, nothing is routed: so the old release can be drained and stopped.
        steps.push(self.route(Vec::new(), Vec::new()));
        steps.push(self.drain(Side::Previous, None, Stage::Switching));
        steps.push(self.stop(Side::Previous, None, Stage::Switching));
        steps.extend(self.start(self.target.sizes.clone()));
        steps.extend(self.smoke());
        steps.push(self.switch());
        steps.push(quick(Stage::Switching, Action::Resume));
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps
    }

    fn rolling(&self, previous: &Occupant) -> Vec<Step> {
        let routed = &self.facts.workload.routed;
        let new_size = self.replaceable.get(routed).copied().unwrap_or(1);
        let old_size = previous.sizes.get(routed).copied().unwrap_or(0);
        let mut steps = self.prepare();
        let mut sizes = self.replaceable.clone();
        for number in 1..=new_size {
            sizes.insert(routed.clone(), number);
            steps.extend(self.start(sizes.clone()));
            if number == 1 {
                steps.extend(self.smoke());
            }
            let is_last = number == new_size;
            // The last new one takes the place of all old ones that are left.
            let leaving = if is_last {
                number..=old_size
            } else {
                number..=number.min(old_size)
            };
            let staying = if is_last {
                Vec::new()
            } else {
                instances(routed, number + 1..=old_size)
            };
            steps.push(Step {
                makes_live: is_last.then_some(Side::Target),
                ..self.route(instances(routed, 1..=number), staying)
            });
            let leaving = instances(routed, leaving);
            if !leaving.is_empty() {
                steps.push(self.drain(Side::Previous, Some(leaving.clone()), Stage::Switching));
                steps.push(self.stop(Side::Previous, Some(leaving), Stage::Switching));
            }
        }
        steps.extend(self.swap_singletons());
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps.push(self.stop(Side::Previous, None, Stage::Finalising));
        steps
    }

    // --- the ways back ---

    fn revert_first(&self) -> Vec<Step> {
        vec![
            Step {
                stage: Stage::RollingBack,
                makes_live: Some(Side::Previous),
                ..self.route(Vec::new(), Vec::new())
            },
            self.drain(Side::Target, None, Stage::RollingBack),
            stop_target(self.facts.workload),
        ]
    }

    fn revert_to_previous(&self) -> Vec<Step> {
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
        let mut steps = vec![
            Step {
                stage: Stage::RollingBack,
                action: Action::Start {
                    side: Side::Previous,
                    sizes: replaceable.clone(),
                },
                deadline: environment.timeouts.start,
                makes_live: None,
            },
            Step {
                stage: Stage::RollingBack,
                action: Action::AwaitHealthy {
                    side: Side::Previous,
                    sizes: replaceable,
                    healthy_for: Duration::ZERO,
                },
                deadline: environment.health.deadline,
                makes_live: None,
            },
            Step {
                stage: Stage::RollingBack,
                makes_live: Some(Side::Previous),
                ..self.route(Vec::new(), back)
            },
            quick(Stage::RollingBack, Action::Resume),
        ];
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
            });
        }
        steps
    }

    // --- parts ---

    fn prepare(&self) -> Vec<Step> {
        let mut steps = vec![
            quick(Stage::Preparing, Action::CheckArtifact),
            quick(Stage::Preparing, Action::CheckAddress),
            self.clear(),
        ];
        let shared = self.facts.workload.shared_sizes();
        if !shared.is_empty() {
            steps.push(Step {
                stage: Stage::Preparing,
                action: Action::StartShared { sizes: shared },
                deadline: self.facts.environment.health.deadline,
                makes_live: None,
            });
        }
        // A rollback runs on the schema as it is: old code must live with it, as it did in the bake.
        if let Some(migrate) = &self.facts.config.migrate
            && self.facts.kind != Kind::Rollback
        {
            steps.push(Step {
                stage: Stage::Preparing,
                action: Action::Migrate {
                    service: migrate.service.clone(),
                    command: migrate.command.clone(),
                },
                deadline: migrate.timeout,
                makes_live: None,
            });
        }
        steps
    }

    fn clear(&self) -> Step {
        Step {
            stage: Stage::Preparing,
            action: Action::ClearColour,
            deadline: self.facts.workload.longest_grace() + MARGIN,
            makes_live: None,
        }
    }

    fn start(&self, sizes: Sizes) -> [Step; 2] {
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
            },
            Step {
                stage: Stage::Starting,
                action: Action::AwaitHealthy {
                    side: Side::Target,
                    sizes,
                    healthy_for: environment.health.healthy_for,
                },
                deadline: environment.health.deadline,
                makes_live: None,
            },
        ]
    }

    fn smoke(&self) -> Option<Step> {
        let health = &self.facts.environment.health;
        let is_tried = self.facts.kind != Kind::Rollback && !health.smoke.is_empty();
        is_tried.then(|| Step {
            stage: Stage::Verifying,
            action: Action::Smoke {
                paths: health.smoke.clone(),
            },
            deadline: health.deadline,
            makes_live: None,
        })
    }

    fn switch(&self) -> Step {
        let routed = &self.facts.workload.routed;
        let size = self.target.sizes.get(routed).copied().unwrap_or(1);
        Step {
            makes_live: Some(Side::Target),
            ..self.route(instances(routed, 1..=size), Vec::new())
        }
    }

    fn route(&self, target: Vec<InstanceId>, previous: Vec<InstanceId>) -> Step {
        Step {
            stage: Stage::Switching,
            action: Action::Route { target, previous },
            deadline: self.facts.environment.timeouts.switch,
            makes_live: None,
        }
    }

    /// Stop the old, then start the new: never two alive.
    fn swap_singletons(&self) -> Vec<Step> {
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

    fn bake(&self) -> Option<Step> {
        let limits = BakeLimits::of(self.facts.environment);
        // What a rollback returns to was judged when it was new, and time is short.
        let is_judged = self.facts.kind != Kind::Rollback && !limits.duration.is_zero();
        is_judged.then(|| Step {
            stage: Stage::Baking,
            // It ends by its own clock: once extended by half, and some looks on top.
            deadline: limits.duration * 2 + limits.interval * 10 + MARGIN,
            action: Action::Bake { limits },
            makes_live: None,
        })
    }

    fn probe(&self) -> Option<Probe> {
        let environment = self.facts.environment;
        let health = &environment.health;
        let host = health.host.clone();
        // A pattern such as `*.example.org` is no name to ask for.
        let named = environment
            .route
            .hosts
            .iter()
            .find(|host| !host.starts_with('*'));
        Some(Probe {
            path: health.path.clone()?,
            host: host
                .or_else(|| named.cloned())
                .unwrap_or_else(|| "localhost".to_owned()),
            interval: health.interval,
            timeout: health.timeout,
        })
    }

    fn drain(&self, side: Side, only: Option<Vec<InstanceId>>, stage: Stage) -> Step {
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
        }
    }

    fn stop(&self, side: Side, only: Option<Vec<InstanceId>>, stage: Stage) -> Step {
        Step {
            stage,
            action: Action::Stop { side, only },
            deadline: self.facts.workload.longest_grace() + MARGIN,
            makes_live: None,
        }
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self
            .facts
            .workload
            .left_out
            .iter()
            .map(|service| Note {
                severity: Severity::Info,
                text: format!("service `{service}` has no `x-shipway.process` and is not run"),
            })
            .collect();
        if self.facts.environment.strategy == Strategy::Recreate && self.facts.live.is_some() {
            notes.push(Note {
                severity: Severity::Warning,
                text: "requests wait at the proxy while the release is replaced".to_owned(),
            });
        }
        if self
            .facts
            .live
            .is_some_and(|live| live.release == *self.facts.release)
        {
            notes.push(Note {
                severity: Severity::Info,
                text: format!("release {} is live already", self.facts.release),
            });
        }
        if self.facts.environment.bake.duration.is_zero() {
            notes.push(Note {
                severity: Severity::Warning,
                text: "`bake.duration` is 0: the release is not judged after the switch".to_owned(),
            });
        }
        notes
    }
}

fn stop_target(workload: &Workload) -> Step {
    Step {
        stage: Stage::RollingBack,
        action: Action::Stop {
            side: Side::Target,
            only: None,
        },
        deadline: workload.longest_grace() + MARGIN,
        makes_live: None,
    }
}

/// A step that only talks to the store or the proxy.
fn quick(stage: Stage, action: Action) -> Step {
    Step {
        stage,
        action,
        deadline: MARGIN,
        makes_live: None,
    }
}

fn instances(service: &ServiceName, numbers: impl IntoIterator<Item = u32>) -> Vec<InstanceId> {
    numbers
        .into_iter()
        .map(|number| InstanceId {
            service: service.clone(),
            number,
        })
        .collect()
}
