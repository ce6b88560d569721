//! Services as host processes.
//!
//! ```text
//!  engine ─► ProcessRuntime ── starts ──► supervisor (one per instance, own session)
//!                 │  ▲                        │ exec shim: dies with the supervisor
//!                 │  └── status.json, lock ───┤
//!                 │                           ▼
//!                 └── guard ─► build step     the service and its descendants
//!                          └─► one-off task
//! ```
//!
//! Supervisors outlive whoever started them; what they know stands in files
//! (see the module `layout`), so any later process finds, lists and stops them. Guards are the
//! opposite: a build step or task ends with its caller, however that ends.
//!
//! A service manager that starts the deploying daemon must leave the daemon's descendants alone
//! when it stops it (systemd: `KillMode=process`), as they are what serves the users.
//!
//! Linux only: it rests on child subreapers, parent-death signals, process file
//! descriptors and abstract sockets.

mod artifact;
mod attach;
mod build;
mod check;
mod child;
mod files;
mod follow;
mod guard;
mod guarded;
mod helper;
mod identity;
mod launch;
mod launcher;
mod list;
mod log;
mod orphan;
mod placeholder;
mod port;
#[cfg(debug_assertions)]
#[cfg(test)]
mod power_loss;
mod procfs;
mod reaper;
mod runtime;
mod shim;
mod spec;
mod start;
mod status;
mod stop;
mod stop_signal;
mod supervisor;
mod task;
mod usage;

pub use helper::run_helper;
pub use launcher::Launcher;
pub use log::Limits as LogLimits;
pub use port::RANGE as PORT_RANGE;
pub use runtime::ProcessRuntime;
