//! Makes a release live: lease, recovery, plan, audit, execution.

use std::sync::Arc;
use std::time::Duration;

use shipway_pipeline::config::Environment;
use shipway_pipeline::deployment::{self, Outcome};
use shipway_pipeline::host::EngineHost;
use shipway_pipeline::id::{DeploymentId, RequestId};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{self, Facts, Incoming, Kind, Plan};
use shipway_pipeline::release::Release;
use shipway_pipeline::route::{Backend, RouteKey};
use shipway_pipeline::workload::Workload;
use shipway_store::{Audit, Change, Lease, Pruned, TakeError};

use crate::backup::BackupError;
use crate::certificates::Trouble;
use crate::clock::now;
use crate::event;
use crate::executor::{Engine, ExecutorError, Interrupt, Interrupts};
use crate::git::GitError;
use crate::migrations::{Examined, Why};
use crate::observe::{Refused, Surroundings};
use crate::project::Project;
use crate::recover::Policy;
use crate::renew::RenewError;
use crate::secrets::SecretError;
use crate::undertake::About;

/// Between two attempts to get an environment that somebody else has.
const WAIT_POLL: Duration = Duration::from_millis(200);

/// What shall be live where.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The project.
    pub project: &'a Project,
    /// The environment.
    pub environment: &'a Environment,
    /// The release.
    pub release: Release,
    /// What it runs there.
    pub workload: Workload,
    /// Why.
    pub kind: Kind,
    /// The recorded request that it is made for, if there is one.
    pub request: Option<RequestId>,
    /// What takes the place of the database, where anything does.
    pub incoming: Option<Incoming>,
    /// Wait for an environment that somebody else has, rather than say so.
    pub wait: bool,
    /// Deploy although the environment is frozen.
    pub thaw: bool,
    /// The plan that somebody agreed to; anything else is not carried out.
    pub agreed: Option<Plan>,
    /// What stands around the environment, for the plan that is shown. It is looked at again
    /// before anything is done.
    pub surroundings: Surroundings,
}

impl<'a> Request<'a> {
    /// A request that neither waits nor thaws, and that nobody agreed to yet.
    pub fn new(
        project: &'a Project,
        environment: &'a Environment,
        (release, workload): (Release, Workload),
        kind: Kind,
    ) -> Self {
        Self {
            project,
            environment,
            release,
            workload,
            kind,
            request: None,
            incoming: None,
            wait: false,
            thaw: false,
            agreed: None,
            surroundings: Surroundings::default(),
        }
    }
}

/// How a deployment ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Which.
    pub deployment: DeploymentId,
    /// What it did.
    pub plan: Plan,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, if it did not succeed.
    pub cause: Option<deployment::Cause>,
    /// What is wrong with the certificates of what was deployed, where it went through.
    pub certificates: Vec<Trouble>,
}

