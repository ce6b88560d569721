//! What a push sets going.

use serde::Serialize;

use crate::config::Config;
use crate::name::EnvironmentName;
use crate::push::{CommitId, Push};

/// What is to be done about a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The commit is to be deployed.
    Deploy {
        /// The commit.
        commit: CommitId,
        /// The branch that it was pushed to.
        branch: String,
        /// Where, in the order of `shipway.yml`.
        environments: Vec<EnvironmentName>,
    },
    /// Nothing.
    Nothing(Reason),
}

/// Why a push sets nothing going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It moved a tag.
    #[error("tags are not deployed")]
    Tag,
    /// It deleted a branch.
    #[error("the branch was deleted")]
    Deleted,
    /// It is not the project's repository that was pushed to.
    #[error("it was pushed to another repository")]
    OtherRepository,
    /// No environment takes the branch.
    #[error("no environment takes the branch")]
    NoEnvironment,
}

/// Decides what a push sets going: a deployment to each environment that takes its branch.
pub fn decide(config: &Config, push: &Push) -> Decision {
    let Some(branch) = push.reference.branch() else {
        return Decision::Nothing(Reason::Tag);
    };
    let Some(commit) = &push.new else {
        return Decision::Nothing(Reason::Deleted);
    };
    let takers = config.environments.values();
    let environments: Vec<_> = takers
        .filter(|environment| environment.takes_branch(branch))
        .map(|environment| environment.name.clone())
        .collect();
    if environments.is_empty() {
        return Decision::Nothing(Reason::NoEnvironment);
    }
    Decision::Deploy {
        commit: commit.clone(),
        branch: branch.to_owned(),
        environments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    const FILE: &str = "
version: 1
project: shop
services:
  web: { role: web, port: 8000 }
environments:
  development: { branches: ['feature/*', main], route: { listen: 8001 } }
  testing: { branches: main, route: { listen: 8002 } }
  staging: { from: testing, route: { listen: 8003 } }
  frozen: { trigger: manual, branches: main, route: { listen: 8004 } }
";

    fn told(reference: &str, new: &str) -> Decision {
        let push = Push {
            repository: None,
            reference: reference.parse().unwrap(),
            old: None,
            new: CommitId::of_hook(new).unwrap(),
            by: "alice".to_owned(),
        };
        decide(&config::parse(FILE).unwrap(), &push)
    }

    fn names(decision: Decision) -> Vec<String> {
        match decision {
            Decision::Deploy { environments, .. } => {
                environments.iter().map(ToString::to_string).collect()
            }
            Decision::Nothing(reason) => vec![reason.to_string()],
        }
    }

    #[test]
    fn a_push_goes_where_its_branch_is_taken() {
        let commit = "a".repeat(40);
        let to = |reference: &str| names(told(reference, &commit));
        assert_eq!(to("refs/heads/main"), ["development", "testing"]);
        assert_eq!(to("refs/heads/feature/7"), ["development"]);
        assert_eq!(to("refs/heads/other"), ["no environment takes the branch"]);
        assert_eq!(to("refs/tags/main"), ["tags are not deployed"]);
        let deleted = names(told("refs/heads/main", &"0".repeat(40)));
        assert_eq!(deleted, ["the branch was deleted"]);
    }
}
