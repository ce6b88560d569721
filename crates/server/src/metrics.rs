//! What the daemon counts of itself, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds in seconds: a list answers in a few milliseconds, a stream lasts for minutes.
const BOUNDS: [f64; 8] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// What the daemon counts of itself.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    calls: Mutex<BTreeMap<Call, Spent>>,
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

#[derive(Debug, Default)]
struct Spent {
    count: u64,
    seconds: f64,
    within: [u64; BOUNDS.len()],
}

/// The text, family by family.
#[derive(Default)]
pub(crate) struct Page(String);

// === impl Metrics ===

impl Metrics {
    pub(crate) fn count(&self, call: Call, took: Duration) {
        let seconds = took.as_secs_f64();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = calls.entry(call).or_default();
        spent.count += 1;
        spent.seconds += seconds;
        for (bound, within) in BOUNDS.iter().zip(&mut spent.within) {
            *within += u64::from(seconds <= *bound);
        }
    }

    pub(crate) fn hook(&self, verdict: &str) {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        *hooks.entry(verdict.to_owned()).or_default() += 1;
    }

    pub(crate) fn render(&self, page: &mut Page) {
        self.render_hooks(page);
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
            for (bound, within) in BOUNDS.iter().zip(spent.within) {
                page.sample(
                    &format!("{NAME}_bucket"),
                    &format!("{labels},le=\"{bound}\""),
                    within,
                );
            }
            page.sample(
                &format!("{NAME}_bucket"),
                &format!("{labels},le=\"+Inf\""),
                spent.count,
            );
            page.sample(&format!("{NAME}_sum"), &labels, spent.seconds);
            page.sample(&format!("{NAME}_count"), &labels, spent.count);
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
        assert!(resident_bytes() > 0);
    }
}
