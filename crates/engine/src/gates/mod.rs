//! Gates of a commit: taken from the record where they passed, else run.
//!
//! ```text
//! Schedule ── ready ──► run ── in parts, again where it may ──► Verdict ──► Store
//!    ▲                                                             │
//!    └─────────────────────────── end ─────────────────────────────┘
//! ```

mod log;
mod run;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use shipway_pipeline::gate::{Gate, Schedule, Standing, Verdict};
use shipway_pipeline::name::GateName;
use shipway_pipeline::time::Timestamp;
use shipway_runtime::process::ProcessRuntime;
use shipway_store::GateRun;
use tokio::sync::Semaphore;

use crate::clock::now;
use crate::event::Kind;
use crate::executor::Engine;
use crate::git::{Commit, Repository};
use crate::project::Project;

/// Why gates could not be run, which says nothing of the commit.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The commit cannot be exported, or a command not be watched.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// A log cannot be written.
    #[error("cannot write the log `{path}`")]
    Log {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What is to be checked.
#[derive(Debug, Clone, Copy)]
pub struct GateRequest<'a> {
    /// Whose gates.
    pub project: &'a Project,
    /// Where the commit is.
    pub repository: &'a Repository,
    /// The commit.
    pub commit: &'a Commit,
    /// Which gates; what they need comes along.
    pub wanted: &'a [GateName],
    /// Run those that passed before as well.
    pub anew: bool,
}

/// What a gate came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateResult {
    /// Which.
    pub gate: GateName,
    /// What it said; `None` where it was skipped.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
    /// The gate because of which it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_because: Option<GateName>,
    /// The run that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<GateRun>,
}

impl Engine {
    /// The run of a gate whose verdict counts for a commit: the newest one of the same definition,
    /// unless its pass is too old.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn known_run(&self, gate: &Gate, commit: &Commit) -> Result<Option<GateRun>, GateError> {
        let definition = gate.definition();
        let runs = self.store.gate_runs(&commit.id)?;
        let newest = runs
            .into_iter()
            .find(|run| run.gate == gate.name && run.definition == definition);
        Ok(newest.filter(|run| counts(gate, run, now())))
    }

    /// Brings gates of a commit to their verdicts, as many at a time as the machine has
    /// processors. When the returned future is dropped, what runs is killed.
    ///
    /// # Errors
    /// A gate could not be run, or its verdict not be recorded.
    pub async fn run_gates(
        &self,
        runtime: &ProcessRuntime,
        request: &GateRequest<'_>,
    ) -> Result<Vec<GateResult>, GateError> {
        let mut schedule = Schedule::new(&request.project.config.gates, request.wanted);
        let mut runs = Vec::new();
        let places = std::thread::available_parallelism().map_or(1, usize::from);
        let places = Semaphore::new(places);
        let mut running = FuturesUnordered::new();
        loop {
            let ready: Vec<Gate> = schedule.ready().into_iter().cloned().collect();
            let mut is_known = false;
            for gate in ready {
                schedule.begin(&gate.name);
                let known = match self.known_run(&gate, request.commit)? {
                    Some(run) if run.verdict.is_pass() && !request.anew => Some(run),
                    _ => None,
                };
                if let Some(run) = known {
                    self.tell_over(&run, true);
                    schedule.end(&gate.name, run.verdict.clone());
                    runs.push(run);
                    is_known = true;
                } else {
                    running.push(self.run_gate(runtime, request, gate, &places));
                }
            }
            // A pass that was known may let others begin at once.
            if is_known {
                continue;
            }
            let Some(ended) = running.next().await else {
                break;
            };
            let run = ended?;
            self.tell_over(&run, false);
            schedule.end(&run.gate, run.verdict.clone());
            runs.push(run);
        }
        Ok(results(&schedule, &runs))
    }

    fn tell_over(&self, run: &GateRun, is_known: bool) {
        self.reporter.tell(Kind::GateOver {
            gate: run.gate.clone(),
            verdict: run.verdict.clone(),
            millis: run.ended.since(run.began).as_millis() as u64,
            is_known,
        });
    }
}

/// A failure counts until the gate is run again; a pass may grow old.
fn counts(gate: &Gate, run: &GateRun, now: Timestamp) -> bool {
    !run.verdict.is_pass() || gate.is_fresh(run.ended, now)
}

fn results(schedule: &Schedule, runs: &[GateRun]) -> Vec<GateResult> {
    let result = |(gate, standing): (&Gate, &Standing)| GateResult {
        gate: gate.name.clone(),
        verdict: match standing {
            Standing::Over(verdict) => Some(verdict.clone()),
            Standing::Waiting | Standing::Running | Standing::Skipped { .. } => None,
        },
        skipped_because: match standing {
            Standing::Skipped { because } => Some(because.clone()),
            Standing::Waiting | Standing::Running | Standing::Over(_) => None,
        },
        run: runs.iter().find(|run| run.gate == gate.name).cloned(),
    };
    schedule.standings().map(result).collect()
}
