//! The domain: names, configuration, plans, the deployment state machine, routing.
//!
//! Nothing here does I/O, reads a clock or draws a random number: text, time
//! and identities are passed in, decisions come out.

pub mod colour;
pub mod id;
pub mod name;
pub mod route;
pub mod time;
pub mod traffic;
