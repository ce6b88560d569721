//! The proxy over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod acme;
mod authority;
mod certificates;
mod chain;
mod compress;
mod control;
mod files;
mod hand_over;
mod headers;
mod hostile;
mod http2;
mod https;
mod instances;
mod kit;
mod limits;
mod maintenance;
mod paths;
mod played;
mod replay;
mod resting;
mod reuse;
mod service_manager;
mod state;
mod sticky;
mod streaming;
mod support;
mod switch;
mod wire;
