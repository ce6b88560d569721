//! `cargo xtask bench status`: `shipway status` with ten thousand deployments on record.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use shipway_pipeline::config;
use shipway_store::Store;
use tokio::process::Command;

use super::{Bench, history};
use crate::measure::{median, ratio};

const SECONDS: u64 = 5;
/// Enough for a median, however short the benchmark is.
const LEAST_ROUNDS: usize = 5;
const DEPLOYMENTS: u64 = 10_000;
/// For `shipway status`.
const GOAL_MS: f64 = 15.0;

const CONFIGURATION: &str = "\
project: bench
services:
  web: { role: web, port: 8000 }
environments:
  production:
    compose: [docker-compose.yml]
    route: { listen: 8080 }
    health: { path: /health/ }
";

/// One thing that is timed.
struct Timed {
    name: String,
    arguments: Vec<String>,
    directory: PathBuf,
    milliseconds: Vec<f64>,
}

pub(super) async fn run(bench: &Bench<'_>) -> Result<()> {
    let project = |deployments| project(bench.directory, deployments);
    let (one, many) = (project(1)?, project(DEPLOYMENTS)?);
    let mut all = [
        Timed::new("shipway --version", &one, &["--version"]),
        Timed::new("shipway status, 1 deployment", &one, &["status"]),
        Timed::new(
            &format!("shipway status, {DEPLOYMENTS} deployments"),
            &many,
            &["status"],
        ),
    ];
    println!("\n== status: wall time of a command, medians of interleaved rounds ==");
    let end = Instant::now() + Duration::from_secs(bench.seconds.unwrap_or(SECONDS));
    let mut rounds = 0;
    while rounds < LEAST_ROUNDS || Instant::now() < end {
        for timed in &mut all {
            timed.measure(bench.program).await?;
        }
        rounds += 1;
    }
    let [version, status_one, status_many] =
        all.each_ref().map(|it| median(it.milliseconds.clone()));
    for (timed, took) in all.iter().zip([version, status_one, status_many]) {
        println!("{:<34}{took:>8.2} ms", timed.name);
    }
    println!(
        "status / --version: {}; {DEPLOYMENTS} deployments / 1: {} ({rounds} rounds); goal \
         {GOAL_MS} ms: {}",
        ratio(status_many, version),
        ratio(status_many, status_one),
        if status_many < GOAL_MS {
            "met"
        } else {
            "missed"
        }
    );
    Ok(())
}

/// Makes a project whose state has so many finished deployments, and the last one live.
fn project(parent: &Path, deployments: u64) -> Result<PathBuf> {
    let directory = parent.join(format!("status-{deployments}"));
    history::write_project(&directory, CONFIGURATION)?;
    let store = Store::open(&directory.join(".shipway"))?;
    let config = config::parse(CONFIGURATION).map_err(|problems| anyhow!("{problems:?}"))?;
    history::deploy(&store, &config, &config.environments[0], deployments)?;
    Ok(directory)
}

// === impl Timed ===

impl Timed {
    fn new(name: &str, directory: &Path, arguments: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            directory: directory.to_owned(),
            milliseconds: Vec::new(),
        }
    }

    async fn measure(&mut self, program: &Path) -> Result<()> {
        let began = Instant::now();
        let output = Command::new(program)
            .args(&self.arguments)
            .current_dir(&self.directory)
            // The machine's own proxy is none of the benchmark's.
            .env("SHIPWAY_PROXY_DIR", self.directory.join("proxy"))
            .env_remove("SHIPWAY_STATE")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        let took = began.elapsed();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` ended with {}: {said}", self.name, output.status);
        }
        self.milliseconds.push(took.as_secs_f64() * 1000.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_has_what_was_asked_for() {
        let parent = tempfile::tempdir().unwrap();
        let directory = project(parent.path(), 3).unwrap();
        let store = Store::open(&directory.join(".shipway")).unwrap();
        assert_eq!(store.deployments(None, 10).unwrap().len(), 3);
        let live = store
            .environment(&"production".parse().unwrap())
            .unwrap()
            .live;
        assert_eq!(live.unwrap().release.as_str(), "r000000000003");
    }
}
