//! A proxy is replaced by a new process without losing anything.
//!
//! ```text
//!   old                                        new
//!    │ starts the program, a socket at its stdin │
//!    │ ◄──────────────────────────────── Hello   │
//!    │ no change of the table from here on       │
//!    │ Lock, Control, Listener…, Held…, Served…  │
//!    │ Complete ────────────────────────────────►│ reads the table and the certificates
//!    │ ◄──────────────────────── Ready │ Failed  │
//!    │ Go ──────────────────────────────────────►│ takes connections
//!    │ ◄────────────────────────────── Serving   │
//!    │ takes no more connections, gives up the   │ finds the old one by its socket, keeps it
//!    │ lock, finishes as an elder                │ to the table and counts what it counts
//! ```
//!
//! The listening sockets are the very same, so nobody waits in a queue that is closed, and so is
//! the lock: at no moment could a third process take the directory. Until `Serving` the old one
//! has given nothing up: whatever goes wrong before it, it kills the new one and goes on.

mod give;
mod message;
mod take;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use give::{Keys, Successor};
pub(crate) use take::{Inheritance, take};

/// Tells a process that it is to take over, by the socket at its standard input.
const TAKES_OVER: &str = "SHIPWAY_PROXY_TAKES_OVER";

/// Raised when an old process and a new one would not understand each other.
const PROTOCOL: u32 = 1;

/// Why no other process took over.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be started.
    #[error("`{program}` could not be started: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The new process ended.
    #[error("the new process ended before it served: {status}")]
    Ended {
        /// How.
        status: String,
    },
    /// The new process said why it cannot.
    #[error("the new process cannot take over: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// The other process did not answer in time.
    #[error("the other process said nothing for {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// The other process does it in another way.
    #[error("the new program takes over in another way ({theirs}) than this one ({PROTOCOL})")]
    Protocol {
        /// Its way.
        theirs: u32,
    },
    /// The other process said something else than what was its turn.
    #[error("the other process said `{0}` out of turn")]
    Turn(String),
    /// What is handed over is for another directory.
    #[error("the new process is for another directory")]
    Directory,
    /// A certificate that is served now could not be served any more.
    #[error("{reason}")]
    Certificate {
        /// Which, and why.
        reason: String,
    },
    /// The process that hands over has gone.
    #[error("the process that hands over has ended")]
    Gone,
    /// The connection between the two failed.
    #[error("the two processes cannot talk: {0}")]
    Io(#[from] io::Error),
}
