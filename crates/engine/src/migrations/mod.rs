//! The database's migrations: what is pending, and whether it may run.
//!
//! ```text
//!  commit ─► files ─┐
//!                   ├─► examine ─► Examined ─► the plan's outlook, or a refusal
//!  django_migrations ┘
//! ```

mod alone;
mod applied;
mod examine;
mod files;
mod undo;

pub use alone::{MigrateError, Migrating, What};
pub use applied::{Applied, InvalidIndex};
pub use examine::{Examined, Subject, Why};

pub(crate) use applied::{invalid_indexes, read};
