//! From a plan to its outcome: what every kind of deployment does once it is planned.

use shipway_pipeline::deployment;
use shipway_pipeline::journal::Entry;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{self, Plan, Severity};
use shipway_store::{Audit, Lease, NewDeployment};

use crate::clock::now;
use crate::deploy::{DeployError, Finished};
use crate::event;
use crate::executor::{Engine, Interrupts};

impl Engine {
    /// The plan, unless it says of itself or is found to be one that must not be carried out.
    pub(crate) fn audited(&self, plan: Plan) -> Result<Plan, DeployError> {
        let fatal = plan
            .notes
            .iter()
            .cloned()
            .chain(plan::audit(&plan))
            .find(|note| note.severity == Severity::Fatal);
        match fatal {
            Some(note) => Err(DeployError::Unsafe(note.text)),
            None => Ok(plan),
        }
    }

    pub(crate) fn check_not_frozen(&self, name: &EnvironmentName) -> Result<(), DeployError> {
        match self.store.environment(name)?.frozen {
            None => Ok(()),
            Some(frozen) => Err(DeployError::Frozen {
                environment: name.clone(),
                reason: frozen.reason,
            }),
        }
    }

    /// Records a deployment of the plan under a number of its own, and carries it out.
    ///
    /// `subject` is what the audit trail says that it is about.
    pub(crate) async fn undertake(
        &self,
        lease: &Lease,
        plan: Plan,
        subject: &str,
        interrupts: &mut Interrupts,
    ) -> Result<Finished, DeployError> {
        let kind = plan.kind;
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
                action: kind.as_str(),
                environment: Some(lease.environment()),
                subject: &format!("{} {subject}", deployment.id),
            },
            now(),
        )?;
        self.reporter.tell(event::Kind::Planned {
            plan: Box::new(deployment.plan.clone()),
        });
        let owner = self.owner.clone();
        let first = (deployment::Event::LeaseTaken, Entry::LeaseTaken { owner });
        let outcome = self
            .carry_out(lease, &deployment, first, interrupts)
            .await?;
        self.finished(deployment.id, outcome)
    }
}
