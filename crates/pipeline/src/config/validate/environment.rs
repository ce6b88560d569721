//! One environment, with every default filled in.

use serde_saphyr::Spanned;

use super::{Checker, MINUTE, SECOND};
use crate::config::error::Problem;
use crate::config::raw::{self, OneOrMany};
use crate::config::{Confirm, Drain, Environment, RuntimeKind, Timeouts, Trigger};
use crate::name::EnvironmentName;
use crate::strategy::Strategy;

impl Checker {
    pub(super) fn environment(
        &mut self,
        name: EnvironmentName,
        raw: raw::Environment,
    ) -> Environment {
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
}

// === impl OneOrMany ===

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
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
