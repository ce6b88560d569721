//! `enum-rename`: a value of an enumeration gets another name.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "enum-rename",
    title: "a value of an enumeration gets another name",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "running code writes and compares the old name, which is no value any more",
    remedy: "add the new value, write it, change the rows in batches, and leave the old one",
    page: include_str!("pages/enum-rename.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::RenameEnumValue { name, value } = context.change else {
        return None;
    };
    Some(format!("renames the value `{value}` of `{name}`"))
}
