//! `shipway status`.

use std::process::ExitCode;

use owo_colors::OwoColorize;
use shipway_engine::clock::now;
use shipway_engine::ending::Ending;
use shipway_engine::status::{EnvironmentStatus, Routed};
use shipway_pipeline::config::Environment;
use shipway_pipeline::plan::Occupant;
use shipway_server::client::Client;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::exit;
use crate::render::{self, certificate, time};
use crate::{remote, usage};

/// Show what is live where, since when, how healthy, and what is next
///
/// Exits with code 1 where the engine of an environment does not answer; the others are shown all
/// the same.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// Measure what each instance uses: processor, memory, network
    #[arg(long)]
    resources: bool,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

/// An environment with what its instances use.
#[derive(serde::Serialize)]
struct Observed {
    #[serde(flatten)]
    status: EnvironmentStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<usage::Row>>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let all = match remote::client(global).await? {
        Some(client) => elsewhere(&client, arguments).await?,
        None => here(arguments, global).await?,
    };
    if arguments.json {
        render::json(&all)?;
    } else {
        for observed in &all {
            print(&observed.status);
            for line in observed.resources.iter().flat_map(|rows| {
                let table = usage::render(rows);
                table.lines().map(str::to_owned).collect::<Vec<_>>()
            }) {
                anstream::println!("  {line}");
            }
        }
    }
    let is_known = all.iter().all(|one| one.status.trouble.is_none());
    Ok(ExitCode::from(if is_known {
        exit::OK
    } else {
        exit::FAILED
    }))
}

async fn elsewhere(client: &Client, arguments: &Arguments) -> Result<Vec<Observed>> {
    if arguments.resources {
        let told = "`--resources` works where the instances run, not by `--server`";
        return Err(CliError::usage(told).hint("leave it out"));
    }
    let all = remote::status(client, arguments.environment.as_deref()).await?;
    let observed = |status| Observed {
        status,
        resources: None,
    };
    Ok(all.into_iter().map(observed).collect())
}

async fn here(arguments: &Arguments, global: &Global) -> Result<Vec<Observed>> {
    let (context, _events) = Context::open(global)?;
    let chosen: Vec<&Environment> = match &arguments.environment {
        Some(name) => vec![context.project.environment_or_leftover(name)?],
        None => context.project.config.present().collect(),
    };
    let mut all = Vec::new();
    let statuses = context.engine.statuses(&context.project, &chosen).await?;
    for (environment, status) in chosen.into_iter().zip(statuses) {
        let resources = if arguments.resources && status.trouble.is_none() {
            Some(resources(&context, environment).await?)
        } else {
            None
        };
        all.push(Observed { status, resources });
    }
    Ok(all)
}

async fn resources(context: &Context, environment: &Environment) -> Result<Vec<usage::Row>> {
    let before = usage::measure(context, environment).await?;
    tokio::time::sleep(usage::BETWEEN).await;
    let (rows, _) = usage::rows(context, environment, &before).await?;
    Ok(rows)
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
            print_sizes(live);
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

/// When a removal that failed is tried again.
fn again(ending: &Ending) -> String {
    match ending {
        Ending::Leaving(removal) if removal.failures > 0 => {
            format!(" at {}", time::absolute(removal.due))
        }
        Ending::Leaving(_) | Ending::Leftover { .. } => String::new(),
    }
}

/// What an operator set, beside what the Compose files ask for.
fn print_sizes(live: &Occupant) {
    for (service, scaled) in &live.scaled {
        anstream::println!(
            "  {service} is scaled to {}; the Compose files ask for {}",
            scaled.size,
            scaled.file
        );
    }
}

fn print_troubles(status: &EnvironmentStatus) {
    if let Some(trouble) = &status.trouble {
        anstream::println!("  {} {trouble}", "✗".red());
    } else if status.live.is_some() {
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
    if let Some(closed) = &status.maintenance {
        anstream::println!(
            "  {} closed for maintenance since {} by {}: `shipway maintenance off {}`",
            "✗".red(),
            time::absolute(closed.since),
            closed.by,
            status.name
        );
    }
    for trouble in &status.certificates {
        let times = certificate::render_times(trouble);
        anstream::println!("  {} {trouble}{times}", "✗".red());
        anstream::println!("  {}", certificate::render_help(trouble));
    }
    if let Some(frozen) = &status.frozen {
        anstream::println!(
            "  {} frozen since {}: {}",
            "✗".red(),
            time::absolute(frozen.since),
            frozen.reason
        );
    }
    if let Some(ending) = &status.ending {
        anstream::println!("  {} {ending}{}", "✗".red(), again(ending));
    }
    if let Some(deployment) = &status.deployment {
        let who = deployment
            .holder
            .as_ref()
            .map_or_else(|| "interrupted".to_owned(), |holder| format!("by {holder}"));
        anstream::println!("  {} is {}, {who}", deployment.id, deployment.state);
    }
}
