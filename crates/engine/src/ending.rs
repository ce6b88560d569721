//! Environments on their way out: why, and what came in between.

use std::fmt;

use serde::{Deserialize, Serialize};
use shipway_pipeline::branch::{BranchEnvironment, Removal};
use shipway_pipeline::config::Config;
use shipway_pipeline::name::EnvironmentName;
use shipway_store::{Error, RequestPage, Store};

/// Failures beyond these wait no longer than these do.
const TOLD: usize = 20;

/// Why an environment is on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Ending {
    /// Its template is no longer in `shipway.yml`: nothing is deployed to it.
    Leftover {
        /// The template.
        template: EnvironmentName,
    },
    /// It is to be removed.
    Leaving(Removal),
}

// === impl Ending ===

impl Ending {
    /// Of an environment of a branch; `None` of one that stays, and of others.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn of(
        store: &Store,
        config: &Config,
        known: &[BranchEnvironment],
        name: &EnvironmentName,
    ) -> Result<Option<Self>, Error> {
        let Some(known) = known.iter().find(|one| one.name == *name) else {
            return Ok(None);
        };
        if known.is_leaving {
            return Ok(Some(Self::Leaving(removal(store, name)?)));
        }
        let is_leftover = config.leftovers.contains_key(name);
        Ok(is_leftover.then(|| Self::Leftover {
            template: known.template.clone(),
        }))
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leftover { template } => write!(
                f,
                "its template `{template}` is no longer in shipway.yml: nothing is deployed to it"
            ),
            Self::Leaving(Removal { failures: 0, .. }) => f.write_str("it is being removed"),
            Self::Leaving(Removal {
                failures, reason, ..
            }) => {
                f.write_str("its removal failed")?;
                if *failures > 1 {
                    write!(f, " {failures} times in a row")?;
                }
                reason
                    .iter()
                    .try_for_each(|reason| write!(f, ": {reason}"))?;
                f.write_str("; it is tried again")
            }
        }
    }
}

/// How the removal of an environment stands.
///
/// # Errors
/// The records cannot be read.
pub fn removal(store: &Store, name: &EnvironmentName) -> Result<Removal, Error> {
    let requests = store.requests(&RequestPage {
        environment: Some(name.clone()),
        limit: TOLD,
        ..RequestPage::default()
    })?;
    Ok(Removal::of(&requests))
}
