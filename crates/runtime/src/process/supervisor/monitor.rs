//! Turns results of health checks into a verdict, as Docker does. Pure.
//!
//! Until the first verdict checks are run more often than `interval` says, so that a service that
//! is ready early is known to be; failures count no faster for that.

use std::time::Duration;

use shipway_compose::model::Healthcheck;

use crate::HealthStatus;

/// Between two checks before the first verdict.
const UNTIL_VERDICT: Duration = Duration::from_millis(500);

/// Judges one start of a service. Times count from that start.
#[derive(Debug)]
pub(super) struct Monitor<'a> {
    check: &'a Healthcheck,
    status: HealthStatus,
    failures: u32,
    /// The check that counted last, or the start.
    counted_at: Duration,
}

// === impl Monitor ===

impl<'a> Monitor<'a> {
    pub(super) fn new(check: &'a Healthcheck) -> Self {
        Self {
            check,
            status: HealthStatus::Starting,
            failures: 0,
            counted_at: Duration::ZERO,
        }
    }

    pub(super) fn status(&self) -> HealthStatus {
        self.status
    }

    /// How long to wait before the next check.
    pub(super) fn pause(&self) -> Duration {
        match self.status {
            HealthStatus::Starting => self.check.interval.min(UNTIL_VERDICT),
            HealthStatus::Healthy | HealthStatus::Unhealthy => self.check.interval,
        }
    }

    /// Takes the result of a check that began `at` after the start.
    pub(super) fn record(&mut self, passed: bool, at: Duration) {
        if passed {
            self.status = HealthStatus::Healthy;
            self.failures = 0;
            self.counted_at = at;
        } else if self.counts(at) {
            self.failures = self.failures.saturating_add(1);
            self.counted_at = at;
            if self.failures >= self.check.retries.max(1) {
                self.status = HealthStatus::Unhealthy;
            }
        }
    }

    fn counts(&self, at: Duration) -> bool {
        match self.status {
            HealthStatus::Starting => {
                at >= self.check.start_period && at >= self.counted_at + self.check.interval
            }
            HealthStatus::Healthy | HealthStatus::Unhealthy => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use shipway_compose::model::HealthTest;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn check() -> Healthcheck {
        Healthcheck {
            test: HealthTest::Shell("true".to_owned()),
            interval: 10 * SECOND,
            timeout: SECOND,
            retries: 2,
            start_period: 30 * SECOND,
        }
    }

    #[test]
    fn failures_before_the_start_period_ends_do_not_count() {
        let check = check();
        let mut monitor = Monitor::new(&check);
        for second in 0..30 {
            monitor.record(false, second * SECOND);
        }
        assert_eq!(monitor.status(), HealthStatus::Starting);
        monitor.record(false, 30 * SECOND);
        // Sooner than an interval later: not another failure.
        monitor.record(false, 31 * SECOND);
        assert_eq!(monitor.status(), HealthStatus::Starting);
        monitor.record(false, 40 * SECOND);
        assert_eq!(monitor.status(), HealthStatus::Unhealthy);
        assert_eq!(monitor.pause(), 10 * SECOND);
    }

    #[test]
    fn the_first_pass_is_a_verdict_and_failures_in_a_row_end_it() {
        let check = check();
        let mut monitor = Monitor::new(&check);
        assert_eq!(monitor.pause(), UNTIL_VERDICT);
        monitor.record(true, SECOND);
        assert_eq!(monitor.status(), HealthStatus::Healthy);
        monitor.record(false, 11 * SECOND);
        monitor.record(true, 21 * SECOND);
        monitor.record(false, 31 * SECOND);
        assert_eq!(monitor.status(), HealthStatus::Healthy);
        monitor.record(false, 41 * SECOND);
        assert_eq!(monitor.status(), HealthStatus::Unhealthy);
        monitor.record(true, 51 * SECOND);
        assert_eq!(monitor.status(), HealthStatus::Healthy);
    }
}
