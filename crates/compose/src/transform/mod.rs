//! Projects made from projects.
//!
//! A transform changes the typed model and the tree alike, so that what is
//! rendered for an engine is what was decided on.

mod escape;
mod select;

pub use escape::escape_dollars;
pub use select::{Dependencies, select};
