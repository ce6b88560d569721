//! `cargo xtask bench proxy`: requests through our proxy and through others.

mod figures;
mod idle;
mod scenario;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use shipway_testkit::Certificates;

use super::Bench;
use crate::measure::{
    Backend, Front, Generator, HOST, Peer, Running, Sample, Shipway, cpu_seconds, install, median,
    missing, ratio, resident_bytes, route_of,
};

use figures::Figures;
use scenario::Scenario;

/// What our proxy is called in the tables.
const OURS: &str = "shipway";

/// A second for each round of each contender and scenario.
const SECONDS: u64 = 240;
/// What a round takes, where there is time for more of them.
const ROUND: u64 = 2;
/// Lets one contender's connections end before the next one's begin.
const PAUSE: Duration = Duration::from_millis(200);

/// What is measured: a proxy, or the backend itself.
struct Contender {
    name: &'static str,
    front: Front,
    running: Option<Running>,
    samples: Vec<(Sample, f64)>,
    resident: u64,
}

/// Installs peers if asked to, else says what is missing.
pub(super) fn prepare(wants_install: bool) -> Result<()> {
    let peers = missing();
    if peers.is_empty() {
        return Ok(());
    }
    if wants_install {
        return install(&peers);
    }
    let names: Vec<&str> = peers.iter().map(|peer| peer.as_str()).collect();
    let names = names.join(" ");
    println!("not installed, so not compared with: {names}");
    if rustix::process::geteuid().is_root() {
        println!("on Debian: `apt-get install {names}`, or `cargo xtask bench --install`");
    }
    Ok(())
}

