//! Environments of branches.

use shipway_compose::yaml::Span;

use super::Checker;
use crate::branch::{LONGEST_TEMPLATE, PLACEHOLDER};
use crate::config::error::problem;
use crate::config::raw;
use crate::config::{Environment, PerBranch, Trigger, WhenFull};

impl Checker {
    pub(super) fn per_branch(&mut self, raw: raw::PerBranch) -> PerBranch {
        let max_age = raw.max_age;
        PerBranch {
            limit: raw.limit,
            max_age: max_age.map(|text| self.duration(Some(text), std::time::Duration::MAX)),
            when_full: match raw.when_full {
                Some(raw::WhenFull::RemoveOldest) => WhenFull::RemoveOldest,
                Some(raw::WhenFull::Refuse) | None => WhenFull::Refuse,
            },
        }
    }

    /// What a template needs, and what only a template may have.
    pub(super) fn check_branches(
        &mut self,
        environment: &Environment,
        template: Option<Span>,
        place: Span,
    ) {
        let name = &environment.name;
        let hosts = &environment.route.hosts;
        let is_filled = |host: &String| host.contains(PLACEHOLDER);
        if name.of_branch().is_some() {
            let told = format!("`{name}` is no name for an environment of the file");
            let help = "names with `/` are those of branches, which `per_branch` makes";
            self.report(problem(place, told).with_help(help));
        }
        let Some(span) = template else {
            if hosts.iter().any(is_filled) {
                let told = format!("`{name}` has no branch to put in place of `{PLACEHOLDER}`");
                self.report(problem(place, told).with_help("add `per_branch: { limit: 5 }`"));
            }
            return;
        };
        if name.as_str().len() > LONGEST_TEMPLATE {
            let told = format!("`{name}` is too long for a template");
            let help = format!("a name of {LONGEST_TEMPLATE} letters leaves room for the branch's");
            self.report(problem(place, told).with_help(help));
        }
        if environment.trigger == Trigger::Manual || environment.branches.is_empty() {
            let help = "add `branches: feature/*`";
            self.report(problem(span, "`per_branch` needs `branches`").with_help(help));
        }
        if hosts.is_empty() || !hosts.iter().all(is_filled) {
            let told = "every branch needs a host of its own";
            let help = format!("write `host: \"{PLACEHOLDER}.dev.example.org\"` in `route`");
            self.report(problem(span, told).with_help(help));
        }
        for (key, is_there) in [
            ("from", environment.from.is_some()),
            ("adopt", environment.adopt.is_some()),
        ] {
            if is_there {
                let told = format!("`per_branch` and `{key}` exclude each other");
                self.report(problem(span, told).with_help(format!("take `{key}` out")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{WhenFull, parse};

    fn file(name: &str, settings: &str) -> String {
        format!("project: app\nenvironments:\n  {name}:\n    {settings}\n")
    }

    fn problems(name: &str, settings: &str) -> Vec<String> {
        let problems = parse(&file(name, settings)).unwrap_err();
        problems.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_template_is_read_and_is_no_environment() {
        let settings = "{ branches: feature/*, per_branch: { limit: 5, max_age: 7d, when_full: \
                        remove_oldest }, route: { listen: 1, host: '{branch}.dev.example.org' } }";
        let config = parse(&file("development", settings)).unwrap();
        assert!(config.environments.is_empty());
        let rules = config.templates[0].per_branch.as_ref().unwrap();
        assert_eq!((rules.limit, rules.when_full), (5, WhenFull::RemoveOldest));
        assert_eq!(rules.max_age.unwrap().as_secs(), 7 * 86_400);
    }

    #[test]
    fn what_cannot_be_a_template_is_told() {
        let told = problems("dev", "{ per_branch: { limit: 5 }, route: { listen: 1 } }");
        assert_eq!(
            told,
            [
                "`per_branch` needs `branches`",
                "every branch needs a host of its own"
            ]
        );
        let told = problems("dev", "{ route: { listen: 1, host: '{branch}.x' } }");
        assert_eq!(told, ["`dev` has no branch to put in place of `{branch}`"]);
        let told = problems("dev/x", "{ route: { listen: 1 } }");
        assert_eq!(told, ["`dev/x` is no name for an environment of the file"]);
        let long = "a".repeat(30);
        let settings = "{ branches: x, adopt: shop, per_branch: { limit: 1 }, \
                        route: { listen: 1, host: '{branch}.x' } }";
        assert_eq!(
            problems(&long, settings),
            [
                format!("`{long}` is too long for a template"),
                "`per_branch` and `adopt` exclude each other".to_owned()
            ]
        );
    }

    #[test]
    fn nothing_is_promoted_from_a_template() {
        let text = "project: app\nenvironments:\n  dev:\n    branches: x\n    per_branch: { limit: 1 }\n    \
                    route: { listen: 1, host: '{branch}.x' }\n  testing: { from: dev, route: { listen: 2 } }\n";
        let told = parse(text).unwrap_err();
        assert_eq!(
            told[0].message,
            "`testing` is promoted from `dev`, which is no other environment"
        );
    }
}
