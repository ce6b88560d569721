//! What Shipway remembers: releases, deployments, their journal, leases, the audit trail.
//!
//! One SQLite file (`shipway.db`, WAL, `synchronous = FULL`) in a directory of
//! mode 0700. Every write is one `BEGIN IMMEDIATE` transaction, and every write
//! about an environment is conditional on the [`Lease`] under which it is made:
//! the words of a deposed holder are refused.

mod audit;
mod deployment;
mod environment;
mod error;
mod lease;
mod lock;
mod release;
mod schema;
mod store;

pub use audit::{Audit, AuditRecord};
pub use deployment::{Change, Deployment, NewDeployment};
pub use environment::{Environment, Frozen};
pub use error::{Error, OpenError};
pub use lease::{Holder, Lease, TakeError};
pub use store::Store;
