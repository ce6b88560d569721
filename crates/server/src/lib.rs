//! The daemon: it answers the HTTP API, on a unix socket and where wanted on TCP, takes webhooks,
//! has requests carried out, and has people told what happens.
//!
//! ```text
//! unix socket ─┐
//! TCP, TLS ────┼─► connection ─► guard: who calls, may they, how often ─► operation ─► store
//! systemd's ───┘                                                            │
//!                                        what runs, looked at in the background
//!
//! store: open requests ──► queue ──► children, one for each request that has its turn
//! the clock ──► backups ──► a child that makes and proves what is due
//! ```
//!
//! A list never waits for a runtime: what runs is observed beside the calls, and told with the
//! time at which it was seen. Nothing that a deployment needs lives in this process.

mod api;
mod backups;
mod caller;
pub mod client;
mod connection;
mod git;
mod hook;
mod limit;
mod listen;
mod metrics;
mod notify;
mod observed;
mod options;
mod poll;
mod problem;
mod project;
mod queue;
mod serve;
mod shared;
mod sweep;
mod telling;
mod tidy;
mod token;

pub use api::openapi;
pub use hook::{HookSecret, Provider};
pub use listen::ListenError;
pub use options::{Carrier, FindHookSecret, Observe, Observed, Options, Tell, Tls, Told};
pub use queue::events_of;
pub use serve::{ServeError, is_served, run};
pub use token::Token;
