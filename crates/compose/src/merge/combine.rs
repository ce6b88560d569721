//! Two trees made into one.

use super::identity::deduplicate;
use super::rules::{Identity, Rule, rule};
use super::{pools, settle};
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Mapping, Node, Tag, Value};

/// Merges a later file over an earlier one.
///
/// Both must be [normalised](super::normalise); the result is
/// [settled](super::settle).
///
/// # Errors
///
/// Returns every place where the later file has a value of another kind, which
/// can neither be merged nor replace the earlier one without `!override`.
pub fn merge(base: Node, over: Node) -> Result<Node, Vec<Diagnostic>> {
    match merge_all(base, over) {
        (merged, diagnostics) if diagnostics.is_empty() => Ok(merged),
        (_, diagnostics) => Err(diagnostics),
    }
}

/// Merges a later file over an earlier one, with what cannot be merged.
pub(crate) fn merge_all(base: Node, over: Node) -> (Node, Vec<Diagnostic>) {
    let mut merger = Merger {
        path: Vec::new(),
        diagnostics: Vec::new(),
    };
    let mut merged = merger.node(base, over);
    settle(&mut merged);
    (merged, merger.diagnostics)
}

/// Merges a service over the one that it extends.
///
/// Tags stay: they also hold for what other files say of the service.
pub(crate) fn merge_service(base: Node, over: Node) -> (Node, Vec<Diagnostic>) {
    let mut merger = Merger {
        path: vec!["services".to_owned(), "*".to_owned()],
        diagnostics: Vec::new(),
    };
    let merged = merger.node(base, over);
    (merged, merger.diagnostics)
}

struct Merger {
    path: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

// === impl Merger ===

impl Merger {
    fn node(&mut self, base: Node, over: Node) -> Node {
        let rule = rule(&self.path);
        let replaces = matches!(over.tag, Some(Tag::Override | Tag::Reset));
        if replaces || base.tag == Some(Tag::Reset) || rule == Some(Rule::Replace) {
            return over;
        }
        let (place, earlier) = (over.span, base.span);
        let (kind, earlier_kind) = (over.kind(), base.kind());
        let value = match (base.value, over.value) {
            (value, Value::Null) | (Value::Null, value) => value,
            (Value::Mapping(base), Value::Mapping(over)) => Value::Mapping(match rule {
                Some(Rule::Logging) if other_driver(&base, &over) => over,
                Some(Rule::Pairs) => pairs(base, over),
                _ => self.mapping(base, over),
            }),
            (Value::Sequence(base), Value::Sequence(over)) => Value::Sequence(match rule {
                Some(Rule::Pools) => pools::merge(&base, over),
                _ => sequence(base, over, rule),
            }),
            (Value::Scalar(_), value) => value,
            (_, value) => {
                let message = format!(
                    "`{}` is {kind} here but {earlier_kind} in an earlier file",
                    self.path.join(".")
                );
                self.diagnostics.push(
                    Diagnostic::new(Code::MergeKind, message)
                        .with_label(place, format!("{kind} here"))
                        .with_label(earlier, format!("{earlier_kind} here"))
                        .with_help("write both the same way, or replace it with `!override`"),
                );
                value
            }
        };
        Node {
            value,
            tag: over.tag,
            span: place,
        }
    }

    fn mapping(&mut self, mut base: Mapping, over: Mapping) -> Mapping {
        for (key, entry) in over {
            let node = match base.get_mut(&key) {
                Some(earlier) => {
                    let earlier = std::mem::take(earlier);
                    self.path.push(key.clone());
                    let merged = self.node(earlier, entry.node);
                    self.path.pop();
                    merged
                }
                None => entry.node,
            };
            base.insert(key, entry.key_span, node);
        }
        base
    }
}

/// A name without a value takes an earlier one's away.
fn pairs(mut base: Mapping, over: Mapping) -> Mapping {
    for (key, entry) in over {
        base.insert(key, entry.key_span, entry.node);
    }
    base
}

fn sequence(base: Vec<Node>, over: Vec<Node>, rule: Option<Rule>) -> Vec<Node> {
    let mut items = base;
    items.extend(over);
    match rule {
        Some(Rule::Unique(identity) | Rule::OneOrMany(identity)) => deduplicate(items, identity),
        Some(Rule::Hosts) => deduplicate(items, Identity::Text),
        _ => items,
    }
}

fn other_driver(base: &Mapping, over: &Mapping) -> bool {
    let driver = |mapping: &Mapping| {
        mapping
            .get("driver")
            .and_then(Node::as_str)
            .map(str::to_owned)
    };
    match (driver(base), driver(over)) {
        (Some(base), Some(over)) => base != over,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
