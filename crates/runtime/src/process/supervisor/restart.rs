//! Decides whether and when a service is started again, as Docker does. Pure.

use std::time::Duration;

use shipway_compose::model::{Restart, RestartCondition};

use crate::Exit;

/// The first restart's delay; each further one doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// A service that ran this long counts as having been up: delay and attempts begin anew.
const UP_AFTER: Duration = Duration::from_secs(10);

/// Restarts in a row, none of which led to a service that stayed up.
#[derive(Debug, Default)]
pub(super) struct Streak {
    restarts: u32,
}

/// What follows an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Start again after this time.
    Restart(Duration),
    /// It has ended for good.
    End,
}

// === impl Streak ===

impl Streak {
    /// What follows when the service ended like this after running for `ran`.
    pub(super) fn decide(&mut self, policy: &Restart, exit: Exit, ran: Duration) -> Next {
        if ran >= UP_AFTER {
            self.restarts = 0;
        }
        let is_wanted = match policy.condition {
            RestartCondition::Never => false,
            RestartCondition::OnFailure => exit != Exit::Code(0),
            RestartCondition::Always => true,
        };
        let is_exhausted = policy
            .max_attempts
            .is_some_and(|most| self.restarts >= most);
        if !is_wanted || is_exhausted {
            return Next::End;
        }
        let delay = policy.delay.unwrap_or_else(|| backoff(self.restarts));
        self.restarts = self.restarts.saturating_add(1);
        Next::Restart(delay)
    }
}

fn backoff(restarts: u32) -> Duration {
    let factor = 2_u32.checked_pow(restarts).unwrap_or(u32::MAX);
    FIRST_DELAY.saturating_mul(factor).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Exit = Exit::Code(1);

    fn policy(condition: RestartCondition, max_attempts: Option<u32>) -> Restart {
        Restart {
            condition,
            max_attempts,
            delay: None,
        }
    }

    #[test]
    fn delays_double_up_to_a_minute_and_begin_anew_after_a_run() {
        let always = policy(RestartCondition::Always, None);
        let mut streak = Streak::default();
        let mut next = |ran| match streak.decide(&always, FAILED, ran) {
            Next::Restart(delay) => delay.as_millis(),
            Next::End => 0,
        };
        let short = Duration::from_secs(1);
        assert_eq!([next(short), next(short), next(short)], [100, 200, 400]);
        for _ in 0..40 {
            next(short);
        }
        assert_eq!(next(short), 60_000);
        assert_eq!(next(UP_AFTER), 100);
    }

    #[test]
    fn attempts_are_counted_in_a_row() {
        let twice = policy(RestartCondition::OnFailure, Some(2));
        let mut streak = Streak::default();
        let mut next = |ran| streak.decide(&twice, FAILED, ran);
        assert_ne!(next(Duration::ZERO), Next::End);
        assert_ne!(next(Duration::ZERO), Next::End);
        assert_eq!(next(Duration::ZERO), Next::End);
        assert_ne!(next(UP_AFTER), Next::End);
    }

    #[test]
    fn the_condition_decides() {
        let decide = |condition, exit| {
            Streak::default().decide(&policy(condition, None), exit, Duration::ZERO) != Next::End
        };
        assert!(!decide(RestartCondition::Never, FAILED));
        assert!(!decide(RestartCondition::OnFailure, Exit::Code(0)));
        assert!(decide(RestartCondition::OnFailure, Exit::Signal(9)));
        assert!(decide(RestartCondition::OnFailure, Exit::NotStarted));
        assert!(decide(RestartCondition::Always, Exit::Code(0)));
    }

    #[test]
    fn a_given_delay_stays_as_it_is() {
        let mut policy = policy(RestartCondition::Always, None);
        policy.delay = Some(Duration::from_secs(5));
        let mut streak = Streak::default();
        for _ in 0..3 {
            let next = streak.decide(&policy, FAILED, Duration::ZERO);
            assert_eq!(next, Next::Restart(Duration::from_secs(5)));
        }
    }
}
