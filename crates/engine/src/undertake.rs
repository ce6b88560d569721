//! From a plan to its outcome: what every kind of deployment does once it is planned.

use shipway_durable::crash_point;
use shipway_pipeline::deployment;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::journal::Entry;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{self, Plan, Severity};
use shipway_pipeline::route::RouteKey;
use shipway_store::{Lease, NewDeployment};

use crate::clock::now;
use crate::deploy::{DeployError, Finished};
use crate::event;
use crate::executor::{Engine, Interrupts};

/// What is said of a deployment when it is recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// What the audit trail says that it is about.
    pub(crate) subject: &'a str,
    /// The request that it is made for.
    pub(crate) request: Option<RequestId>,
}

// === impl About ===

impl<'a> About<'a> {
    /// Something that nobody recorded a request for.
    pub(crate) fn new(subject: &'a str) -> Self {
        Self {
            subject,
            request: None,
        }
    }
}

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

    /// What runs on one host is not ended, drained or returned to on another.
    pub(crate) fn check_host(&self, plan: &Plan) -> Result<(), DeployError> {
        let route = plan.route_key();
        let now = self.runtime.host(&route);
        for occupant in plan.previous.iter().chain([&plan.target]) {
            let workload = self.store.workload(&occupant.workload)?;
            let Some(model) = workload.and_then(|workload| workload.model) else {
                continue;
            };
            if model.host.as_ref() != now {
                return Err(DeployError::Moved {
                    environment: plan.environment.clone(),
                    from: model.host,
                });
            }
        }
        Ok(())
    }

    /// Another host that does not answer now is told of before anything is begun.
    pub(crate) async fn check_reachable(&self, route: &RouteKey) -> Result<(), DeployError> {
        if self.runtime.host(route).is_none() {
            return Ok(());
        }
        match self.runtime.trouble(route).await {
            None => Ok(()),
            Some(reason) => Err(DeployError::Unreachable(reason)),
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
    pub(crate) async fn undertake(
        &self,
        lease: &Lease,
        plan: Plan,
        about: About<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Finished, DeployError> {
        self.check_host(&plan)?;
        let new = NewDeployment {
            release: plan.target.release.clone(),
            subject: about.subject.to_owned(),
            request: about.request,
            requested_by: self.actor.clone(),
            now: now(),
        };
        crash_point::pass("a deployment is planned and not recorded");
        let deployment = self
            .store
            .create_deployment(lease, &new, |id| plan::renumber(plan, id))?;
        self.reporter.tell(event::Kind::Planned {
            plan: Box::new(deployment.plan.clone()),
        });
        let owner = self.owner.clone();
        let first = (deployment::Event::LeaseTaken, Entry::LeaseTaken { owner });
        let outcome = self
            .carry_out(lease, &deployment, first, interrupts)
            .await?;
        let finished = self.finished(deployment.id, outcome)?;
        Ok(self.with_certificates(finished).await)
    }
}
