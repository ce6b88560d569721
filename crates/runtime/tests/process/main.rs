//! The process runtime with real processes.

mod build;
mod environment;
mod health;
mod lifecycle;
mod logs;
mod orphans;
mod ports;
mod restart;
mod support;
mod tasks;
