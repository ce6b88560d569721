//! The transitions.

use super::{Cause, Effect, Event, Failure, Outcome, Path, State, Transition, begin, way_back};
use crate::bake::{self, Bake};
use crate::plan::{Action, Kind, Plan, Stage};
use crate::time::Timestamp;

/// Decides what follows from an event.
///
/// An event that a state has no use for (a late answer, a second abort) changes nothing.
pub fn step(plan: &Plan, state: &State, event: Event, now: Timestamp) -> Transition {
    match state {
        State::Queued => queued(plan, event, now),
        State::Advancing { step } => advancing(plan, *step, event, now),
        State::Baking { step, bake } => baking(plan, *step, bake, event, now),
        State::Reverting { cause, path, step } => reverting(plan, cause, *path, *step, event),
        State::Finished { .. } => stay(state),
    }
}

fn queued(plan: &Plan, event: Event, now: Timestamp) -> Transition {
    match event {
        Event::LeaseTaken | Event::Recovered => perform(plan, begin(plan, 0, now)),
        Event::AbortRequested { by } => finish(Outcome::Cancelled, Some(Cause::Aborted { by })),
        Event::SupersedeRequested { by } => {
            finish(Outcome::Superseded, Some(Cause::Superseded { by }))
        }
        Event::Done | Event::Failed(_) | Event::Looked(_) => stay(&State::Queued),
    }
}

fn advancing(plan: &Plan, index: usize, event: Event, now: Timestamp) -> Transition {
    let state = State::Advancing { step: index };
    match event {
        Event::Recovered => perform(plan, state),
        Event::Done if index + 1 < plan.steps.len() => perform(plan, begin(plan, index + 1, now)),
        Event::Done => finish(Outcome::Succeeded, None),
        Event::Failed(failure) => failed(plan, index, failure, now),
        Event::AbortRequested { by } => stop(plan, index, Cause::Aborted { by }),
        Event::SupersedeRequested { by } if index < plan.revert.touched_from => {
            stop(plan, index, Cause::Superseded { by })
        }
        Event::SupersedeRequested { .. } | Event::LeaseTaken | Event::Looked(_) => stay(&state),
    }
}

/// Once the release is stable, what is left is tidying up: the next deployment does it again.
fn failed(plan: &Plan, index: usize, failure: Failure, now: Timestamp) -> Transition {
    let stage = stage_of(plan, index);
    if !is_stable(plan, index) {
        return revert(plan, index, Cause::StepFailed { stage, failure });
    }
    if index + 1 < plan.steps.len() {
        perform(plan, begin(plan, index + 1, now))
    } else {
        finish(
            Outcome::Succeeded,
            Some(Cause::StepFailed { stage, failure }),
        )
    }
}

fn baking(plan: &Plan, index: usize, bake: &Bake, event: Event, now: Timestamp) -> Transition {
    let state = |bake: Bake| State::Baking { step: index, bake };
    let Some(Action::Bake { limits }) = plan.steps.get(index).map(|step| &step.action) else {
        return stay(&state(bake.clone()));
    };
    match event {
        Event::Recovered => perform(plan, state(bake.clone())),
        Event::Looked(look) => {
            let mut bake = bake.clone();
            match bake.judge(limits, look, now) {
                bake::Verdict::Undecided => perform(plan, state(bake)),
                bake::Verdict::Pass if index + 1 < plan.steps.len() => {
                    perform(plan, begin(plan, index + 1, now))
                }
                bake::Verdict::Pass => finish(Outcome::Succeeded, None),
                bake::Verdict::Fail(failure) => revert(plan, index, Cause::Judged { failure }),
            }
        }
        Event::Failed(failure) => revert(plan, index, Cause::Judged { failure }),
        Event::AbortRequested { by } => stop(plan, index, Cause::Aborted { by }),
        Event::SupersedeRequested { .. } | Event::LeaseTaken | Event::Done => {
            stay(&state(bake.clone()))
        }
    }
}