pub(super) async fn run(bench: &Bench<'_>) -> Result<()> {
    idle::allow_many_files()?;
    let backend = Backend::start()?;
    let certificates = Certificates::of(&[HOST]);
    let generator = Generator::of_this_machine();
    let directory = bench.directory.join("load");
    let mut contenders = start(bench, &directory, &certificates, backend.address).await?;
    let mut scenarios = bench.only.map_or_else(|| Ok(Scenario::all()), chosen)?;
    scenarios.retain(|scenario| generator.can(&scenario.of(&contenders[0].front)));
    ensure!(!scenarios.is_empty(), "without `wrk` there is no TLS");
    let turns = (contenders.len() * scenarios.len()) as u64;
    let (rounds, seconds) = rounds(bench.seconds.unwrap_or(SECONDS) / turns);
    println!(
        "\n== proxy: load by {}, at a pace by {}, medians of {rounds} interleaved rounds of {seconds} s ==",
        generator.as_str(),
        Generator::Own.as_str()
    );
    for scenario in scenarios {
        for _ in 0..rounds {
            for contender in &mut contenders {
                contender.measure(generator, scenario, seconds).await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        let figures: Vec<Figures> = contenders.iter().filter_map(Contender::figures).collect();
        println!("\n{}\n{}", scenario.describe(), figures::table(&figures));
        println!("{}", figures::ratios(&figures));
        for contender in &mut contenders {
            contender.samples.clear();
        }
    }
    if bench.only.is_some() {
        return Ok(());
    }
    // Idle connections are measured on proxies that served nobody yet.
    drop(contenders);
    measure_idle(bench, &certificates, backend.address).await
}

/// Refuses a text that is in no load's name.
pub(super) fn check_only(only: &str) -> Result<()> {
    chosen(only).map(drop)
}

/// The loads whose names contain a text.
fn chosen(only: &str) -> Result<Vec<Scenario>> {
    let (chosen, others): (Vec<Scenario>, Vec<Scenario>) = Scenario::all()
        .into_iter()
        .partition(|scenario| scenario.describe().contains(only));
    let names: Vec<String> = others.iter().map(|one| one.describe()).collect();
    ensure!(
        !chosen.is_empty(),
        "no load on the proxy has {only:?} in its name; there are:\n  {}",
        names.join("\n  ")
    );
    Ok(chosen)
}

/// How many rounds there are in so many seconds, and how long each is. Odd, so that a median is one
/// of them.
fn rounds(seconds: u64) -> (u64, u64) {
    match seconds / ROUND {
        0..3 => (3, (seconds / 3).max(1)),
        fit => (fit - (fit + 1) % 2, ROUND),
    }
}

async fn measure_idle(
    bench: &Bench<'_>,
    certificates: &Certificates,
    backend: SocketAddr,
) -> Result<()> {
    let directory = bench.directory.join("idle");
    let contenders = start(bench, &directory, certificates, backend).await?;
    println!(
        "\n== proxy: memory with {} idle connections ==\n{:<10}{:>9}{:>12}",
        idle::CONNECTIONS,
        "",
        "MiB",
        "KiB each"
    );
    let mut ours = None;
    for contender in &contenders {
        let Some(running) = &contender.running else {
            continue;
        };
        let idle = idle::measure(running.id(), contender.front.plain).await?;
        let ours = *ours.get_or_insert(idle.mib());
        println!(
            "{:<10}{:>9.1}{:>12.2}   ours / it: {}",
            contender.name,
            idle.mib(),
            idle.kib_each(),
            ratio(ours, idle.mib())
        );
    }
    Ok(())
}

/// The backend, ours, and every peer that is installed, in this order.
async fn start(
    bench: &Bench<'_>,
    directory: &Path,
    certificates: &Certificates,
    backend: SocketAddr,
) -> Result<Vec<Contender>> {
    let front = || Front::free(certificates.certificate(), certificates.key());
    let direct = Front {
        plain: backend,
        ..front()?
    };
    let mut contenders = vec![Contender::new("direct", direct, None)];
    let ours = Shipway::start(bench.program, &directory.join("shipway")).await?;
    let at = front()?;
    ours.client.put_route(&route_of(&at, backend)?).await?;
    contenders.push(Contender::new(OURS, at, Some(ours.running)));
    for peer in Peer::ALL.into_iter().filter(|peer| peer.is_installed()) {
        let at = front()?;
        let directory = directory.join(peer.as_str());
        let running = peer.start(&directory, &at, backend).await?;
        contenders.push(Contender::new(peer.as_str(), at, Some(running)));
    }
    Ok(contenders)
}

// === impl Contender ===

impl Contender {
    fn new(name: &'static str, front: Front, running: Option<Running>) -> Self {
        Self {
            name,
            front,
            running,
            samples: Vec::new(),
            resident: 0,
        }
    }

    async fn measure(
        &mut self,
        generator: Generator,
        scenario: Scenario,
        seconds: u64,
    ) -> Result<()> {
        let id = self.running.as_ref().map(Running::id);
        if id.is_none() && scenario.is_secure {
            // The backend speaks no TLS.
            return Ok(());
        }
        let before = id.map_or(0.0, cpu_seconds);
        let sample = generator.run(&scenario.of(&self.front), seconds).await?;
        let used = id.map_or(0.0, cpu_seconds) - before;
        self.resident = id.map_or(0, resident_bytes);
        self.samples.push((sample, used));
        Ok(())
    }

    /// `None` where it was not measured.
    fn figures(&self) -> Option<Figures> {
        let over = |value: fn(&Sample) -> f64| {
            median(self.samples.iter().map(|(sample, _)| value(sample)))
        };
        let cpu = self.samples.iter();
        let cpu = cpu.map(|(sample, used)| used / sample.requests.max(1.0) * 1e5);
        (!self.samples.is_empty()).then(|| Figures {
            name: self.name,
            per_second: over(|sample| sample.per_second),
            p50_ms: over(|sample| sample.p50_ms),
            p99_ms: over(|sample| sample.p99_ms),
            cpu_per_100k: self.running.is_some().then(|| median(cpu)),
            resident: self.resident,
            failed: self.samples.iter().map(|(sample, _)| sample.failed).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_more_rounds_where_there_is_time() {
        for (seconds, expected) in [
            (0, (3, 1)),
            (3, (3, 1)),
            (5, (3, 1)),
            (6, (3, 2)),
            (9, (3, 2)),
            (10, (5, 2)),
            (30, (15, 2)),
        ] {
            assert_eq!(rounds(seconds), expected, "{seconds}");
        }
    }
}
