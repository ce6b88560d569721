//! The tables as the migrations before have made them.

use std::collections::BTreeMap;

use crate::change::{Change, Column, Constraint, ConstraintKind, Fill};
use crate::types::Type;

/// Tables by name. Those of which no migration tells are not in it.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    tables: BTreeMap<String, Known>,
}

/// What is known of a table.
#[derive(Debug, Default)]
struct Known {
    columns: BTreeMap<String, ColumnState>,
    constraints: Vec<Constraint>,
    /// The number of the migration that makes it; `None` where one only changes it.
    made_by: Option<usize>,
}

/// What is known of a column.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnState {
    pub(crate) type_: Option<Type>,
    pub(crate) is_required: Option<bool>,
    pub(crate) has_default: bool,
    /// The number of the migration that makes it.
    pub(crate) made_by: Option<usize>,
}

// === impl Schema ===

impl Schema {
    /// Whether a migration makes this table itself, so that nobody uses it yet.
    pub(crate) fn is_made_by(&self, table: &str, migration: usize) -> bool {
        self.tables
            .get(table)
            .is_some_and(|known| known.made_by == Some(migration))
    }

    pub(crate) fn column(&self, table: &str, column: &str) -> Option<&ColumnState> {
        self.tables.get(table)?.columns.get(column)
    }

    /// Whether a valid constraint says that a column is never null.
    pub(crate) fn is_proven_not_null(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|known| {
            known.constraints.iter().any(|constraint| {
                let said = ConstraintKind::Check {
                    not_null: Some(column.to_owned()),
                };
                constraint.is_valid && constraint.kind == said
            })
        })
    }

    /// Brings it up to a change that a migration makes.
    pub(crate) fn apply(&mut self, change: &Change, migration: usize) {
        match change {
            Change::CreateTable(table) => {
                let columns = table.columns.iter();
                let known = Known {
                    columns: columns
                        .map(|column| (column.name.clone(), state(column, migration)))
                        .collect(),
                    constraints: table.constraints.clone(),
                    made_by: Some(migration),
                };
                self.tables.insert(table.name.clone(), known);
            }
            Change::DropTable { table } => {
                self.tables.remove(table);
            }
            Change::RenameTable { table, to } => {
                if let Some(known) = self.tables.remove(table) {
                    self.tables.insert(to.clone(), known);
                }
            }
            Change::AddColumn { table, column } => {
                let known = self.tables.entry(table.clone()).or_default();
                known
                    .columns
                    .insert(column.name.clone(), state(column, migration));
            }
            Change::AddConstraint { table, constraint } => {
                let known = self.tables.entry(table.clone()).or_default();
                known.constraints.push(constraint.clone());
            }
            other => self.apply_to_known(other),
        }
    }

    /// Changes that say nothing new of a table that is not known.
    fn apply_to_known(&mut self, change: &Change) {
        let Some(known) = change.table().and_then(|table| self.tables.get_mut(table)) else {
            return;
        };
        match change {
            Change::DropColumn { column, .. } => {
                known.columns.remove(column);
            }
            Change::RenameColumn { column, to, .. } => {
                if let Some(state) = known.columns.remove(column) {
                    known.columns.insert(to.clone(), state);
                }
            }
            Change::ValidateConstraint { name, .. } => {
                for constraint in &mut known.constraints {
                    constraint.is_valid |= constraint.name.as_ref() == Some(name);
                }
            }
            Change::DropConstraint { name, .. } => {
                known
                    .constraints
                    .retain(|constraint| constraint.name.is_none() || constraint.name != *name);
            }
            Change::AlterType { column, to, .. } => {
                known.column(column).type_.clone_from(to);
            }
            Change::SetNotNull { column, .. } => known.column(column).is_required = Some(true),
            Change::DropNotNull { column, .. } => known.column(column).is_required = Some(false),
            Change::SetDefault { column, .. } => known.column(column).has_default = true,
            Change::DropDefault { column, .. } => known.column(column).has_default = false,
            _ => {}
        }
    }
}

// === impl Known ===

impl Known {
    fn column(&mut self, name: &str) -> &mut ColumnState {
        self.columns.entry(name.to_owned()).or_default()
    }
}

fn state(column: &Column, migration: usize) -> ColumnState {
    ColumnState {
        type_: column.type_.clone(),
        is_required: Some(column.is_required || column.is_primary),
        has_default: column.default != Fill::None,
        made_by: Some(migration),
    }
}
