//! Who may do what: roles, and the environments that they hold for.
//!
//! ```
//! use shipway_pipeline::access::{Action, Grant, Role};
//!
//! let staging = "staging".parse().unwrap();
//! let production = "production".parse().unwrap();
//! let grant = Grant::new(Role::Deployer, [staging]);
//! assert!(grant.allows(Action::Deploy, Some(&"staging".parse().unwrap())));
//! assert!(!grant.allows(Action::Deploy, Some(&production)));
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::EnvironmentName;

/// What somebody is to the pipeline; each may do what those before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Asks for deployments, promotions and rollbacks, and cancels them.
    Deployer,
    /// Agrees to what others ask for.
    Approver,
    /// Everything else.
    Admin,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See what is and what was.
    View,
    /// Change what is live.
    Deploy,
    /// Agree to it, or refuse.
    Approve,
    /// See and change what belongs to no environment.
    Administer,
}

/// A role, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The environments; empty for all of them.
    pub environments: BTreeSet<EnvironmentName>,
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role: use `viewer`, `deployer`, `approver` or `admin`")]
pub struct InvalidRole(String);

// === impl Role ===

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Deployer, Self::Approver, Self::Admin];

    /// The role as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Deployer => "deployer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// Whether it is enough for an action.
    pub fn allows(self, action: Action) -> bool {
        self >= action.least()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| InvalidRole(text.to_owned()))
    }
}

// === impl Action ===

impl Action {
    /// The least role that may do it.
    pub fn least(self) -> Role {
        match self {
            Self::View => Role::Viewer,
            Self::Deploy => Role::Deployer,
            Self::Approve => Role::Approver,
            Self::Administer => Role::Admin,
        }
    }
}

// === impl Grant ===

impl Grant {
    /// A role in these environments; in all of them where none is named.
    pub fn new(role: Role, environments: impl IntoIterator<Item = EnvironmentName>) -> Self {
        Self {
            role,
            environments: environments.into_iter().collect(),
        }
    }

    /// Whether the role holds in an environment.
    pub fn covers(&self, environment: &EnvironmentName) -> bool {
        self.environments.is_empty() || self.environments.contains(environment)
    }

    /// Whether it is enough for an action; in an environment, or for what belongs to none.
    pub fn allows(&self, action: Action, environment: Option<&EnvironmentName>) -> bool {
        let is_in_reach = match environment {
            Some(environment) => self.covers(environment),
            // Lists are cut to what is in reach; all else reaches beyond a few environments.
            None => action == Action::View || self.environments.is_empty(),
        };
        is_in_reach && self.role.allows(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_it_may() {
        let table = [
            (Role::Viewer, [true, false, false, false]),
            (Role::Deployer, [true, true, false, false]),
            (Role::Approver, [true, true, true, false]),
            (Role::Admin, [true, true, true, true]),
        ];
        let actions = [
            Action::View,
            Action::Deploy,
            Action::Approve,
            Action::Administer,
        ];
        for (role, expected) in table {
            assert_eq!(
                actions.map(|action| role.allows(action)),
                expected,
                "{role}"
            );
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn a_role_holds_where_it_was_given() {
        let [here, there]: [EnvironmentName; 2] =
            ["staging", "production"].map(|name| name.parse().unwrap());
        let scoped = Grant::new(Role::Admin, [here.clone()]);
        let free = Grant::new(Role::Admin, []);
        let table = [
            (Action::View, Some(&here), true),
            (Action::View, Some(&there), false),
            (Action::Approve, Some(&here), true),
            (Action::Approve, Some(&there), false),
            (Action::View, None, true),
            (Action::Administer, None, false),
        ];
        for (action, environment, expected) in table {
            assert_eq!(
                scoped.allows(action, environment),
                expected,
                "{action:?} {environment:?}"
            );
            assert!(free.allows(action, environment));
        }
    }
}
