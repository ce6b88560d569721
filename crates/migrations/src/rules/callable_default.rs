//! `callable-default`: a Python callable gives one value to all rows that are there.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "callable-default",
    title: "a Python callable gives one value to all rows that are there",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "Django calls it once for the whole table: all rows get the same value, and a unique column fails from two rows on",
    remedy: "add the column nullable, give each row its own value in a migration of data, then require it",
    page: include_str!("pages/callable-default.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::AddColumn { table, column } = context.change else {
        return None;
    };
    let callable = column.callable.as_ref()?;
    // One time for all rows is what people mean by it.
    let is_meant = ["now", "today", "utcnow", "localdate"]
        .iter()
        .any(|name| callable.rsplit('.').next() == Some(name));
    if context.is_new(table) || is_meant && !column.is_unique {
        return None;
    }
    Some(format!(
        "fills the new column `{table}.{}` of all rows with one call of `{callable}`",
        column.name
    ))
}
