//! What instances write: rotated while they run, read from the end, kept for a while after.

mod archive;
mod rotate;
mod tail;

pub(super) use archive::{archive, newest_archived};
pub use rotate::Limits;
pub(super) use rotate::Log;
pub(super) use rotate::newest;
pub(super) use tail::{last_lines, last_lines_and_rest, last_lines_of_file};
