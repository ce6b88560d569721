//! `cargo xtask bench api`: the daemon's lists and `shipway status`, over a long history and a
//! long queue; and what the daemon uses while nothing happens.

mod calls;
mod state;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Bench;
use crate::measure::{Running, cpu_seconds, free_address, median, percentile, proportional_bytes};
use calls::Caller;
use state::{ENVIRONMENTS, Size, State};

const SIZE: Size = Size {
    deployments: 100_000,
    open: 500,
};

/// How long calls are made.
const SECONDS: u64 = 20;
/// So many of each kind at least: a 99th percentile of fewer is one bad moment.
const LEAST_ROUNDS: usize = 200;
/// The daemon is left alone for so long; what its CPU time is counted in is a hundredth of a second.
const IDLE: Duration = Duration::from_secs(30);
/// What was looked at for the last call is looked at for some seconds more.
const CALM: Duration = Duration::from_secs(6);

/// At the 99th percentile.
const MILLISECONDS: f64 = 50.0;
const MEBIBYTES: f64 = 40.0;
/// Of one core.
const PERCENT: f64 = 1.0;

/// One thing that is timed.
struct Timed {
    name: String,
    milliseconds: Vec<f64>,
}

pub(super) async fn run(bench: &Bench<'_>) -> Result<()> {
    let Size { deployments, open } = SIZE;
    println!(
        "\n== api: {open} requests open, {ENVIRONMENTS} environments, {deployments} deployments on record =="
    );
    let began = Instant::now();
    let state = State::make(&bench.directory.join("api"), SIZE)?;
    println!(
        "made in {:.1} s; the database has {} MiB",
        began.elapsed().as_secs_f64(),
        state.bytes()? / 1_048_576
    );
    let log = bench.directory.join("api.log");
    let address = free_address()?;
    let mut daemon = Running::start(&mut serve(bench.program, &state.directory, address), &log)?;
    daemon.await_listening(address, &log).await?;
    let end = Instant::now() + Duration::from_secs(bench.seconds.unwrap_or(SECONDS));
    time_calls(&state, end).await?.iter().for_each(Timed::print);
    time_status(bench.program, &state.directory)?.print();
    idle(daemon.id()).await;
    Ok(())
}

/// One child at a time at most, and one request is under way already: the others wait.
fn serve(program: &Path, directory: &Path, address: SocketAddr) -> Command {
    let mut command = shipway(program, directory);
    command.args(["serve", "--parallel", "1", "--listen", &address.to_string()]);
    command
}

fn shipway(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        // The machine's own proxy is none of the benchmark's.
        .env("SHIPWAY_PROXY_DIR", directory.join("proxy"))
        .env_remove("SHIPWAY_STATE");
    command
}

/// Each call in turn, over one connection to the socket: to a token a rate is set.
async fn time_calls(state: &State, end: Instant) -> Result<Vec<Timed>> {
    let (middle, one) = (SIZE.deployments / 2, State::environment(ENVIRONMENTS / 2));
    let paths = [
        "/v1/environments".to_owned(),
        format!("/v1/environments/{one}"),
        "/v1/deployments".to_owned(),
        format!("/v1/deployments?before=d{middle}&limit=200"),
        format!("/v1/deployments?environment={one}"),
        "/v1/requests".to_owned(),
        format!("/v1/requests?environment={one}"),
    ];
    let mut all = paths.map(Timed::new);
    let mut caller = Caller::connect(&state.directory.join(".shipway/serve.sock")).await?;
    let mut rounds = 0;
    while rounds < LEAST_ROUNDS || Instant::now() < end {
        for timed in &mut all {
            let began = Instant::now();
            caller.get(&timed.name).await?;
            timed.add(began);
        }
        rounds += 1;
    }
    Ok(all.into())
}

/// The command with its whole process.
fn time_status(program: &Path, directory: &Path) -> Result<Timed> {
    let mut timed = Timed::new("shipway status".to_owned());
    for _ in 0..LEAST_ROUNDS {
        let began = Instant::now();
        let output = shipway(program, directory)
            .arg("status")
            .stdin(Stdio::null())
            .output()
            .context("cannot run `shipway status`")?;
        timed.add(began);
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    Ok(timed)
}

/// What the daemon uses while nobody calls.
async fn idle(daemon: u32) {
    tokio::time::sleep(CALM).await;
    let (before, began) = (cpu_seconds(daemon), Instant::now());
    tokio::time::sleep(IDLE).await;
    let spent = cpu_seconds(daemon) - before;
    let percent = 100.0 * spent / began.elapsed().as_secs_f64();
    let mebibytes = proportional_bytes(daemon) as f64 / 1_048_576.0;
    println!(
        "idle for {} s: {percent:.2} % of a core (goal: {PERCENT} %, {}), {mebibytes:.1} MiB (goal: {MEBIBYTES} MiB, {})",
        IDLE.as_secs(),
        verdict(percent, PERCENT),
        verdict(mebibytes, MEBIBYTES),
    );
}

fn verdict(found: f64, goal: f64) -> &'static str {
    if found < goal { "met" } else { "MISSED" }
}

// === impl Timed ===

impl Timed {
    fn new(name: String) -> Self {
        Self {
            name,
            milliseconds: Vec::new(),
        }
    }

    fn add(&mut self, began: Instant) {
        self.milliseconds
            .push(began.elapsed().as_secs_f64() * 1000.0);
    }

    fn print(&self) {
        let p99 = percentile(self.milliseconds.clone(), 99.0);
        println!(
            "{:<42} median {:>6.2} ms, p99 {p99:>6.2} ms (goal: {MILLISECONDS} ms, {}; {} times)",
            self.name,
            median(self.milliseconds.clone()),
            verdict(p99, MILLISECONDS),
            self.milliseconds.len(),
        );
    }
}
