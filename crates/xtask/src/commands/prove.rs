//! `cargo xtask prove`: what tests show a few times, shown often.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::program::{self, cargo};
use crate::workspace::Workspace;

/// Repeat a test that cannot be sure after a few times, for longer than the suite may take.
///
/// Ends at the first time that does not hold.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is to be proven
    campaign: Campaign,
    /// How often
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Campaign {
    /// Backups under write load restore to a consistent state; needs PostgreSQL's server
    Backups,
}

/// Where a campaign's test is, and the variable that tells it how often.
struct Test {
    package: &'static str,
    binary: &'static str,
    name: &'static str,
    variable: &'static str,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    let test = arguments.campaign.test();
    program::run(
        cargo(workspace.root())
            .args(["test", "--package", test.package, "--test", test.binary])
            .args(["--", "--exact", "--nocapture", test.name])
            .env(test.variable, arguments.count.to_string()),
    )
}

// === impl Campaign ===

impl Campaign {
    fn test(self) -> Test {
        match self {
            Self::Backups => Test {
                package: "shipway-engine",
                binary: "postgres",
                name: "under_load::backups_under_load_hold_one_moment",
                variable: "SHIPWAY_BACKUPS",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that matches nothing would prove nothing.
    #[test]
    fn every_campaign_has_its_test() {
        let workspace = Workspace::load().unwrap();
        for campaign in Campaign::value_variants() {
            let test = campaign.test();
            let folder = test.package.strip_prefix("shipway-").unwrap();
            let (module, function) = test.name.split_once("::").unwrap();
            let path = format!("crates/{folder}/tests/{}/{module}.rs", test.binary);
            let text = std::fs::read_to_string(workspace.root().join(&path)).unwrap();
            assert!(text.contains(&format!("fn {function}(")), "{path}");
            assert!(text.contains(&format!("\"{}\"", test.variable)), "{path}");
        }
    }
}
