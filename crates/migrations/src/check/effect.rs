//! What a migration does that people ask about before it is run or taken back.

use super::Migration;
use crate::change::{Change, Transaction};

/// What a migration does that people ask about before it is run or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// The columns and tables whose data is gone afterwards.
    pub loses: Vec<String>,
    /// The columns and tables whose data is gone once it is taken back.
    pub undo_loses: Vec<String>,
    /// What in it cannot be taken back.
    pub irreversible: Option<&'static str>,
    /// Whether it is one transaction: it happens as a whole, or not at all.
    pub is_atomic: bool,
    /// Whether the code that it is for cannot work without it.
    pub is_needed: bool,
}

// === impl Effect ===

impl Effect {
    pub(super) fn of(migration: &Migration) -> Self {
        let mut effect = Self {
            is_atomic: migration.transaction == Transaction::Atomic,
            ..Self::default()
        };
        let mut made = Vec::new();
        for step in &migration.steps {
            effect.is_needed |= is_needed(&step.change);
            match &step.change {
                Change::CreateTable(table) => made.push(table.name.clone()),
                Change::AddColumn { table, column } if !made.contains(table) => {
                    made.push(format!("{table}.{}", column.name));
                }
                Change::DropColumn { table, column } => {
                    let column = format!("{table}.{column}");
                    if !made.contains(table) && !made.contains(&column) {
                        effect.loses.push(column);
                    }
                }
                Change::DropTable { table } if !made.contains(table) => {
                    effect.loses.push(table.clone());
                }
                Change::Heavy { what, table, .. } if *what == "TRUNCATE" => {
                    effect.loses.extend(table.clone());
                }
                Change::Irreversible { what } => effect.irreversible = Some(what),
                _ => {}
            }
        }
        effect.undo_loses = made;
        effect
    }
}

/// Whether code that knows of a change fails without it.
fn is_needed(change: &Change) -> bool {
    match change {
        Change::CreateTable(_)
        | Change::RenameTable { .. }
        | Change::AddColumn { .. }
        | Change::RenameColumn { .. }
        | Change::AlterType { .. }
        | Change::DropNotNull { .. }
        | Change::SetDefault { .. }
        | Change::RenameEnumValue { .. }
        | Change::Opaque { .. } => true,
        Change::DropTable { .. }
        | Change::DropColumn { .. }
        | Change::SetNotNull { .. }
        | Change::DropDefault { .. }
        | Change::AddConstraint { .. }
        | Change::ValidateConstraint { .. }
        | Change::DropConstraint { .. }
        | Change::CreateIndex { .. }
        | Change::DropIndex { .. }
        | Change::Reindex { .. }
        | Change::Data { .. }
        | Change::Code
        | Change::Irreversible { .. }
        | Change::Heavy { .. }
        | Change::SetLockTimeout
        | Change::Transaction(_) => false,
    }
}
