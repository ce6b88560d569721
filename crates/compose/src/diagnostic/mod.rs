//! What is wrong with a file, where, and what to do about it.
//!
//! Nothing here knows Compose: any YAML file read with
//! [`yaml::parse`](crate::yaml::parse) can be reported on.

mod message;
mod render;
mod sources;
mod suggest;

pub use message::{Diagnostic, Label, Severity};
pub use render::{Color, render_all};
pub use sources::{Source, Sources};
pub use suggest::{did_you_mean, nearest};
