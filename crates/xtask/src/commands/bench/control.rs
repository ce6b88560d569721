//! `cargo xtask bench control`: what Shipway itself takes of a deployment's time.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::journal::{Detail, Entry, Record};
use shipway_pipeline::plan::Stage;
use shipway_pipeline::time::Timestamp;
use shipway_testkit::{Behaviour, Environment, Sandbox};

use super::Bench;
use crate::measure::median;

const ROUNDS: usize = 11;

/// From the command to the first line of the instance.
const START_GOAL_MS: f64 = 100.0;
/// From the last instance that became healthy to the acknowledged route.
const SWITCH_GOAL_MS: f64 = 5.0;

/// The application, which notes when it begins: what comes after is its own time.
const COMPOSE: &str = "\
services:
  web:
    image: app
    stop_grace_period: 1s
    x-shipway:
      process:
        command: [sh, -c, 'date +%s%N >> STARTS; exec python3 -B app.py']
        environment: { DATA: /tmp }
";

/// One deployment's times.
#[derive(Debug, Clone, Copy)]
struct Times {
    start_ms: f64,
    switch_ms: f64,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let environment = Environment::new("testing").with("bake", "{ duration: 0s }");
    let sandbox = Sandbox::with_environments(bench.program, [environment]);
    let starts = sandbox.root().join("starts");
    let compose = COMPOSE.replace("STARTS", &starts.display().to_string());
    sandbox.write("docker-compose.yml", &compose);
    println!("\n== control: {ROUNDS} blue-green deployments of one process, medians ==");
    // The first one starts the proxy as well.
    measure(&sandbox, &starts)?;
    let times = (0..ROUNDS)
        .map(|_| measure(&sandbox, &starts))
        .collect::<Result<Vec<_>>>()?;
    println!(
        "{}\n{}",
        line(
            "from the command to the first instance's own start",
            times.iter().map(|it| it.start_ms),
            START_GOAL_MS,
        ),
        line(
            "from healthy to switched, written to disk",
            times.iter().map(|it| it.switch_ms),
            SWITCH_GOAL_MS,
        )
    );
    Ok(())
}

fn line(what: &str, values: impl Iterator<Item = f64> + Clone, goal: f64) -> String {
    let longest = values.clone().fold(0.0, f64::max);
    let median = median(values);
    let verdict = if median < goal { "met" } else { "missed" };
    format!("{what:<52}{median:>7.1} ms, at most {longest:.1} ms; goal {goal} ms: {verdict}")
}

fn measure(sandbox: &Sandbox, starts: &Path) -> Result<Times> {
    sandbox.release(Behaviour::Good);
    // The journal has whole milliseconds.
    let began = SystemTime::now().duration_since(UNIX_EPOCH)?;
    sandbox.run_well(["deploy", "testing"]);
    let told = sandbox.run_well(["history", "--json", "--limit", "1"]);
    let history: serde_json::Value = serde_json::from_str(&told.stdout)?;
    let id: DeploymentId = serde_json::from_value(history[0]["id"].clone())?;
    let told = sandbox.run_well(["show", &id.to_string(), "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&told.stdout)?;
    let journal: Vec<Record> = serde_json::from_value(shown["journal"].clone())?;
    Ok(Times {
        start_ms: millis(first_start(starts, began)?.saturating_sub(began)),
        switch_ms: switch(&journal).context("the journal has no switch")?,
    })
}

/// When an instance first began after a moment.
fn first_start(starts: &Path, after: Duration) -> Result<Duration> {
    let text = std::fs::read_to_string(starts)?;
    let all = text.lines().map(|line| line.trim().parse::<u64>());
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let first = all
        .into_iter()
        .map(Duration::from_nanos)
        .find(|start| *start >= after);
    let first = first.context("no instance noted its start")?;
    ensure!(first > Duration::ZERO, "an instance has no clock");
    Ok(first)
}

/// From the end of the last step before the switch to the proxy's acknowledgement.
fn switch(journal: &[Record]) -> Option<f64> {
    let is_switch = |record: &&Record| matches!(&record.entry, Entry::Intent { step } if step.stage == Stage::Switching);
    let at = journal.iter().position(|record| is_switch(&record))?;
    let healthy: Timestamp = journal[..at]
        .iter()
        .rev()
        .find(|record| matches!(record.entry, Entry::Done { .. }))?
        .at;
    let switched = journal[at..].iter().find(|record| {
        let detail = match &record.entry {
            Entry::Done { detail, .. } => detail,
            _ => &None,
        };
        matches!(detail, Some(Detail::Routed { .. }))
    })?;
    Some((switched.at.0 - healthy.0) as f64)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_after_the_command_counts() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("starts");
        std::fs::write(&file, "1000\n3000\n4000\n").unwrap();
        let first = first_start(&file, Duration::from_nanos(2000)).unwrap();
        assert_eq!(first, Duration::from_nanos(3000));
        assert!(first_start(&file, Duration::from_nanos(5000)).is_err());
    }

    #[test]
    fn a_goal_is_met_by_the_median() {
        let met = line("x", [1.0, 2.0, 30.0].into_iter(), 5.0);
        assert!(
            met.ends_with("2.0 ms, at most 30.0 ms; goal 5 ms: met"),
            "{met}"
        );
    }
}
