//! `drop-table`: a table is dropped that running code may name.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "drop-table",
    title: "a table is dropped that running code may name",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "queries of running code fail, and the data is gone",
    remedy: "deploy code without the model first (state only), drop the table in a later release",
    page: include_str!("pages/drop-table.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::DropTable { table } = context.change else {
        return None;
    };
    let is_safe = context.is_new(table) || context.is_unused_table(table);
    (!is_safe).then(|| format!("drops the table `{table}`"))
}
