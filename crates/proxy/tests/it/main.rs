//! The proxy over real sockets.

mod control;
mod headers;
mod reuse;
mod state;
mod streaming;
mod support;
mod switch;
mod wire;
