//! `shipway validate`.

use std::process::ExitCode;

use owo_colors::OwoColorize;
use shipway_compose::diagnostic::{Color, render_all};
use shipway_engine::project::Source;

use crate::arguments::Global;
use crate::context;
use crate::error::{CliError, Kind, Result, report};

/// Check shipway.yml, the Compose files and the variables of every environment
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only this environment
    environment: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let project = context::project(global)?;
    let chosen = match &arguments.environment {
        Some(name) => vec![project.environment(name)?],
        None => project.config.environments.values().collect(),
    };
    let mut bad = Vec::new();
    for environment in chosen {
        match project.resolve(environment, Source::WorkTree) {
            Ok(resolved) => {
                let loaded = &resolved.loaded;
                if !loaded.diagnostics.is_empty() {
                    anstream::eprintln!(
                        "{}",
                        render_all(&loaded.diagnostics, &loaded.sources, Color::Never)
                    );
                }
                let services: Vec<String> = resolved
                    .workload
                    .members
                    .iter()
                    .map(|member| format!("{} ({})", member.name, member.role))
                    .collect();
                anstream::eprintln!(
                    "{} {}: {}",
                    "✓".green(),
                    environment.name,
                    services.join(", ")
                );
            }
            Err(error) => {
                anstream::eprintln!("{} {}", "✗".red(), environment.name);
                report(&CliError::from(error));
                bad.push(environment.name.to_string());
            }
        }
    }
    if bad.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(CliError::new(
            Kind::Config,
            format!("not valid: {}", bad.join(", ")),
        ))
    }
}
