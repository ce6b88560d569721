//! `drop-default`: a required column loses its default.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "drop-default",
    title: "a required column loses its default",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "running code leaves the column out of its INSERTs, which fail from then on",
    remedy: "drop the default once no running code relies on it",
    page: include_str!("pages/drop-default.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::DropDefault { table, column } = context.change else {
        return None;
    };
    // Of a column that is made here, `add-required` tells.
    if context.is_new(table) || context.is_new_column(table, column) {
        return None;
    }
    let state = context.schema.column(table, column);
    if state.is_some_and(|state| state.is_required == Some(false)) {
        return None;
    }
    Some(format!("drops the default of `{table}.{column}`"))
}
