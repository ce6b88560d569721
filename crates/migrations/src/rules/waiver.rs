//! `waiver`: a waiver has no reason, or no use.

use super::{Phase, Problem, Rule, elsewhere};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "waiver",
    title: "a waiver has no reason, or no use",
    severity: Severity::Warning,
    phase: Phase::Expand,
    reason: "what nobody can account for is not waived, and what is not needed hides the next thing",
    remedy: "write `shipway: allow RULE -- reason` at the operation, or remove it",
    page: include_str!("pages/waiver.md"),
    check: elsewhere,
};

pub(crate) fn problem(message: String) -> Problem {
    Problem {
        rule: &RULE,
        message,
    }
}
