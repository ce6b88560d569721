//! From what is written to what holds: checks, and defaults.
//!
//! Defaults follow the field's practice (half a minute of drain, 300 requests
//! for a verdict: zero errors in 300 bound the rate below 1 % at 95 %).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use indexmap::IndexMap;
use serde_saphyr::{Location, Spanned};

use super::error::{Problem, nearest};
use super::raw::{self, OneOrMany, Words};
use super::{
    Bake, Config, Confirm, Drain, Environment, Health, Migrate, OnInconclusive, RouteConfig,
    RuntimeKind, ServiceConfig, Timeouts, Trigger, parse_duration, parse_ratio,
};
use crate::name::{EnvironmentName, ServiceName};
use crate::role::Role;
use crate::strategy::Strategy;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Reads a `shipway.yml`.
///
/// # Errors
/// Everything that is wrong, each with its place; what the parser itself refuses comes alone.
pub fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let raw: raw::Config =
        serde_saphyr::from_str(text).map_err(|error| vec![Problem::from_parser(&error)])?;
    let mut checker = Checker::default();
    let config = checker.config(raw);
    match config {
        Some(config) if checker.problems.is_empty() => Ok(config),
        _ => Err(checker.problems),
    }
}

/// Collects problems, so that a user sees all of them at once.
#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
}

