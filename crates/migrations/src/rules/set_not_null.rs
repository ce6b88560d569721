//! `set-not-null`: a column becomes required.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "set-not-null",
    title: "a column becomes required",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "all rows are read under ACCESS EXCLUSIVE, so that reads and writes wait; running code that writes NULL fails",
    remedy: "add CHECK (… IS NOT NULL) NOT VALID, validate it in a later migration, then SET NOT NULL, which skips the scan",
    page: include_str!("pages/set-not-null.md"),
    check,
};

/// From here on PostgreSQL takes a valid check for proof.
const SKIPS_SCAN: u32 = 12;

fn check(context: &Context<'_>) -> Option<String> {
    let Change::SetNotNull { table, column, fills } = context.change else {
        return None;
    };
    let is_proven = context.settings.postgres >= SKIPS_SCAN
        && context.schema.is_proven_not_null(table, column);
    if context.is_new(table) || is_proven && !fills {
        return None;
    }
    Some(if *fills {
        format!("writes a value into every row without one, and requires `{table}.{column}`")
    } else {
        format!("requires `{table}.{column}`")
    })
}
