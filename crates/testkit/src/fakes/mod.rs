//! A runtime and a router without processes or sockets, over one [`World`].
//!
//! ```text
//!  Engine ──► FakeRuntime ─┐
//!         ──► FakeRouter  ─┴─► World: instances, routes, traffic, a log of calls
//!                               │
//!  test   ──► Fault ────────────┘  and what no deployment may ever break
//! ```
//!
//! They do what their contracts say, in memory. After every effect the world
//! checks what must always hold (see [`World::violations`]); a test arranges
//! at which call the world fails, or lets the caller hang or die.

mod call;
mod check;
mod fault;
mod router;
mod runtime;
mod state;
mod world;

pub use call::Call;
pub use fault::{Fault, Moment, Of, Then};
pub use router::FakeRouter;
pub use runtime::FakeRuntime;
pub use state::{Ailment, Member};
pub use world::World;