impl Checker {
    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn name<N>(&mut self, text: &Spanned<String>) -> Option<N>
    where
        N: FromStr,
        N::Err: std::fmt::Display,
    {
        match text.value.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.report(Problem::at(text.referenced, format!("{error}")));
                None
            }
        }
    }

    fn duration(&mut self, text: Option<Spanned<String>>, default: Duration) -> Duration {
        let Some(text) = text else { return default };
        parse_duration(&text.value).unwrap_or_else(|message| {
            self.report(Problem::at(text.referenced, message));
            default
        })
    }

    fn config(&mut self, raw: raw::Config) -> Option<Config> {
        if let Some(version) = raw.version.filter(|version| version.value != 1) {
            self.report(
                Problem::at(
                    version.referenced,
                    format!("version {} is not known", version.value),
                )
                .with_help("this shipway reads `version: 1`"),
            );
        }
        let project = self.name(&raw.project);
        let services = self.services(raw.services);
        let migrate = raw.migrate.and_then(|migrate| self.migrate(migrate));
        let environments = self.environments(raw.environments);
        Some(Config {
            project: project?,
            services,
            migrate,
            environments,
        })
    }

    fn services(
        &mut self,
        raw: IndexMap<Spanned<String>, raw::Service>,
    ) -> BTreeMap<ServiceName, ServiceConfig> {
        let mut services = BTreeMap::new();
        let mut routed: Option<String> = None;
        for (key, service) in raw {
            if service.role == Role::Web
                && let Some(first) = routed.replace(key.value.clone())
            {
                self.report(
                    Problem::at(
                        key.referenced,
                        format!(
                            "`{}` is a second service with the role `web`, after `{first}`",
                            key.value
                        ),
                    )
                    .with_help("one service takes the requests; give the other the role `worker`"),
                );
            }
            if let Some(name) = self.name(&key) {
                services.insert(
                    name,
                    ServiceConfig {
                        role: service.role,
                        port: service.port,
                    },
                );
            }
        }
        services
    }

    fn migrate(&mut self, raw: raw::Migrate) -> Option<Migrate> {
        let place = raw.command.referenced;
        let timeout = self.duration(raw.timeout, 10 * MINUTE);
        let command = self.words(raw.command.value, place);
        Some(Migrate {
            service: self.name(&raw.service)?,
            command: command?,
            timeout,
        })
    }

    fn words(&mut self, words: Words, place: Location) -> Option<Vec<String>> {
        let words = match words {
            Words::List(words) => words,
            Words::Line(line) => match shell_words::split(&line) {
                Ok(words) => words,
                Err(error) => {
                    self.report(Problem::at(
                        place,
                        format!("the command cannot be read: {error}"),
                    ));
                    return None;
                }
            },
        };
        if words.is_empty() {
            self.report(Problem::at(place, "the command is empty"));
            return None;
        }
        Some(words)
    }

    fn environments(
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
        let mut environments = IndexMap::new();
        for (key, environment) in raw.value {
            self.check_from(&key, environment.from.as_ref(), &names);
            if let Some(name) = self.name::<EnvironmentName>(&key) {
                environments.insert(name.clone(), self.environment(name, environment));
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

    fn environment(&mut self, name: EnvironmentName, raw: raw::Environment) -> Environment {
        let from = raw.from.as_ref().and_then(|from| from.value.parse().ok());
        let branches = raw.branches.map(|branches| self.branches(branches));
        let trigger = match raw.trigger {
            Some(raw::Trigger::Push) => Trigger::Push,
            Some(raw::Trigger::Manual) => Trigger::Manual,
            None if branches.is_some() => Trigger::Push,
            None => Trigger::Manual,
        };
        let confirm = match raw.confirm {
            Some(raw::Confirm::None) => Confirm::None,
            Some(raw::Confirm::Yes) => Confirm::Yes,
            Some(raw::Confirm::Name) => Confirm::Name,
            None if name.as_str() == "production" => Confirm::Name,
            None if trigger == Trigger::Manual => Confirm::Yes,
            None => Confirm::None,
        };
        Environment {
            trigger,
            branches: branches.unwrap_or_default(),
            from,
            strategy: raw.strategy.unwrap_or(Strategy::BlueGreen),
            compose: raw
                .compose
                .map_or_else(|| default_files(&name), |files| self.files(files)),
            env_files: raw.env_files.map(OneOrMany::into_vec).unwrap_or_default(),
            required: raw.required.into_iter().map(|name| name.value).collect(),
            runtime: match raw.runtime {
                Some(raw::RuntimeKind::Process) | None => RuntimeKind::Process,
            },
            confirm,
            route: self.route(raw.route),
            health: self.health(raw.health),
            bake: self.bake(raw.bake),
            drain: Drain {
                timeout: self.duration(raw.drain.timeout, 30 * SECOND),
                streaming: self.duration(raw.drain.streaming, 30 * SECOND),
            },
            timeouts: Timeouts {
                build: self.duration(raw.timeouts.build, 20 * MINUTE),
                start: self.duration(raw.timeouts.start, MINUTE),
                switch: self.duration(raw.timeouts.switch, 10 * SECOND),
            },
            name,
        }
    }

    fn branches(&mut self, raw: Spanned<OneOrMany>) -> Vec<String> {
        let place = raw.referenced;
        let branches = raw.value.into_vec();
        for branch in &branches {
            if let Err(error) = globset::Glob::new(branch) {
                self.report(Problem::at(
                    place,
                    format!("`{branch}` is no branch pattern: {}", error.kind()),
                ));
            }
        }
        branches
    }

    fn files(&mut self, raw: Spanned<OneOrMany>) -> Vec<String> {
        let place = raw.referenced;
        let files = raw.value.into_vec();
        if files.is_empty() {
            self.report(Problem::at(place, "an environment needs a Compose file"));
        }
        files
    }

    fn route(&mut self, raw: raw::Route) -> RouteConfig {
        let text = raw.listen.value.trim();
        // A bare port means the loopback address: reachable from outside only when asked for.
        let with_address = if text.contains(':') {
            text.to_owned()
        } else {
            format!("127.0.0.1:{text}")
        };
        let hosts = raw.host.map_or_else(Vec::new, |host| host.value.into_vec());
        let listen = with_address.parse().unwrap_or_else(|_| {
            self.report(
                Problem::at(
                    raw.listen.referenced,
                    format!("`{text}` is no address to listen on"),
                )
                .with_help("write `127.0.0.1:8080`, `0.0.0.0:80` or just a port"),
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        });
        RouteConfig {
            listen,
            hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        }
    }

    fn path(&mut self, path: Spanned<String>) -> String {
        if !path.value.starts_with('/') || path.value.contains(char::is_whitespace) {
            self.report(
                Problem::at(path.referenced, format!("`{}` is no path", path.value))
                    .with_help("a path begins with `/` and holds no blanks"),
            );
        }
        path.value
    }

    fn health(&mut self, raw: raw::Health) -> Health {
        if let (None, Some(first)) = (&raw.path, raw.smoke.first()) {
            self.report(
                Problem::at(first.referenced, "`smoke` needs `path`")
                    .with_help("add `path:`, such as `path: /health/`, to `health`"),
            );
        }
        Health {
            path: raw.path.map(|path| self.path(path)),
            host: raw.host,
            interval: self.duration(raw.interval, SECOND),
            timeout: self.duration(raw.timeout, 5 * SECOND),
            healthy_for: self.duration(raw.healthy_for, 2 * SECOND),
            deadline: self.duration(raw.deadline, 2 * MINUTE),
            smoke: raw.smoke.into_iter().map(|path| self.path(path)).collect(),
        }
    }

    fn bake(&mut self, raw: raw::Bake) -> Bake {
        let max_error_rate = raw.max_error_rate.map_or(0.01, |text| {
            parse_ratio(&text.value).unwrap_or_else(|message| {
                self.report(Problem::at(text.referenced, message));
                0.0
            })
        });
        let max_latency_ratio = raw.max_latency_ratio.map_or(1.3, |ratio| {
            if !(ratio.value.is_finite() && ratio.value >= 1.0) {
                self.report(
                    Problem::at(ratio.referenced, "`max_latency_ratio` is below 1")
                        .with_help("1.3 allows the new p95 to be 30 % above the old"),
                );
            }
            ratio.value
        });
        Bake {
            duration: self.duration(raw.duration, 5 * MINUTE),
            interval: self.duration(raw.interval, SECOND),
            min_requests: raw.min_requests.unwrap_or(300),
            max_error_rate,
            max_latency_ratio,
            latency_floor: self.duration(raw.latency_floor, Duration::from_millis(100)),
            on_inconclusive: match raw.on_inconclusive {
                Some(raw::OnInconclusive::RollBack) => OnInconclusive::RollBack,
                Some(raw::OnInconclusive::Probe) | None => OnInconclusive::Probe,
            },
        }
    }
}

// === impl OneOrMany ===

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

fn default_files(name: &EnvironmentName) -> Vec<String> {
    vec![
        "docker-compose.yml".to_owned(),
        format!("docker-compose.{name}.yml"),
    ]
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
