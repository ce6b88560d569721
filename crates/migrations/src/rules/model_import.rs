//! `model-import`: a migration uses models as they are today.

use super::{Phase, Problem, Rule, elsewhere};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "model-import",
    title: "a migration uses models as they are today",
    severity: Severity::Warning,
    phase: Phase::Data,
    reason: "the class knows columns that the database does not have yet, or has no more, when the migration runs",
    remedy: "take the model from the state: `apps.get_model(…)`",
    page: include_str!("pages/model-import.md"),
    check: elsewhere,
};

pub(crate) fn problem() -> Problem {
    Problem {
        rule: &RULE,
        message: "imports a model for its code".to_owned(),
    }
}
