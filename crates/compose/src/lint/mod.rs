//! Warnings about what is valid and bites in production.
//!
//! Each lint is a pure function over a loaded project. [`Context`] says what
//! the Compose files do not: what a service is to a deployment, and what kind
//! of environment it is. The module `table` lists the lints and from which [`Stage`] on
//! each matters, so that a development environment hears of nothing that is
//! right there.

mod command;
mod container_name;
mod context;
mod credential;
mod health;
mod host;
mod image;
mod limits;
mod links;
mod port;
mod protection;
mod restart;
mod secret;
mod setting;
mod source_mount;
mod subject;
mod table;
#[cfg(test)]
mod testing;
mod unused;
mod volume;

pub use context::{Context, Role, Stage};
pub use table::lint;
