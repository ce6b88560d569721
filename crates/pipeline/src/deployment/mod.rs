//! A deployment's life: `step(plan, state, event, now) -> (state, effects)`.
//!
//! ```text
//!            ┌──────────── Advancing through plan.steps ────────────┐
//!  Queued ──►│ preparing → starting → verifying → switching → baking │──► Succeeded
//!            │                                     → finalising      │
//!            └───────┬──────────────────────────────────┬───────────┘
//!        failure or abort, untouched          failure or abort, touched
//!                    ▼                                  ▼
//!     Reverting through revert.untouched   Reverting through revert.touched
//!                    ▼                                  ▼
//!           Failed │ Cancelled            RolledBack │ Cancelled │ RollbackFailed
//! ```
//!
//! The executor journals an effect before it performs it, feeds what came of it
//! back as an event, and stores the new state with the same transaction. After
//! a crash the state is loaded and [`Event::Recovered`] asks for the effect
//! again; every effect is safe to repeat.

#[cfg(test)]
mod simulation;
mod step;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use step::step;

use crate::bake::Bake;
use crate::plan::{Plan, Stage, Step};
use crate::time::Timestamp;

/// Version of the stored form.
pub const VERSION: u16 = 1;

/// Where a deployment stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum State {
    /// It waits for its environment.
    Queued,
    /// It performs a step of the plan.
    Advancing {
        /// Index into the plan's steps.
        step: usize,
    },
    /// It performs a bake, which is a step with a memory.
    Baking {
        /// Index into the plan's steps.
        step: usize,
        /// What the bake has seen.
        bake: Bake,
    },
    /// It goes back.
    Reverting {
        /// Why.
        cause: Cause,
        /// Which way.
        path: Path,
        /// Index into that way's steps.
        step: usize,
    },
    /// It is over.
    Finished {
        /// How it ended.
        outcome: Outcome,
        /// Why, if it did not succeed.
        cause: Option<Cause>,
    },
}

/// Which of the plan's ways back is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// Nothing was touched: the target goes.
    Untouched,
    /// The old one takes the traffic back first.
    Touched,
}

/// Why a deployment did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Cause {
    /// A step failed.
    StepFailed {
        /// The stage it failed in.
        stage: Stage,
        /// What happened.
        failure: Failure,
    },
    /// The bake found the release wanting.
    Judged {
        /// What happened.
        failure: Failure,
    },
    /// Somebody asked for it.
    Aborted {
        /// Who.
        by: String,
    },
    /// A newer request took its place.
    Superseded {
        /// Who asked for the newer one.
        by: String,
    },
}

/// What went wrong, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One sentence.
    pub reason: String,
    /// Last probe response, exit code, last log lines: one a line.
    pub evidence: Vec<String>,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The release is live and stable.
    Succeeded,
    /// It was live or about to be, and the old one has the traffic back.
    RolledBack,
    /// It never took traffic; the environment is as it was.
    Failed,
    /// Somebody stopped it; the environment is as it was.
    Cancelled,
    /// A newer request took its place before it had touched anything.
    Superseded,
    /// Going back failed: the environment is frozen until somebody has looked.
    RollbackFailed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The environment is ours.
    LeaseTaken,
    /// The step that was asked for is done.
    Done,
    /// The step that was asked for cannot be done.
    Failed(Failure),
    /// A look at the release during its bake.
    Looked(crate::bake::Look),
    /// Somebody wants it stopped.
    AbortRequested {
        /// Who.
        by: String,
    },
    /// A newer request wants the environment.
    SupersedeRequested {
        /// Who asked for it.
        by: String,
    },
    /// The engine that carried it out is gone, another one has the lease.
    Recovered,
}

/// What the executor is to do. Each is safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Perform a step, then say [`Event::Done`] or [`Event::Failed`].
    Perform(Step),
    /// Look at the release once the interval has passed, then say [`Event::Looked`].
    Look(Step),
    /// Give up the step that is being performed.
    Interrupt,
    /// Give the environment back.
    Release,
}

/// What follows from an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Where the deployment stands now.
    pub state: State,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

/// Asks for a step's performance; a bake begins its memory at `now`.
pub(crate) fn begin(plan: &Plan, index: usize, now: Timestamp) -> State {
    match plan.steps.get(index).map(|step| &step.action) {
        Some(crate::plan::Action::Bake { limits }) => State::Baking {
            step: index,
            bake: Bake::begin(limits, now),
        },
        _ => State::Advancing { step: index },
    }
}

// === impl State ===

impl State {
    /// Whether nothing more will happen.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Finished { .. })
    }

    /// The state's name for people: the stage while it advances, the outcome at the end.
    pub fn name(&self, plan: &Plan) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Advancing { step } | Self::Baking { step, .. } => plan
                .steps
                .get(*step)
                .map_or("finalising", |step| step.stage.as_str()),
            Self::Reverting {
                path: Path::Untouched,
                ..
            } => "cleaning up",
            Self::Reverting { .. } => "rolling back",
            Self::Finished { outcome, .. } => outcome.as_str(),
        }
    }

    /// The step that is being performed.
    pub fn current<'a>(&self, plan: &'a Plan) -> Option<&'a Step> {
        match self {
            Self::Advancing { step } | Self::Baking { step, .. } => plan.steps.get(*step),
            Self::Reverting { path, step, .. } => way_back(plan, *path).get(*step),
            Self::Queued | Self::Finished { .. } => None,
        }
    }
}

pub(crate) fn way_back(plan: &Plan, path: Path) -> &[Step] {
    match path {
        Path::Untouched => &plan.revert.untouched,
        Path::Touched => &plan.revert.touched,
    }
}

impl Outcome {
    /// The outcome's name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::RolledBack => "rolled back",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::RollbackFailed => "rollback failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepFailed { stage, failure } => {
                write!(f, "{} failed: {}", stage.as_str(), failure.reason)
            }
            Self::Judged { failure } => write!(f, "judged bad: {}", failure.reason),
            Self::Aborted { by } => write!(f, "aborted by {by}"),
            Self::Superseded { by } => write!(f, "superseded by a newer request of {by}"),
        }
    }
}

impl Cause {
    /// What shows it.
    pub fn evidence(&self) -> &[String] {
        match self {
            Self::StepFailed { failure, .. } | Self::Judged { failure } => &failure.evidence,
            Self::Aborted { .. } | Self::Superseded { .. } => &[],
        }
    }
}
