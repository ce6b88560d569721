//! The state machine against a small world: whatever fails, and whenever.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::bake::Look;
use crate::fixtures::plan;
use crate::id::InstanceId;
use crate::plan::{Action, Side, audit};

type Instance = (Side, InstanceId);

/// What the effects do, without any of it being real.
struct World {
    running: BTreeSet<(bool, InstanceId)>,
    routed: BTreeSet<(bool, InstanceId)>,
    held: bool,
    /// Every moment's violation of what must hold throughout.
    violations: Vec<String>,
    target_is_broken: bool,
    target_was_routed: bool,
}

fn key((side, instance): Instance) -> (bool, InstanceId) {
    (side == Side::Target, instance)
}

fn instances(sizes: &crate::plan::Sizes) -> impl Iterator<Item = InstanceId> + '_ {
    sizes.iter().flat_map(|(service, size)| {
        (1..=*size).map(|number| InstanceId {
            service: service.clone(),
            number,
        })
    })
}

impl World {
    fn before(plan: &Plan, target_is_broken: bool) -> Self {
        let old = plan.previous.iter().flat_map(|previous| {
            instances(&previous.sizes).map(|instance| key((Side::Previous, instance)))
        });
        let running: BTreeSet<_> = old.collect();
        let is_web = |(_, instance): &&(bool, InstanceId)| instance.service.as_str() == "web";
        Self {
            routed: running.iter().filter(is_web).cloned().collect(),
            running,
            held: false,
            violations: vec![],
            target_is_broken,
            target_was_routed: false,
        }
    }

    /// Performs an action; `Err` is what a health check or a smoke test would find.
    fn perform(&mut self, action: &Action) -> Result<(), Failure> {
        match action {
            Action::Start { side, sizes } => {
                self.running
                    .extend(instances(sizes).map(|instance| key((*side, instance))));
            }
            Action::AwaitHealthy {
                side: Side::Target, ..
            } if self.target_is_broken => return Err(failure("never healthy")),
            Action::Route { target, previous } => {
                let new = target.iter().map(|i| key((Side::Target, i.clone())));
                let old = previous.iter().map(|i| key((Side::Previous, i.clone())));
                self.routed = new.chain(old).collect();
                self.target_was_routed |= !target.is_empty();
            }
            Action::Hold => self.held = true,
            Action::Resume => self.held = false,
            Action::Stop { side, only } => {
                let is_target = *side == Side::Target;
                self.running.retain(|(target, instance)| {
                    *target != is_target
                        || only.as_ref().is_some_and(|only| !only.contains(instance))
                });
            }
            _ => {}
        }
        self.check();
        Ok(())
    }

    fn check(&mut self) {
        if !self.held && !self.routed.is_subset(&self.running) {
            self.violations
                .push("requests reach an instance that does not run".to_owned());
        }
        let beats = self
            .running
            .iter()
            .filter(|(_, i)| i.service.as_str() == "beat");
        if beats.count() > 1 {
            self.violations.push("two singletons are alive".to_owned());
        }
    }

    fn web(&self, side: Side) -> usize {
        self.routed
            .iter()
            .filter(|(target, _)| *target == (side == Side::Target))
            .count()
    }
}

fn failure(reason: &str) -> Failure {
    Failure {
        reason: reason.to_owned(),
        evidence: vec![],
    }
}

/// What disturbs a deployment at one of its effects.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    None,
    Fails,
    FailsAfterItWasDone,
    Aborted,
    Superseded,
    EngineDiesBefore,
    EngineDiesAfter,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        12 => Just(Trouble::None),
        1 => Just(Trouble::Fails),
        1 => Just(Trouble::FailsAfterItWasDone),
        1 => Just(Trouble::Aborted),
        1 => Just(Trouble::Superseded),
        2 => Just(Trouble::EngineDiesBefore),
        2 => Just(Trouble::EngineDiesAfter),
    ]
}

fn by() -> String {
    "someone".to_owned()
}

