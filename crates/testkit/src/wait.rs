//! Waiting for what will come, on a machine of any speed.

use std::time::{Duration, Instant};

/// As long as anything may take: far more than on the slowest machine, below the runner's limit.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits until `look` finds something.
///
/// # Panics
/// When it does not in time; `what` says what was waited for.
pub fn wait_until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, look)
}

/// Waits for something that takes its time by itself, on any machine.
///
/// # Panics
/// When `look` does not find it in time; `what` says what was waited for.
pub(crate) fn wait_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let give_up = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < give_up,
            "waited {patience:?} in vain for {what}"
        );
        std::thread::sleep(LOOK_AGAIN);
    }
}
