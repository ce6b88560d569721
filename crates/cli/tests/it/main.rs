//! The binary as its users meet it: real processes, real HTTP, real crashes.

mod common;
mod deploy;
