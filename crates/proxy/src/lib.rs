//! The data plane: routes requests to the live colour.
//!
//! A proxy is a process of its own ([`run`]) that the engine tells through a
//! unix socket ([`control::Client`]) what to route. The routing table is one
//! immutable value; a switch swaps it, and nothing else: clients keep their
//! connections, and each request goes by the table it started on.
//!
//! ```text
//!   engine ─ control::Client ─► control ─ registry ─ state file
//!                                              │ swaps the table
//!   clients ─► worker: session ─ request ─ upstream ─► instances
//! ```
//!
//! HTTP/1.1 is spoken on both sides, HTTP/2 to clients that want it, and TLS to
//! clients where a route has a certificate ([`check_certificate`]) or has one issued. It leaves to
//! others: what to route and when (engine), and starting the process (command line).

mod access;
mod acme;
mod body;
mod claim;
mod closed;
mod compress;
pub mod control;
mod elder;
mod files;
#[cfg(test)]
mod fuzz;
mod handover;
mod hold;
mod listen;
mod lock;
mod notify;
mod options;
pub mod probe;
mod quota;
mod registry;
mod request;
mod room;
mod run;
mod session;
mod signals;
mod state;
mod status;
mod sticky;
mod table;
mod tally;
mod tls;
mod upstream;
mod view;
mod wire;
mod worker;

pub use access::{AccessLog, LogPlace};
pub use handover::Error as HandOverError;
pub use lock::Error as DirectoryError;
pub use options::{Limits, Options, Paths};
pub use run::{Error, run};
pub use shipway_pipeline::cidr::{Cidr, InvalidCidr};
pub use state::Error as StateError;
pub use tls::{Error as CertificateError, check_certificate};
