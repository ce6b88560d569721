//! One environment, with every default filled in.

use crate::config::tree::Placed;

use super::Checker;
use super::environments::Whole;
use crate::config::default;
use crate::config::error::problem;
use crate::config::raw::{self, HostText, OneOrMany};
use crate::config::{Confirm, Drain, Environment, RuntimeKind, Timeouts, Trigger};
use crate::host::{EngineHost, InvalidHost};
use crate::name::EnvironmentName;
use crate::strategy::Strategy;

impl Checker {
    pub(super) fn environment(
        &mut self,
        name: EnvironmentName,
        raw: raw::Environment,
        (whole, names): (Whole<'_>, &[String]),
    ) -> Environment {
        let from = raw.from.as_ref().and_then(|from| from.value.0.parse().ok());
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
        let own = raw.backup.map(|backup| self.backup(backup));
        let (is_before, mut backup) = own.unwrap_or_else(|| whole.backup.clone());
        backup.before_deploy = is_before.unwrap_or(confirm == Confirm::Name);
        let gates = match raw.gates {
            Some(wanted) => {
                let known: Vec<String> = whole.gates.keys().map(ToString::to_string).collect();
                self.gate_names(wanted, &known)
            }
            // What is promoted has passed them on its way.
            None if raw.from.is_some() => Vec::new(),
            None => whole.gates.keys().cloned().collect(),
        };
        Environment {
            gates,
            trigger,
            branches: branches.unwrap_or_default(),
            per_branch: raw.per_branch.map(|raw| self.per_branch(raw.value)),
            from,
            strategy: raw.strategy.unwrap_or(Strategy::BlueGreen),
            compose: raw
                .compose
                .map_or_else(|| default_files(&name), |files| self.files(files)),
            profiles: list(raw.profiles),
            env_files: list(raw.env_files),
            required: raw.required.unwrap_or_default(),
            runtime: self.runtime(raw.runtime, raw.host.as_ref()),
            host: raw.host.and_then(|host| self.host(host)),
            adopt: raw.adopt.map(|adopt| self.compose_name(adopt)),
            backup,
            database: raw.database.and_then(|database| self.database(database)),
            migrations: match raw.migrations {
                Some(raw) => self.overrides(raw, whole.migrations.clone()),
                None => whole.migrations.clone(),
            },
            confirm,
            policy: self.policy(raw.policy.unwrap_or_default(), whole.groups, names),
            diagnostics: self.levels(raw.diagnostics.unwrap_or_default()),
            route: self.route(raw.route),
            health: self.health(raw.health.unwrap_or_default()),
            bake: self.bake(raw.bake.unwrap_or_default()),
            drain: self.drain(raw.drain.unwrap_or_default()),
            timeouts: self.timeouts(raw.timeouts.unwrap_or_default()),
            name,
        }
    }

    pub(super) fn branches(&mut self, raw: Placed<OneOrMany<raw::BranchName>>) -> Vec<String> {
        let branches = raw.value.into_vec().into_iter().map(|branch| branch.0);
        let branches: Vec<String> = branches.collect();
        for branch in &branches {
            if let Err(error) = globset::Glob::new(branch) {
                self.report(problem(
                    raw.span,
                    format!("`{branch}` is no branch pattern: {}", error.kind()),
                ));
            }
        }
        branches
    }

    /// Another host runs containers, and nothing else.
    fn runtime(
        &mut self,
        raw: Option<raw::RuntimeKind>,
        host: Option<&Placed<HostText>>,
    ) -> Option<RuntimeKind> {
        match (raw, host) {
            (Some(raw::RuntimeKind::Process), Some(host)) => {
                let told = "another host runs containers, and `runtime` says `process`";
                let help = "take `runtime` or `host` out";
                self.report(problem(host.span, told).with_help(help));
                Some(RuntimeKind::Process)
            }
            (Some(raw::RuntimeKind::Process), None) => Some(RuntimeKind::Process),
            (Some(raw::RuntimeKind::Compose), _) | (None, Some(_)) => Some(RuntimeKind::Compose),
            (None, None) => None,
        }
    }

    fn host(&mut self, raw: Placed<HostText>) -> Option<EngineHost> {
        let parsed = raw.value.0.parse();
        parsed
            .map_err(|error: InvalidHost| {
                let help = "write `ssh://user@host:port`, or `unix:///path` of a socket";
                self.report(problem(raw.span, error.to_string()).with_help(help));
            })
            .ok()
    }

    /// What Docker Compose takes for a project's name.
    fn compose_name(&mut self, raw: Placed<String>) -> String {
        let is_inner = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter)
        };
        let is_valid = raw.value.chars().all(is_inner)
            && raw
                .value
                .starts_with(|first: char| first.is_ascii_alphanumeric());
        if !is_valid {
            let told = format!("`{}` is no name of a Compose project", raw.value);
            let help = "`docker compose ls` shows the names of those that run";
            self.report(problem(raw.span, told).with_help(help));
        }
        raw.value
    }

    fn files(&mut self, raw: Placed<OneOrMany<String>>) -> Vec<String> {
        let files = raw.value.into_vec();
        if files.is_empty() {
            self.report(problem(raw.span, "an environment needs a Compose file"));
        }
        files
    }

    fn drain(&mut self, raw: raw::Drain) -> Drain {
        Drain {
            timeout: self.duration(raw.timeout, default::DRAIN_TIMEOUT),
            streaming: self.duration(raw.streaming, default::DRAIN_STREAMING),
        }
    }

    fn timeouts(&mut self, raw: raw::Timeouts) -> Timeouts {
        Timeouts {
            build: self.duration(raw.build, default::BUILD_TIMEOUT),
            start: self.duration(raw.start, default::START_TIMEOUT),
            switch: self.duration(raw.switch, default::SWITCH_TIMEOUT),
        }
    }
}

fn list(raw: Option<OneOrMany<String>>) -> Vec<String> {
    raw.map(OneOrMany::into_vec).unwrap_or_default()
}

fn default_files(name: &EnvironmentName) -> Vec<String> {
    vec![
        "docker-compose.yml".to_owned(),
        format!("docker-compose.{name}.yml"),
    ]
}
