//! What is known of how an instance treats its idle connections.
//!
//! A server that closes a connection just as a request is sent on it leaves
//! open whether the request was seen. A request without effect can be sent
//! again; one that may have an effect must not, so it goes on a used connection
//! only where that connection is well within what the instance was *seen* to
//! bear: no more responses, and no more than half the idle time, which begins
//! when the request before was sent, as nobody knows when its answer was. Requests
//! without effect, and idle connections that stay open, widen that range;
//! nothing else does. A close within it makes the instance erratic for a while.

use std::time::{Duration, Instant};

/// A connection that is open this long after a response was not closed because of it. Servers
/// that count responses need not look at once whether there were enough: uvicorn does every 100 ms,
/// and a worker of Python's takes some time to end.
const SETTLED: Duration = Duration::from_secs(1);

/// After a close that nothing explains: workers of an application restart about together.
const ERRATIC: Duration = Duration::from_secs(60);

/// What was learned of idle times is forgotten, as it may have been a restart.
const FORGOTTEN: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub(crate) struct Habit {
    /// The most responses after which a connection was seen open.
    alive_after: u32,
    /// The longest idle time after which a connection was seen open.
    alive_idle: Duration,
    /// The shortest idle time after which it closed one, and when that was seen.
    closes_idle: Option<(Duration, Instant)>,
    /// What it says in `Keep-Alive: timeout=`.
    announced: Option<Duration>,
    erratic_until: Option<Instant>,
}

// === impl Habit ===

impl Habit {
    /// Whether a request that may have an effect can go on a connection that has answered
    /// `served` requests and was idle for `idle` at most.
    pub(crate) fn is_trusted(&self, served: u32, idle: Duration, now: Instant) -> bool {
        self.is_within(served, idle) && self.erratic_until.is_none_or(|until| now >= until)
    }

    /// Whether such a connection is well within what was seen.
    fn is_within(&self, served: u32, idle: Duration) -> bool {
        // Half of it, as the instance's clock is not ours and a slow machine's is nobody's.
        let is_early = |bound: Duration| idle * 2 <= bound;
        served <= self.alive_after
            && is_early(self.alive_idle)
            && self.closes_idle.is_none_or(|(bound, _)| is_early(bound))
    }

    /// A connection answered although it had served that much and been idle that long.
    pub(crate) fn saw_reuse(&mut self, served: u32, idle: Duration) {
        self.alive_after = self.alive_after.max(served);
        self.alive_idle = self.alive_idle.max(idle);
    }

    /// Whether it would teach anything that an idle connection is open.
    pub(crate) fn learns_from(&self, served: u32, idle: Duration) -> bool {
        idle > self.alive_idle || (idle >= SETTLED && served > self.alive_after)
    }

    /// An idle connection was found open.
    pub(crate) fn saw_open(&mut self, served: u32, idle: Duration) {
        self.alive_idle = self.alive_idle.max(idle);
        if idle >= SETTLED {
            self.alive_after = self.alive_after.max(served);
        }
    }

    /// An idle connection was closed by the instance, `idle` or more after its last response.
    pub(crate) fn saw_close(&mut self, served: u32, idle: Duration, now: Instant) {
        if self.is_within(served, idle) {
            self.erratic_until = Some(now + ERRATIC);
        } else if served <= self.alive_after && self.closes_idle.is_none_or(|(old, _)| idle < old) {
            self.closes_idle = Some((idle, now));
        }
    }

    /// The instance said how long it keeps idle connections.
    pub(crate) fn announced(&mut self, timeout: Duration) {
        self.announced = Some(timeout);
    }

    /// How long to keep an idle connection: less than the instance does.
    pub(crate) fn keep_for(&self, most: Duration, now: Instant) -> Duration {
        let learned = self
            .closes_idle
            .filter(|(_, when)| now.saturating_duration_since(*when) < FORGOTTEN)
            .map_or(most, |(idle, _)| idle * 3 / 4);
        let announced = self.announced.map_or(most, |timeout| {
            timeout.saturating_sub(Duration::from_secs(1).min(timeout / 2))
        });
        most.min(learned).min(announced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_used_connection_is_trusted_only_within_what_was_seen() {
        let now = Instant::now();
        let mut habit = Habit::default();
        assert!(!habit.is_trusted(1, Duration::ZERO, now));
        habit.saw_reuse(5, Duration::ZERO);
        assert!(habit.is_trusted(5, Duration::ZERO, now));
        assert!(!habit.is_trusted(6, Duration::ZERO, now));
        assert!(!habit.is_trusted(5, SECOND, now));
        habit.saw_open(5, SECOND * 2);
        assert!(habit.is_trusted(5, SECOND, now));
        assert!(!habit.is_trusted(5, SECOND * 2, now));
    }

    #[test]
    fn a_limit_of_requests_is_never_tried_out() {
        let now = Instant::now();
        let mut habit = Habit::default();
        // The instance closes after 20 responses, so none was ever seen open after 20.
        for served in 1..20 {
            habit.saw_reuse(served, Duration::ZERO);
        }
        habit.saw_close(20, Duration::ZERO, now);
        assert!(!habit.is_trusted(20, Duration::ZERO, now));
        assert!(habit.is_trusted(19, Duration::ZERO, now));
    }

    #[test]
    fn an_open_connection_soon_after_its_response_says_nothing_of_how_many_are_borne() {
        let mut habit = Habit::default();
        habit.saw_open(20, SETTLED - Duration::from_millis(1));
        assert!(!habit.is_trusted(20, Duration::ZERO, Instant::now()));
        habit.saw_open(20, SETTLED);
        assert!(habit.is_trusted(20, Duration::ZERO, Instant::now()));
    }

    #[test]
    fn a_close_that_nothing_explains_ends_the_trust_for_a_while() {
        let now = Instant::now();
        let mut habit = Habit::default();
        habit.saw_reuse(20, SECOND * 4);
        habit.saw_close(3, SECOND, now);
        assert!(!habit.is_trusted(1, Duration::ZERO, now));
        assert!(habit.is_trusted(1, Duration::ZERO, now + ERRATIC));
    }

    #[test]
    fn idle_connections_are_retired_before_the_instance_does() {
        let now = Instant::now();
        let mut habit = Habit::default();
        assert_eq!(habit.keep_for(SECOND * 15, now), SECOND * 15);
        habit.saw_open(1, SECOND * 4);
        habit.saw_close(1, SECOND * 4, now);
        assert_eq!(habit.keep_for(SECOND * 15, now), SECOND * 3);
        assert_eq!(habit.keep_for(SECOND * 15, now + FORGOTTEN), SECOND * 15);
        habit.announced(SECOND * 2);
        assert_eq!(habit.keep_for(SECOND * 15, now), SECOND);
    }
}