/// Why nothing was deployed, or it could not be carried on.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// Somebody else has the environment.
    #[error(transparent)]
    Lease(#[from] TakeError),
    /// A rollback failed here before.
    #[error("environment `{environment}` is frozen: {reason}")]
    Frozen {
        /// Where.
        environment: EnvironmentName,
        /// Why.
        reason: String,
    },
    /// The plan breaks a rule.
    #[error("the plan would be unsafe: {0}")]
    Unsafe(String),
    /// The host that it runs on does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// It runs on another host than the configuration says.
    #[error(
        "environment `{environment}` runs on {}, and shipway.yml names another host",
        .from.as_ref().map_or_else(|| "this host".to_owned(), |host| format!("`{host}`"))
    )]
    Moved {
        /// Where.
        environment: EnvironmentName,
        /// The host that it runs on; none for this one.
        from: Option<EngineHost>,
    },
    /// Its artifacts were removed.
    #[error("release {} was pruned by {}: its artifacts are gone", release.id, pruned.by)]
    Pruned {
        /// The release.
        release: Box<Release>,
        /// When, and by whom.
        pruned: Pruned,
    },
    /// What was agreed to is not what would be done now.
    #[error("environment `{0}` changed after its plan was shown")]
    Changed(EnvironmentName),
    /// It could not be carried on.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// What is to take the place of the database cannot be had.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A secret that it reads cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What becomes of the database's migrations cannot be done while code runs.
    #[error("{}", refusal(.0))]
    Migrations(Arc<Examined>),
    /// git cannot say what the migrations are.
    #[error(transparent)]
    Git(#[from] GitError),
    /// What was to be adopted cannot be.
    #[error(transparent)]
    Adoption(Refused),
    /// A service cannot be made anew.
    #[error(transparent)]
    Renew(#[from] RenewError),
    /// The runtime cannot be asked.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
    /// Somebody did not want to wait any longer.
    #[error("interrupted before anything was done")]
    Interrupted,
}

fn refusal(examined: &Examined) -> String {
    let environment = &examined.environment;
    match examined.why {
        Why::Run => format!("the migrations are not safe to run in `{environment}`"),
        Why::Return => {
            format!("the release cannot run on the database that `{environment}` has by now")
        }
    }
}

impl Engine {
    /// Plans a deployment without doing anything.
    ///
    /// # Errors
    /// The store cannot be read, or the plan would be unsafe.
    pub fn plan(&self, request: &Request<'_>) -> Result<Plan, DeployError> {
        let id = self.store.next_deployment()?;
        self.plan_as(request, id)
    }

    fn plan_as(&self, request: &Request<'_>, id: DeploymentId) -> Result<Plan, DeployError> {
        if let Some(pruned) = self.store.pruned()?.remove(&request.release.id) {
            return Err(DeployError::Pruned {
                release: Box::new(request.release.clone()),
                pruned,
            });
        }
        if let Some(examined) = &request.surroundings.migrations
            && examined.is_refused()
        {
            return Err(DeployError::Migrations(Arc::clone(examined)));
        }
        // Here, so that nothing was touched yet.
        self.file_contents(&request.environment.name, &request.workload)?;
        let environment = self.store.environment(&request.environment.name)?;
        let plan = plan::make(&Facts {
            deployment: id,
            kind: request.kind,
            config: &request.project.config,
            environment: request.environment,
            release: &request.release,
            workload: &request.workload,
            live: environment.live.as_ref(),
            around: &request.surroundings.around,
        });
        self.audited(plan)
    }

    /// Makes a release live, and goes back by itself when it is not fit.
    ///
    /// # Errors
    /// Nothing was done, or it could not be carried on; a release that was found wanting is no
    /// error but an outcome.
    pub async fn deploy(
        &self,
        request: &Request<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Finished, DeployError> {
        let environment = &request.environment.name;
        let lease = self
            .take_lease(environment, request.wait, interrupts)
            .await?;
        let finished = self.deploy_under(&lease, request, interrupts).await;
        // What was done is recorded; that the lease's owner is still named does no harm.
        let _ = self.store.release_lease(lease);
        finished
    }

    async fn deploy_under(
        &self,
        lease: &Lease,
        request: &Request<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Finished, DeployError> {
        let environment = &request.environment.name;
        self.recover_under(lease, Policy::Supersede, interrupts)
            .await?;
        self.check_frozen(lease, request).await?;
        let surroundings = self.observe_again(request).await?;
        let request = &Request {
            surroundings,
            ..request.clone()
        };
        if let Some(agreed) = &request.agreed
            && self.plan_as(request, agreed.deployment)?.digest() != agreed.digest()
        {
            return Err(DeployError::Changed(environment.clone()));
        }
        self.store.put_workload(&request.workload)?;
        // Planned once more under its own id: ids are given with the record.
        let plan = self.plan(request)?;
        let about = About {
            subject: request.release.id.as_str(),
            request: request.request,
        };
        self.undertake(lease, plan, about, interrupts).await
    }

    /// How a deployment ended that is over.
    ///
    /// # Errors
    /// It is not over, or unknown.
    pub fn ended(&self, id: DeploymentId) -> Result<Finished, DeployError> {
        let missing = || ExecutorError::Missing(format!("the end of {id}"));
        let stored = self.store.deployment(id)?.ok_or_else(missing)?;
        match stored.state {
            deployment::State::Finished { outcome, .. } => self.finished(id, outcome),
            _ => Err(missing().into()),
        }
    }

    pub(crate) fn finished(
        &self,
        id: DeploymentId,
        outcome: Outcome,
    ) -> Result<Finished, DeployError> {
        let stored = self
            .store
            .deployment(id)?
            .ok_or_else(|| ExecutorError::Missing(format!("deployment {id}")))?;
        let cause = match stored.state {
            deployment::State::Finished { cause, .. } => cause,
            _ => None,
        };
        Ok(Finished {
            deployment: id,
            plan: stored.plan,
            outcome,
            cause,
            certificates: Vec::new(),
        })
    }

    async fn check_frozen(&self, lease: &Lease, request: &Request<'_>) -> Result<(), DeployError> {
        let environment = &request.environment.name;
        let Some(frozen) = self.store.environment(environment)?.frozen else {
            return Ok(());
        };
        if !request.thaw {
            return Err(DeployError::Frozen {
                environment: environment.clone(),
                reason: frozen.reason,
            });
        }
        self.believe_router(lease, request).await?;
        self.store.thaw(lease)?;
        self.store.audit(
            &Audit {
                actor: &self.actor,
                action: "thaw",
                environment: Some(environment),
                subject: &frozen.reason,
            },
            now(),
        )?;
        Ok(())
    }

    /// Records as live what the proxy sends requests to: a rollback that failed may have got as
    /// far as that without anybody hearing of it.
    async fn believe_router(
        &self,
        lease: &Lease,
        request: &Request<'_>,
    ) -> Result<(), DeployError> {
        let key = RouteKey {
            project: request.project.config.project.clone(),
            environment: request.environment.name.clone(),
        };
        // A proxy that does not answer fails the deployment soon enough.
        let Ok(Some(route)) = self.router.route(&key).await else {
            return Ok(());
        };
        let Some(first) = route.backends.first() else {
            return Ok(());
        };
        let is_one = |backend: &Backend| backend.deployment == first.deployment;
        let record = self.store.environment(&request.environment.name)?;
        let is_live = record
            .live
            .is_some_and(|live| live.deployment == first.deployment);
        if is_live || !route.backends.iter().all(is_one) {
            return Ok(());
        }
        if let Some(routed) = self.store.deployment(first.deployment)? {
            let change = Change {
                live: Some(Some(&routed.plan.target)),
                ..Change::default()
            };
            self.store.change(lease, routed.id, &change, now())?;
        }
        Ok(())
    }

    pub(crate) async fn take_lease(
        &self,
        environment: &EnvironmentName,
        wait: bool,
        interrupts: &mut Interrupts,
    ) -> Result<Lease, DeployError> {
        let mut told = false;
        loop {
            match self.store.take_lease(environment, &self.owner, now()) {
                Ok(lease) => return Ok(lease),
                Err(TakeError::Held { holder, .. }) if wait => {
                    if !told {
                        self.reporter.tell(event::Kind::Waiting {
                            environment: environment.clone(),
                            holder: holder.map_or_else(
                                || "another process".to_owned(),
                                |holder| holder.owner,
                            ),
                        });
                        told = true;
                    }
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(WAIT_POLL).await;
            if *interrupts.borrow() != Interrupt::None {
                return Err(DeployError::Interrupted);
            }
        }
    }
}
