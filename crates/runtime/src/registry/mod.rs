//! What is asked of a registry itself, rather than of the engine.
//!
//! ```text
//!  build ──► engine ── push ──► registry ◄── pull ── engine, where the image runs
//!                                  ▲
//!            digests, tags, indexes: here, by the registry's API; no image is moved
//! ```

mod client;
mod credentials;
mod index;
mod refusal;

pub(crate) use client::Registry;
pub use refusal::Refusal;
