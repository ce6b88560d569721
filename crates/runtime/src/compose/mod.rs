//! Services as containers, by Docker Compose.
//!
//! ```text
//!  engine ─► ComposeRuntime ── docker compose up ──► containers, one for each instance
//!                 │      └──── docker compose build ► images
//!                 └── Engine API: what exists, its health and exit, its logs; networks, volumes
//! ```
//!
//! What runs in a slot is a Compose project of its own, rendered from the canonical document of
//! the user's files (see the module `render`). Each instance is a service of that project, so
//! that it has one name for ever: Compose's own scaling numbers containers by what else exists.
//!
//! | slot | project | networks |
//! | --- | --- | --- |
//! | shared | `<project>-<environment>` | the document's |
//! | blue, green | `<project>-<environment>-<colour>` | the document's, one of its own for each |
//!
//! The shared containers are connected to the networks of both colours. On them `db` means the
//! one database, and `web` the web of the own colour: one network for both colours would mix
//! them. Networks and volumes are made through the API and are external to every project, so
//! that no `down` of a project can remove them.
//!
//! Where an environment adopts a Compose project that ran before, the document has that project's
//! names, so its volumes and networks are used, and its shared containers are instances here
//! without being made (see the module `adopt`).
//!
//! What Docker Compose says of success is not believed: it takes a container that dies after a
//! second for healthy. The engine is asked.

mod access;
mod addresses;
mod adopt;
mod aside;
mod attach;
mod before;
mod build;
mod carry;
mod check;
mod cli;
mod connect;
mod development;
mod engine;
mod far_files;
mod fetch;
mod files;
mod image;
mod instance;
mod label;
mod layers;
mod list;
mod name;
mod neighbour;
mod network;
mod oddities;
mod program;
mod proxy;
mod remove;
mod render;
mod runtime;
mod ssh;
mod start;
mod stop;
mod task;
#[cfg(test)]
mod testing;
mod usage;
mod volume;

pub use cli::Cli;
pub use development::Development;
pub use proxy::{Dialled, ProxyContainer};
pub use runtime::{ComposeRuntime, running_projects};
