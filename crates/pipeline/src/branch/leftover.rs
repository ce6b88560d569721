//! Environments whose template is no longer in `shipway.yml`: nothing is deployed to them any more,
//! and they can still be looked at and ended.

use std::time::Duration;

use super::BranchEnvironment;
use crate::config::{Config, Environment, parse};
use crate::name::ProjectName;

/// One to which nothing was deployed for so long is removed by itself. Not at once: a folder that is
/// at another commit for an afternoon is to cost nobody a volume.
pub const LONGEST_LEFTOVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Such an environment, with the defaults of every setting: where it was reached stands with what
/// was deployed to it.
pub(crate) fn leftover(project: &ProjectName, known: &BranchEnvironment) -> Option<Environment> {
    // By the rules for files, so that it lacks nothing that an environment has.
    let text = format!(
        "project: {project}
services:
  web: {{ role: web, port: 80 }}
environments:
  leftover: {{ trigger: manual, route: {{ listen: 80 }} }}
"
    );
    let Config { environments, .. } = parse(&text).ok()?;
    let (_, mut environment) = environments.into_iter().next()?;
    environment.name = known.name.clone();
    Some(environment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Trigger;
    use crate::time::Timestamp;

    fn config(environments: &str) -> Config {
        let text = format!("project: shop\nenvironments:\n{environments}");
        parse(&text).unwrap()
    }

    #[test]
    fn one_is_known_and_no_push_goes_to_it() {
        let known = BranchEnvironment {
            name: "preview/cart".parse().unwrap(),
            template: "preview".parse().unwrap(),
            branch: "cart".to_owned(),
            created: Timestamp(0),
            used: Timestamp(0),
            is_leaving: false,
        };
        // Gone from the file, or an environment of its own by now.
        let gone = "  testing: { branches: cart, route: { listen: 8001 } }\n";
        let plain = "  preview: { branches: cart, route: { listen: 8001 } }\n";
        for environments in [gone, plain] {
            let mut config = config(environments);
            config.open_branches(std::slice::from_ref(&known));
            assert_eq!(config.environments.len(), 1);
            let leftover = &config.leftovers[&known.name];
            assert_eq!(leftover.name, known.name);
            assert_eq!(leftover.trigger, Trigger::Manual);
            assert!(!leftover.takes_branch("cart"));
        }
        let template = "  preview: { branches: cart, per_branch: { limit: 1 }, route: { listen: 8001, host: '{branch}.x' } }\n";
        let mut config = config(template);
        config.open_branches(&[known]);
        assert!(config.leftovers.is_empty());
        assert_eq!(config.environments.len(), 1);
    }
}
