//! Where releases run: the [`Runtime`] trait and one module per runtime.
//!
//! The engine decides what runs; a runtime makes it so and says what is. Every
//! call is safe to repeat: it is given a deterministic name and makes the world
//! as described, whatever an earlier, interrupted call left behind.

mod attached;
mod check;
mod clock;
pub mod compose;
mod contract;
mod export;
mod lines;
mod operate;
pub mod process;
mod registry;
mod runtimes;
mod state;

pub use check::Check;
pub use contract::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, FileContents, Foreign, Form,
    Health, HealthStatus, Instance, Left, Line, Oddities, Origin, Output, Program, Runtime, State,
    StopHow, Stopped, TaskSpec,
};
pub use export::Commit;
pub use operate::{Operate, Usage};
pub use registry::Refusal;
pub use runtimes::Runtimes;
