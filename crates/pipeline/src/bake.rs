//! The judgement of a release after the switch.
//!
//! Error rate and latency come from the proxy's own counters, and are judged
//! over a window of recent requests: the bake as a whole would dilute a release
//! that turns bad after a while. Fewer than `min_requests` give no verdict
//! (300 requests without an error bound the rate below 1 % at 95 %). A crash
//! fails at once. Silence is never a pass: with too little traffic the bake is
//! extended once by half and then decided by synthetic probes or undone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::Failure;
use crate::plan::BakeLimits;
use crate::time::Timestamp;
use crate::traffic::Counters;

/// Looks in a row with a failing probe or latency that fail the release: one may be a hiccup.
const FAILURES_IN_A_ROW: u32 = 3;

/// What a bake has seen so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bake {
    /// When it ends. Survives a crash of the engine.
    pub until: Timestamp,
    /// Whether it was extended for want of traffic.
    pub extended: bool,
    /// The target's counters at the first look.
    start: Option<Counters>,
    /// Where the window of recent requests begins, and where the next one will.
    window: Option<(Counters, Counters)>,
    /// Looks so far at which every instance answered its probe.
    good_probes: u32,
    bad_probes_in_a_row: u32,
    slow_in_a_row: u32,
}

/// What is seen at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The target's traffic; `None` when the proxy could not be asked.
    pub target: Option<Counters>,
    /// The old release's traffic before the switch: what the latency is compared with.
    pub baseline: Option<Counters>,
    /// Instances of the target that ended or were started again: each a line of evidence.
    pub crashes: Vec<String>,
    /// What the synthetic probe of some instance said, when it was not healthy.
    pub unhealthy: Option<String>,
}

/// What a look leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Look again.
    Undecided,
    /// The release is good.
    Pass,
    /// The release is bad.
    Fail(Failure),
}

// === impl Bake ===

impl Bake {
    /// A bake that begins now.
    pub fn begin(limits: &BakeLimits, now: Timestamp) -> Self {
        Self {
            until: now.after(limits.duration),
            extended: false,
            start: None,
            window: None,
            good_probes: 0,
            bad_probes_in_a_row: 0,
            slow_in_a_row: 0,
        }
    }

    /// Judges what is seen now.
    pub fn judge(&mut self, limits: &BakeLimits, look: Look, now: Timestamp) -> Verdict {
        if !look.crashes.is_empty() {
            return fail("an instance ended after the switch", look.crashes);
        }
        if let Some(verdict) = self.judge_probe(look.unhealthy) {
            return verdict;
        }
        if let Some(counters) = look.target
            && let Some(verdict) = self.judge_traffic(limits, counters, look.baseline.as_ref())
        {
            return verdict;
        }
        if now < self.until {
            return Verdict::Undecided;
        }
        self.conclude(limits, now)
    }

    fn judge_probe(&mut self, unhealthy: Option<String>) -> Option<Verdict> {
        let Some(evidence) = unhealthy else {
            self.good_probes += 1;
            self.bad_probes_in_a_row = 0;
            return None;
        };
        self.bad_probes_in_a_row += 1;
        (self.bad_probes_in_a_row >= FAILURES_IN_A_ROW).then(|| {
            fail(
                "an instance became unhealthy after the switch",
                vec![evidence],
            )
        })
    }

    fn judge_traffic(
        &mut self,
        limits: &BakeLimits,
        counters: Counters,
        baseline: Option<&Counters>,
    ) -> Option<Verdict> {
        let recent = self.advance(limits, counters);
        if recent.requests() < limits.min_requests.max(1) {
            return None;
        }
        let rate = recent.errors() as f64 / recent.requests() as f64;
        if rate > limits.max_error_rate {
            return Some(fail(
                &format!(
                    "{:.1} % of the last {} requests failed (limit {:.1} %)",
                    rate * 100.0,
                    recent.requests(),
                    limits.max_error_rate * 100.0
                ),
                vec![format!(
                    "{} answered 5xx, {} not answered, of {} requests",
                    recent.by_class[4],
                    recent.failed,
                    recent.requests()
                )],
            ));
        }
        self.judge_latency(limits, &recent, baseline)
    }

    fn judge_latency(
        &mut self,
        limits: &BakeLimits,
        recent: &Counters,
        baseline: Option<&Counters>,
    ) -> Option<Verdict> {
        let before = baseline
            .filter(|baseline| baseline.requests() >= limits.min_requests)
            .and_then(|baseline| baseline.quantile(0.95))?;
        let now = recent.quantile(0.95)?;
        let limit = before
            .mul_f64(limits.max_latency_ratio)
            .max(limits.latency_floor);
        if now <= limit {
            self.slow_in_a_row = 0;
            return None;
        }
        self.slow_in_a_row += 1;
        (self.slow_in_a_row >= FAILURES_IN_A_ROW).then(|| {
            fail(
                &format!(
                    "95 % of requests now take up to {} ms, before {} ms (limit {} ms)",
                    millis(now),
                    millis(before),
                    millis(limit)
                ),
                vec![format!("over the last {} requests", recent.requests())],
            )
        })
    }

    /// Moves the window and returns what it holds: between one and two times `min_requests`
    /// requests, once there were that many.
    fn advance(&mut self, limits: &BakeLimits, counters: Counters) -> Counters {
        self.start.get_or_insert_with(|| counters.clone());
        let (from, next) = self
            .window
            .get_or_insert_with(|| (counters.clone(), counters.clone()));
        if counters.since(next).requests() >= limits.min_requests {
            *from = std::mem::replace(next, counters.clone());
        }
        counters.since(from)
    }

