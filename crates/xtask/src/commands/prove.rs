//! `cargo xtask prove`: what tests show a few times, shown often.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::test::compose::{COMPOSE, prepare_compose};
use crate::program::{self, cargo};
use crate::provision::{self, Places, StandIns};
use crate::workspace::Workspace;

/// Repeat a test that cannot be sure after a few times, for longer than the suite may take.
///
/// Ends at the first time that does not hold, and prints what was counted.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is to be proven
    #[command(subcommand)]
    campaign: Campaign,
}

#[derive(Debug, Subcommand)]
enum Campaign {
    /// Backups under write load restore to a consistent state; needs PostgreSQL's server
    Backups {
        /// How often
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        count: u64,
    },
    /// Whatever is lost, late, doubled or killed in a simulated world, an environment is old or
    /// new, whole
    Simulation {
        /// How many deployments, each with a seed of its own
        #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
    },
    /// Kill the command and its recovery at each effect and durable write of each strategy, and
    /// supervisors and the proxy at each of theirs
    Crashes {
        /// With containers of a real engine as well, which is set up where there is none
        #[arg(long)]
        engine: bool,
        /// Only each so manieth point
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
        stride: u64,
    },
    /// Switches of every kind under a mixed load lose no request and execute none twice
    Switches {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        count: u64,
        /// Clients of the constant load, in one campaign after the other
        #[arg(long, value_name = "N", default_values_t = [64, 512], value_delimiter = ',')]
        connections: Vec<u64>,
        /// Size of large uploads and downloads, in MiB
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1024))]
        large: u64,
    },
    /// New processes take over from the proxy under a mixed load, and lose no request
    Reloads {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        count: u64,
        /// Clients of the constant load, in one campaign after the other
        #[arg(long, value_name = "N", default_values_t = [64, 512], value_delimiter = ',')]
        connections: Vec<u64>,
        /// Size of large uploads and downloads, in MiB
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1024))]
        large: u64,
    },
}

/// Where a campaign's test is, and the variables that tell it how much.
struct Test {
    package: &'static str,
    /// The words that choose the target.
    target: &'static [&'static str],
    name: &'static str,
    /// Whether the name is that of a module, all of whose tests are meant.
    is_module: bool,
    /// Whether it is one of those that need an engine, and no others.
    needs_engine: bool,
    /// As it is delivered: what only computes is many times as fast.
    is_optimised: bool,
    variables: Vec<(&'static str, String)>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    for test in arguments.campaign.tests() {
        if test.needs_engine {
            run_with_engine(&workspace, test)?;
        } else {
            run_test(&workspace, test)?;
        }
    }
    Ok(())
}

/// Sets an engine up where there is none, and ends it afterwards.
fn run_with_engine(workspace: &Workspace, mut test: Test) -> Result<()> {
    let (places, had_engine) = (Places::find()?, provision::has_engine());
    provision::provide(&places, workspace.root(), StandIns::Auto)?;
    let compose = prepare_compose(workspace.root())?;
    let compose = compose.map(|path| (COMPOSE, path.display().to_string()));
    test.variables.extend(compose);
    let result = run_test(workspace, test);
    if !had_engine {
        provision::stop(&places)?;
    }
    result
}

fn run_test(workspace: &Workspace, test: Test) -> Result<()> {
    let mut command = cargo(workspace.root());
    command.args(["test", "--package", test.package]);
    if test.is_optimised {
        command.arg("--release");
    }
    command.args(test.target).args(["--", "--nocapture"]);
    if test.needs_engine {
        command.arg("--ignored");
    }
    // The tests of a module come one after the other, each with the machine to itself.
    command.args(if test.is_module {
        ["--test-threads=1", test.name]
    } else {
        ["--exact", test.name]
    });
    program::run(command.envs(test.variables))
}

// === impl Campaign ===

