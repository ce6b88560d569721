//! What is wrong in a `shipway.yml`, where, and the way out.

use shipway_compose::diagnostic::{Code, Diagnostic};
use shipway_compose::yaml::Span;

/// Something that is wrong at a place.
pub(super) fn problem(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::Config, message).with_label(span, "")
}
