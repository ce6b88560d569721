//! From what is written to what holds: checks, and defaults.
//!
//! Each part of the file has a file here; this one collects what is wrong with any of them.

mod environment;
mod environments;
mod sections;
mod services;

use std::str::FromStr;
use std::time::Duration;

use serde_saphyr::Spanned;

use super::error::Problem;
use super::{Config, parse_duration, raw};

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
}

#[cfg(test)]
mod tests;
