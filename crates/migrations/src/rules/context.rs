//! What a rule sees.

use super::Facts;
use crate::change::{Change, Lock, Transaction};
use crate::check::{Columns, Language, Migration};
use crate::schema::Schema;
use crate::settings::Settings;

/// A change, and all that is known around it.
pub(crate) struct Context<'a> {
    pub(crate) change: &'a Change,
    /// The table of the change, if it was there before.
    pub(crate) table_in_use: Option<&'a str>,
    /// The lock that the change takes on a table that is in use.
    pub(crate) lock: Option<Lock>,
    /// What the same migration does before and after it.
    pub(crate) facts: &'a Facts,
    pub(crate) migration: &'a Migration,
    /// The migration's number in the order of replay.
    pub(crate) number: usize,
    pub(crate) transaction: Transaction,
    /// The tables before the change.
    pub(crate) schema: &'a Schema,
    pub(crate) settings: &'a Settings,
    /// The tables that code which runs knows, one entry for each release.
    pub(crate) running: Option<&'a [Columns]>,
    /// The tables that the code knows which the migrations are for.
    pub(crate) next: &'a Columns,
}

// === impl Context ===

impl Context<'_> {
    /// Whether the same migration makes the table, so that nobody uses it yet.
    pub(super) fn is_new(&self, table: &str) -> bool {
        self.schema.is_made_by(table, self.number)
    }

    /// Whether the same migration makes the column.
    pub(super) fn is_new_column(&self, table: &str, column: &str) -> bool {
        self.schema
            .column(table, column)
            .is_some_and(|state| state.made_by == Some(self.number))
    }

    pub(super) fn is_django(&self) -> bool {
        self.migration.language == Language::Django
    }

    pub(super) fn is_atomic(&self) -> bool {
        self.transaction == Transaction::Atomic
    }

    /// Whether no code that runs names a table, as far as that can be known.
    pub(super) fn is_unused_table(&self, table: &str) -> bool {
        self.is_django()
            && self
                .running
                .is_some_and(|releases| releases.iter().all(|tables| !tables.contains_key(table)))
    }

    /// Whether no code that runs names a column, as far as that can be known.
    ///
    /// A table that no model has may belong to code that is not Django's.
    pub(super) fn is_unused_column(&self, table: &str, column: &str) -> bool {
        self.is_django()
            && self.running.is_some_and(|releases| {
                releases.iter().all(|tables| {
                    tables
                        .get(table)
                        .is_some_and(|columns| !columns.contains(column))
                })
            })
    }
}
