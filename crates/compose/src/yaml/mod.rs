//! A YAML tree in which every node knows where it stands.
//!
//! The tree is untyped on purpose: Compose interpolates, merges and extends
//! before anything has a type, and a plain `1.10` must still be `1.10` then.
//! [`parse`] resolves what belongs to YAML (anchors, merge keys, tags) within
//! [limits](Limits) and leaves what belongs to Compose to the other modules;
//! [`render`] writes a tree back so that any YAML reader sees the same values.

mod build;
mod limits;
mod mapping;
mod merge_key;
mod node;
mod number;
mod position;
mod render;
mod scalar;
mod span;
mod tag;

pub use build::parse;
pub use limits::Limits;
pub use mapping::{Entry, Mapping};
pub use node::{Node, Value};
pub use number::Number;
pub use render::render;
pub use scalar::{Scalar, ScalarKind, Style};
pub use span::Span;
pub use tag::Tag;
