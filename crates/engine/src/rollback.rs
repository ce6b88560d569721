//! Finds what a rollback returns to.

use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::Occupant;

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
        let was_stable = self
            .store
            .deployments(Some(environment), HISTORY)?
            .into_iter()
            .filter(|deployment| {
                matches!(
                    deployment.state,
                    State::Finished {
                        outcome: Outcome::Succeeded,
                        ..
                    }
                )
            })
            .map(|deployment| deployment.plan.target);
        let mut candidates = was_stable.filter(|occupant| match wanted {
            Some(wanted) => occupant.release == *wanted,
            None => occupant.release != live.release,
        });
        candidates.next().ok_or_else(|| match wanted {
            Some(release) => RollbackError::NeverStable {
                release: release.clone(),
                environment: environment.clone(),
            },
            None => RollbackError::NoOther(environment.clone()),
        })
    }
}
