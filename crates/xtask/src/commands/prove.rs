//! `cargo xtask prove`: what tests show a few times, shown often.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
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
        /// The first seed
        #[arg(long, value_name = "SEED", default_value_t = 0)]
        first: u64,
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
        /// Only this case, by its name, such as `rolling_is_resumed`
        #[arg(long, value_name = "NAME")]
        case: Option<String>,
        /// Only this point
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        point: Option<u64>,
    },
    /// Switches of every kind under a mixed load lose no request and execute none twice
    Switches {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        count: u64,
        /// What they are under
        #[command(flatten)]
        load: Load,
    },
    /// New processes take over from the proxy under a mixed load, and lose no request
    Reloads {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        count: u64,
        /// What they are under
        #[command(flatten)]
        load: Load,
    },
}

/// A mixed load, and where in a campaign it begins.
#[derive(Debug, Args)]
struct Load {
    /// The number of the first one, from 0: it decides of which kind each is
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// Clients of the constant load, in one campaign after the other
    #[arg(long, value_name = "N", default_values_t = [64, 512], value_delimiter = ',')]
    connections: Vec<u64>,
    /// Size of large uploads and downloads, in MiB
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1024))]
    large: u64,
    /// With a development build, which is built sooner and runs slower
    #[arg(long)]
    dev: bool,
}

/// Where a campaign's test is, and the variables that tell it how much.
struct Test {
    package: &'static str,
    /// The words that choose the target.
    target: &'static [&'static str],
    name: String,
    /// Whether the name is that of a module, all of whose tests are meant.
    is_module: bool,
    /// Whether it is one of those that need an engine, and no others.
    needs_engine: bool,
    /// As it is delivered: what only computes is many times as fast.
    is_optimised: bool,
    variables: Vec<(&'static str, String)>,
}

const SIMULATION: &str =
    "deployment::simulation::whatever_is_lost_late_or_killed_the_environment_is_whole";

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

/// Runs a test that is there: a name that matches nothing would prove nothing.
fn run_test(workspace: &Workspace, test: Test) -> Result<()> {
    let mut listing = test.command(workspace);
    let listed = program::output(listing.arg("--list")).context("the tests do not build")?;
    if !listed.lines().any(|line| line.ends_with(": test")) {
        bail!("there is no test `{}`", test.name);
    }
    let mut command = test.command(workspace);
    command.arg("--nocapture");
    // The tests of a module come one after the other, each with the machine to itself.
    if test.is_module {
        command.arg("--test-threads=1");
    }
    let began = Instant::now();
    program::run(command.envs(test.variables))?;
    println!("{} held for {:.0?}", test.name, began.elapsed());
    Ok(())
}

// === impl Test ===

impl Test {
    fn command(&self, workspace: &Workspace) -> Command {
        let mut command = cargo(workspace.root());
        command.arg("test");
        if self.is_optimised {
            command.args(["--release", "--package", self.package]);
        } else {
            // What `cargo xtask test` has built for the same packages is not built again.
            command.arg("--workspace");
        }
        command.args(self.target).arg("--");
        if self.needs_engine {
            command.arg("--ignored");
        }
        if !self.is_module {
            command.arg("--exact");
        }
        command.arg(&self.name);
        command
    }
}

// === impl Campaign ===

impl Campaign {
    fn tests(&self) -> Vec<Test> {
        match self {
            Self::Backups { count } => vec![Test {
                package: "shipway-engine",
                target: &["--test", "postgres"],
                name: "under_load::backups_under_load_hold_one_moment".to_owned(),
                is_module: false,
                needs_engine: false,
                is_optimised: false,
                variables: vec![("SHIPWAY_BACKUPS", count.to_string())],
            }],
            Self::Simulation { seeds, first } => vec![Test {
                package: "shipway-pipeline",
                target: &["--lib"],
                name: SIMULATION.to_owned(),
                is_module: false,
                needs_engine: false,
                is_optimised: true,
                variables: vec![
                    ("SHIPWAY_SIMULATION_SEEDS", seeds.to_string()),
                    ("SHIPWAY_SIMULATION_FIRST", first.to_string()),
                ],
            }],
            Self::Crashes {
                engine,
                stride,
                case,
                point,
            } => crashes(*engine, *stride, case.as_deref(), *point),
            Self::Switches { count, load } => {
                let name = "switches::switches_of_every_kind_lose_nothing_of_any_client";
                let variables = [
                    ("SHIPWAY_SWITCHES", *count),
                    ("SHIPWAY_FIRST_SWITCH", load.first),
                ];
                under_load(name, &variables, load)
            }
            Self::Reloads { count, load } => {
                let name = "proxy_reload::reloads_under_a_mixed_load_lose_nothing_of_any_client";
                let variables = [
                    ("SHIPWAY_RELOADS", *count),
                    ("SHIPWAY_FIRST_RELOAD", load.first),
                ];
                under_load(name, &variables, load)
            }
        }
    }
}

