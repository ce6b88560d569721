//! Gates of a commit: taken from the record where they passed, else run.
//!
//! ```text
//! Schedule ── ready ──► run ── in parts, again where it may ──► Verdict ──► Store
//!    ▲                                                             │
//!    └─────────────────────────── end ─────────────────────────────┘
//! ```

mod image;
mod log;
mod run;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use shipway_pipeline::config::Environment;
use shipway_pipeline::gate::{Gate, Place, Schedule, Standing, Verdict};
use shipway_pipeline::name::GateName;
use shipway_pipeline::release::Release;
use shipway_pipeline::time::Timestamp;
use shipway_runtime::Runtimes;
use shipway_store::GateRun;
use tokio::sync::{OnceCell, Semaphore};

use crate::clock::now;
use crate::event::Kind;
use crate::executor::Engine;
use crate::git::{Commit, Repository};
use crate::project::Project;

pub use image::ImageError;

/// Why gates could not be run, which says nothing of the commit.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The commit cannot be exported, or a command not be watched.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// The image that a gate runs in could not be had.
    #[error(transparent)]
    Image(#[from] ImageError),
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
    /// The environment whose files say how the image is built that gates run in, and whose engine
    /// has it.
    pub environment: Option<&'a Environment>,
    /// The release whose image it is; built of the commit where none is given.
    pub release: Option<&'a Release>,
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
    /// in whatever image, unless its pass is too old.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn known_run(&self, gate: &Gate, commit: &Commit) -> Result<Option<GateRun>, GateError> {
        self.known_run_that(gate, commit, |_| true)
    }

    /// The same of those runs that `is_it` lets through.
    fn known_run_that(
        &self,
        gate: &Gate,
        commit: &Commit,
        is_it: impl Fn(&GateRun) -> bool,
    ) -> Result<Option<GateRun>, GateError> {
        let definition = gate.definition();
        let runs = self.store.gate_runs(&commit.id)?;
        let newest = runs
            .into_iter()
            .find(|run| run.gate == gate.name && run.definition == definition && is_it(run));
        Ok(newest.filter(|run| counts(gate, run, now())))
    }

    /// A pass that is on record, where it is enough: in the image, where the gate runs in one.
    fn known_pass(
        &self,
        request: &GateRequest<'_>,
        gate: &Gate,
        image: Option<&str>,
    ) -> Result<Option<GateRun>, GateError> {
        if request.anew {
            return Ok(None);
        }
        let is_it = |run: &GateRun| run.image.as_deref() == image;
        let known = self.known_run_that(gate, request.commit, is_it)?;
        Ok(known.filter(|run| run.verdict.is_pass()))
    }

    /// Brings gates of a commit to their verdicts, as many at a time as the machine has
    /// processors. When the returned future is dropped, what runs is killed.
    ///
    /// # Errors
    /// A gate could not be run, or its verdict not be recorded.
    pub async fn run_gates(
        &self,
        runtimes: &Runtimes,
        request: &GateRequest<'_>,
    ) -> Result<Vec<GateResult>, GateError> {
        let mut schedule = Schedule::new(&request.project.config.gates, request.wanted);
        let mut runs = Vec::new();
        let places = std::thread::available_parallelism().map_or(1, usize::from);
        let site = Site {
            runtimes,
            request,
            places: Semaphore::new(places),
            image: OnceCell::new(),
        };
        let mut running = FuturesUnordered::new();
        loop {
            let ready: Vec<Gate> = schedule.ready().into_iter().cloned().collect();
            let mut is_known = false;
            for gate in ready {
                schedule.begin(&gate.name);
                let known = match gate.place {
                    Place::Host => self.known_pass(request, &gate, None)?,
                    // The image is built when the first gate needs it, beside the others.
                    Place::Image => None,
                };
                if let Some(run) = known {
                    self.tell_over(&run, true);
                    schedule.end(&gate.name, run.verdict.clone());
                    runs.push(run);
                    is_known = true;
                } else {
                    running.push(self.pass_gate(&site, gate));
                }
            }
            // A pass that was known may let others begin at once.
            if is_known {
                continue;
            }
            let Some(ended) = running.next().await else {
                break;
            };
            let (run, is_known) = ended?;
            self.tell_over(&run, is_known);
            schedule.end(&run.gate, run.verdict.clone());
            runs.push(run);
        }
        Ok(results(&schedule, &runs))
    }

    /// Runs a gate, unless it passed in the same image; says whether it did.
    async fn pass_gate(&self, site: &Site<'_>, gate: Gate) -> Result<(GateRun, bool), GateError> {
        let image = match gate.place {
            Place::Host => None,
            Place::Image => Some(self.image(site).await?),
        };
        if let Some(image) = image
            && let Some(run) = self.known_pass(site.request, &gate, Some(image))?
        {
            return Ok((run, true));
        }
        Ok((self.run_gate(site, gate, image).await?, false))
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

/// What the gates of one request share.
struct Site<'a> {
    runtimes: &'a Runtimes,
    request: &'a GateRequest<'a>,
    places: Semaphore,
    /// The image of the commit, once a gate needed it.
    image: OnceCell<String>,
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
