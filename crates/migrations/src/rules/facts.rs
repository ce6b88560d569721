//! What a migration does elsewhere, gathered once.
//!
//! Rules that looked through all other steps would take the square of a long file's time.

use std::collections::BTreeSet;

use crate::change::{Change, Lock, Step, Transaction};

/// What a migration does before and after the step at hand.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Columns whose default is dropped anywhere in it.
    dropped_defaults: BTreeSet<(String, String)>,
    /// Whether it locks a table that was there before.
    pub(super) locks: bool,
    /// The table that the transaction at hand keeps everybody out of.
    pub(super) locked: Option<String>,
    /// Whether a lock was asked for, or lock_timeout set.
    pub(super) has_asked: bool,
    made: BTreeSet<String>,
    cleared: BTreeSet<String>,
}

// === impl Facts ===

impl Facts {
    /// Gathers what does not depend on the place.
    pub(crate) fn of(steps: &[Step]) -> Self {
        let new: BTreeSet<&str> = steps
            .iter()
            .filter_map(|step| match &step.change {
                Change::CreateTable(table) => Some(table.name.as_str()),
                _ => None,
            })
            .collect();
        let in_use = |change: &Change| !change.table().is_some_and(|table| new.contains(table));
        Self {
            dropped_defaults: steps
                .iter()
                .filter_map(|step| match &step.change {
                    Change::DropDefault { table, column } => Some((table.clone(), column.clone())),
                    _ => None,
                })
                .collect(),
            locks: steps
                .iter()
                .any(|step| step.change.lock().is_some() && in_use(&step.change)),
            ..Self::default()
        }
    }

    /// Takes in a change that rules have looked at, with the lock that it takes on a table in use.
    pub(crate) fn take(&mut self, change: &Change, lock: Option<Lock>) {
        self.has_asked |= lock >= Some(Lock::Share) || *change == Change::SetLockTimeout;
        if lock == Some(Lock::AccessExclusive) && self.locked.is_none() {
            self.locked = change.table().map(str::to_owned);
        }
        match change {
            Change::Transaction(Transaction::None) => self.locked = None,
            Change::CreateIndex { index, .. } => self.made.extend(index.name.clone()),
            Change::DropIndex { name, .. } => self.cleared.extend(name.clone()),
            _ => {}
        }
    }

    pub(super) fn drops_default(&self, table: &str, column: &str) -> bool {
        self.dropped_defaults
            .contains(&(table.to_owned(), column.to_owned()))
    }

    /// Whether it has made an index of this name.
    pub(super) fn has_made(&self, index: &str) -> bool {
        self.made.contains(index)
    }

    /// Whether it has dropped an index of this name, or one that failed to build.
    pub(super) fn has_cleared(&self, index: &str) -> bool {
        self.cleared.contains(index)
    }
}
