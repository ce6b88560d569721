//! Carries out plans: journal, executor, recovery, steps.
//!
//! ```text
//!  deploy / promote / rollback ─► lease ─► recover ─► plan ─► audit ─► Executor
//!                                                                     │  ▲
//!                                             Effect::Perform, Look   ▼  │ Event
//!                                                    perform::* ─► Runtime, Router
//! ```
//!
//! What happens is told as one stream of [`event::Event`]s; nothing here prints.

pub mod backup;
pub mod certificates;
pub mod clock;
pub mod database;
pub mod deploy;
pub mod down;
pub mod ending;
pub mod event;
mod executor;
pub mod gates;
pub mod git;
pub mod kept;
pub mod live;
pub mod maintenance;
pub mod migrations;
pub mod notify;
pub mod observe;
mod perform;
pub mod ports;
pub mod project;
pub mod prune;
pub mod recover;
pub mod release;
pub mod releases;
pub mod renew;
pub mod resources;
pub mod restore;
pub mod rollback;
pub mod scale;
pub mod secrets;
pub mod status;
pub mod sweep;
pub mod trigger;
mod undertake;

pub use executor::{Engine, ExecutorError, Interrupt, Interrupts};
