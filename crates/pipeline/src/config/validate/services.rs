//! Services and the command that migrates their database.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_saphyr::{Location, Spanned};

use super::{Checker, MINUTE};
use crate::config::error::Problem;
use crate::config::raw::{self, Words};
use crate::config::{Migrate, ServiceConfig};
use crate::name::ServiceName;
use crate::role::Role;

impl Checker {
    pub(super) fn services(
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

    pub(super) fn migrate(&mut self, raw: raw::Migrate) -> Option<Migrate> {
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
}
