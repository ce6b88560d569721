//! Production goes back and forth between two releases, under one load.

use std::time::Instant;

use owo_colors::OwoColorize;

use super::load;
use super::shop::Shop;
use super::story::{Act, finish, last_deployment, run};
use crate::error::{CliError, Kind, Result};
use crate::exit;

/// Twice the clients of the story.
const CONNECTIONS: usize = 64;

/// Both releases were stable in production, so each rollback returns to the other one.
const COMMAND: [&str; 2] = ["rollback", "production"];

/// Switches so often, and counts what was lost on the whole way.
pub(super) async fn run_all(shop: &Shop, count: u32) -> Result<Act> {
    let heading = format!("production switches {count} times under {CONNECTIONS} connections");
    anstream::eprintln!("\n{}", heading.bold().cyan());
    let load = load::start(shop.port("production"), "switches", CONNECTIONS)?;
    let began = Instant::now();
    for number in 1..=count {
        let code = run(shop, &COMMAND, "production").await?;
        if code != exit::OK {
            let wrong = format!("switch {number} of {count} ended with exit code {code}");
            return Err(CliError::new(Kind::Failed, wrong));
        }
    }
    let took = began.elapsed();
    Ok(Act {
        deployments: count,
        command: format!("shipway rollback production, {count} times"),
        expected: exit::OK,
        code: exit::OK,
        took,
        record: last_deployment(shop, "production")?,
        counts: Some(finish(load).await),
    })
}
