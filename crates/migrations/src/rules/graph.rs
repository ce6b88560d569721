//! `graph`: the migrations do not fit together.

use super::{Phase, Problem, Rule, elsewhere};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "graph",
    title: "the migrations do not fit together",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "Django refuses to apply them, or applies them in an order that nobody tried",
    remedy: "merge the branches with `makemigrations --merge`, or put the missing file back",
    page: include_str!("pages/graph.md"),
    check: elsewhere,
};

pub(crate) fn problem(message: &str) -> Problem {
    Problem {
        rule: &RULE,
        message: message.to_owned(),
    }
}
