//! `shipway.yml`: from text to what holds for each environment.
//!
//! ```text
//! text ──► tree ──► compared with the schema ──► raw (serde) ──► validate ──► Config
//!
//!                    raw ──► schema ──► reference, annotated defaults
//! ```

mod database;
mod default;
mod environment;
mod error;
mod judgement;
mod migrations;
mod project;
mod quantity;
mod raw;
mod reach;
pub mod reference;
mod route;
mod schema;
mod tls;
mod tree;
mod validate;

pub use database::{Backup, Database, S3};
pub use environment::{Confirm, Environment, PerBranch, RuntimeKind, Trigger, WhenFull};
pub use judgement::{Bake, Drain, Health, OnInconclusive, Timeouts};
pub use migrations::{Migrations, Tool};
pub use project::{Config, Migrate, Registry, ServiceConfig};
pub(crate) use quantity::serialize_duration;
pub use quantity::{parse_duration, parse_ratio, render_duration};
pub use reach::Unreached;
pub use route::RouteConfig;
pub use schema::{schema, schema_text};
pub use tls::Tls;
pub use tree::{Refused, from_node};
pub use validate::parse;
