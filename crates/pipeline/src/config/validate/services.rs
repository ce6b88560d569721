//! Services and the command that migrates their database.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shipway_compose::yaml::Span;

use crate::config::tree::Placed;

use super::Checker;
use crate::config::default;
use crate::config::error::problem;
use crate::config::raw::{self, Words};
use crate::config::{Migrate, ServiceConfig};
use crate::name::ServiceName;
use crate::role::Role;

impl Checker {
    pub(super) fn services(
        &mut self,
        raw: IndexMap<Placed<raw::Name>, raw::Service>,
    ) -> BTreeMap<ServiceName, ServiceConfig> {
        let mut services = BTreeMap::new();
        let mut routed: Option<String> = None;
        for (key, service) in raw {
            if service.role == Role::Web
                && let Some(first) = routed.replace(key.value.0.clone())
            {
                self.report(
                    problem(
                        key.span,
                        format!(
                            "`{}` is a second service with the role `web`, after `{first}`",
                            key.value.0
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

    pub(super) fn migrate(&mut self, raw: raw::Migrate) -> Option<Migrate> {
        let place = raw.command.span;
        let timeout = self.duration(raw.timeout, default::MIGRATE_TIMEOUT);
        let command = self.words(raw.command.value, place);
        Some(Migrate {
            service: self.name(&raw.service)?,
            command: command?,
            timeout,
        })
    }

    fn words(&mut self, words: Words, place: Span) -> Option<Vec<String>> {
        let words = match words {
            Words::List(words) => words,
            Words::Line(line) => match shell_words::split(&line) {
                Ok(words) => words,
                Err(error) => {
                    self.report(problem(
                        place,
                        format!("the command cannot be read: {error}"),
                    ));
                    return None;
                }
            },
        };
        if words.is_empty() {
            self.report(problem(place, "the command is empty"));
            return None;
        }
        Some(words)
    }
}
