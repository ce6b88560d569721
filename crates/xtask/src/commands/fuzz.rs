//! `cargo xtask fuzz`: random and broken input for as long as one likes.

use anyhow::Result;
use clap::Args;

use crate::program::{self, cargo};
use crate::workspace::Workspace;

/// Feed the Compose loader random and broken files, and the proxy's reading of requests and headers
/// what attackers might send, for longer than the tests do.
///
/// Optimised, with overflow checks. Ends at the first panic, and prints the smallest input that
/// still shows it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How long each kind of input is tried
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    for (package, target, tests) in [
        ("shipway-compose", "--test=compose", "robustness::"),
        ("shipway-proxy", "--lib", "fuzz::"),
    ] {
        program::run(
            cargo(workspace.root())
                .args(["test", "--package", package, target])
                .args(["--config", "profile.test.opt-level=2"])
                .args(["--", "--nocapture", tests])
                .env("SHIPWAY_SECONDS", arguments.seconds.to_string()),
        )?;
    }
    Ok(())
}
