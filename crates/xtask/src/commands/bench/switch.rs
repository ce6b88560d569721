//! `cargo xtask bench switch`: changes of a route, idle and under load.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use shipway_loadtest::{Counts, Load, Report};

use super::Bench;
use crate::measure::{
    Backend, CONNECTIONS, Shipway, free_address, median, ratio, resident_bytes, route,
};

const SECONDS: u64 = 10;
/// Steady and switching take turns, so that what else the machine does falls on both.
const ROUNDS: u32 = 5;
const SWITCHES: u32 = 100;

/// A proxy with two backends to switch between.
struct Scene {
    ours: Shipway,
    listen: SocketAddr,
    backends: [SocketAddr; 2],
    generation: u64,
}

pub(super) async fn run(bench: &Bench<'_>) -> Result<()> {
    let backends = [Backend::start()?, Backend::start()?];
    let mut scene = Scene {
        ours: Shipway::start(bench.program, &bench.directory.join("switch")).await?,
        listen: free_address()?,
        backends: backends.each_ref().map(|backend| backend.address),
        generation: 0,
    };
    // The first one makes the proxy listen, which is no switch.
    scene.switch().await?;
    let mut idle = Vec::new();
    for _ in 0..SWITCHES {
        idle.push(scene.switch().await?);
    }
    let resident = resident_bytes(scene.ours.running.id());

    let part = Duration::from_secs(bench.seconds.unwrap_or(SECONDS)) / (2 * ROUNDS);
    let gap = part / (SWITCHES / ROUNDS);
    println!(
        "\n== switch: {SWITCHES} switches, {} ms apart, under {CONNECTIONS} kept connections ==",
        gap.as_millis()
    );
    let load = Load::builder(format!("http://{}/", scene.listen).parse()?)
        .connections(CONNECTIONS)
        .start()?;
    let mut loaded = Vec::new();
    for _ in 0..ROUNDS {
        load.mark(STEADY);
        tokio::time::sleep(part).await;
        load.mark(SWITCHING);
        for _ in 0..SWITCHES / ROUNDS {
            let took = scene.switch().await?;
            loaded.push(took);
            tokio::time::sleep(gap.saturating_sub(took)).await;
        }
    }
    let report = load.stop().await;
    print(&idle, &loaded, &report);
    let grown = resident_bytes(scene.ours.running.id()).saturating_sub(resident);
    println!(
        "memory grown by {:.1} MB since the load began",
        grown as f64 / 1e6
    );
    Ok(())
}

const STEADY: &str = "steady";
const SWITCHING: &str = "switching";

fn print(idle: &[Duration], loaded: &[Duration], report: &Report) {
    for (name, times) in [("idle", idle), ("under load", loaded)] {
        let longest = times.iter().max().copied().unwrap_or_default();
        println!(
            "PUT to acknowledgement, {name:<11} median {:.2} ms, longest {:.2} ms",
            median(times.iter().copied().map(milliseconds)),
            milliseconds(longest)
        );
    }
    let (steady, switching) = (p99(report, STEADY), p99(report, SWITCHING));
    println!(
        "{:.0} requests/s; of {} requests {} failed",
        report.rate(),
        report.total.sent,
        report.total.failed()
    );
    println!(
        "failed per {SWITCHES} switches: {}",
        parts(report, SWITCHING).map(Counts::failed).sum::<u64>()
    );
    println!(
        "p99 during switches / steady: {} ({switching:.2} ms / {steady:.2} ms)",
        ratio(switching, steady)
    );
}

fn parts<'a>(report: &'a Report, label: &'static str) -> impl Iterator<Item = &'a Counts> {
    let segments = report.segments.iter();
    segments
        .filter(move |segment| segment.label == label)
        .map(|segment| &segment.counts)
}

/// The median of the rounds' p99, in milliseconds.
fn p99(report: &Report, label: &'static str) -> f64 {
    median(
        parts(report, label)
            .filter_map(|counts| counts.quantile(0.99))
            .map(milliseconds),
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

// === impl Scene ===

impl Scene {
    /// Sends everything to the other backend; how long that took to be acknowledged.
    async fn switch(&mut self) -> Result<Duration> {
        self.generation += 1;
        let backend = self.backends[usize::from(self.generation % 2 == 1)];
        let route = route(self.listen, self.generation, backend)?;
        let began = Instant::now();
        self.ours.client.put_route(&route).await?;
        Ok(began.elapsed())
    }
}
