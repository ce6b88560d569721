//! Documents for tests.

use crate::yaml::{Limits, Node, parse, render};

/// Reads a document that is canonical already.
pub(super) fn document(text: &str) -> Node {
    parse(text, 0, Limits::default()).expect("the test's document is YAML")
}

/// Compares two documents by what they say.
#[track_caller]
pub(super) fn assert_same(actual: &Node, expected: &str) {
    assert_eq!(render(actual), render(&document(expected)));
}