/// The kills of the command and its helpers, and with an engine those of containers.
///
/// One case has one name in both: it is looked for in the one that is meant.
fn crashes(engine: bool, stride: u64, case: Option<&str>, point: Option<u64>) -> Vec<Test> {
    let crashes = |module: &str, needs_engine| Test {
        package: "shipway-cli",
        target: &["--test", "it"],
        name: format!("{module}{}", case.unwrap_or_default()),
        is_module: true,
        needs_engine,
        // A release build has no points at which it can be killed.
        is_optimised: false,
        variables: [("SHIPWAY_CRASH_STRIDE", stride.to_string())]
            .into_iter()
            .chain(point.map(|point| ("SHIPWAY_CRASH_POINT", point.to_string())))
            .collect(),
    };
    let of_helpers = case.is_some_and(|case| case.contains("killed"));
    let processes = match (engine && case.is_some(), of_helpers) {
        (true, _) => None,
        (false, true) => Some(crashes("crashes::helpers::", false)),
        (false, false) => Some(crashes("crashes::", false)),
    };
    let containers = engine.then(|| crashes("crashes::containers::", true));
    processes.into_iter().chain(containers).collect()
}

/// A test under a mixed load, once for each number of clients.
fn under_load(name: &str, variables: &[(&'static str, u64)], load: &Load) -> Vec<Test> {
    let test = |connections: &u64| Test {
        package: "shipway-cli",
        target: &["--test", "it"],
        name: name.to_owned(),
        is_module: false,
        needs_engine: false,
        is_optimised: !load.dev,
        variables: variables
            .iter()
            .chain(&[
                ("SHIPWAY_CONNECTIONS", *connections),
                ("SHIPWAY_LARGE", load.large << 20),
            ])
            .map(|(name, value)| (*name, value.to_string()))
            .collect(),
    };
    load.connections.iter().map(test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_looked_for_where_it_is() {
        let names = |engine, case| -> Vec<String> {
            let tests = crashes(engine, 1, case, None).into_iter();
            tests.map(|test| test.name).collect()
        };
        assert_eq!(names(false, None), ["crashes::"]);
        assert_eq!(names(true, None), ["crashes::", "crashes::containers::"]);
        let case = "rolling_is_resumed";
        assert_eq!(names(false, Some(case)), ["crashes::rolling_is_resumed"]);
        let case = "blue_green_is_resumed";
        let found = ["crashes::containers::blue_green_is_resumed"];
        assert_eq!(names(true, Some(case)), found);
        let case = "the_proxy_is_killed_at_its_writes";
        let found = ["crashes::helpers::the_proxy_is_killed_at_its_writes"];
        assert_eq!(names(false, Some(case)), found);
    }

    /// A name that matches nothing would prove nothing.
    #[test]
    fn every_campaign_has_its_test() {
        let workspace = Workspace::load().unwrap();
        let load = || Load {
            first: 0,
            connections: vec![1],
            large: 1,
            dev: false,
        };
        let campaigns = [
            Campaign::Backups { count: 1 },
            Campaign::Simulation { seeds: 1, first: 0 },
            Campaign::Crashes {
                engine: true,
                stride: 1,
                case: None,
                point: Some(1),
            },
            Campaign::Switches {
                count: 1,
                load: load(),
            },
            Campaign::Reloads {
                count: 1,
                load: load(),
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
