//! Makes a shared service anew: lease, recovery, plan, execution.

use shipway_pipeline::colour::Slot;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::name::{EnvironmentName, ServiceName};
use shipway_pipeline::pending::Pending;
use shipway_pipeline::plan::{Occupant, Plan, RenewalFacts, make_renewal};
use shipway_pipeline::workload::Workload;
use shipway_runtime::ColourKey;
use shipway_store::Lease;

use crate::deploy::{DeployError, Finished};
use crate::executor::{Engine, ExecutorError, Interrupts};
use crate::project::Project;
use crate::recover::Policy;
use crate::undertake::About;

/// Which shared service is to be made anew.
#[derive(Debug, Clone)]
pub struct Renewal<'a> {
    /// The project.
    pub project: &'a Project,
    /// The environment.
    pub environment: &'a Environment,
    /// The service.
    pub service: ServiceName,
    /// Wait for an environment that somebody else has, rather than say so.
    pub wait: bool,
    /// The plan that somebody agreed to; anything else is not carried out.
    pub agreed: Option<Plan>,
}

/// Why a service cannot be made anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    /// Nothing is deployed there.
    #[error("nothing is live in `{0}`")]
    NothingLive(EnvironmentName),
    /// No shared service of that name.
    #[error("what is live in `{environment}` has no shared service `{service}`")]
    NotShared {
        /// What was asked for.
        service: ServiceName,
        /// Where.
        environment: EnvironmentName,
        /// The ones that there are.
        known: Vec<ServiceName>,
    },
    /// There are no containers.
    #[error("the services of `{0}` are processes, and only containers are made anew")]
    Processes(EnvironmentName),
}

/// What is live, and what it runs.
struct Live {
    occupant: Occupant,
    workload: Workload,
    pending: Option<Pending>,
}

impl Engine {
    /// Plans to make a service anew, without doing anything.
    ///
    /// # Errors
    /// There is no such service, or the runtime cannot be asked.
    pub async fn plan_renewal(&self, renewal: &Renewal<'_>) -> Result<Plan, DeployError> {
        let id = self.store.next_deployment()?;
        self.plan_renewal_as(renewal, id).await
    }

    async fn plan_renewal_as(
        &self,
        renewal: &Renewal<'_>,
        deployment: DeploymentId,
    ) -> Result<Plan, DeployError> {
        let live = self.renewable(renewal).await?;
        self.audited(make_renewal(&RenewalFacts {
            deployment,
            config: &renewal.project.config,
            environment: renewal.environment,
            live: &live.occupant,
            workload: &live.workload,
            service: &renewal.service,
            pending: live.pending.as_ref(),
        }))
    }

    /// Makes a service anew as the files of the live release say, and brings the old container
    /// back where the new one does not become healthy.
    ///
    /// # Errors
    /// Nothing was done, or it could not be carried on.
    pub async fn renew(
        &self,
        renewal: &Renewal<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Finished, DeployError> {
        let environment = &renewal.environment.name;
        let lease = self
            .take_lease(environment, renewal.wait, interrupts)
            .await?;
        let finished = self.renew_under(&lease, renewal, interrupts).await;
        // What was done is recorded; that the lease's owner is still named does no harm.
        let _ = self.store.release_lease(lease);
        finished
    }

    async fn renew_under(
        &self,
        lease: &Lease,
        renewal: &Renewal<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Finished, DeployError> {
        let environment = &renewal.environment.name;
        self.recover_under(lease, Policy::Supersede, interrupts)
            .await?;
        self.check_not_frozen(environment)?;
        if let Some(agreed) = &renewal.agreed {
            let planned = self.plan_renewal_as(renewal, agreed.deployment).await?;
            if planned.digest() != agreed.digest() {
                return Err(DeployError::Changed(environment.clone()));
            }
        }
        let plan = self.plan_renewal(renewal).await?;
        let subject = renewal.service.to_string();
        self.undertake(lease, plan, About::new(&subject), interrupts)
            .await
    }

    async fn renewable(&self, renewal: &Renewal<'_>) -> Result<Live, DeployError> {
        let environment = &renewal.environment.name;
        let record = self.store.environment(environment)?;
        let occupant = record
            .live
            .ok_or_else(|| RenewError::NothingLive(environment.clone()))?;
        let missing = |what: String| ExecutorError::Missing(what);
        let workload = self.store.workload(&occupant.workload)?;
        let workload =
            workload.ok_or_else(|| missing(format!("workload {}", occupant.workload)))?;
        let release = self.store.release(&occupant.release)?;
        let release = release.ok_or_else(|| missing(format!("release {}", occupant.release)))?;
        if workload.model.is_none() {
            return Err(RenewError::Processes(environment.clone()).into());
        }
        let shared = workload.shared_sizes();
        if !shared.contains_key(&renewal.service) {
            return Err(RenewError::NotShared {
                service: renewal.service.clone(),
                environment: environment.clone(),
                known: shared.into_keys().collect(),
            }
            .into());
        }
        let key = ColourKey {
            route: renewal.project.route_key(renewal.environment),
            slot: Slot::Shared,
        };
        let found = self.runtime.list(&key).await?;
        let mut all = self.pending(&found, &workload, &release)?.into_iter();
        Ok(Live {
            pending: all.find(|one| one.service == renewal.service),
            occupant,
            workload,
        })
    }
}
