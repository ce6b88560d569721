//! `shipway status`.

use std::process::ExitCode;

use owo_colors::OwoColorize;
use shipway_engine::clock::now;
use shipway_engine::status::{EnvironmentStatus, Routed};

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, time};

/// Show what is live where, since when, how healthy, and what is next
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let chosen = match &arguments.environment {
        Some(name) => vec![context.project.environment(name)?],
        None => context.project.config.environments.values().collect(),
    };
    let mut all = Vec::new();
    for environment in chosen {
        all.push(context.engine.status(&context.project, environment).await?);
    }
    if arguments.json {
        render::json(&all)?;
    } else {
        for status in &all {
            print(status);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &EnvironmentStatus) {
    let EnvironmentStatus { name, url, .. } = status;
    anstream::println!("{} {}", name.bold(), url.dimmed());
    match (&status.live, &status.release) {
        (Some(live), Some(release)) => {
            let since = status.since.map_or_else(String::new, |since| {
                format!(
                    ", since {} ({})",
                    time::absolute(since),
                    time::ago(since, now())
                )
            });
            anstream::println!(
                "  {} {} ({}, {}) {}{since}",
                live.colour,
                live.release,
                release.short_commit(),
                release.subject,
                if status.stable {
                    "stable"
                } else {
                    "not stable yet"
                },
            );
        }
        _ => anstream::println!("  nothing is live"),
    }
    for instance in &status.instances {
        let mark = if instance.healthy {
            "✓".green().to_string()
        } else {
            "✗".red().to_string()
        };
        let restarts = match instance.restarts {
            0 => String::new(),
            count => format!(", started again {count} times"),
        };
        let address = instance
            .address
            .map_or_else(String::new, |address| format!(" at {address}"));
        anstream::println!(
            "  {mark} {}{address}: {}{restarts}",
            instance.id,
            instance.detail
        );
    }
    print_troubles(status);
    if let Some(next) = &status.next {
        anstream::println!("  next: {next}");
    }
}

fn print_troubles(status: &EnvironmentStatus) {
    if status.live.is_some() {
        match status.routed {
            Routed::Live => {}
            Routed::Elsewhere => {
                anstream::println!("  {} the proxy does not send requests to it", "✗".red());
            }
            Routed::NoProxy => anstream::println!(
                "  {} the proxy is not running: `shipway proxy` starts it",
                "✗".red()
            ),
        }
    }
    if let Some(frozen) = &status.frozen {
        anstream::println!(
            "  {} frozen since {}: {}",
            "✗".red(),
            time::absolute(frozen.since),
            frozen.reason
        );
    }
    if let Some(deployment) = &status.deployment {
        let who = deployment
            .holder
            .as_ref()
            .map_or_else(|| "interrupted".to_owned(), |holder| format!("by {holder}"));
        anstream::println!("  {} is {}, {who}", deployment.id, deployment.state);
    }
}
