//! The supervisor: one small process per instance, which outlives whoever started it.
//!
//! ```text
//!  starter ── stdin: the locked lock file ──► supervisor ── status.json, log ──► readers
//!          ◄── stdout: "started" or why not ──     ▲
//!  stopper ──────────── SIGTERM ───────────────────┘
//! ```
//!
//! The lock comes locked from the starter, so there is no moment at which a living instance could
//! be taken for a dead one. Single-threaded: a parent-death signal is tied to the thread that
//! started the child, and a host runs many supervisors.

mod detach;
mod health;
mod instance;
mod monitor;
mod output;
mod report;
mod restart;
mod run;

pub(super) use detach::detach;
pub(super) use report::parse as parse_report;
pub(super) use run::run;
