//! The proxy on another host, as a container of its engine.
//!
//! ```text
//!  this machine                            │ the other host
//!  control client ─ dial ─► Engine API ════╪═► exec `shipway proxy dial` ─► control.sock
//!                                          │        in the container of `shipway proxy`
//! ```
//!
//! Its image is made of this very program, without a registry and without a base. It has the
//! host's network, since it listens there and reaches containers by their addresses, and a volume
//! for its routes. No port is opened for its control API.

mod container;
mod dial;
mod elf;
mod image;
mod parts;

pub use container::ProxyContainer;
pub use dial::Dialled;
