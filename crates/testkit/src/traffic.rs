//! The traffic checker: constant load, and what became of every request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderName;
use serde_json::Value;
use shipway_loadtest::{Body, Handle, Load, Report, Template};

use crate::journal;
use crate::sandbox::Sandbox;

/// Clients, some of which keep their connections.
const CONNECTIONS: usize = 64;
/// Clients that read event streams.
const STREAMS: usize = 4;
/// Requests per second: constant, and little enough for the machine that runs everything else.
const RATE: f64 = 300.0;
/// The journal's clock is the wall's, in whole milliseconds; ours does not jump.
const CLOCKS_DIFFER: u64 = 20;

/// Stands for answers of no release: the proxy's own, which are errors and counted as such.
const PROXY: &str = "-";

/// A constant load on an environment.
///
/// Keep-alive and close, `GET`, `POST` and `PUT`, and open event streams.
#[derive(Debug)]
pub struct Traffic {
    load: Handle,
    /// Its beginning, in milliseconds of Unix time.
    began: u64,
    posts: Arc<AtomicU64>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Requests that were sent.
    pub sent: u64,
    /// Those without a whole answer.
    pub lost: u64,
    /// Those with an answer of 500 or more.
    pub errors: u64,
    /// `POST`s that were sent.
    pub posts: u64,
    /// `POST`s that were answered well.
    pub acknowledged: u64,
    /// Different `POST`s that were executed.
    pub executed: u64,
    /// Executions beyond the first of a `POST`.
    pub repeated: u64,
    /// Answers by releases that were not routed then: each a line.
    pub strays: Vec<String>,
    /// All counts.
    pub report: Report,
}

// === impl Traffic ===

impl Traffic {
    /// Starts the load, and waits until it flows.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(sandbox: &Sandbox, environment: &str) -> Self {
        Self::of(sandbox, environment, CONNECTIONS)
    }

    /// The same with so many clients.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn of(sandbox: &Sandbox, environment: &str, connections: usize) -> Self {
        let posts = Arc::new(AtomicU64::new(0));
        let send = |method| {
            let posts = Arc::clone(&posts);
            let body = Body::Made(Arc::new(move |number| {
                posts.fetch_add(1, Ordering::Relaxed);
                Bytes::from(number.to_string())
            }));
            Template::new(method, "/echo/{n}").with_body(body)
        };
        let target = format!("http://127.0.0.1:{}", sandbox.port(environment));
        let load = Load::builder(target.parse().expect("it is an address"))
            .connections(connections)
            .rate(RATE)
            .request(3, Template::get("/"))
            .request(1, Template::get("/").closing())
            .request(3, send(http::Method::POST))
            .request(1, send(http::Method::POST).closing())
            .request(1, send(http::Method::PUT))
            .streams(STREAMS, "/stream")
            .tally_by(HeaderName::from_static("x-release"))
            .start()
            .expect("the load starts");
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("it is after 1970").as_millis() as u64;
        let began = now.saturating_sub(load.elapsed().as_millis() as u64);
        let traffic = Self { load, began, posts };
        traffic.flow();
        traffic
    }

    /// Waits until some more requests were answered.
    ///
    /// # Panics
    /// When none is.
    pub fn flow(&self) {
        let before = self.load.snapshot().total.answered();
        crate::wait_until("requests to be answered", || {
            (self.load.snapshot().total.answered() > before + 20).then_some(())
        });
    }

    /// Checks that nothing was lost or refused so far: a campaign ends where it happens.
    ///
    /// # Panics
    /// With the counts, when something was.
    #[track_caller]
    pub fn assert_well(&self) {
        let total = self.load.snapshot().total;
        let broken = total.streams.broken + total.streams.refused;
        assert_eq!((total.failed(), broken), (0, 0), "{total:#?}");
    }

    /// Ends the load, and counts.
    ///
    /// # Panics
    /// When the application cannot be asked for its counts.
    pub fn stop(self, sandbox: &Sandbox, environment: &str) -> Observed {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be had");
        let report = runtime.block_on(self.load.stop());
        let executions = sandbox.get(environment, "/executions");
        let executions = executions.expect("the application answers").body;
        let executions: Value = serde_json::from_str(&executions).expect("it is JSON");
        let count = |name: &str| executions[name].as_u64().expect("it is a number");
        let answered = |status: u16| report.total.answered.get(&status).copied();
        Observed {
            sent: report.total.sent,
            lost: report.total.lost(),
            errors: report.total.failed() - report.total.lost(),
            posts: self.posts.load(Ordering::Relaxed),
            acknowledged: answered(201).unwrap_or(0),
            executed: count("distinct"),
            repeated: count("total") - count("distinct"),
            strays: strays(sandbox, environment, &report, self.began),
            report,
        }
    }
}

