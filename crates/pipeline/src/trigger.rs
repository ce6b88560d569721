//! What a push sets going.

use serde::Serialize;

use crate::branch::{self, BranchEnvironment, Place, Refusal};
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
        /// And to its own environments.
        places: Vec<Place>,
        /// Where it would have gone, and why it does not.
        refused: Vec<Refusal>,
    },
    /// What the branch had is to be removed.
    Remove {
        /// The branch.
        branch: String,
        /// Its environments.
        environments: Vec<EnvironmentName>,
    },
    /// Nothing.
    Nothing(Reason),
}

/// Why a push sets nothing going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It moved a tag.
    #[error("tags are not deployed")]
    Tag,
    /// It deleted a branch that has no environment.
    #[error("the branch was deleted")]
    Deleted,
    /// It is not the project's repository that was pushed to.
    #[error("it was pushed to another repository")]
    OtherRepository,
    /// No environment takes the branch.
    #[error("no environment takes the branch")]
    NoEnvironment,
    /// It would have an environment of its own, and gets none.
    #[error(transparent)]
    Refused(Refusal),
}

/// Decides what a push sets going: a deployment to each environment that takes its branch, or to
/// the branch's own. `known` are the environments that branches have.
pub fn decide(config: &Config, known: &[BranchEnvironment], push: &Push) -> Decision {
    let Some(branch) = push.reference.branch() else {
        return Decision::Nothing(Reason::Tag);
    };
    let Some(commit) = &push.new else {
        return decide_end(known, branch);
    };
    let takers = config.environments.values();
    let environments: Vec<_> = takers
        .filter(|one| one.name.of_branch().is_none() && one.takes_branch(branch))
        .map(|environment| environment.name.clone())
        .collect();
    let (mut places, mut refused) = (Vec::new(), Vec::new());
    for template in config.templates.values() {
        let Some(rules) = &template.per_branch else {
            continue;
        };
        if template.takes_branch(branch) {
            match branch::admit(template, rules, known, branch) {
                Ok(place) => places.push(place),
                Err(refusal) => refused.push(refusal),
            }
        }
    }
    if environments.is_empty() && places.is_empty() {
        let first = refused.into_iter().next();
        return Decision::Nothing(first.map_or(Reason::NoEnvironment, Reason::Refused));
    }
    Decision::Deploy {
        commit: commit.clone(),
        branch: branch.to_owned(),
        environments,
        places,
        refused,
    }
}

/// With the branch its own environments end.
fn decide_end(known: &[BranchEnvironment], branch: &str) -> Decision {
    let theirs = known.iter().filter(|one| one.branch == branch);
    let environments: Vec<_> = theirs.map(|one| one.name.clone()).collect();
    if environments.is_empty() {
        return Decision::Nothing(Reason::Deleted);
    }
    Decision::Remove {
        branch: branch.to_owned(),
        environments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::time::Timestamp;

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
  preview:
    branches: 'feature/*'
    per_branch: { limit: 2 }
    route: { listen: 8005, host: '{branch}.example.org' }
";

    fn known(branch: &str) -> BranchEnvironment {
        let template = "preview".parse().unwrap();
        BranchEnvironment {
            name: branch::name_of(&template, branch).unwrap(),
            template,
            branch: branch.to_owned(),
            created: Timestamp(0),
            used: Timestamp(0),
            is_leaving: false,
        }
    }

    fn told(reference: &str, new: &str, known: &[BranchEnvironment]) -> Decision {
        let push = Push {
            repository: None,
            reference: reference.parse().unwrap(),
            old: None,
            new: CommitId::of_hook(new).unwrap(),
            by: "alice".to_owned(),
        };
        let mut config = config::parse(FILE).unwrap();
        config.open_branches(known);
        decide(&config, known, &push)
    }

    fn names(decision: Decision) -> Vec<String> {
        match decision {
            Decision::Deploy {
                environments,
                places,
                ..
            } => {
                let places = places.into_iter().map(|place| place.name);
                let all = environments.into_iter().chain(places);
                all.map(|name| name.to_string()).collect()
            }
            Decision::Remove { environments, .. } => {
                let all = environments.iter();
                all.map(|name| format!("remove {name}")).collect()
            }
            Decision::Nothing(reason) => vec![reason.to_string()],
        }
    }

    #[test]
    fn a_push_goes_where_its_branch_is_taken() {
        let commit = "a".repeat(40);
        let to = |reference: &str| names(told(reference, &commit, &[]));
        assert_eq!(to("refs/heads/main"), ["development", "testing"]);
        let preview = "preview/feature-7-28967718";
        assert_eq!(to("refs/heads/feature/7"), ["development", preview]);
        assert_eq!(to("refs/heads/other"), ["no environment takes the branch"]);
        assert_eq!(to("refs/tags/main"), ["tags are not deployed"]);
        let deleted = names(told("refs/heads/main", &"0".repeat(40), &[]));
        assert_eq!(deleted, ["the branch was deleted"]);
    }

    #[test]
    fn a_branchs_own_environment_comes_and_goes_with_it() {
        let (commit, none) = ("a".repeat(40), "0".repeat(40));
        let both = [known("feature/7"), known("feature/8")];
        let name = both[0].name.to_string();
        let again = names(told("refs/heads/feature/7", &commit, &both));
        assert_eq!(again, ["development".to_owned(), name.clone()]);
        let ended = names(told("refs/heads/feature/7", &none, &both));
        assert_eq!(ended, [format!("remove {name}")]);
        // A third one is told why it gets none, and goes where it is taken all the same.
        let third = told("refs/heads/feature/9", &commit, &both);
        let Decision::Deploy { refused, .. } = &third else {
            panic!("{third:?}");
        };
        assert!(matches!(refused[..], [Refusal::Full { limit: 2, .. }]));
        assert_eq!(names(third), ["development"]);
    }
}
