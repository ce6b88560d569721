//! What Shipway remembers: releases, deployments, their journal, leases, the audit trail, secrets,
//! and what is to be told of them.
//!
//! One SQLite file (`shipway.db`, WAL, `synchronous = FULL`) in a directory of
//! mode 0700. Every write is one `BEGIN IMMEDIATE` transaction, and every write
//! about an environment is conditional on the [`Lease`] under which it is made:
//! the words of a deposed holder are refused.

mod audit;
mod backup;
mod branch;
mod carried;
mod deployment;
mod environment;
mod error;
mod fact;
mod gate;
mod history;
mod journal;
mod keyring;
mod lease;
mod lock;
mod message;
mod overview;
mod poll;
#[cfg(test)]
mod power_loss;
mod pruned;
#[cfg(test)]
mod query_plans;
mod release;
mod request;
mod requests;
mod revision;
mod schema;
mod sealed;
mod secret;
pub mod sqlite;
mod store;
mod summary;
mod token;

pub use audit::{Audit, AuditRecord, Tampered, Verified};
pub use carried::Carried;
pub use deployment::{Change, Deployment, NewDeployment};
pub use environment::{Environment, Frozen};
pub use error::{Error, OpenError};
pub use fact::FactRecord;
pub use gate::GateRun;
pub use keyring::{Keyring, KeyringError, Keys};
pub use lease::{Holder, Lease, TakeError};
pub use message::{MessageRecord, MessageState};
pub use overview::Overview;
pub use pruned::Pruned;
pub use request::{Act, NewRequest, Pushed};
pub use requests::{Listed, RequestPage};
pub use revision::Revision;
pub use sealed::{Opened, Sealed};
pub use secret::{NewSecret, SecretRecord};
pub use store::Store;
pub use summary::Summary;
pub use token::{NewToken, TokenRecord};
