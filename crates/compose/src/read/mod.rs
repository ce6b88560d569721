//! The typed model from the merged tree.
//!
//! One file for each part of a service. A wrong type is an error with its
//! place, an unknown key a warning with the likely one; reading goes on, so
//! that one run shows everything that is wrong.

mod build;
mod depends_on;
mod env_file;
mod healthcheck;
mod keys;
mod mount;
mod port;
mod process;
mod project;
mod reader;
mod references;
mod restart;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use env_file::{EnvFile, Format, env_files};
pub(crate) use project::project;
pub(crate) use reader::Reader;
