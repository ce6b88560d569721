//! Finds what a rollback returns to.

use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Kind, Occupant};
use shipway_pipeline::time::Timestamp;
use shipway_store::Deployment;

use crate::executor::Engine;

/// More history than this is not searched for a release by default.
const HISTORY: usize = 1000;

/// Why there is nothing to go back to.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// Nothing was ever live.
    #[error("nothing is live in `{0}`")]
    NothingLive(EnvironmentName),
    /// There is no other stable release.
    #[error("no other release was ever stable in `{0}`")]
    NoOther(EnvironmentName),
    /// The wanted one was never stable here.
    #[error("release {release} was never stable in `{environment}`")]
    NeverStable {
        /// The wanted release.
        release: ReleaseId,
        /// Where.
        environment: EnvironmentName,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
}

impl Engine {
    /// What a rollback of an environment returns to: the last stable release that is not live, or
    /// the wanted one, each with the configuration that it ran with then.
    ///
    /// # Errors
    /// There is none.
    pub fn rollback_target(
        &self,
        environment: &EnvironmentName,
        wanted: Option<&ReleaseId>,
    ) -> Result<Occupant, RollbackError> {
        let record = self.store.environment(environment)?;
        let live = record
            .live
            .ok_or_else(|| RollbackError::NothingLive(environment.clone()))?;
        // A release that is live but never finished its bake goes back to the stable one.
        if wanted.is_none()
            && let Some(stable) = record.stable
            && stable.release != live.release
        {
            return Ok(stable);
        }
        let was_stable = self.stable_occupants(environment)?;
        let pruned = self.store.pruned()?;
        let mut candidates = was_stable.into_iter().filter(|occupant| match wanted {
            // That it was pruned is told with the plan.
            Some(wanted) => occupant.release == *wanted,
            None => occupant.release != live.release && !pruned.contains_key(&occupant.release),
        });
        candidates.next().ok_or_else(|| match wanted {
            Some(release) => RollbackError::NeverStable {
                release: release.clone(),
                environment: environment.clone(),
            },
            None => RollbackError::NoOther(environment.clone()),
        })
    }

    /// Since when a release has been stable in an environment; none where it never was.
    ///
    /// Deployed again without another one in between, as with a new configuration, it has been
    /// since the first time.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn stable_since(
        &self,
        environment: &EnvironmentName,
        release: &ReleaseId,
    ) -> Result<Option<Timestamp>, shipway_store::Error> {
        let stable = self.stable_deployments(environment)?;
        let is_it = |one: &&Deployment| one.plan.target.release == *release;
        let last = stable.iter().skip_while(|one| !is_it(one));
        let first = last.take_while(is_it).last();
        Ok(first.map(|deployment| deployment.changed))
    }

    /// What finished its bake in an environment, the newest first.
    pub(crate) fn stable_occupants(
        &self,
        environment: &EnvironmentName,
    ) -> Result<Vec<Occupant>, shipway_store::Error> {
        let stable = self.stable_deployments(environment)?.into_iter();
        Ok(stable.map(|deployment| deployment.plan.target).collect())
    }

    /// The deployments that finished their bakes, the newest first.
    fn stable_deployments(
        &self,
        environment: &EnvironmentName,
    ) -> Result<Vec<Deployment>, shipway_store::Error> {
        let succeeded = |state: &State| {
            matches!(
                state,
                State::Finished {
                    outcome: Outcome::Succeeded,
                    ..
                }
            )
        };
        let all = self.store.deployments(Some(environment), HISTORY)?;
        Ok(all
            .into_iter()
            .filter(|deployment| succeeded(&deployment.state))
            // What was scaled or stopped was there before, stable or not.
            .filter(|deployment| {
                !matches!(
                    deployment.plan.kind,
                    Kind::Scale | Kind::Down | Kind::Migrate
                )
            })
            .collect())
    }
}
