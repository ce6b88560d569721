//! The engine over a world in memory, with a real store: every strategy, every way in which a
//! deployment can be broken off, at every call.

mod abort;
mod bake;
mod crash;
mod deadline;
mod failure;
mod frozen;
mod held;
mod history;
mod journal;
mod notify;
mod perform;
mod rig;
mod scale;
mod scenario;
mod success;
