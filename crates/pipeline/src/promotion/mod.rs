//! Which releases may go where, when, and with whose consent.

mod freeze;
mod policy;

pub use freeze::{Freeze, WeekTime, Window, Zone};
pub(crate) use policy::is_one;
pub use policy::{Approvals, Candidate, Hotfix, Lane, Objection, Policy, StableIn};

use crate::id::ReleaseId;
use crate::name::EnvironmentName;
use crate::plan::Occupant;

/// What an environment that is promoted from has.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a EnvironmentName,
    /// What has the traffic there.
    pub live: Option<&'a Occupant>,
    /// The last release that finished its bake there.
    pub stable: Option<&'a Occupant>,
}

/// Why a release may not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is promoted into the environment.
    #[error("`{environment}` has no `from`: it is deployed, not promoted to")]
    NoSource {
        /// The environment.
        environment: EnvironmentName,
    },
    /// The environment before has nothing.
    #[error("nothing is live in `{from}`, so there is nothing to promote")]
    NothingLive {
        /// The environment before.
        from: EnvironmentName,
    },
    /// What is live there was not judged yet, or not well.
    #[error("release {release} is live in `{from}` but has not finished its bake there")]
    NotStable {
        /// The release.
        release: ReleaseId,
        /// The environment before.
        from: EnvironmentName,
    },
    /// It would skip the environment before.
    #[error("release {release} was never stable in `{from}`, which comes before `{environment}`")]
    Skips {
        /// The release.
        release: ReleaseId,
        /// The environment before.
        from: EnvironmentName,
        /// The environment.
        environment: EnvironmentName,
    },
}

/// The release that a promotion takes on: what is live and stable in the environment before.
///
/// # Errors
/// Nothing is live there, or it has not finished its bake.
pub fn decide_release(source: &Source<'_>) -> Result<ReleaseId, Refusal> {
    let live = source.live.ok_or_else(|| Refusal::NothingLive {
        from: source.name.clone(),
    })?;
    match source.stable {
        Some(stable) if stable.release == live.release => Ok(live.release.clone()),
        _ => Err(Refusal::NotStable {
            release: live.release.clone(),
            from: source.name.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::occupant;

    #[test]
    fn only_what_is_live_and_stable_goes_on() {
        let name: EnvironmentName = "staging".parse().unwrap();
        let live = occupant(1);
        let mut other = occupant(1);
        other.release = "r0000000000ff".parse().unwrap();
        let decide = |live, stable| {
            decide_release(&Source {
                name: &name,
                live,
                stable,
            })
        };
        assert_eq!(decide(Some(&live), Some(&live)), Ok(live.release.clone()));
        assert!(matches!(
            decide(None, None),
            Err(Refusal::NothingLive { .. })
        ));
        assert!(matches!(
            decide(Some(&live), None),
            Err(Refusal::NotStable { .. })
        ));
        assert!(matches!(
            decide(Some(&live), Some(&other)),
            Err(Refusal::NotStable { .. })
        ));
    }
}
