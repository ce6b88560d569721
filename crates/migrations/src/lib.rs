//! Database migrations: what they do, what they lock, what they break.
//!
//! Reads Django's migrations and files of SQL without Python and without a
//! database, and says which of them cannot be applied while the application
//! runs. Nothing here touches files, the environment or the clock: texts are
//! handed in.
//!
//! ```text
//!  *.py ── python ──► django ──┐ replayed in the order of their graph
//!                              ├──► changes ──► rules ──► findings ── waivers
//!  *.sql ──────────── sql ─────┘        │          ▲
//!                                       └► schema ─┘ what was before
//! ```
//!
//! Both languages become the same changes, so one set of [rules](rules()) serves
//! both. What a rule has to know of the time before, such as a column's old
//! type, comes from replaying all migrations before. What cannot be known from
//! the files is a finding of its own and never counts as safe.
//!
//! # Example
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use shipway_migrations::{File, Request, Settings, check};
//!
//! let files = [
//!     File::new("sql/1_start.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);"),
//!     File::new("sql/2_more.sql", "ALTER TABLE notes ADD COLUMN body text NOT NULL;"),
//! ];
//! let settings = Settings::default();
//! let report = check(&Request {
//!     files: &files,
//!     settings: &settings,
//!     only: None,
//!     edited: &BTreeSet::new(),
//!     running: &[],
//! });
//!
//! assert_eq!(report.findings[0].rule.id, "add-required");
//! assert_eq!(report.findings[0].line_and_column(&files), (1, 1));
//! ```

mod change;
mod check;
mod claims;
mod django;
mod file;
mod finding;
mod python;
mod rules;
mod schedule;
mod schema;
mod settings;
mod sql;
mod types;
mod waiver;

pub use change::Lock;
pub use check::{Checked, Effect, Known, Report, Request, check, known, tables};
pub use claims::{Claim, SERVER, SETUP, claims};
pub use django::Key;
pub use file::File;
pub use finding::Finding;
pub use rules::{Phase, Rule, rule, rules};
pub use schedule::{Conflict, Schedule, Turn, schedule};
pub use settings::{Settings, Severity};
