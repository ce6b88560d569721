//! The typed model from the canonical tree.
//!
//! Types and forms have been checked: what is read here either is right or
//! has been complained of. Only [`references`] and [`consistency`] still look
//! for mistakes, those that no single value shows.

mod consistency;
mod field;
mod healthcheck;
mod mount;
mod process;
mod project;
mod reader;
mod references;
mod resources;
mod restart;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use consistency::check as check_consistency;
pub(crate) use field::Home;
pub(crate) use project::{project, service_map};
pub(crate) use reader::Reader;
pub(crate) use references::check as check_references;
