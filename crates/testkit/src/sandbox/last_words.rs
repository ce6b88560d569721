//! What a test that failed has to show.

use std::ffi::OsString;
use std::fs;

use super::Sandbox;

/// How much of the proxy's log.
const LINES: usize = 60;
/// Says how much the program writes down there, as it does outside of tests.
const LEVEL: &str = "SHIPWAY_LOG";

/// The variable, where whoever runs the test has set it.
pub(super) fn wanted() -> Option<(&'static str, OsString)> {
    std::env::var_os(LEVEL).map(|level| (LEVEL, level))
}

impl Drop for Sandbox {
    /// Shows what the proxy had to say, before it is removed.
    #[expect(clippy::print_stderr, reason = "it is read with the failure")]
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(log) = fs::read_to_string(self.proxy().join("proxy.log"))
        {
            let lines: Vec<&str> = log.lines().rev().take(LINES).collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            eprintln!("the proxy's last lines:\n{}", lines.join("\n"));
        }
    }
}
