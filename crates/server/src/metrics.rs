//! What the daemon counts of itself, in Prometheus' text format.

mod histogram;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use histogram::Histogram;

/// Upper bounds in seconds: a list answers in a few milliseconds, a stream lasts for minutes.
const CALLS: [f64; 8] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Upper bounds in seconds: a process is replaced in a few, a long bake lasts for an hour.
const RUNS: [f64; 9] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];

/// What the daemon counts of itself.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    calls: Mutex<BTreeMap<Call, Histogram<{ CALLS.len() }>>>,
    runs: Mutex<BTreeMap<Run, Histogram<{ RUNS.len() }>>>,
    hooks: Mutex<BTreeMap<String, u64>>,
}

/// A kind of calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// As the API's document has it, so that there are as many as there are operations.
    pub(crate) route: String,
    pub(crate) status: u16,
}

/// What carried a request out, by what was wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    /// `deploy`, `promote`, `rollback` or `remove`.
    pub(crate) want: &'static str,
    /// Whether its process did what it should; what became of the request is another matter.
    pub(crate) is_good: bool,
}

/// The text, family by family.
#[derive(Default)]
pub(crate) struct Page(String);

// === impl Metrics ===

impl Metrics {
    pub(crate) fn count(&self, call: Call, took: Duration) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = calls.entry(call).or_insert_with(|| Histogram::new(CALLS));
        spent.add(took);
    }

    /// A process that carried a request out ended after so long.
    pub(crate) fn run(&self, run: Run, took: Duration) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.entry(run)
            .or_insert_with(|| Histogram::new(RUNS))
            .add(took);
    }

    pub(crate) fn hook(&self, verdict: &str) {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        *hooks.entry(verdict.to_owned()).or_default() += 1;
    }

    pub(crate) fn render(&self, page: &mut Page) {
        self.render_hooks(page);
        self.render_runs(page);
        self.render_calls(page);
    }

    fn render_hooks(&self, page: &mut Page) {
        const NAME: &str = "shipway_hooks_total";
        page.family(
            NAME,
            "counter",
            "Deliveries of webhooks, by what became of them.",
        );
        let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        for (verdict, count) in hooks.iter() {
            page.sample(NAME, &format!("verdict=\"{verdict}\""), count);
        }
    }

    fn render_calls(&self, page: &mut Page) {
        const NAME: &str = "shipway_http_request_duration_seconds";
        page.family(
            NAME,
            "histogram",
            "Time until the answer's head, by operation.",
        );
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        for (call, spent) in calls.iter() {
            let Call {
                method,
                route,
                status,
            } = call;
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            spent.render(page, NAME, &labels);
        }
    }

    fn render_runs(&self, page: &mut Page) {
        const NAME: &str = "shipway_run_duration_seconds";
        page.family(
            NAME,
            "histogram",
            "How long processes took that carried requests out, by what was wanted.",
        );
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        for (run, spent) in runs.iter() {
            let ended = if run.is_good { "good" } else { "bad" };
            let labels = format!("want=\"{}\",ended=\"{ended}\"", run.want);
            spent.render(page, NAME, &labels);
        }
    }
}

// === impl Page ===

impl Page {
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub(crate) fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// The memory that the process has in hand, in bytes; 0 where the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_operation_and_time() {
        let metrics = Metrics::default();
        let call = Call {
            method: "GET".to_owned(),
            route: "/v1/environments".to_owned(),
            status: 200,
        };
        metrics.count(call.clone(), Duration::from_millis(3));
        metrics.count(call, Duration::from_millis(60));
        let run = Run {
            want: "deploy",
            is_good: true,
        };
        metrics.run(run, Duration::from_secs(20));
        let mut page = Page::default();
        metrics.render(&mut page);
        let text = page.finish();
        let labels = "method=\"GET\",route=\"/v1/environments\",status=\"200\"";
        for line in [
            format!("_bucket{{{labels},le=\"0.001\"}} 0\n"),
            format!("_bucket{{{labels},le=\"0.005\"}} 1\n"),
            format!("_bucket{{{labels},le=\"+Inf\"}} 2\n"),
            format!("_count{{{labels}}} 2\n"),
        ] {
            assert!(text.contains(&line), "no {line} in {text}");
        }
        let run = "shipway_run_duration_seconds";
        let labels = "want=\"deploy\",ended=\"good\"";
        for line in [
            format!("{run}_bucket{{{labels},le=\"15\"}} 0\n"),
            format!("{run}_bucket{{{labels},le=\"30\"}} 1\n"),
            format!("{run}_sum{{{labels}}} 20\n"),
        ] {
            assert!(text.contains(&line), "no {line} in {text}");
        }
        assert!(resident_bytes() > 0);
    }
}
