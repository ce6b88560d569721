//! `irreversible`: a migration cannot be taken back.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "irreversible",
    title: "a migration cannot be taken back",
    severity: Severity::Warning,
    phase: Phase::Expand,
    reason: "Django refuses to reverse it and everything before it",
    remedy: "give it a reverse: `reverse_sql`, `reverse_code`, or `noop` where there is nothing to undo",
    page: include_str!("pages/irreversible.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::Irreversible { what } = context.change else {
        return None;
    };
    Some(format!("`{what}` has no reverse"))
}
