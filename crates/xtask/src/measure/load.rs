//! Load for a while, and what came of it.
//!
//! As fast as it goes by `wrk` where it is installed, as that takes less of the machine than our
//! own generator, which shares a process with the backend. At a pace by our own, which measures
//! each request from its sending: `wrk` has no pace.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use shipway_loadtest::{Load, Template};
use tokio::process::Command;

/// Clients, each with one connection that is kept.
pub(crate) const CONNECTIONS: usize = 64;

/// What is asked for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: String,
    /// Clients, each with one connection at a time.
    pub(crate) connections: usize,
    /// Whether a connection serves more than one request.
    pub(crate) is_kept: bool,
    /// Requests for each second; as many as it takes where there is none.
    pub(crate) pace: Option<u32>,
}

/// What makes the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generator {
    Wrk,
    Own,
}

/// What came of one load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) requests: f64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) failed: u64,
}

// === impl Generator ===

impl Generator {
    pub(crate) fn of_this_machine() -> Self {
        // It tells its version with exit code 1.
        let wrk = std::process::Command::new("wrk").arg("-v").output();
        if wrk.is_ok() { Self::Wrk } else { Self::Own }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Wrk => "wrk",
            Self::Own => "shipway-loadtest",
        }
    }

    /// Whether it can make such a load.
    pub(crate) fn can(self, target: &Target) -> bool {
        self.of(target) == Self::Wrk || target.url.starts_with("http:")
    }

    /// Loads `target` for some whole seconds.
    pub(crate) async fn run(self, target: &Target, seconds: u64) -> Result<Sample> {
        match self.of(target) {
            Self::Wrk => run_wrk(target, seconds).await,
            Self::Own => run_own(target, seconds).await,
        }
    }

    /// What makes this load.
    fn of(self, target: &Target) -> Self {
        if target.pace.is_some() {
            Self::Own
        } else {
            self
        }
    }
}

async fn run_wrk(target: &Target, seconds: u64) -> Result<Sample> {
    let mut command = Command::new("wrk");
    command.args([
        "-t2",
        &format!("-c{}", target.connections),
        &format!("-d{seconds}s"),
        "--latency",
        &target.url,
    ]);
    if !target.is_kept {
        command.args(["-H", "Connection: close"]);
    }
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run `wrk`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    match parse(&text) {
        Some(sample) if output.status.success() => Ok(sample),
        _ => bail!("`wrk` ended with {}: {text}", output.status),
    }
}

async fn run_own(target: &Target, seconds: u64) -> Result<Sample> {
    let url: hyper::Uri = target.url.parse()?;
    let request = match Template::get(url.path()) {
        request if target.is_kept => request,
        request => request.closing(),
    };
    let load = Load::builder(url)
        .connections(target.connections)
        .rate(target.pace.map_or(0.0, f64::from))
        .request(1, request)
        .start()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let report = load.stop().await;
    let quantile = |share| {
        let time = report.total.quantile(share).unwrap_or_default();
        time.as_secs_f64() * 1000.0
    };
    Ok(Sample {
        requests: report.total.answered() as f64,
        per_second: report.rate(),
        p50_ms: quantile(0.5),
        p99_ms: quantile(0.99),
        failed: report.total.failed(),
    })
}

/// Reads what `wrk --latency` prints.
fn parse(text: &str) -> Option<Sample> {
    let after = |label: &str| {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(label))?;
        line.split_whitespace().next()
    };
    let requests = text
        .lines()
        .find_map(|line| line.split_once(" requests in "))?
        .0;
    let sockets: u64 = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Socket errors:"))
        .flat_map(|line| line.split([' ', ',']))
        .filter_map(|word| word.parse::<u64>().ok())
        .sum();
    let statuses = after("Non-2xx or 3xx responses:").map_or(Some(0), |word| word.parse().ok())?;
    Some(Sample {
        requests: requests.trim().parse().ok()?,
        per_second: after("Requests/sec:")?.parse().ok()?,
        p50_ms: milliseconds(after("50%")?)?,
        p99_ms: milliseconds(after("99%")?)?,
        failed: sockets + statuses,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    // The longer units first: each ends with the last.
    [("us", 0.001), ("ms", 1.0), ("s", 1000.0)]
        .into_iter()
        .find_map(|(unit, factor)| {
            let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
            Some(number * factor)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "\
Running 2s test @ http://127.0.0.1:8080/
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.97ms    1.09ms  21.39ms   88.99%
  Latency Distribution
     50%  630.00us
     75%    1.19ms
     90%    2.18ms
     99%    5.03ms
  81234 requests in 2.01s, 93.10MB read
  Socket errors: connect 0, read 3, write 1, timeout 0
  Non-2xx or 3xx responses: 5
Requests/sec:  40414.93
Transfer/sec:     46.32MB
";
        let sample = parse(text).unwrap();
        assert_eq!(sample.requests, 81234.0);
        assert_eq!(sample.per_second, 40414.93);
        assert!((sample.p50_ms - 0.63).abs() < 1e-9);
        assert_eq!(sample.p99_ms, 5.03);
        assert_eq!(sample.failed, 9);
    }

    #[test]
    fn our_own_generator_has_no_tls_and_wrk_no_pace() {
        let target = |url: &str, pace| Target {
            url: url.to_owned(),
            connections: 1,
            is_kept: true,
            pace,
        };
        assert!(Generator::Own.can(&target("http://127.0.0.1:1/", None)));
        assert!(!Generator::Own.can(&target("https://127.0.0.1:1/", None)));
        assert!(Generator::Wrk.can(&target("https://127.0.0.1:1/", None)));
        assert!(!Generator::Wrk.can(&target("https://127.0.0.1:1/", Some(1))));
        assert!(Generator::Wrk.can(&target("http://127.0.0.1:1/", Some(1))));
    }

    #[test]
    fn a_load_that_did_not_run_has_no_figures() {
        assert_eq!(parse("unable to connect to 127.0.0.1:1"), None);
    }
}
