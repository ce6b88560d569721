//! The one form that a document has once all its files are read.
//!
//! ```text
//! per layer    long ─ paths            short forms expanded, paths absolute
//! at the end   implied ─ used ─ format what Compose adds, drops and rewrites
//! ```
//!
//! The result equals `docker compose config` in value. What has a wrong type
//! is left as it is: the check complains of it.

mod edit;
mod format;
mod implied;
mod long;
mod paths;
mod port;
mod used;

pub(crate) use edit::services;
pub(crate) use format::format;
pub(crate) use implied::{add_contexts, imply, pass_on};
pub(crate) use long::lengthen;
pub(crate) use paths::Paths;
pub(crate) use used::{keep_used, unused};
