//! The process runtime with real processes.

#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test"
)]

mod build;
mod environment;
mod files;
mod health;
mod lifecycle;
mod logs;
mod orphans;
mod ports;
mod restart;
mod support;
mod tasks;
