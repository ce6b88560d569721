//! More or fewer instances of what is live.

use std::collections::BTreeSet;

use shipway_pipeline::config::Environment;
use shipway_pipeline::id::{DeploymentId, InstanceId};
use shipway_pipeline::name::{EnvironmentName, ServiceName};
use shipway_pipeline::plan::{self, Kind, Occupant, Plan, Refusal, ScaleFacts, Sizes};
use shipway_pipeline::route::RouteKey;
use shipway_runtime::{ColourKey, State};
use shipway_store::{Deployment, Lease};

use crate::deploy::{DeployError, Finished};
use crate::executor::{Engine, ExecutorError, Interrupts};
use crate::project::Project;
use crate::recover::Policy;
use crate::undertake::About;

/// How many instances there shall be.
#[derive(Debug, Clone)]
pub struct ScaleRequest<'a> {
    /// The project.
    pub project: &'a Project,
    /// The environment.
    pub environment: &'a Environment,
    /// How many of each service; others stay as they are.
    pub wanted: Sizes,
    /// Wait for an environment that somebody else has, rather than say so.
    pub wait: bool,
    /// The plan that somebody agreed to; anything else is not carried out.
    pub agreed: Option<Plan>,
}

/// Why nothing was scaled, or it could not be carried on.
#[derive(Debug, thiserror::Error)]
pub enum ScaleError {
    /// There is nothing to scale.
    #[error("nothing is live in `{0}`")]
    NothingLive(EnvironmentName),
    /// A service cannot have that many instances.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A deployment stands where its engine died.
    #[error("{deployment} in `{environment}` was interrupted and is not over")]
    Interrupted {
        /// Which.
        deployment: DeploymentId,
        /// Where.
        environment: EnvironmentName,
    },
    /// The runtime cannot be asked.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
    /// As a deployment.
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

impl From<shipway_store::Error> for ScaleError {
    fn from(error: shipway_store::Error) -> Self {
        Self::Deploy(error.into())
    }
}

impl From<ExecutorError> for ScaleError {
    fn from(error: ExecutorError) -> Self {
        Self::Deploy(error.into())
    }
}

impl Engine {
    /// Plans more or fewer instances without doing anything; `None` where nothing would change.
    ///
    /// # Errors
    /// Nothing is live, or a service cannot have that many instances.
    pub async fn plan_scale(&self, request: &ScaleRequest<'_>) -> Result<Option<Plan>, ScaleError> {
        let environment = request.environment;
        let record = self.store.environment(&environment.name)?;
        let live = record
            .live
            .ok_or_else(|| ScaleError::NothingLive(environment.name.clone()))?;
        let workload = self
            .store
            .workload(&live.workload)?
            .ok_or_else(|| ExecutorError::Missing(format!("workload {}", live.workload.short())))?;
        let plan = plan::scale(&ScaleFacts {
            deployment: self.store.next_deployment()?,
            config: &request.project.config,
            environment,
            running: &self.running(request, &live).await?,
            live: &live,
            workload: &workload,
            wanted: &request.wanted,
        })?;
        let Some(plan) = plan else { return Ok(None) };
        Ok(Some(self.audited(plan)?))
    }

    /// Starts or drains instances, one by one; `None` where nothing would change.
    ///
    /// What came and is healthy stays, even if another one does not become so. An interrupted call
    /// is finished by the next with the same wish; one with another wish removes what the first
    /// had not recorded, and begins from there.
    ///
    /// # Errors
    /// Nothing was done, or it could not be carried on; an instance that does not become healthy
    /// is no error but an outcome.
    pub async fn scale(
        &self,
        request: &ScaleRequest<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, ScaleError> {
        let environment = &request.environment.name;
        let lease = self
            .take_lease(environment, request.wait, interrupts)
            .await?;
        let finished = self.scale_under(&lease, request, interrupts).await;
        // What was done is recorded; that the lease's owner is still named does no harm.
        let _ = self.store.release_lease(lease);
        finished
    }

    async fn scale_under(
        &self,
        lease: &Lease,
        request: &ScaleRequest<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, ScaleError> {
        let environment = &request.environment.name;
        if let Some(unfinished) = self.store.unfinished(environment)? {
            let policy =
                policy(&unfinished, &request.wanted).ok_or_else(|| ScaleError::Interrupted {
                    deployment: unfinished.id,
                    environment: environment.clone(),
                })?;
            let finished = self.recover_under(lease, policy, interrupts).await?;
            if policy == Policy::Continue {
                return Ok(finished);
            }
        }
        self.check_not_frozen(environment)?;
        let Some(plan) = self.plan_scale(request).await? else {
            return Ok(None);
        };
        if let Some(agreed) = &request.agreed
            && plan::renumber(plan.clone(), agreed.deployment).digest() != agreed.digest()
        {
            return Err(DeployError::Changed(environment.clone()).into());
        }
        let subject = render_changes(&plan);
        let finished = self
            .undertake(lease, plan, About::new(&subject), interrupts)
            .await?;
        Ok(Some(finished))
    }

    /// The live release's instances of the wanted services that run.
    async fn running(
        &self,
        request: &ScaleRequest<'_>,
        live: &Occupant,
    ) -> Result<BTreeSet<InstanceId>, shipway_runtime::Error> {
        let key = ColourKey {
            route: RouteKey {
                project: request.project.config.project.clone(),
                environment: request.environment.name.clone(),
            },
            slot: live.colour.into(),
        };
        let found = self.runtime.list(&key).await?;
        Ok(found
            .into_iter()
            .filter(|instance| instance.deployment == live.deployment)
            .filter(|instance| request.wanted.contains_key(&instance.id.service))
            .filter(|instance| !matches!(instance.state, State::Exited { .. }))
            .map(|instance| instance.id)
            .collect())
    }
}

/// What a plan that scales changes: each service, from how many, to how many.
pub fn changes(plan: &Plan) -> Vec<(&ServiceName, u32, u32)> {
    let Some(before) = plan.previous.as_ref().map(|live| &live.sizes) else {
        return Vec::new();
    };
    let after = &plan.target.sizes;
    let services: BTreeSet<&ServiceName> = before.keys().chain(after.keys()).collect();
    let size = |sizes: &Sizes, service| sizes.get(service).copied().unwrap_or(0);
    services
        .into_iter()
        .map(|service| (service, size(before, service), size(after, service)))
        .filter(|(_, from, to)| from != to)
        .collect()
}

/// The same in words; a plan that only starts again what ended says so.
pub fn render_changes(plan: &Plan) -> String {
    let texts: Vec<String> = changes(plan)
        .iter()
        .map(|(service, from, to)| format!("{service} {from} → {to}"))
        .collect();
    if texts.is_empty() {
        "starts again what ended".to_owned()
    } else {
        texts.join(", ")
    }
}

/// What becomes of an interrupted deployment; `None` where scaling is no answer to it.
fn policy(unfinished: &Deployment, wanted: &Sizes) -> Option<Policy> {
    if unfinished.plan.kind != Kind::Scale {
        return None;
    }
    let sizes = &unfinished.plan.target.sizes;
    let is_same = wanted
        .iter()
        .all(|(service, size)| sizes.get(service).copied().unwrap_or(0) == *size);
    Some(if is_same {
        Policy::Continue
    } else {
        Policy::Supersede
    })
}
