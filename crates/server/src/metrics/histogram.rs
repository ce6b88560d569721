//! How often something took how long.

use std::time::Duration;

use super::Page;

/// Counts durations up to bounds in seconds.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    bounds: [f64; N],
    within: [u64; N],
    count: u64,
    seconds: f64,
}

// === impl Histogram ===

impl<const N: usize> Histogram<N> {
    pub(super) fn new(bounds: [f64; N]) -> Self {
        Self {
            bounds,
            within: [0; N],
            count: 0,
            seconds: 0.0,
        }
    }

    pub(super) fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.seconds += seconds;
        for (bound, within) in self.bounds.iter().zip(&mut self.within) {
            *within += u64::from(seconds <= *bound);
        }
    }

    pub(super) fn render(&self, page: &mut Page, name: &str, labels: &str) {
        let bucket = format!("{name}_bucket");
        for (bound, within) in self.bounds.iter().zip(self.within) {
            page.sample(&bucket, &format!("{labels},le=\"{bound}\""), within);
        }
        page.sample(&bucket, &format!("{labels},le=\"+Inf\""), self.count);
        page.sample(&format!("{name}_sum"), labels, self.seconds);
        page.sample(&format!("{name}_count"), labels, self.count);
    }
}
