//! `volatile-default`: a column is added whose value differs from row to row.

use super::{Context, Phase, Rule};
use crate::change::{Change, Fill};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "volatile-default",
    title: "a column is added whose value differs from row to row",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "every row is written anew under ACCESS EXCLUSIVE: reads and writes wait until it is done",
    remedy: "add the column nullable without a default, set the default, fill old rows in batches",
    page: include_str!("pages/volatile-default.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::AddColumn { table, column } = context.change else {
        return None;
    };
    let (Fill::Volatile(what) | Fill::Unknown(what)) = &column.default else {
        return None;
    };
    let name = &column.name;
    (!context.is_new(table)).then(|| match column.default {
        Fill::Unknown(_) => format!(
            "adds the column `{table}.{name}` with a default of `{what}`, which may be volatile"
        ),
        _ => format!("adds the column `{table}.{name}` with a value of its own for each row: `{what}`"),
    })
}
