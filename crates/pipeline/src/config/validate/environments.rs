//! Environments together: who is promoted from whom.

use indexmap::IndexMap;
use shipway_compose::yaml::Span;

use crate::config::tree::Placed;

use super::Checker;
use super::policy::Groups;
use super::tls::{self, Clash};
use crate::config::{Backup, Environment, Migrations};
use shipway_compose::diagnostic::nearest;

use crate::config::error::problem;
use crate::config::raw;
use crate::gate::Gate;
use crate::name::{EnvironmentName, GateName};

/// What of the whole file matters to its environments.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) migrations: &'a Migrations,
    pub(super) gates: &'a IndexMap<GateName, Gate>,
    pub(super) groups: &'a Groups,
    /// Backups, and whether the file says that one comes before a deployment.
    pub(super) backup: &'a (Option<bool>, Backup),
}

impl Checker {
    pub(super) fn environments(
        &mut self,
        raw: Placed<IndexMap<Placed<raw::Name>, raw::Environment>>,
        whole: Whole<'_>,
    ) -> IndexMap<EnvironmentName, Environment> {
        if raw.value.is_empty() {
            self.report(
                problem(raw.span, "there is no environment")
                    .with_help("`shipway init` writes four of them"),
            );
        }
        // Nothing is live in a template, so nothing is promoted from it.
        let places = raw.value.iter().filter(|(_, one)| one.per_branch.is_none());
        let names: Vec<String> = places.map(|(key, _)| key.value.0.clone()).collect();
        let mut environments: IndexMap<EnvironmentName, Environment> = IndexMap::new();
        for (key, environment) in raw.value {
            self.check_from(&key, environment.from.as_ref(), &names);
            if let Some(name) = self.name::<EnvironmentName>(&key) {
                let span = environment.per_branch.as_ref().map(|one| one.span);
                let environment = self.environment(name.clone(), environment, (whole, &names));
                self.check_branches(&environment, span, key.span);
                self.check_tls(&environment, key.span);
                self.check_address(&key, &environment, &environments);
                self.check_together(&key, &environment, &environments);
                environments.insert(name, environment);
            }
        }
        self.check_cycles(&environments, raw.span);
        environments
    }

    fn check_from(
        &mut self,
        key: &Placed<raw::Name>,
        from: Option<&Placed<raw::Name>>,
        names: &[String],
    ) {
        let Some(from) = from else { return };
        if names.contains(&from.value.0) && from.value != key.value {
            return;
        }
        let told = problem(
            from.span,
            format!(
                "`{}` is promoted from `{}`, which is no other environment",
                key.value.0, from.value.0
            ),
        );
        let others = names
            .iter()
            .map(String::as_str)
            .filter(|name| *name != key.value.0);
        let help = match nearest(&from.value.0, others) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the environments are {}", names.join(", ")),
        };
        self.report(told.with_help(help));
    }

    /// Two environments cannot answer for one place on one address.
    fn check_address(
        &mut self,
        key: &Placed<raw::Name>,
        environment: &Environment,
        before: &IndexMap<EnvironmentName, Environment>,
    ) {
        let mut same = before
            .values()
            .filter(|other| other.host == environment.host);
        let clash = same.find_map(|other| {
            let clash = tls::find_clash(&environment.route, &other.route)?;
            Some((other.name.clone(), clash))
        });
        let Some((other, clash)) = clash else { return };
        let name = &key.value.0;
        let (told, help) = match clash {
            Clash::Kind(address) => (
                format!("`{name}` and `{other}` have {address} for HTTP and for HTTPS"),
                "give each a `listen` of its own",
            ),
            Clash::Place(address, place) => (
                format!("`{name}` and `{other}` both answer for {place} on {address}"),
                "give each a `listen`, a `host` or `paths` of its own",
            ),
            Clash::Certificate(address, host) => (
                format!(
                    "`{name}` and `{other}` have different certificates for `{host}` on {address}"
                ),
                "a host has one: give both the same files, or the same authority",
            ),
        };
        self.report(problem(key.span, told).with_help(help));
    }

    /// What no two environments can both have: a Compose project to adopt, or releases of each
    /// other where they run them differently.
    fn check_together(
        &mut self,
        key: &Placed<raw::Name>,
        environment: &Environment,
        before: &IndexMap<EnvironmentName, Environment>,
    ) {
        let here = before
            .values()
            .filter(|other| other.host == environment.host);
        let mut adopting = here.filter(|other| other.adopt.is_some());
        if let Some(other) = adopting.find(|other| other.adopt == environment.adopt) {
            let told = format!(
                "`{}` and `{}` adopt the same project",
                key.value.0, other.name
            );
            let help = "each environment has containers and volumes of its own";
            self.report(problem(key.span, told).with_help(help));
        }
        let with_runtime = |other: &&Environment| {
            other.from.as_ref() == Some(&environment.name)
                || environment.from.as_ref() == Some(&other.name)
        };
        for other in before.values().filter(with_runtime) {
            let differ = other.runtime.zip(environment.runtime);
            if differ.is_some_and(|(one, another)| one != another) {
                let told = format!(
                    "`{}` and `{}` take each other's releases, and only one of them runs containers",
                    key.value.0, other.name
                );
                let help = "a release is built for one `runtime`; give both the same";
                self.report(problem(key.span, told).with_help(help));
            }
        }
    }

    fn check_cycles(&mut self, environments: &IndexMap<EnvironmentName, Environment>, place: Span) {
        for start in environments.keys() {
            let mut at = start;
            for _ in 0..environments.len() {
                match environments.get(at).and_then(|e| e.from.as_ref()) {
                    Some(next) if next == start => {
                        self.report(problem(
                            place,
                            format!("`{start}` is promoted from itself in a circle of `from`"),
                        ));
                        return;
                    }
                    Some(next) => at = next,
                    None => break,
                }
            }
        }
    }
}
