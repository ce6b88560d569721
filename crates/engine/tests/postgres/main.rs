//! Databases of a real PostgreSQL server.

mod access;
mod backup;
mod broken;
mod rig;
