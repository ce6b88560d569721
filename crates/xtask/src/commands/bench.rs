//! `cargo xtask bench`: how fast it is, as ratios against something else in the same run.
//!
//! Absolute figures belong to one machine on one day. Everything runs on the loopback address, for
//! a bounded time, and what was started is ended, also when interrupted.

mod api;
mod backup;
mod compose;
mod control;
mod deploy;
mod history;
mod migrations;
mod options;
mod proxy;
mod status;
mod switch;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::binary::{self, Profile};
use crate::program::{self, cargo};
use crate::workspace::Workspace;

/// Measure speed, as ratios against something else in the same run.
///
/// Builds what is shipped first. Quiet machines give better figures.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to measure [default: everything]
    which: Option<Benchmark>,
    /// How long each benchmark measures, about [default: proxy 240, switch 10, status 5, compose 10, migrations 60, api 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: Option<u64>,
    /// Of the loads on the proxy, only those whose names contain this, such as "1 KiB, 64 connections, kept"; in as many rounds as there is time for
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Install missing peers first: proxies with apt-get, linters of migrations with pip
    #[arg(long)]
    install: bool,
    /// How large the database is that is backed up [default: 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=16_384))]
    mib: Option<u64>,
    /// How the program is built that is measured
    #[arg(long, value_enum, default_value_t = Profile::Dist)]
    profile: Profile,
    /// Measure this program, and build none
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    program: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// Requests through our proxy and through others
    Proxy,
    /// Changes of a route, idle and under load
    Switch,
    /// `shipway status` with ten thousand deployments on record
    Status,
    /// What a deployment takes besides the application's own time
    Control,
    /// Loading a project of sixty services, against `docker compose config`
    Compose,
    /// Deployments of containers, against `docker compose up --wait`
    Deploy,
    /// Two thousand migrations, against squawk and django-migration-linter
    Migrations,
    /// Backups of a database, against `pg_dump`
    Backup,
    /// The daemon's lists with 100,000 deployments on record, and the daemon at rest
    Api,
}

/// What a benchmark works with.
struct Bench<'a> {
    /// The program that is measured.
    program: &'a Path,
    /// Gone afterwards.
    directory: &'a Path,
    seconds: Option<u64>,
    /// What the names of the proxy's loads contain.
    only: Option<&'a str>,
    /// The size of the database that is backed up.
    mib: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    options::check(arguments)?;
    let workspace = Workspace::load()?;
    let program = match &arguments.program {
        Some(program) => program.canonicalize().context("there is no such program")?,
        None if cfg!(debug_assertions) => return run_optimised(&workspace, arguments.profile),
        None => binary::build(&workspace, arguments.profile)?.into_std_path_buf(),
    };
    let directory = tempfile::tempdir().context("cannot make a directory")?;
    let bench = Bench {
        program: &program,
        directory: directory.path(),
        seconds: arguments.seconds,
        only: arguments.only.as_deref(),
        mib: arguments.mib,
    };
    let all = [
        Benchmark::Proxy,
        Benchmark::Switch,
        Benchmark::Status,
        Benchmark::Control,
        Benchmark::Compose,
        Benchmark::Deploy,
        Benchmark::Migrations,
        Benchmark::Backup,
        Benchmark::Api,
    ];
    let chosen = arguments.which.map_or(all.to_vec(), |one| vec![one]);
    if chosen.contains(&Benchmark::Proxy) {
        proxy::prepare(arguments.install)?;
    }
    if chosen.contains(&Benchmark::Migrations) && arguments.install {
        migrations::install()?;
    }
    println!("{}", machine());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        // Dropped, a benchmark ends what it started.
        tokio::select! {
            result = run_all(&chosen, &bench) => result,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
        }
    })
}

async fn run_all(chosen: &[Benchmark], bench: &Bench<'_>) -> Result<()> {
    for benchmark in chosen {
        match benchmark {
            Benchmark::Proxy => proxy::run(bench).await?,
            Benchmark::Switch => switch::run(bench).await?,
            Benchmark::Status => status::run(bench).await?,
            Benchmark::Control => control::run(bench)?,
            Benchmark::Compose => compose::run(bench)?,
            Benchmark::Deploy => deploy::run(bench)?,
            Benchmark::Migrations => migrations::run(bench)?,
            Benchmark::Backup => backup::run(bench)?,
            Benchmark::Api => api::run(bench).await?,
        }
    }
    Ok(())
}

/// Runs this program again as an optimised one: the backend and the load of an unoptimised one
/// would be the bottleneck.
fn run_optimised(workspace: &Workspace, profile: Profile) -> Result<()> {
    // The same profile as the program's has its dependencies built once.
    let profile = match profile {
        Profile::Dev => Profile::Release,
        optimised => optimised,
    };
    println!("building, optimised, which may take some minutes");
    program::run(
        cargo(workspace.root())
            .args(["run", "--quiet", "--profile", profile.name()])
            .args(["--package", "shipway-xtask"])
            .arg("--")
            .args(std::env::args_os().skip(1)),
    )
}

/// What the figures belong to.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Option<f64> = average.split(' ').next().and_then(|word| word.parse().ok());
    describe(cores, load)
}

fn describe(cores: usize, load: Option<f64>) -> String {
    let said = load.map_or_else(String::new, |load| {
        format!(", load {load:.1} before the run")
    });
    let text = format!("{cores} cores{said}; ratios count, not absolutes");
    // A fifth of the machine in other hands moves throughput by as much.
    if load.is_some_and(|load| load > cores as f64 * 0.2) {
        return format!("{text}\nthe machine is busy: only CPU per request says much");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_told_of() {
        assert!(!describe(2, Some(0.1)).contains("busy"));
        assert!(!describe(2, None).contains("busy"));
        assert!(describe(2, Some(5.0)).contains("busy"));
    }
}
