//! Where a process can be made to die, for the tests that kill it everywhere.
//!
//! A development build whose environment says `SHIPWAY_CRASH_AT=17` kills itself at the 17th point
//! that it passes, with the signal that nobody sees coming: exactly there, on a machine of any
//! speed. Points stand before and after each effect and each durable write. A release build has
//! none, and reads no such variable. Helpers and the proxy do not inherit the variable; the
//! supervisors that a command starts are made to die by one of their own
//! (`SHIPWAY_CRASH_SUPERVISORS_AT`), which whoever starts them hands on.

use std::path::Path;

#[cfg(debug_assertions)]
use std::io::Write as _;
#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

/// Says at which point a process is to die, counted from 1.
pub const VARIABLE: &str = "SHIPWAY_CRASH_AT";

/// Says at which point the supervisors are to die that a command starts.
pub const SUPERVISORS: &str = "SHIPWAY_CRASH_SUPERVISORS_AT";

/// Passes a point, or dies there. Its last words name it.
#[cfg(debug_assertions)]
pub fn pass(name: &str) {
    pass_with(name, None);
}

/// As [`pass`], at something that is done to a file.
#[cfg(debug_assertions)]
pub(crate) fn pass_at(name: &str, path: &Path) {
    pass_with(name, Some(path));
}

/// At which point supervisors are to die, if they are.
#[cfg(debug_assertions)]
#[must_use]
pub fn of_supervisors() -> Option<std::ffi::OsString> {
    std::env::var_os(SUPERVISORS)
}

#[cfg(debug_assertions)]
fn pass_with(name: &str, path: Option<&Path>) {
    static WANTED: OnceLock<Option<u64>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| std::env::var(VARIABLE).ok()?.parse().ok());
    let Some(wanted) = *wanted else {
        return;
    };
    let point = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if point == wanted {
        let path = path.map_or_else(String::new, |path| format!(": `{}`", path.display()));
        // Whether anybody reads it does not matter any more.
        let _ = writeln!(std::io::stderr(), "dies at point {point}: {name}{path}");
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Passes a point: a release build does not die.
#[cfg(not(debug_assertions))]
pub fn pass(_name: &str) {}

#[cfg(not(debug_assertions))]
pub(crate) fn pass_at(_name: &str, _path: &Path) {}

/// At which point supervisors are to die: a release build has no points.
#[cfg(not(debug_assertions))]
#[must_use]
pub fn of_supervisors() -> Option<std::ffi::OsString> {
    None
}
