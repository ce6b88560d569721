//! The domain: names, configuration, plans, the deployment state machine, routing.
//!
//! Nothing here does I/O, reads a clock or draws a random number: text, time
//! and identities are passed in, decisions come out.

pub mod access;
pub mod adoption;
pub mod backup;
pub mod bake;
pub mod branch;
pub mod cidr;
pub mod colour;
pub mod config;
pub mod database;
pub mod deployment;
pub mod difference;
pub mod digest;
pub mod dora;
pub mod drift;
#[cfg(test)]
mod fixtures;
pub mod gate;
pub mod host;
pub mod id;
pub mod journal;
pub mod migration;
pub mod name;
pub mod notify;
pub mod pending;
pub mod plan;
pub mod poll;
pub mod promotion;
pub mod push;
pub mod release;
pub mod request;
pub mod retention;
pub mod role;
pub mod route;
pub mod secret;
pub mod strategy;
pub mod time;
pub mod traffic;
pub mod trigger;
pub mod workload;
