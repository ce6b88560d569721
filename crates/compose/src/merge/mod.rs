//! Several files made into one, by the specification's rules.
//!
//! ```text
//! file ── normalise ──┐
//! file ── normalise ──┴── merge ── settle ── tree
//! ```
//!
//! Mappings merge by key, lists append, scalars are replaced. The table in
//! `rules.rs` holds the exceptions. [`normalise`] first gives every file the
//! same form for what may be written as a mapping or a list, so that merging
//! meets one form only.

mod combine;
mod identity;
mod normalise;
mod pools;
mod rules;
mod settle;

pub use combine::merge;
pub(crate) use combine::{merge_all, merge_service};
pub(crate) use identity::deduplicate;
pub use normalise::normalise;
pub(crate) use rules::Identity;
pub use settle::settle;
