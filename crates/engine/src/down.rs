//! Stops all of an environment.

use shipway_pipeline::config::Environment;
use shipway_pipeline::deployment;
use shipway_pipeline::journal::Entry;
use shipway_pipeline::plan::{self, DownFacts, Kind, Plan, Severity};
use shipway_store::{Audit, Lease, NewDeployment};

use crate::clock::now;
use crate::deploy::{DeployError, Finished};
use crate::event;
use crate::executor::{Engine, Interrupts};
use crate::project::Project;
use crate::recover::Policy;

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
        let fatal = plan::audit(&plan)
            .into_iter()
            .find(|note| note.severity == Severity::Fatal);
        match fatal {
            Some(note) => Err(DeployError::Unsafe(note.text)),
            None => Ok(Some(plan)),
        }
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
        let new = NewDeployment {
            release: plan.target.release.clone(),
            requested_by: self.actor.clone(),
            now: now(),
        };
        let deployment = self
            .store
            .create_deployment(lease, &new, |id| plan::renumber(plan, id))?;
        self.store.audit(
            &Audit {
                actor: &self.actor,
                action: Kind::Down.as_str(),
                environment: Some(&environment.name),
                subject: &format!("{} {}", deployment.id, new.release),
            },
            now(),
        )?;
        self.reporter.tell(event::Kind::Planned {
            plan: Box::new(deployment.plan.clone()),
        });
        let first = (
            deployment::Event::LeaseTaken,
            Entry::LeaseTaken {
                owner: self.owner.clone(),
            },
        );
        let outcome = self
            .carry_out(lease, &deployment, first, interrupts)
            .await?;
        self.finished(deployment.id, outcome).map(Some)
    }
}
