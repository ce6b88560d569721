//! What the engine needs of the world, besides [`shipway_runtime::Runtime`].

mod proxy;
mod router;
mod routers;

pub use proxy::{ProxyLauncher, ProxyRouter, client_of};
pub use router::{Router, RouterError, Traffic};
pub use routers::Routers;
