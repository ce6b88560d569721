//! Backups of PostgreSQL databases, by the server's own programs.

mod dump;
mod facts;
mod program;
mod restore;
mod swap;

pub(super) use dump::dump;
pub(super) use program::check;
pub(super) use restore::{drop_database, restore_into};
pub(super) use swap::{beginning_with, swap};
