//! Django's migrations: read without running them.
//!
//! [`file`] finds the operations of a file, [`graph`] their order; [`models`] is the state that
//! Django would keep while it applies them, and [`lower`] says what each operation tells
//! PostgreSQL, as Django's schema editor does it. That needs the state: `AlterField` names the
//! new field only.

mod field;
mod file;
mod graph;
mod lower;
mod models;

pub use file::Key;
pub(crate) use file::{Parsed, Read, read};
pub(crate) use graph::Graph;
pub(crate) use lower::lower;
pub(crate) use models::Models;
