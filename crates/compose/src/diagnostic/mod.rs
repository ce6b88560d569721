//! What is wrong with a file, where, and what to do about it.
//!
//! [`Code`] is the registry of all that can be wrong, with a page for each.
//! Beyond that nothing here knows Compose: any YAML file read with
//! [`yaml::parse`](crate::yaml::parse) can be reported on.

mod code;
mod explain;
mod github;
mod json;
mod level;
mod levels;
mod message;
mod place;
mod render;
mod report;
mod sarif;
mod sources;
mod suggest;
#[cfg(test)]
mod tests;

pub use code::{Area, Code, UnknownCode};
pub use explain::{explain, explain_all};
pub use github::github;
pub use json::{JsonReport, json};
pub use level::{Level, UnknownLevel};
pub use levels::{AlwaysError, Levels};
pub use message::{Diagnostic, Label, Severity};
pub use place::Place;
pub use render::{Color, render_all, render_report};
pub use report::{Finding, Report};
pub use sarif::sarif;
pub use sources::{Source, SourceKind, Sources};
pub use suggest::{did_you_mean, nearest};
