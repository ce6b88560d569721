//! The story: what is done, and what was counted meanwhile.

use std::process::Stdio;
use std::time::{Duration, Instant};

use owo_colors::OwoColorize;
use serde_json::Value;
use shipway_loadtest::{Counts, Handle};

use super::shop::{Form, Shop};
use super::{load, secrets};
use crate::error::{CliError, Kind, Result};
use crate::exit;

/// The load goes on for this long before and after a deployment, so that both sides are counted.
const AROUND: Duration = Duration::from_secs(1);
/// Clients with a connection each.
const CONNECTIONS: usize = 32;

/// What was done.
pub(super) struct Story {
    pub(super) acts: Vec<Act>,
}

/// One deployment, or several in a row, and what was counted meanwhile.
pub(super) struct Act {
    /// How many.
    pub(super) deployments: u32,
    /// The command.
    pub(super) command: String,
    /// The exit code it should have.
    pub(super) expected: u8,
    pub(super) code: u8,
    /// How long the command took.
    pub(super) took: Duration,
    /// The last deployment as `shipway show --json` tells it.
    pub(super) record: Value,
    /// What was sent meanwhile; `None` without a load.
    pub(super) counts: Option<Counts>,
}

/// A line of the script.
struct Scene<'a> {
    heading: &'a str,
    command: &'a [&'a str],
    environment: &'a str,
    expected: u8,
    loaded: bool,
}

/// The script.
const SCENES: &[Scene<'_>] = &[
    scene(
        "v1 goes into development",
        &["deploy", "development", "--commit", "v1"],
        "development",
        exit::OK,
        false,
    ),
    scene(
        "v1 goes into testing",
        &["deploy", "testing", "--commit", "v1"],
        "testing",
        exit::OK,
        false,
    ),
    scene(
        "v1 is promoted to staging, unchanged",
        &["promote", "staging"],
        "staging",
        exit::OK,
        false,
    ),
    scene(
        "v1 is promoted to production",
        &["promote", "production"],
        "production",
        exit::OK,
        false,
    ),
    scene(
        "v2 replaces v1 in development: recreate, requests wait",
        &["deploy", "development", "--commit", "v2"],
        "development",
        exit::OK,
        true,
    ),
    scene(
        "v2 replaces v1 in testing: rolling",
        &["deploy", "testing", "--commit", "v2"],
        "testing",
        exit::OK,
        true,
    ),
    scene(
        "v2 is promoted to staging",
        &["promote", "staging"],
        "staging",
        exit::OK,
        false,
    ),
    scene(
        "v2 replaces v1 in production: blue-green, with a schema migration",
        &["promote", "production"],
        "production",
        exit::OK,
        true,
    ),
    scene(
        "v3 never becomes healthy",
        &["deploy", "testing", "--commit", "v3"],
        "testing",
        exit::REFUSED,
        true,
    ),
    scene(
        "v4 looks good in testing",
        &["deploy", "testing", "--commit", "v4"],
        "testing",
        exit::OK,
        false,
    ),
    scene(
        "… and in staging",
        &["promote", "staging"],
        "staging",
        exit::OK,
        false,
    ),
    scene(
        "v4 turns bad under real traffic, after the switch",
        &["promote", "production"],
        "production",
        exit::ROLLED_BACK,
        true,
    ),
    scene(
        "production goes back to v1 by hand",
        &["rollback", "production"],
        "production",
        exit::OK,
        true,
    ),
];

const fn scene<'a>(
    heading: &'a str,
    command: &'a [&'a str],
    environment: &'a str,
    expected: u8,
    loaded: bool,
) -> Scene<'a> {
    Scene {
        heading,
        command,
        environment,
        expected,
        loaded,
    }
}

/// Tells the story.
pub(super) async fn tell(shop: &Shop) -> Result<Story> {
    anstream::eprintln!(
        "a Django shop with a git history of four releases: {}",
        shop.project().display()
    );
    if shop.form() == Form::Containers {
        secrets::set(shop)?;
    }
    let mut acts = Vec::new();
    for (number, scene) in SCENES.iter().enumerate() {
        let heading = format!("{}/{} {}", number + 1, SCENES.len(), scene.heading);
        anstream::eprintln!("\n{}", heading.bold().cyan());
        let act = play(shop, scene).await?;
        if act.code != act.expected {
            let wrong = format!(
                "`{}` ended with exit code {}, not {}",
                act.command, act.code, act.expected
            );
            return Err(CliError::new(Kind::Failed, wrong));
        }
        acts.push(act);
    }
    Ok(Story { acts })
}

async fn play(shop: &Shop, scene: &Scene<'_>) -> Result<Act> {
    let load = if scene.loaded {
        let load = load::start(shop.port(scene.environment), scene.environment, CONNECTIONS)?;
        tokio::time::sleep(AROUND).await;
        Some(load)
    } else {
        None
    };
    let began = Instant::now();
    let code = run(shop, scene.command, scene.environment).await?;
    let took = began.elapsed();
    let counts = match load {
        Some(load) => Some(finish(load).await),
        None => None,
    };
    let act = Act {
        deployments: 1,
        command: format!("shipway {}", scene.command.join(" ")),
        expected: scene.expected,
        code,
        took,
        record: last_deployment(shop, scene.environment)?,
        counts,
    };
    if let Some(counts) = &act.counts {
        anstream::eprintln!(
            "  {} requests meanwhile, {} lost",
            counts.sent,
            load::lost(counts)
        );
    }
    Ok(act)
}

/// Ends the load, and returns what it counted.
pub(super) async fn finish(load: Handle) -> Counts {
    tokio::time::sleep(AROUND).await;
    load.stop().await.total
}

/// Runs a command to its exit code, with what an environment wants to be told.
pub(super) async fn run(shop: &Shop, command: &[&str], environment: &str) -> Result<u8> {
    anstream::eprintln!("{} shipway {}", "$".dimmed(), command.join(" "));
    let mut arguments = command.to_vec();
    arguments.push("--quiet");
    if environment == "production" {
        arguments.extend(["--confirm", "production"]);
    } else {
        arguments.push("--yes");
    }
    let command = shop.shipway(&arguments)?;
    let mut child = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()?;
    let status = child.wait().await?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(exit::FAILED))
}

/// The record of the last deployment of an environment.
pub(super) fn last_deployment(shop: &Shop, environment: &str) -> Result<Value> {
    let history = json(shop, &["history", environment, "-n", "1", "--json"])?;
    let id = history[0]["id"].as_str().unwrap_or_default().to_owned();
    json(shop, &["show", &id, "--json"])
}

fn json(shop: &Shop, arguments: &[&str]) -> Result<Value> {
    let output = shop.shipway(arguments)?.stderr(Stdio::inherit()).output()?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        CliError::new(
            Kind::Failed,
            format!("`shipway {}`: {error}", arguments.join(" ")),
        )
    })
}