/// Lives a deployment through; the troubles are over after the given ones.
fn live(plan: &Plan, broken: bool, troubles: &[Trouble]) -> (World, Outcome) {
    let mut world = World::before(plan, broken);
    let mut now = Timestamp(0);
    let mut troubles = troubles.iter().copied();
    let mut transition = step(plan, &State::Queued, Event::LeaseTaken, now);
    for _ in 0..1000 {
        // What is stored is what an engine after a crash goes on with.
        let stored = serde_json::to_string(&transition.state).unwrap();
        let state: State = serde_json::from_str(&stored).unwrap();
        if let State::Finished { outcome, .. } = state {
            return (world, outcome);
        }
        let wanted = transition
            .effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::Perform(step) => Some((step.clone(), false)),
                Effect::Look(step) => Some((step.clone(), true)),
                Effect::Interrupt | Effect::Release => None,
            });
        now = now.after(std::time::Duration::from_secs(30));
        let is_way_back = matches!(state, State::Reverting { .. });
        let event = match (troubles.next().unwrap_or(Trouble::None), wanted) {
            (_, None) => Event::Recovered,
            (Trouble::Aborted, _) => Event::AbortRequested { by: by() },
            (Trouble::Superseded, _) => Event::SupersedeRequested { by: by() },
            (Trouble::EngineDiesBefore, _) => Event::Recovered,
            (Trouble::EngineDiesAfter, Some((step, _))) => {
                let _ = world.perform(&step.action);
                Event::Recovered
            }
            (Trouble::Fails, Some(_)) if !is_way_back => Event::Failed(failure("trouble")),
            (Trouble::FailsAfterItWasDone, Some((step, _))) if !is_way_back => {
                let _ = world.perform(&step.action);
                Event::Failed(failure("trouble"))
            }
            (_, Some((_, true))) => Event::Looked(Look {
                target: None,
                baseline: None,
                crashes: vec![],
                unhealthy: None,
            }),
            (_, Some((step, false))) => match world.perform(&step.action) {
                Ok(()) => Event::Done,
                Err(failure) => Event::Failed(failure),
            },
        };
        let next = super::step(plan, &state, event, now);
        // An event without consequence leaves the effect that was asked for in force.
        if next.effects.is_empty() && next.state == state {
            transition.state = state;
        } else {
            transition = next;
        }
    }
    panic!("the deployment does not end");
}

proptest! {
    #[test]
    fn whatever_happens_the_environment_is_old_or_new_and_whole(
        strategy in prop::sample::select(vec!["recreate", "rolling", "blue-green"]),
        old in prop::option::of(1_u32..4),
        new in 1_u32..4,
        broken: bool,
        troubles in prop::collection::vec(trouble(), 0..30),
    ) {
        let plan = plan(strategy, old, new);
        prop_assert_eq!(audit(&plan), vec![]);
        let (world, outcome) = live(&plan, broken, &troubles);
        prop_assert!(world.violations.is_empty(), "{:?}", world.violations);
        prop_assert!(!world.held, "requests would wait for ever");
        if outcome == Outcome::Succeeded {
            prop_assert_eq!(world.web(Side::Target), new as usize);
            prop_assert_eq!(world.web(Side::Previous), 0);
        } else {
            prop_assert_ne!(outcome, Outcome::RollbackFailed);
            prop_assert_eq!(world.web(Side::Target), 0);
            prop_assert_eq!(world.web(Side::Previous), old.unwrap_or(0) as usize);
            prop_assert!(world.running.iter().all(|(is_target, _)| !is_target));
        }
        if broken {
            prop_assert!(!world.target_was_routed, "a failed release took traffic");
        }
    }
}

#[test]
fn a_quiet_deployment_succeeds_with_each_strategy() {
    for strategy in ["recreate", "rolling", "blue-green"] {
        for old in [None, Some(2)] {
            let (_, outcome) = live(&plan(strategy, old, 3), false, &[]);
            assert_eq!(outcome, Outcome::Succeeded, "{strategy} over {old:?}");
        }
    }
}

#[test]
fn a_failure_before_the_switch_is_failed_and_after_it_rolled_back() {
    let plan = plan("blue-green", Some(2), 2);
    let switch = plan
        .steps
        .iter()
        .position(|step| matches!(step.action, Action::Route { .. }))
        .unwrap();
    for (at, expected) in [
        (switch - 1, Outcome::Failed),
        (switch + 1, Outcome::RolledBack),
    ] {
        let mut troubles = vec![Trouble::None; at];
        troubles.push(Trouble::Fails);
        assert_eq!(live(&plan, false, &troubles).1, expected);
    }
}

#[test]
fn going_back_that_fails_freezes_and_says_why_it_was_tried() {
    let plan = plan("blue-green", Some(1), 1);
    let state = State::Reverting {
        cause: Cause::Judged {
            failure: failure("too many errors"),
        },
        path: Path::Touched,
        step: 1,
    };
    let next = step(
        &plan,
        &state,
        Event::Failed(failure("old is dead")),
        Timestamp(0),
    );
    let State::Finished { outcome, cause } = next.state else {
        panic!("it goes on");
    };
    assert_eq!(outcome, Outcome::RollbackFailed);
    let text = cause.unwrap().to_string();
    assert!(
        text.contains("old is dead") && text.contains("too many errors"),
        "{text}"
    );
}

#[test]
fn a_stable_release_is_not_taken_back_by_a_late_abort() {
    let plan = plan("blue-green", Some(1), 1);
    let last = State::Advancing {
        step: plan.steps.len() - 1,
    };
    let next = step(
        &plan,
        &last,
        Event::AbortRequested { by: by() },
        Timestamp(0),
    );
    assert_eq!(next.state, last);
}
