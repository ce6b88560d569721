//! What benchmarks are made of: a backend, proxies in front of it, load, and figures.
//!
//! ```text
//! load (wrk, or our own) ──► contender: ours, a peer, or none ──► backend (in this process)
//!                                │ /proc: CPU and memory of all its processes
//! ```

mod backend;
mod load;
mod numbers;
mod peers;
mod running;
mod shipway;
mod usage;

pub(crate) use backend::{Backend, LARGE};
pub(crate) use load::{CONNECTIONS, Generator, Sample, Target};
pub(crate) use numbers::{median, percentile, ratio};
pub(crate) use peers::{Front, HOST, Peer, install, missing};
pub(crate) use running::{Running, free_address};
pub(crate) use shipway::{Shipway, route, route_of};
pub(crate) use usage::{
    cpu_seconds, proportional_bytes, proportional_bytes_of_tree, resident_bytes,
};
