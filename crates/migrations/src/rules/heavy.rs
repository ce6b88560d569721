//! `heavy`: a statement keeps everybody out for as long as it needs.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "heavy",
    title: "a statement keeps everybody out for as long as it needs",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "ACCESS EXCLUSIVE on the whole table while it is worked on: reads and writes wait",
    remedy: "do it in a maintenance window",
    page: include_str!("pages/heavy.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::Heavy { what, table, .. } = context.change else {
        return None;
    };
    // Refused in a transaction, yet no burden on a table.
    if matches!(*what, "VACUUM" | "CREATE DATABASE" | "DROP DATABASE") {
        return None;
    }
    match table {
        Some(table) if context.is_new(table) => None,
        Some(table) => Some(format!("`{what}` of `{table}`")),
        None => Some(format!("`{what}`")),
    }
}
