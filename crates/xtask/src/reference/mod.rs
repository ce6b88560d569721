//! Reference pages as text. Reads and writes nothing.

mod commands;
mod compose;
mod configuration;
mod difference;
mod migrations;

pub(crate) use commands::commands;
pub(crate) use compose::compose;
pub(crate) use configuration::configuration;
pub(crate) use difference::difference;
pub(crate) use migrations::migrations;

/// A page that says that it is made.
pub(crate) fn page(text: &str) -> String {
    format!(
        "<!-- Made by `cargo xtask generate` from what the program says. Do not edit. -->\n\n{text}"
    )
}
