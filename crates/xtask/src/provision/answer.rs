//! Asks until something answers.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long after a refused question the next one is asked: what is waited for takes seconds.
const PAUSE: Duration = Duration::from_millis(100);

/// Asks until there is an answer, until whoever should answer has ended, or until the time is over.
pub(super) fn wait_for<T>(
    what: &str,
    limit: Duration,
    ask: impl Fn() -> Option<T>,
    is_alive: impl Fn() -> bool,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        // Asked first: an answer may come from another one than the one that was started.
        let alive = is_alive();
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if !alive {
            bail!("{what} has ended");
        }
        if Instant::now() >= deadline {
            bail!("{what} did not answer within {limit:.0?}");
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn it_asks_again_until_there_is_an_answer() {
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            (asked.get() == 3).then_some("yes")
        };
        let answer = wait_for("it", Duration::from_secs(60), ask, || true);
        assert_eq!(answer.unwrap(), "yes");
    }

    #[test]
    fn nobody_is_waited_for_who_has_ended_or_when_the_time_is_over() {
        let never = || None::<()>;
        let error = wait_for("it", Duration::from_secs(60), never, || false).unwrap_err();
        assert_eq!(error.to_string(), "it has ended");
        let error = wait_for("it", Duration::ZERO, never, || true).unwrap_err();
        assert!(error.to_string().contains("did not answer"), "{error}");
    }
}
