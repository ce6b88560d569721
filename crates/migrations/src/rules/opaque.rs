//! `opaque`: what happens cannot be known before it runs.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "opaque",
    title: "what happens cannot be known before it runs",
    severity: Severity::Warning,
    phase: Phase::Contract,
    reason: "nothing can be said of its locks, nor of the code that it breaks: it does not count as safe",
    remedy: "write it out, or look at it and waive this",
    page: include_str!("pages/opaque.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::Opaque { why } = context.change else {
        return None;
    };
    Some(format!("cannot be checked: {why}"))
}
