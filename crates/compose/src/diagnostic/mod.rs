//! What is wrong with a file, where, and what to do about it.
//!
//! [`Code`] is the registry of all that can be wrong, with a page for each.
//! Beyond that nothing here knows Compose: any YAML file read with
//! [`yaml::parse`](crate::yaml::parse) can be reported on.

mod code;
mod level;
mod message;
mod render;
mod sources;
mod suggest;

pub use code::{Area, Code, UnknownCode};
pub use level::{Level, UnknownLevel};
pub use message::{Diagnostic, Label, Severity};
pub use render::{Color, render_all};
pub use sources::{Source, SourceKind, Sources};
pub use suggest::{did_you_mean, nearest};
