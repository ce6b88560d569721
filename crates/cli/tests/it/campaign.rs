//! Tests that are campaigns as well: a little by themselves, much when `cargo xtask prove` asks.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use shipway_testkit::Sandbox;

/// How often a long campaign tells how far it is.
const TELL_AFTER: Duration = Duration::from_secs(15);

/// What a variable asks for.
pub(crate) fn asked(variable: &str, usual: usize) -> usize {
    let wanted = std::env::var(variable).ok();
    wanted.map_or(usual, |text| text.parse().expect("a number"))
}

/// A size as one reads it.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// How far a campaign is, told now and then.
pub(crate) struct Progress {
    began: Instant,
    told: Instant,
}

// === impl Progress ===

impl Progress {
    pub(crate) fn new() -> Self {
        let began = Instant::now();
        Self { began, told: began }
    }

    /// Tells what `text` returns, where it is time to.
    #[expect(clippy::print_stdout, reason = "a campaign shows how far it is")]
    pub(crate) fn tell(&mut self, text: impl FnOnce() -> String) {
        if self.told.elapsed() >= TELL_AFTER {
            self.told = Instant::now();
            println!("{:>5.0} s: {}", self.began.elapsed().as_secs_f64(), text());
        }
    }
}

/// How much memory the proxies of a sandbox have, looked at now and then.
pub(crate) struct Memory<'a> {
    sandbox: &'a Sandbox,
    at_first: u64,
    at_most: u64,
}

// === impl Memory ===

impl<'a> Memory<'a> {
    pub(crate) fn of(sandbox: &'a Sandbox) -> Self {
        let at_first = sandbox.proxy_memory();
        Self {
            sandbox,
            at_first,
            at_most: at_first,
        }
    }

    /// Looks again, and tells.
    pub(crate) fn look(&mut self) -> String {
        let now = self.sandbox.proxy_memory();
        self.at_most = self.at_most.max(now);
        mebibytes(now)
    }
}

impl Display for Memory<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [at_first, at_most] = [self.at_first, self.at_most].map(mebibytes);
        write!(f, "{at_first} at first, {at_most} at most")
    }
}

/// Says how what a test is at is repeated, should it fail there.
pub(crate) struct Repeat(pub(crate) String);

impl Drop for Repeat {
    #[expect(clippy::print_stderr, reason = "it belongs to the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat it: cargo xtask prove {}", self.0);
        }
    }
}
