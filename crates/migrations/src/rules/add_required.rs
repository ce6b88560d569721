//! `add-required`: a required column is added without a default in the database.

use super::{Context, Phase, Rule};
use crate::change::{Change, Fill};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "add-required",
    title: "a required column is added without a default in the database",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "running code does not know the column, so its INSERTs leave it out and fail",
    remedy: "give it a default in the database (`db_default`), or add it nullable, fill it, then require it",
    page: include_str!("pages/add-required.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::AddColumn { table, column } = context.change else {
        return None;
    };
    if context.is_new(table) || !column.is_required {
        return None;
    }
    if column.default == Fill::None {
        return Some(format!("adds the required column `{table}.{}`", column.name));
    }
    // Django takes its defaults away in the statement after the one that adds the column.
    let is_dropped = context.facts.drops_default(table, &column.name);
    is_dropped.then(|| {
        format!(
            "adds the required column `{table}.{}`, whose default does not stay in the database",
            column.name
        )
    })
}
