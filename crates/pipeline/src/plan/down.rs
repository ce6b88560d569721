//! The plan that stops all of an environment.

use super::alone::Alone;
use super::make::{MARGIN, probe};
use super::{Action, Kind, Occupant, Plan, Revert, Side, Stage, Step};
use crate::config::{Config, Environment};
use crate::id::DeploymentId;
use crate::workload::Workload;

/// What is known before an environment is stopped.
#[derive(Debug, Clone, Copy)]
pub struct DownFacts<'a> {
    /// The deployment to plan.
    pub deployment: DeploymentId,
    /// The project's configuration.
    pub config: &'a Config,
    /// The environment.
    pub environment: &'a Environment,
    /// What is live.
    pub live: &'a Occupant,
    /// What it runs.
    pub workload: &'a Workload,
}

/// Plans the end: no more requests, then what is open, then the instances, then what they share.
pub fn down(facts: &DownFacts<'_>) -> Plan {
    let environment = facts.environment;
    let drain = &environment.drain;
    let stop = facts.workload.longest_grace() + MARGIN;
    let route = Action::Route {
        target: Vec::new(),
        previous: Vec::new(),
    };
    let drain_all = Action::Drain {
        side: Side::Target,
        only: None,
        timeout: drain.timeout,
        streaming: drain.streaming,
    };
    let stop_all = Action::Stop {
        side: Side::Target,
        only: None,
    };
    let steps = vec![
        step(Stage::Switching, route, environment.timeouts.switch),
        step(
            Stage::Finalising,
            drain_all,
            drain.timeout.max(drain.streaming) + MARGIN,
        ),
        step(Stage::Finalising, stop_all, stop),
        Step {
            // Nothing is. Not before: until then the same command finds what is left to stop.
            makes_live: Some(Side::Previous),
            ..step(Stage::Finalising, Action::StopShared, stop)
        },
    ];
    let alone = Alone {
        deployment: facts.deployment,
        config: facts.config,
        environment: facts.environment,
        live: facts.live,
        workload: facts.workload,
    };
    Plan {
        probe: probe(environment),
        revert: Revert {
            touched_from: 0,
            untouched: Vec::new(),
            // It is left where it stands: the same command goes on.
            touched: vec![step(Stage::RollingBack, Action::Resume, MARGIN)],
        },
        ..alone.plan(Kind::Down, steps)
    }
}

fn step(stage: Stage, action: Action, deadline: std::time::Duration) -> Step {
    Step {
        stage,
        action,
        deadline,
        makes_live: None,
        resizes: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{config, occupant, workload};
    use crate::plan::{Severity, audit};

    fn plan() -> Plan {
        let config = config("blue-green");
        down(&DownFacts {
            deployment: DeploymentId(7),
            config: &config,
            environment: &config.environments[0],
            live: &occupant(2),
            workload: &workload(2),
        })
    }

    #[test]
    fn nothing_is_stopped_while_it_is_routed() {
        let plan = plan();
        assert!(audit(&plan).is_empty());
        let mut wrong = plan;
        wrong.steps.remove(0);
        assert_eq!(audit(&wrong)[0].severity, Severity::Fatal);
    }

    #[test]
    fn it_is_never_left_without_a_step_to_go_on_with() {
        assert!(!plan().revert.touched.is_empty());
    }
}
