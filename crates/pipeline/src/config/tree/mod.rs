//! From a YAML tree to types, and where each value stood.

mod deserialize;
mod placed;

pub use deserialize::{Refused, from_node};
pub(super) use placed::Placed;
