//! From what is written to what holds: checks, and defaults.
//!
//! Each part of the file has a file here; this one collects what is wrong with any of them.

mod acme;
mod backup;
mod branch;
mod database;
mod environment;
mod environments;
mod forge;
mod gates;
mod images;
mod levels;
mod migrations;
mod notifications;
mod policy;
mod route;
mod sections;
mod services;
mod tls;

use std::str::FromStr;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_compose::diagnostic::Diagnostic;
use shipway_compose::yaml::{self, Limits, Span};

use environments::Whole;

use super::error::problem;
use super::schema::{self, schema};
use super::tree::{self, Placed};
use super::{Config, parse_duration, raw};

/// Reads a `shipway.yml`. Places point into source 0.
///
/// # Errors
/// Everything that is wrong, each with its place, in the order of the file.
pub fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
    let mut tree = yaml::parse(text, 0, Limits::default())?;
    let schema::Findings {
        mut problems,
        is_readable,
        lessened,
    } = schema::check(schema(), &mut tree);
    let mut config = None;
    if is_readable {
        let mut checker = Checker {
            lessened,
            ..Checker::default()
        };
        match tree::from_node(&tree) {
            Ok(raw) => config = checker.config(raw),
            Err(refused) => {
                let place = refused.span.unwrap_or(tree.span);
                checker.report(problem(place, refused.message));
            }
        }
        problems.append(&mut checker.problems);
    }
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => {
            problems.sort_by_key(|problem| problem.labels.first().map(|label| label.span.start));
            Err(problems)
        }
    }
}

/// Collects problems, so that a user sees all of them at once.
#[derive(Default)]
struct Checker {
    problems: Vec<Diagnostic>,
    /// The mappings that had more in them, which is told of already.
    lessened: Vec<Span>,
}

impl Checker {
    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Tells what a mapping lacks, unless that may be what could not be read.
    fn report_lack(&mut self, mapping: Span, problem: Diagnostic) {
        if !self.lessened.contains(&mapping) {
            self.report(problem);
        }
    }

    fn name<N>(&mut self, name: &Placed<raw::Name>) -> Option<N>
    where
        N: FromStr,
        N::Err: std::fmt::Display,
    {
        let parsed = name.value.0.parse();
        parsed
            .map_err(|error| self.report(problem(name.span, format!("{error}"))))
            .ok()
    }

    fn duration(&mut self, text: Option<Placed<raw::DurationText>>, default: Duration) -> Duration {
        let Some(text) = text else { return default };
        parse_duration(&text.value.0).unwrap_or_else(|message| {
            self.report(problem(text.span, message));
            default
        })
    }

    fn config(&mut self, raw: raw::Config) -> Option<Config> {
        let project = self.name(&raw.project);
        let services = self.services(raw.services.unwrap_or_default());
        let migrate = raw.migrate.and_then(|migrate| self.migrate(migrate));
        let registry = raw.registry.map(|registry| self.registry(registry));
        let platforms = self.platforms(raw.platforms, registry.is_some());
        let diagnostics = self.levels(raw.diagnostics.unwrap_or_default());
        let database = raw.database.and_then(|database| self.database(database));
        let migrations = self.migrations(raw.migrations, migrate.as_ref());
        let gates = self.gates(raw.gates.unwrap_or_default());
        let backup = self.backup(raw.backup.unwrap_or_default());
        let groups = self.groups(raw.groups.unwrap_or_default());
        let whole = Whole {
            groups: &groups,
            migrations: &migrations,
            gates: &gates,
            backup: &backup,
        };
        let mut environments = self.environments(raw.environments, whole);
        let channels = raw.notifications.unwrap_or_default();
        let notifications = self.notifications(channels, raw.forge, &environments);
        for environment in environments.values_mut() {
            environment.database = environment.database.take().or_else(|| database.clone());
            environment.diagnostics = diagnostics.clone().with(&environment.diagnostics);
        }
        let all = environments.into_iter();
        let (templates, environments) = all.partition(|(_, one)| one.per_branch.is_some());
        Some(Config {
            project: project?,
            services,
            migrate,
            registry,
            platforms,
            gates,
            notifications,
            diagnostics,
            environments,
            templates,
            leftovers: IndexMap::new(),
        })
    }
}

#[cfg(test)]
mod tests;
