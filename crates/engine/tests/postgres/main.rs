//! Databases of a real PostgreSQL server.

mod access;
mod rig;