/// Answers that ended before their release was routed, or to requests that were sent when it no
/// longer was.
fn strays(sandbox: &Sandbox, environment: &str, report: &Report, began: u64) -> Vec<String> {
    let history = sandbox.history();
    let deployments: Vec<Value> = history
        .iter()
        .filter(|one| one["environment"] == environment)
        .map(|one| sandbox.show(one["id"].as_str().unwrap_or_default()))
        .collect();
    let routed = journal::routed(&deployments);
    let wall = |since: Duration| began + since.as_millis() as u64;
    let mut strays = Vec::new();
    for (release, seen) in &report.total.by_header {
        if release == PROXY {
            continue;
        }
        let Some(times) = routed.get(release) else {
            strays.push(format!(
                "{} answers by {release}, which was never routed",
                seen.count
            ));
            continue;
        };
        let (first, last) = (wall(seen.first), wall(seen.last_sent));
        if first + CLOCKS_DIFFER < times.from {
            let early = times.from - first;
            strays.push(format!("{release} answered {early} ms before its switch"));
        }
        if let Some(until) = times.until.filter(|until| last > until + CLOCKS_DIFFER) {
            let late = last - until;
            strays.push(format!(
                "{release} answered what was sent {late} ms after the switch away from it"
            ));
        }
    }
    strays
}

// === impl Observed ===

impl Observed {
    /// Checks that nothing was lost, refused, executed twice, forgotten, or answered by a release
    /// that was not routed.
    ///
    /// # Panics
    /// With all counts, when something was.
    #[track_caller]
    pub fn assert_flawless(&self) {
        assert_eq!(self.errors, 0, "{self}\n{:#?}", self.report.total.answered);
        assert_eq!(self.report.total.streams.refused, 0, "{self}");
        self.assert_nothing_lost();
    }

    /// The same, except that the application itself may have answered with errors.
    ///
    /// # Panics
    /// With all counts, when something was.
    #[track_caller]
    pub fn assert_nothing_lost(&self) {
        assert_eq!(self.lost, 0, "{self}\n{:#?}", self.report.total.failed);
        assert_eq!(self.repeated, 0, "{self}");
        assert!(self.executed >= self.acknowledged, "{self}");
        assert!(self.executed <= self.posts, "{self}");
        assert!(self.strays.is_empty(), "{self}\n{:#?}", self.strays);
        assert_eq!(self.report.total.streams.broken, 0, "{self}");
        assert!(self.sent > 0 && self.acknowledged > 0, "{self}");
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams = self.report.total.streams;
        let worst = self.report.total.quantile(1.0).unwrap_or_default();
        write!(
            f,
            "{} requests in {:.1} s: {} lost, {} errors; {} POSTs, {} acknowledged, {} executed, \
             {} executed twice; {} strays; slowest {} ms; {} streams, {} broken, {} refused",
            self.sent,
            self.report.duration.as_secs_f64(),
            self.lost,
            self.errors,
            self.posts,
            self.acknowledged,
            self.executed,
            self.repeated,
            self.strays.len(),
            worst.as_millis(),
            streams.opened,
            streams.broken,
            streams.refused,
        )
    }
}
