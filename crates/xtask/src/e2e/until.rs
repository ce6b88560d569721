//! Asks until what is expected is so.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Containers and queues take tenths of a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Checks until it holds; after the time is over, its last error is the answer.
pub(super) fn holds<T>(limit: Duration, check: impl Fn() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let result = check();
        if result.is_ok() || Instant::now() >= deadline {
            return result.with_context(|| format!("not so after {limit:.0?}"));
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn it_checks_again_and_tells_the_last_reason() {
        let asked = Cell::new(0);
        let check = || {
            asked.set(asked.get() + 1);
            if asked.get() < 3 {
                bail!("asked {} times", asked.get());
            }
            Ok("yes")
        };
        assert_eq!(holds(Duration::from_secs(60), check).unwrap(), "yes");
        asked.set(0);
        let error = holds(Duration::ZERO, check).unwrap_err();
        assert!(format!("{error:#}").ends_with("asked 1 times"), "{error:#}");
    }
}
