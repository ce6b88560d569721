//! Databases of a real PostgreSQL server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod backup;
mod broken;
mod faults;
mod naive_restores;
mod rig;
mod under_load;
