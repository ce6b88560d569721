//! Sets up a container engine on a fresh Debian or Ubuntu machine, for our own tests.
//!
//! Nobody who has Docker needs it. Everything is taken from the packages of the machine's own
//! mirrors; docs/howto/engine-on-a-fresh-machine.md tells what ends up where.
//!
//! Commands are built by plain functions and tested as values (`apt`); what reads and runs is thin.

mod apt;
mod bounded;
mod places;
mod release;
mod sources;
pub(crate) mod tools;

pub(crate) use places::Places;
