//! The control API: HTTP/1 with JSON over a unix socket.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `PUT /v1/route` | [`Route`](shipway_pipeline::route::Route) | [`Put`] |
//! | `DELETE /v1/route` | [`Target`] | [`Deleted`] |
//! | `GET /v1/routes` | – | routes, with epochs and generations |
//! | `GET /v1/status` | – | [`Status`] |
//! | `POST /v1/hold` | [`HoldFor`] | [`Held`] |
//! | `POST /v1/resume` | [`Target`] | [`Held`] |
//! | `POST /v1/maintenance` | [`Maintain`] | [`Maintained`] |
//! | `POST /v1/cut` | [`Cut`] | [`InFlight`](shipway_pipeline::traffic::InFlight) |
//! | `POST /v1/listen` | [`Listen`] | – |
//! | `POST /v1/certificate` | [`CheckTls`] | – |
//! | `POST /v1/reload` | – | [`Reloaded`] of each route with a certificate |
//! | `POST /v1/probe` | [`Question`](crate::probe::Question) | [`Probed`] |
//! | `GET /v1/health` | – | [`Health`] |
//! | `GET /v1/metrics` | – | Prometheus' text format |
//! | `POST /v1/hand-over` | [`HandOver`] | [`HandedOver`], when another process serves |
//! | `POST /v1/shutdown` | – | – |
//!
//! What is refused is answered with a [`Refusal`] and changes nothing.
//!
//! When a `PUT` is answered, the route is on disk, every worker has it, and no
//! request is claimed by the route before it any more: a worker reads the table
//! and claims a request in one go, and each has passed an order after the swap.
//! So from then on the in-flight counts of what is no longer routed only fall.
//!
//! After a hand-over the old process is an *elder*, which has a socket of its own for the one
//! that took over: `PUT /v1/follow` with the table, `GET /v1/part` for its counts, and hold,
//! resume, cut and shutdown as above. All of the above holds for elders as well.

mod address;
mod api;
mod bridge;
mod callers;
mod certificate;
mod client;
mod dial;
mod elder;
mod handing;
mod maintenance;
mod metrics;
mod relay;
mod server;
mod way;

pub use api::{
    Cut, Deleted, DeploymentStatus, Finishing, HandOver, HandedOver, Health, Held, HoldFor,
    InstanceStatus, Listen, Probed, Put, Refusal, RouteStatus, Status, Target, Unbound,
};
pub use bridge::bridge;
pub use certificate::{CheckTls, Issued, Reloaded, TlsStatus};
pub use client::{Client, Error};
pub use dial::{Dial, Stream};
pub use maintenance::{Closure, Maintain, Maintained};

pub use address::Address;
pub(crate) use elder::{Counts, Follow, Part};
pub(crate) use server::{Door, Server};
