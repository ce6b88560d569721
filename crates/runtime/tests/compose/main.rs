//! The Compose runtime with a real Docker Engine.
//!
//! Ignored unless asked for: `cargo xtask test` provides an engine and asks.

#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test"
)]

mod aside;
mod build;
mod endings;
mod files;
mod lifecycle;
mod networks;
mod registry;
mod support;
mod tasks;
