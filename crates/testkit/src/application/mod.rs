//! The application under test: one Python file that needs nothing but Python.

use std::fmt;

/// Its source.
pub(crate) const SOURCE: &str = include_str!("app.py");
/// Its Compose file.
pub(crate) const COMPOSE: &str = include_str!("docker-compose.yml");
/// Its Compose file for containers.
pub(crate) const CONTAINERS: &str = include_str!("containers.yml");
/// How its image is built.
pub(crate) const DOCKERFILE: &str = include_str!("Dockerfile");

/// How a release of the application behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// All is well.
    Good,
    /// Ends at once, with exit code 3.
    Crash,
    /// Answers health questions with 503.
    NeverHealthy,
    /// Answers 500 after this many requests.
    FailingAfter(u32),
    /// Ends with exit code 9 after this many requests.
    DiesAfter(u32),
    /// Listens after this many seconds.
    SlowStart(u32),
    /// Has to be killed.
    IgnoresSigterm,
    /// Closes a connection after this many requests, without a word.
    ClosesAfter(u32),
    /// Closes a connection that had nothing to do for this many milliseconds.
    ClosesIdle(u32),
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("ok"),
            Self::Crash => f.write_str("crash"),
            Self::NeverHealthy => f.write_str("never-healthy"),
            Self::FailingAfter(requests) => write!(f, "failing {requests}"),
            Self::DiesAfter(requests) => write!(f, "dies {requests}"),
            Self::SlowStart(seconds) => write!(f, "slow-start {seconds}"),
            Self::IgnoresSigterm => f.write_str("ignores-sigterm"),
            Self::ClosesAfter(requests) => write!(f, "closes-after {requests}"),
            Self::ClosesIdle(millis) => write!(f, "closes-idle {millis}"),
        }
    }
}
