//! Sets up a container engine on a fresh Debian or Ubuntu machine, for our own tests.
//!
//! Nobody who has Docker needs it. Everything is taken from the packages of the machine's own
//! mirrors; docs/howto/engine-on-a-fresh-machine.md tells what ends up where.
//!
//! ```text
//! everything ─┬─ engine ─── system (apt as root), daemon (dockerd), tools (plugins)
//!             ├─ registry ─ tools, daemon
//!             ├─ images ─── base (debootstrap) ─── stand_in (docker build)
//!             └─ tools ──── apt (beside the machine's own), sources, release
//! ```
//!
//! Commands are built by plain functions and tested as values; what reads and runs is thin, and
//! bounded in time (`bounded`, `answer`).

mod answer;
mod apt;
mod base;
pub(crate) mod bounded;
mod daemon;
mod digest;
mod engine;
mod everything;
mod images;
mod machine;
mod places;
mod quiet;
mod registry;
mod release;
mod sources;
mod stand_in;
mod system;
pub(crate) mod tools;

pub(crate) use everything::{describe, has_engine, provide, stop};
pub(crate) use images::StandIns;
pub(crate) use places::Places;
pub(crate) use stand_in::LABEL as STAND_IN;