fn reverting(plan: &Plan, cause: &Cause, path: Path, index: usize, event: Event) -> Transition {
    let state = |step| State::Reverting {
        cause: cause.clone(),
        path,
        step,
    };
    match event {
        Event::Recovered => perform(plan, state(index)),
        Event::Done if index + 1 < way_back(plan, path).len() => perform(plan, state(index + 1)),
        Event::Done => finish(outcome(plan, cause, path), Some(cause.clone())),
        // Draining and stopping the target comes after the old one has the traffic: what is left
        // over there is cleared by the next deployment, and no reason to page anybody.
        Event::Failed(_) if is_tidying(plan, path, index) => {
            if index + 1 < way_back(plan, path).len() {
                perform(plan, state(index + 1))
            } else {
                finish(outcome(plan, cause, path), Some(cause.clone()))
            }
        }
        Event::Failed(failure) => finish(
            Outcome::RollbackFailed,
            Some(Cause::StepFailed {
                stage: Stage::RollingBack,
                failure: Failure {
                    reason: format!(
                        "{} (the rollback was made because: {cause})",
                        failure.reason
                    ),
                    evidence: failure.evidence,
                },
            }),
        ),
        // Going back is not stopped half-way.
        Event::AbortRequested { .. }
        | Event::SupersedeRequested { .. }
        | Event::LeaseTaken
        | Event::Looked(_) => stay(&state(index)),
    }
}

// --- parts ---

/// Leaves the step that is being performed and goes back, unless it is too late for that.
fn stop(plan: &Plan, index: usize, cause: Cause) -> Transition {
    if is_stable(plan, index) {
        return stay(&State::Advancing { step: index });
    }
    let mut transition = revert(plan, index, cause);
    transition.effects.insert(0, Effect::Interrupt);
    transition
}

fn revert(plan: &Plan, index: usize, cause: Cause) -> Transition {
    let path = if index >= plan.revert.touched_from {
        Path::Touched
    } else {
        Path::Untouched
    };
    if way_back(plan, path).is_empty() {
        return finish(outcome(plan, &cause, path), Some(cause));
    }
    perform(
        plan,
        State::Reverting {
            cause,
            path,
            step: 0,
        },
    )
}

fn outcome(plan: &Plan, cause: &Cause, path: Path) -> Outcome {
    match cause {
        Cause::Aborted { .. } => Outcome::Cancelled,
        Cause::Superseded { .. } => Outcome::Superseded,
        Cause::StepFailed { .. } | Cause::Judged { .. } => match path {
            Path::Touched if plan.previous.is_some() || plan.kind == Kind::Renew => {
                Outcome::RolledBack
            }
            Path::Touched | Path::Untouched => Outcome::Failed,
        },
    }
}

/// Whether the release was marked stable before this step.
fn is_stable(plan: &Plan, index: usize) -> bool {
    plan.steps
        .iter()
        .take(index)
        .any(|step| step.action == Action::MarkStable)
}

/// Whether the traffic is back already when this step of the way back is reached.
fn is_tidying(plan: &Plan, path: Path, index: usize) -> bool {
    match path {
        Path::Untouched => true,
        // While the database is still to go back, nothing may be left running.
        Path::Touched if goes_back_after(plan, path, index) => false,
        // What did not stop may be a singleton, and the old one is about to start.
        Path::Touched if is_stop_before_start(plan, path, index) => false,
        Path::Touched => {
            way_back(plan, path)
                .iter()
                .take(index)
                .any(|step| matches!(step.action, Action::Route { .. }))
                && way_back(plan, path).get(index).is_some_and(|step| {
                    matches!(step.action, Action::Drain { .. } | Action::Stop { .. })
                })
        }
    }
}

/// Whether the database goes back at this step of the way back or a later one.
fn goes_back_after(plan: &Plan, path: Path, index: usize) -> bool {
    way_back(plan, path)
        .iter()
        .skip(index)
        .any(|step| matches!(step.action, Action::SwapDatabaseBack { .. }))
}

/// Whether this step of the way back stops instances in whose place others start after it.
fn is_stop_before_start(plan: &Plan, path: Path, index: usize) -> bool {
    let mut steps = way_back(plan, path).iter().skip(index);
    steps
        .next()
        .is_some_and(|step| matches!(step.action, Action::Stop { .. }))
        && steps.any(|step| matches!(step.action, Action::Start { .. }))
}

fn stage_of(plan: &Plan, index: usize) -> Stage {
    plan.steps
        .get(index)
        .map_or(Stage::Finalising, |step| step.stage)
}

fn perform(plan: &Plan, state: State) -> Transition {
    let effects = match (&state, state.current(plan)) {
        (State::Baking { .. }, Some(step)) => vec![Effect::Look(step.clone())],
        (_, Some(step)) => vec![Effect::Perform(step.clone())],
        (_, None) => Vec::new(),
    };
    Transition { state, effects }
}

fn finish(outcome: Outcome, cause: Option<Cause>) -> Transition {
    Transition {
        state: State::Finished { outcome, cause },
        effects: vec![Effect::Release],
    }
}

fn stay(state: &State) -> Transition {
    Transition {
        state: state.clone(),
        effects: Vec::new(),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
