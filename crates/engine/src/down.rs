//! Stops all of an environment.

use shipway_pipeline::config::Environment;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{self, DownFacts, Kind, Plan};
use shipway_pipeline::route::RouteKey;
use shipway_store::Lease;

use crate::deploy::{DeployError, Finished};
use crate::executor::{Engine, Interrupts};
use crate::ports::RouterError;
use crate::project::Project;
use crate::recover::Policy;
use crate::undertake::About;

impl Engine {
    /// Plans the end of all that runs in an environment; `None` where nothing is live.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn plan_down(
        &self,
        project: &Project,
        environment: &Environment,
    ) -> Result<Option<Plan>, DeployError> {
        let Some(live) = self.live(project, &environment.name)? else {
            return Ok(None);
        };
        let plan = plan::down(&DownFacts {
            deployment: self.store.next_deployment()?,
            config: &project.config,
            environment,
            live: &live.occupant,
            workload: &live.workload,
        });
        self.audited(plan).map(Some)
    }

    /// Takes an environment's traffic away, drains and stops its instances and what both colours
    /// share; `None` where nothing was live. Volumes stay.
    ///
    /// Whatever was interrupted is finished or undone first. Interrupted itself, the next call
    /// goes on with it.
    ///
    /// # Errors
    /// Nothing was done, or it could not be carried on.
    pub async fn down(
        &self,
        project: &Project,
        environment: &Environment,
        wait: bool,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, DeployError> {
        let lease = self.take_lease(&environment.name, wait, interrupts).await?;
        let finished = self
            .down_under(&lease, project, environment, interrupts)
            .await;
        // What was done is recorded; that the lease's owner is still named does no harm.
        let _ = self.store.release_lease(lease);
        finished
    }

    /// Forgets the environment of a branch in which nothing is live any more, with its route: as if
    /// it had never been there, but for what is on record.
    ///
    /// # Errors
    /// Something is live, or the proxy or the store refuses.
    pub async fn forget(
        &self,
        project: &Project,
        name: &EnvironmentName,
        interrupts: &mut Interrupts,
    ) -> Result<(), DeployError> {
        let lease = self.take_lease(name, true, interrupts).await?;
        let forgotten = self.forget_under(&lease, project).await;
        let _ = self.store.release_lease(lease);
        forgotten
    }

    async fn forget_under(&self, lease: &Lease, project: &Project) -> Result<(), DeployError> {
        let key = RouteKey {
            project: project.config.project.clone(),
            environment: lease.environment().clone(),
        };
        if self.store.environment(&key.environment)?.live.is_some() {
            return Err(DeployError::Changed(key.environment));
        }
        let failed = |error: RouterError| DeployError::Unreachable(error.to_string());
        if self.router.route(&key).await.map_err(failed)?.is_some() {
            let removed = self.router.remove(&key, lease.epoch()).await;
            removed.map_err(failed)?;
        }
        Ok(self.store.forget_branch(lease)?)
    }

    async fn down_under(
        &self,
        lease: &Lease,
        project: &Project,
        environment: &Environment,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, DeployError> {
        let recovered = self
            .recover_under(lease, Policy::Supersede, interrupts)
            .await?;
        let Some(plan) = self.plan_down(project, environment)? else {
            // What was gone on with may have been this very command.
            return Ok(recovered.filter(|finished| finished.plan.kind == Kind::Down));
        };
        let subject = plan.target.release.to_string();
        let finished = self
            .undertake(lease, plan, About::new(&subject), interrupts)
            .await?;
        Ok(Some(finished))
    }
}