    fn conclude(&mut self, limits: &BakeLimits, now: Timestamp) -> Verdict {
        let seen = match (&self.start, &self.window) {
            (Some(start), Some((_, next))) => next.since(start).requests(),
            _ => 0,
        };
        if seen >= limits.min_requests {
            return Verdict::Pass;
        }
        if !self.extended {
            self.extended = true;
            self.until = now.after(limits.duration / 2);
            return Verdict::Undecided;
        }
        if limits.probes_decide && self.good_probes > 0 && self.bad_probes_in_a_row == 0 {
            return Verdict::Pass;
        }
        fail(
            "there was too little traffic for a verdict",
            vec![format!(
                "{seen} requests were seen, {} are needed",
                limits.min_requests
            )],
        )
    }
}

fn fail(reason: &str, evidence: Vec<String>) -> Verdict {
    Verdict::Fail(Failure {
        reason: reason.to_owned(),
        evidence,
    })
}

fn millis(duration: Duration) -> u128 {
    duration.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::bucket_of;

    fn limits() -> BakeLimits {
        BakeLimits {
            duration: Duration::from_secs(10),
            interval: Duration::from_secs(1),
            min_requests: 100,
            max_error_rate: 0.01,
            max_latency_ratio: 1.3,
            latency_floor: Duration::from_millis(20),
            probes_decide: true,
        }
    }

    fn counters(good: u64, bad: u64, latency_ms: u64) -> Counters {
        let mut counters = Counters::default();
        counters.by_class[1] = good;
        counters.by_class[4] = bad;
        counters.latency[bucket_of(Duration::from_millis(latency_ms))] = good + bad;
        counters
    }

    fn look(target: Counters) -> Look {
        Look {
            target: Some(target),
            baseline: None,
            crashes: vec![],
            unhealthy: None,
        }
    }

    fn at(second: u64) -> Timestamp {
        Timestamp(second * 1000)
    }

    #[test]
    fn enough_good_traffic_passes_when_the_time_is_over() {
        let mut bake = Bake::begin(&limits(), at(0));
        for second in 1..10 {
            let seen = look(counters(second * 100, 0, 5));
            assert_eq!(bake.judge(&limits(), seen, at(second)), Verdict::Undecided);
        }
        let verdict = bake.judge(&limits(), look(counters(1000, 0, 5)), at(10));
        assert_eq!(verdict, Verdict::Pass);
    }

    #[test]
    fn a_release_that_turns_bad_late_fails_though_most_requests_were_good() {
        let mut bake = Bake::begin(&limits(), at(0));
        for second in 1..8 {
            let seen = look(counters(second * 10_000, 0, 5));
            assert_eq!(bake.judge(&limits(), seen, at(second)), Verdict::Undecided);
        }
        let verdict = bake.judge(&limits(), look(counters(70_000, 200, 5)), at(8));
        assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
    }

    #[test]
    fn a_single_error_in_a_handful_of_requests_is_no_verdict() {
        let mut bake = Bake::begin(&limits(), at(0));
        bake.judge(&limits(), look(counters(0, 0, 5)), at(1));
        let verdict = bake.judge(&limits(), look(counters(5, 1, 5)), at(2));
        assert_eq!(verdict, Verdict::Undecided);
    }

    #[test]
    fn silence_extends_once_and_is_then_decided_by_probes_or_undone() {
        for probes_decide in [true, false] {
            let limits = BakeLimits {
                probes_decide,
                ..limits()
            };
            let mut bake = Bake::begin(&limits, at(0));
            let quiet = || look(counters(3, 0, 5));
            assert_eq!(bake.judge(&limits, quiet(), at(10)), Verdict::Undecided);
            assert_eq!(bake.until, at(15));
            let verdict = bake.judge(&limits, quiet(), at(15));
            assert_eq!(verdict == Verdict::Pass, probes_decide, "{verdict:?}");
        }
    }

    #[test]
    fn a_crash_fails_at_once() {
        let mut bake = Bake::begin(&limits(), at(0));
        let seen = Look {
            crashes: vec!["web-1: exit code 1".to_owned()],
            ..look(counters(0, 0, 1))
        };
        assert!(matches!(
            bake.judge(&limits(), seen, at(1)),
            Verdict::Fail(_)
        ));
    }

    #[test]
    fn one_missed_probe_is_forgiven_three_in_a_row_are_not() {
        let mut bake = Bake::begin(&limits(), at(0));
        let sick = || Look {
            unhealthy: Some("503".to_owned()),
            ..look(counters(0, 0, 1))
        };
        assert_eq!(bake.judge(&limits(), sick(), at(1)), Verdict::Undecided);
        assert_eq!(
            bake.judge(&limits(), look(counters(0, 0, 1)), at(2)),
            Verdict::Undecided
        );
        bake.judge(&limits(), sick(), at(3));
        bake.judge(&limits(), sick(), at(4));
        assert!(matches!(
            bake.judge(&limits(), sick(), at(5)),
            Verdict::Fail(_)
        ));
    }

    #[test]
    fn latency_is_judged_against_the_old_release() {
        let mut bake = Bake::begin(&limits(), at(0));
        let mut verdict = Verdict::Undecided;
        for second in 1..6 {
            let seen = Look {
                baseline: Some(counters(1000, 0, 30)),
                ..look(counters(second * 200, 0, 200))
            };
            verdict = bake.judge(&limits(), seen, at(second));
        }
        assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
    }
}
