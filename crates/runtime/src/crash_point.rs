//! Where a process can be made to die, for the tests that kill it everywhere.
//!
//! A development build whose environment says `SHIPWAY_CRASH_AT=17` kills itself at the 17th point
//! that it passes, with the signal that nobody sees coming: exactly there, on a machine of any
//! speed. Points stand before and after each effect and each durable write. A release build has
//! none, and reads no such variable. Helpers and the proxy do not inherit the variable.

#[cfg(debug_assertions)]
use std::io::Write as _;
#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

/// Says at which point a process is to die, counted from 1.
#[cfg(debug_assertions)]
const VARIABLE: &str = "SHIPWAY_CRASH_AT";

/// Passes a point, or dies there. Its last words name it.
#[cfg(debug_assertions)]
pub fn pass(name: &str) {
    static WANTED: OnceLock<Option<u64>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| std::env::var(VARIABLE).ok()?.parse().ok());
    let Some(wanted) = *wanted else {
        return;
    };
    let point = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if point == wanted {
        // Whether anybody reads it does not matter any more.
        let _ = writeln!(std::io::stderr(), "dies at point {point}: {name}");
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Passes a point: a release build does not die.
#[cfg(not(debug_assertions))]
pub fn pass(_name: &str) {}
