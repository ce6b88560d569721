//! Goes on with a deployment whose engine died, or cleans up after it.
//!
//! | it died | `resume` | a newer deployment |
//! | --- | --- | --- |
//! | before it touched anything | finishes it | cleans it up: superseded |
//! | in the switch | finishes it: routing again to what is routed changes nothing | the same |
//! | while it was judged | goes on against the stored deadline, with fresh looks | the same |
//! | while it went back | goes on going back | the same |

use shipway_pipeline::deployment::{self, Event, State};
use shipway_pipeline::journal::Entry;
use shipway_pipeline::name::EnvironmentName;
use shipway_store::{Deployment, Lease};

use crate::clock::now;
use crate::deploy::{DeployError, Finished};
use crate::executor::{Engine, Interrupts};

/// What to do with a deployment that nobody carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Finish it.
    Continue,
    /// Something newer is wanted: undo it where it has touched nothing yet.
    Supersede,
}

impl Engine {
    /// Finishes the interrupted deployment of an environment, if there is one.
    ///
    /// # Errors
    /// Somebody else has the environment, or the deployment cannot be carried on.
    pub async fn resume(
        &self,
        environment: &EnvironmentName,
        wait: bool,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, DeployError> {
        let lease = self.take_lease(environment, wait, interrupts).await?;
        let finished = self
            .recover_under(&lease, Policy::Continue, interrupts)
            .await;
        let _ = self.store.release_lease(lease);
        finished
    }

    pub(crate) async fn recover_under(
        &self,
        lease: &Lease,
        policy: Policy,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, DeployError> {
        let Some(deployment) = self.store.unfinished(lease.environment())? else {
            return Ok(None);
        };
        self.check_host(&deployment.plan)?;
        self.check_reachable(&deployment.plan.route_key()).await?;
        self.reporter.tell(crate::event::Kind::Planned {
            plan: Box::new(deployment.plan.clone()),
        });
        let entry = Entry::Recovered {
            owner: self.owner.clone(),
        };
        let event = first_event(&deployment, policy, &self.actor);
        let outcome = self
            .carry_out(lease, &deployment, (event, entry), interrupts)
            .await?;
        let finished = self.finished(deployment.id, outcome)?;
        Ok(Some(self.with_certificates(finished).await))
    }
}

fn first_event(deployment: &Deployment, policy: Policy, by: &str) -> Event {
    if policy == Policy::Continue {
        return Event::Recovered;
    }
    let superseded = Event::SupersedeRequested { by: by.to_owned() };
    let next = deployment::step(
        &deployment.plan,
        &deployment.state,
        superseded.clone(),
        now(),
    );
    // One that cannot be superseded any more is finished first.
    let is_heeded = matches!(next.state, State::Finished { .. } | State::Reverting { .. })
        && next.state != deployment.state;
    if is_heeded {
        superseded
    } else {
        Event::Recovered
    }
}
