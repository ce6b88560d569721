//! Performs the steps of a plan. Each makes the world as the step describes it,
//! whatever an interrupted performance left behind.

mod adopt;
mod artifact;
mod database;
mod drain;
mod health;
mod instances;
mod look;
mod mask;
mod migrate;
mod renew;
mod route;
mod settle;
mod smoke;

use std::fmt::Display;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Action, Occupant, Plan, Side, Sizes, Step};
use shipway_pipeline::release::Release;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Workload;
use shipway_runtime::{Artifact, ColourKey, ColourSpec, FileContents};
use shipway_store::Lease;

use crate::event::Kind;
use crate::executor::{Engine, ExecutorError};
use crate::live;

use mask::Mask;

pub(crate) use look::WatchMemory;

/// Lines of a log that are kept as evidence.
const LAST_LINES: usize = 20;

/// Between two questions to an engine that does not answer.
const ENGINE_POLL: Duration = Duration::from_millis(250);

/// Performs the steps of one deployment.
pub(crate) struct Performer<'a> {
    engine: &'a Engine,
    lease: &'a Lease,
    plan: &'a Plan,
    target: Running,
    previous: Option<Running>,
    mask: Mask,
    /// Whether the answer to a put of a route is missing: it may still be carried out.
    put_in_doubt: AtomicBool,
}

/// What an occupant runs.
struct Running {
    occupant: Occupant,
    release: Release,
    workload: Workload,
    /// What it reads as files, or why that cannot be had: an old release that is only to be
    /// stopped needs none of it.
    files: Result<FileContents, String>,
}

type Performed = Result<Option<Detail>, Failure>;

impl<'a> Performer<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        lease: &'a Lease,
        plan: &'a Plan,
    ) -> Result<Self, ExecutorError> {
        let target = Running::load(engine, &plan.environment, &plan.target)?;
        let previous = plan
            .previous
            .as_ref()
            .map(|occupant| Running::load(engine, &plan.environment, occupant))
            .transpose()?;
        let all = std::iter::once(&target).chain(&previous);
        Ok(Self {
            mask: Mask::new(all.filter_map(|running| running.files.as_ref().ok())),
            target,
            previous,
            engine,
            lease,
            plan,
            put_in_doubt: AtomicBool::new(false),
        })
    }

    /// Performs a step within its deadline, again where an engine that did not answer is back.
    pub(crate) async fn perform_in_time(&self, step: &Step) -> Performed {
        let work = async {
            loop {
                match self.perform(step).await {
                    Err(_) if self.waited_for_engine().await => {}
                    performed => return performed,
                }
            }
        };
        match tokio::time::timeout(step.deadline, work).await {
            Ok(performed) => self.mask.performed(performed),
            Err(_) => Err(late(step)),
        }
    }

    /// Waits for an engine that does not answer. Whether there was anything to wait for.
    ///
    /// An engine that is restarted is gone for a few seconds, and a step that failed meanwhile says
    /// nothing about the release.
    pub(super) async fn waited_for_engine(&self) -> bool {
        let key = self.route_key();
        let Some(reason) = self.engine.runtime.trouble(&key).await else {
            return false;
        };
        self.tell(Kind::Warning {
            text: format!("the container engine does not answer: waiting for it ({reason})"),
        });
        while self.engine.runtime.trouble(&key).await.is_some() {
            tokio::time::sleep(ENGINE_POLL).await;
        }
        true
    }

    #[expect(clippy::too_many_lines, reason = "a table: one entry for each action")]
    async fn perform(&self, step: &Step) -> Performed {
        match &step.action {
            Action::CheckArtifact => self.check_artifact().await,
            Action::TagArtifact { tag } => self.tag_artifact(tag).await,
            Action::CheckAddress => self.check_address().await,
            Action::ClearColour => self.clear_colour().await,
            Action::StartShared { sizes } => self.start_shared(sizes).await,
            Action::TakeOver { services } => self.take_over(services).await,
            Action::Retire { services } => self.retire(services).await,
            Action::GiveBack { services, address } => self.give_back(services, *address).await,
            Action::SetAside { only } => self.set_aside(only).await,
            Action::BringBack { only } => self.bring_back(only).await,
            Action::Discard { only } => self.discard(only).await,
            Action::CheckBackup { backup } => self.check_backup(*backup).await,
            Action::BackUp => self.back_up().await,
            Action::RestoreBackup { backup } => self.restore_backup(*backup).await,
            Action::SwapDatabase { incoming } => self.exchange(*incoming, false).await,
            Action::SwapDatabaseBack { incoming } => self.exchange(*incoming, true).await,
            Action::DropRestored => self.drop_restored().await,
            Action::Migrate {
                service,
                command,
                run,
            } => {
                self.migrate(service, command, run.as_deref(), step.deadline)
                    .await
            }
            Action::Start { side, sizes } => self.start(*side, sizes).await,
            Action::AwaitHealthy {
                side,
                sizes,
                only,
                healthy_for,
            } => {
                let wanted = only.clone().unwrap_or_else(|| instances(sizes));
                self.await_healthy(*side, &wanted, *healthy_for, step.deadline)
                    .await
            }
            Action::Smoke { paths } => self.smoke(paths).await,
            Action::Hold => self.hold().await,
            Action::Resume => self.resume().await,
            Action::Route { target, previous } => self.route(target, previous).await,
            // Recorded by the executor with the step's end; a bake is looked at, not performed.
            Action::MarkStable | Action::Bake { .. } => Ok(None),
            Action::Drain {
                side,
                only,
                timeout,
                streaming,
            } => {
                self.drain(*side, only.as_deref(), *timeout, *streaming)
                    .await
            }
            Action::Stop { side, only } => self.stop(*side, only.as_deref()).await,
            Action::StopShared => self.stop_shared().await,
            Action::Settle {
                services,
                timeout,
                streaming,
            } => self.settle(services, *timeout, *streaming).await,
        }
    }

    // --- what the performances share ---

    fn route_key(&self) -> RouteKey {
        self.plan.route_key()
    }

    fn running(&self, side: Side) -> Result<&Running, Failure> {
        match side {
            Side::Target => Ok(&self.target),
            Side::Previous => self
                .previous
                .as_ref()
                .ok_or_else(|| failure("there is no previous release")),
        }
    }

    fn colour_key(&self, side: Side) -> Result<ColourKey, Failure> {
        Ok(ColourKey {
            route: self.route_key(),
            slot: self.running(side)?.occupant.colour.into(),
        })
    }

    /// What to start of a side: the named services in the named sizes.
    fn spec(&self, side: Side, sizes: &Sizes) -> Result<ColourSpec, Failure> {
        let running = self.running(side)?;
        let services = running
            .workload
            .members
            .iter()
            .filter_map(|member| {
                let replicas = *sizes.get(&member.name)?;
                let mut service = member.service.clone();
                service.replicas = replicas;
                Some(service)
            })
            .collect();
        Ok(ColourSpec {
            key: self.colour_key(side)?,
            release: running.occupant.release.clone(),
            deployment: running.occupant.deployment,
            epoch: self.lease.epoch(),
            artifact: running.artifact(),
            services,
            model: running.workload.model.clone(),
            files: running.files.clone().map_err(failure)?,
        })
    }

    fn tell(&self, kind: Kind) {
        self.engine.reporter.tell(self.mask.event(kind));
    }
}

