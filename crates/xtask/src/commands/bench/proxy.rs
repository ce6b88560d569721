//! `cargo xtask bench proxy`: requests through our proxy and through others.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::Bench;
use crate::measure::{
    Backend, CONNECTIONS, Generator, Peer, Running, Sample, Shipway, cpu_seconds, free_address,
    install, median, missing, ratio, resident_bytes, route,
};

const SECONDS: u64 = 30;
/// An odd number, so that a median is one of the rounds.
const ROUNDS: usize = 3;
/// Lets one contender's connections end before the next one's begin.
const PAUSE: Duration = Duration::from_millis(200);

/// What is measured: a proxy, or the backend itself.
struct Contender {
    name: &'static str,
    address: SocketAddr,
    running: Option<Running>,
    samples: Vec<(Sample, f64)>,
    resident: u64,
}

/// A contender's medians.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    name: &'static str,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// `None` for the backend, which shares its process with the benchmark.
    cpu_per_100k: Option<f64>,
    resident: u64,
    failed: u64,
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
    let backend = Backend::start()?;
    let mut contenders = start(bench, backend.address).await?;
    let generator = Generator::of_this_machine();
    let turns = (ROUNDS * contenders.len()) as u64;
    let seconds = (bench.seconds.unwrap_or(SECONDS) / turns).max(1);
    println!(
        "\n== proxy: {CONNECTIONS} kept connections by {}, 1 KiB, medians of {ROUNDS} interleaved \
         rounds of {seconds} s ==",
        generator.as_str()
    );
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.measure(generator, seconds).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }
    let figures: Vec<Figures> = contenders.iter().map(Contender::figures).collect();
    println!("{}", table(&figures));
    println!("{}", ratios(&figures));
    Ok(())
}

/// The backend, ours, and every peer that is installed, in this order.
async fn start(bench: &Bench<'_>, backend: SocketAddr) -> Result<Vec<Contender>> {
    let mut contenders = vec![Contender::new("direct", backend, None)];
    let ours = Shipway::start(bench.program, &bench.directory.join("shipway")).await?;
    let listen = free_address()?;
    ours.client.put_route(&route(listen, 1, backend)?).await?;
    contenders.push(Contender::new("shipway", listen, Some(ours.running)));
    for peer in Peer::ALL.into_iter().filter(|peer| peer.is_installed()) {
        let listen = free_address()?;
        let directory = bench.directory.join(peer.as_str());
        let running = peer.start(&directory, listen, backend).await?;
        contenders.push(Contender::new(peer.as_str(), listen, Some(running)));
    }
    Ok(contenders)
}

fn table(all: &[Figures]) -> String {
    let mut text = format!(
        "{:<10}{:>12}{:>9}{:>9}{:>14}{:>9}{:>8}",
        "", "requests/s", "p50 ms", "p99 ms", "CPU s / 100k", "RSS MB", "failed"
    );
    for it in all {
        let (cpu, resident) = match it.cpu_per_100k {
            Some(cpu) => (
                format!("{cpu:.2}"),
                format!("{:.0}", it.resident as f64 / 1e6),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let _ = write!(
            text,
            "\n{:<10}{:>12.0}{:>9.2}{:>9.2}{cpu:>14}{resident:>9}{:>8}",
            it.name, it.per_second, it.p50_ms, it.p99_ms, it.failed
        );
    }
    text
}

/// Ours over each peer's; over the backend's where there is no peer.
fn ratios(all: &[Figures]) -> String {
    let (Some(direct), Some(ours)) = (all.first(), all.get(1)) else {
        return String::new();
    };
    let others = match all.get(2..) {
        Some(peers) if !peers.is_empty() => peers,
        _ => std::slice::from_ref(direct),
    };
    let lines = others.iter().map(|other| {
        let cpu = other.cpu_per_100k.map_or_else(String::new, |cpu| {
            format!(
                ", CPU {}",
                ratio(ours.cpu_per_100k.unwrap_or_default(), cpu)
            )
        });
        format!(
            "ours / {}: requests/s {}, p50 {}, p99 {}{cpu}",
            other.name,
            ratio(ours.per_second, other.per_second),
            ratio(ours.p50_ms, other.p50_ms),
            ratio(ours.p99_ms, other.p99_ms),
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

// === impl Contender ===

impl Contender {
    fn new(name: &'static str, address: SocketAddr, running: Option<Running>) -> Self {
        Self {
            name,
            address,
            running,
            samples: Vec::new(),
            resident: 0,
        }
    }

    async fn measure(&mut self, generator: Generator, seconds: u64) -> Result<()> {
        let id = self.running.as_ref().map(Running::id);
        let before = id.map_or(0.0, cpu_seconds);
        let sample = generator.run(self.address, seconds).await?;
        let used = id.map_or(0.0, cpu_seconds) - before;
        self.resident = id.map_or(0, resident_bytes);
        self.samples.push((sample, used));
        Ok(())
    }

    fn figures(&self) -> Figures {
        let over = |value: fn(&Sample) -> f64| {
            median(self.samples.iter().map(|(sample, _)| value(sample)))
        };
        let cpu = self.samples.iter();
        let cpu = cpu.map(|(sample, used)| used / sample.requests.max(1.0) * 1e5);
        Figures {
            name: self.name,
            per_second: over(|sample| sample.per_second),
            p50_ms: over(|sample| sample.p50_ms),
            p99_ms: over(|sample| sample.p99_ms),
            cpu_per_100k: self.running.is_some().then(|| median(cpu)),
            resident: self.resident,
            failed: self.samples.iter().map(|(sample, _)| sample.failed).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(name: &'static str, per_second: f64, cpu_per_100k: Option<f64>) -> Figures {
        Figures {
            name,
            per_second,
            p50_ms: 1.0,
            p99_ms: 4.0,
            cpu_per_100k,
            resident: 17_000_000,
            failed: 0,
        }
    }

    #[test]
    fn ours_is_set_against_each_peer() {
        let direct = figures("direct", 100_000.0, None);
        let ours = figures("shipway", 60_000.0, Some(1.5));
        let peer = figures("haproxy", 50_000.0, Some(2.0));
        assert_eq!(
            ratios(&[direct, ours, peer]),
            "ours / haproxy: requests/s 1.20, p50 1.00, p99 1.00, CPU 0.75"
        );
        assert_eq!(
            ratios(&[direct, ours]),
            "ours / direct: requests/s 0.60, p50 1.00, p99 1.00"
        );
    }

    #[test]
    fn the_backend_has_no_figures_of_its_process() {
        let text = table(&[figures("direct", 100_000.0, None)]);
        assert_eq!(
            text.lines().nth(1),
            Some("direct          100000     1.00     4.00             -        -       0")
        );
    }
}
