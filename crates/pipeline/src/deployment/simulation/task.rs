//! A step while it is performed: which call comes next, by what the last one came to.

use std::collections::VecDeque;

use super::world::{Answer, Call, backends, instances, keys};
use crate::bake::Look;
use crate::deployment::{Event, Failure};
use crate::id::{Epoch, Generation, InstanceId};
use crate::plan::{Action, Plan, Side, Step};
use crate::route::{Route, follow};

/// Between two questions for health.
const AGAIN: u64 = 500;
/// How often a put is tried, as the engine does it.
const ATTEMPTS: u32 = 3;

#[derive(Debug)]
pub(super) struct Task {
    pub(super) step: Step,
    calls: VecDeque<Call>,
    attempts: u32,
}

pub(super) enum Next {
    /// A call, after a pause.
    Call(u64, Call),
    /// What the state machine is told.
    Tell(Event),
}

pub(super) fn failure(reason: &str) -> Failure {
    Failure {
        reason: reason.to_owned(),
        evidence: vec![],
    }
}

// === impl Task ===

impl Task {
    pub(super) fn begin(plan: &Plan, step: &Step) -> Self {
        Self {
            calls: calls(plan, &step.action).into(),
            step: step.clone(),
            attempts: 1,
        }
    }

    /// What comes next. `in_doubt` is the engine's memory of a put without an answer.
    pub(super) fn next(
        &mut self,
        answer: Option<Answer>,
        plan: &Plan,
        epoch: Epoch,
        in_doubt: &mut bool,
    ) -> Next {
        match (answer, &self.step.action) {
            (Some(Answer::Healthy(healthy)), Action::Bake { .. }) => {
                return Next::Tell(Event::Looked(look(healthy)));
            }
            (Some(Answer::Healthy(false)), Action::AwaitHealthy { .. }) => {
                self.calls = calls(plan, &self.step.action).into();
                return self.call(AGAIN);
            }
            (Some(Answer::Route(current)), Action::Route { target, previous }) => {
                let wanted = wanted(plan, epoch, target, previous);
                if let Some(route) = follow(current.as_deref(), wanted, *in_doubt) {
                    *in_doubt = true;
                    return Next::Call(0, Call::Put(Box::new(route)));
                }
            }
            (Some(Answer::Refused), Action::Route { .. }) if self.attempts < ATTEMPTS => {
                self.attempts += 1;
                return Next::Call(0, Call::GetRoute);
            }
            (Some(Answer::Refused), _) => return Next::Tell(Event::Failed(failure("refused"))),
            (Some(Answer::Done), Action::Route { .. }) => *in_doubt = false,
            (None, Action::Bake { limits }) => {
                return self.call(limits.interval.as_millis() as u64);
            }
            _ => {}
        }
        self.call(0)
    }

    fn call(&mut self, after: u64) -> Next {
        match self.calls.pop_front() {
            Some(call) => Next::Call(after, call),
            None => Next::Tell(Event::Done),
        }
    }
}

/// Too little traffic, so that probes decide; what does not run is found.
fn look(healthy: bool) -> Look {
    Look {
        target: None,
        baseline: None,
        crashes: vec![],
        unhealthy: (!healthy).then(|| "it does not answer".to_owned()),
    }
}

fn wanted(plan: &Plan, epoch: Epoch, target: &[InstanceId], previous: &[InstanceId]) -> Route {
    let mut all = backends(plan, Side::Target, target);
    all.extend(backends(plan, Side::Previous, previous));
    Route {
        key: plan.route_key(),
        epoch,
        generation: Generation::default(),
        listen: plan.route.listen,
        hosts: plan.route.hosts.clone(),
        tls: plan.route.tls.clone(),
        rules: plan.route.rules.clone(),
        backends: all,
    }
}

fn calls(plan: &Plan, action: &Action) -> Vec<Call> {
    let all_of = |side| {
        let occupant = plan.occupant(side);
        occupant.into_iter().flat_map(|one| instances(&one.sizes))
    };
    let named = |side, only: &Option<Vec<InstanceId>>| match only {
        Some(only) => keys(side, only.clone()),
        None => keys(side, all_of(side)),
    };
    match action {
        Action::Start { side, sizes } => keys(*side, instances(sizes))
            .into_iter()
            .map(Call::Start)
            .collect(),
        Action::AwaitHealthy {
            side, sizes, only, ..
        } => {
            let wanted = match only {
                Some(only) => keys(*side, only.clone()),
                None => keys(*side, instances(sizes)),
            };
            vec![Call::Look(wanted)]
        }
        Action::Bake { .. } => vec![Call::Look(keys(Side::Target, all_of(Side::Target)))],
        Action::Route { .. } => vec![Call::GetRoute],
        Action::Hold => vec![Call::Hold],
        Action::Resume => vec![Call::Resume],
        Action::Drain { side, only, .. } => vec![Call::Cut(named(*side, only))],
        Action::Stop { side, only } => named(*side, only).into_iter().map(Call::Stop).collect(),
        _ => vec![Call::Other],
    }
}