impl Campaign {
    fn tests(&self) -> Vec<Test> {
        match self {
            Self::Backups { count } => vec![Test {
                package: "shipway-engine",
                target: &["--test", "postgres"],
                name: "under_load::backups_under_load_hold_one_moment",
                is_module: false,
                needs_engine: false,
                is_optimised: false,
                variables: vec![("SHIPWAY_BACKUPS", count.to_string())],
            }],
            Self::Simulation { seeds } => vec![Test {
                package: "shipway-pipeline",
                target: &["--lib"],
                name: "deployment::simulation::whatever_is_lost_late_or_killed_the_environment_is_whole",
                is_module: false,
                needs_engine: false,
                is_optimised: true,
                variables: vec![("SHIPWAY_SIMULATION_SEEDS", seeds.to_string())],
            }],
            Self::Crashes { engine, stride } => {
                let crashes = |name, needs_engine| Test {
                    package: "shipway-cli",
                    target: &["--test", "it"],
                    name,
                    is_module: true,
                    needs_engine,
                    // A release build has no points at which it can be killed.
                    is_optimised: false,
                    variables: vec![("SHIPWAY_CRASH_STRIDE", stride.to_string())],
                };
                let containers = engine.then(|| crashes("crashes::containers::", true));
                [crashes("crashes::", false)]
                    .into_iter()
                    .chain(containers)
                    .collect()
            }
            Self::Switches {
                count,
                connections,
                large,
            } => {
                let name = "switches::switches_of_every_kind_lose_nothing_of_any_client";
                under_load(name, ("SHIPWAY_SWITCHES", *count), connections, *large)
            }
            Self::Reloads {
                count,
                connections,
                large,
            } => {
                let name = "proxy_reload::reloads_under_a_mixed_load_lose_nothing_of_any_client";
                under_load(name, ("SHIPWAY_RELOADS", *count), connections, *large)
            }
        }
    }
}

/// A test under a mixed load, once for each number of clients.
fn under_load(
    name: &'static str,
    (variable, count): (&'static str, u64),
    connections: &[u64],
    large: u64,
) -> Vec<Test> {
    let test = |connections: &u64| Test {
        package: "shipway-cli",
        target: &["--test", "it"],
        name,
        is_module: false,
        needs_engine: false,
        is_optimised: true,
        variables: vec![
            (variable, count.to_string()),
            ("SHIPWAY_CONNECTIONS", connections.to_string()),
            ("SHIPWAY_LARGE", (large << 20).to_string()),
        ],
    };
    connections.iter().map(test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that matches nothing would prove nothing.
    #[test]
    fn every_campaign_has_its_test() {
        let workspace = Workspace::load().unwrap();
        let campaigns = [
            Campaign::Backups { count: 1 },
            Campaign::Simulation { seeds: 1 },
            Campaign::Crashes {
                engine: true,
                stride: 1,
            },
            Campaign::Switches {
                count: 1,
                connections: vec![1],
                large: 1,
            },
            Campaign::Reloads {
                count: 1,
                connections: vec![1],
                large: 1,
            },
        ];
        for test in campaigns.iter().flat_map(Campaign::tests) {
            let folder = test.package.strip_prefix("shipway-").unwrap();
            let (module, function) = test.name.rsplit_once("::").unwrap();
            let module = module.replace("::", "/");
            let path = match test.target {
                ["--test", binary] => format!("crates/{folder}/tests/{binary}/{module}.rs"),
                _ => format!("crates/{folder}/src/{module}/mod.rs"),
            };
            let text = std::fs::read_to_string(workspace.root().join(&path)).unwrap();
            let is_there = if test.is_module {
                text.contains("#[test]")
            } else {
                text.contains(&format!("fn {function}("))
            };
            assert!(is_there, "{path}");
            // Those of a module below another one are read there.
            let above = std::path::Path::new(&path)
                .parent()
                .unwrap()
                .with_extension("rs");
            let above = std::fs::read_to_string(workspace.root().join(above)).unwrap_or_default();
            for (variable, _) in test.variables {
                let variable = format!("\"{variable}\"");
                assert!(
                    text.contains(&variable) || above.contains(&variable),
                    "{path}"
                );
            }
        }
    }
}