impl Running {
    fn load(
        engine: &Engine,
        environment: &EnvironmentName,
        occupant: &Occupant,
    ) -> Result<Self, ExecutorError> {
        let missing = |what: String| ExecutorError::Missing(what);
        let workload = engine
            .store
            .workload(&occupant.workload)?
            .ok_or_else(|| missing(format!("workload {}", occupant.workload.short())))?;
        Ok(Self {
            release: engine
                .store
                .release(&occupant.release)?
                .ok_or_else(|| missing(format!("release {}", occupant.release)))?,
            files: engine
                .file_contents(environment, &workload)
                .map_err(|error| failed(&error).reason),
            workload,
            occupant: occupant.clone(),
        })
    }

    /// What its release was built to.
    fn artifact(&self) -> Artifact {
        live::artifact(&self.release, &self.workload)
    }
}

fn failure(reason: impl Display) -> Failure {
    Failure {
        reason: reason.to_string(),
        evidence: vec![],
    }
}

/// A step that took longer than it may.
fn late(step: &Step) -> Failure {
    failure(format!("not done within {:?}", step.deadline))
}

/// A failure that tells an error and all of its causes, and the way out where one is known.
fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        source = cause.source();
    }
    let way_out = error
        .downcast_ref::<shipway_runtime::Error>()
        .and_then(shipway_runtime::Error::way_out);
    Failure {
        reason,
        evidence: way_out
            .map(|it| format!("hint: {it}"))
            .into_iter()
            .collect(),
    }
}

/// The instances that sizes stand for.
fn instances(sizes: &Sizes) -> Vec<InstanceId> {
    sizes
        .iter()
        .flat_map(|(service, size)| {
            (1..=*size).map(|number| InstanceId {
                service: service.clone(),
                number,
            })
        })
        .collect()
}
