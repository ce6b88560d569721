//! Reference pages as text. Reads and writes nothing.

mod commands;
mod difference;

pub(crate) use commands::commands;
pub(crate) use difference::difference;
