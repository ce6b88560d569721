//! Environments together: who is promoted from whom.

use indexmap::IndexMap;
use serde_saphyr::{Location, Spanned};

use super::Checker;
use crate::config::Environment;
use crate::config::error::{Problem, nearest};
use crate::config::raw;
use crate::name::EnvironmentName;
use crate::route::shared_host;

impl Checker {
    pub(super) fn environments(
        &mut self,
        raw: Spanned<IndexMap<Spanned<String>, raw::Environment>>,
    ) -> IndexMap<EnvironmentName, Environment> {
        if raw.value.is_empty() {
            self.report(
                Problem::at(raw.referenced, "there is no environment")
                    .with_help("`shipway init` writes four of them"),
            );
        }
        let names: Vec<String> = raw.value.keys().map(|key| key.value.clone()).collect();
        let mut environments: IndexMap<EnvironmentName, Environment> = IndexMap::new();
        for (key, environment) in raw.value {
            self.check_from(&key, environment.from.as_ref(), &names);
            if let Some(name) = self.name::<EnvironmentName>(&key) {
                let environment = self.environment(name.clone(), environment);
                self.check_address(&key, &environment, &environments);
                environments.insert(name, environment);
            }
        }
        self.check_cycles(&environments, raw.referenced);
        environments
    }

    fn check_from(
        &mut self,
        key: &Spanned<String>,
        from: Option<&Spanned<String>>,
        names: &[String],
    ) {
        let Some(from) = from else { return };
        if names.contains(&from.value) && from.value != key.value {
            return;
        }
        let problem = Problem::at(
            from.referenced,
            format!(
                "`{}` is promoted from `{}`, which is no other environment",
                key.value, from.value
            ),
        );
        let others = names
            .iter()
            .map(String::as_str)
            .filter(|name| *name != key.value);
        let help = match nearest(&from.value, others) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the environments are {}", names.join(", ")),
        };
        self.report(problem.with_help(help));
    }

    /// Two environments cannot answer for one host on one address.
    fn check_address(
        &mut self,
        key: &Spanned<String>,
        environment: &Environment,
        before: &IndexMap<EnvironmentName, Environment>,
    ) {
        let route = &environment.route;
        let mut same = before
            .values()
            .filter(|other| other.route.listen == route.listen);
        let clash = same.find_map(|other| {
            let host = shared_host(&route.hosts, &other.route.hosts)?;
            Some((other.name.clone(), host))
        });
        let Some((other, host)) = clash else { return };
        let host = host.map_or_else(|| "any host".to_owned(), |host| format!("`{host}`"));
        self.report(
            Problem::at(
                key.referenced,
                format!(
                    "`{}` and `{other}` both answer for {host} on {}",
                    key.value, route.listen
                ),
            )
            .with_help("give each a `listen` or a `host` of its own"),
        );
    }

    fn check_cycles(
        &mut self,
        environments: &IndexMap<EnvironmentName, Environment>,
        place: Location,
    ) {
        for start in environments.keys() {
            let mut at = start;
            for _ in 0..environments.len() {
                match environments.get(at).and_then(|e| e.from.as_ref()) {
                    Some(next) if next == start => {
                        self.report(Problem::at(
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
