//! TLS on the clients' side: which certificate answers for which name.
//!
//! ```text
//!   registry ─► keyring ── files ─► certificate (a rustls configuration)
//!                  │ swaps                 │
//!                  ▼                       ▼
//!   worker: handshake ── asks by name ─► site (one per address)
//! ```
//!
//! Keys are known by the paths of their files: neither the state nor a log
//! nor an answer of the control API has anything else of them. The handshake
//! itself is the worker's.

mod certificate;
mod files;
mod keyring;
mod names;
mod site;

use std::time::SystemTime;

use shipway_pipeline::route::Tls;

use certificate::Protocol;
use files::Files;

pub use certificate::Error;
pub(crate) use certificate::HTTP2;
pub(crate) use keyring::{Kept, Keyring};
pub(crate) use site::Site;

/// Checks whether a proxy could use a certificate for these hosts, by reading it.
///
/// # Errors
/// In one line why not, and the way out.
pub fn check_certificate(tls: &Tls, hosts: &[String]) -> Result<(), String> {
    let files = Files::of(tls);
    let checked = || {
        let certificate = Protocol::new().load(&files)?;
        certificate.check_time(&files, now())?;
        certificate.check_hosts(&files, hosts)
    };
    checked().map_err(|error: Error| error.to_string())
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}
