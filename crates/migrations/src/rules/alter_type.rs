//! `alter-type`: a column gets another type.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;
use crate::types::Cost;

pub(super) const RULE: Rule = Rule {
    id: "alter-type",
    title: "a column gets another type",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "every row is written anew under ACCESS EXCLUSIVE: reads and writes wait; running code may not understand the new type",
    remedy: "add a column of the new type, write both, fill it in batches, move the reads, drop the old one",
    page: include_str!("pages/alter-type.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::AlterType { table, column, to, .. } = context.change else {
        return None;
    };
    if context.is_new(table) {
        return None;
    }
    let from = context
        .schema
        .column(table, column)
        .and_then(|state| state.type_.as_ref());
    let what = match (from, to) {
        (Some(from), Some(to)) => match from.cost_of(to) {
            Cost::Nothing => return None,
            Cost::Scan => format!("from `{from}` to `{to}`, which builds its indexes anew"),
            Cost::Rewrite => format!("from `{from}` to `{to}`"),
        },
        (None, Some(to)) => format!("to `{to}`; what it was is not known"),
        (Some(from), None) => format!("from `{from}` to one that is not known"),
        (None, None) => "to one that is not known".to_owned(),
    };
    Some(format!("changes the type of `{table}.{column}` {what}"))
}
