//! The variables that services get, each with the place that its value comes from.

use super::subject::View;
use crate::diagnostic::SourceKind;
use crate::yaml::{Entry, Mapping, Node, Span};

/// A variable of a service.
pub(super) struct Setting<'a> {
    pub(super) service: &'a str,
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// In a file of variables where that is what gives it, otherwise in the Compose file.
    pub(super) place: Span,
    /// The value is written out in a Compose file, which is a finding of its own for a secret.
    pub(super) is_written: bool,
}

/// Returns the variables of all services, each place once.
pub(super) fn settings<'a>(view: &View<'a>) -> Vec<Setting<'a>> {
    let mut found: Vec<Setting<'a>> = Vec::new();
    for subject in &view.subjects {
        let environment = subject.node.get("environment").and_then(Node::as_map);
        for (name, entry) in environment.into_iter().flat_map(Mapping::entries) {
            let Some(value) = entry.node.as_str() else {
                continue;
            };
            let variables = variables(view, entry.node.span);
            let given = variables
                .iter()
                .find_map(|variable| view.context.variables.get(*variable));
            let setting = Setting {
                service: &subject.service.name,
                name,
                value,
                place: given.copied().unwrap_or(entry.key_span),
                is_written: variables.is_empty() && is_in_compose_file(view, entry),
            };
            // An anchor brings the same place in for each service that uses it.
            let is_known = |one: &Setting<'_>| one.place == setting.place && one.name == name;
            if !found.iter().any(is_known) {
                found.push(setting);
            }
        }
    }
    found
}

/// Returns the variables that a value is made with.
fn variables<'a>(view: &View<'a>, value: Span) -> Vec<&'a str> {
    let is_inside =
        |span: &Span| span.source == value.source && (value.start..value.end).contains(&span.start);
    view.loaded
        .variables
        .iter()
        .filter(|(_, variable)| variable.spans.iter().any(is_inside))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn is_in_compose_file(view: &View<'_>, entry: &Entry) -> bool {
    let source = view.loaded.sources.get(entry.node.span.source);
    source.is_some_and(|source| source.kind == SourceKind::Yaml)
}
