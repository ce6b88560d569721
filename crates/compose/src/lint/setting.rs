//! The variables that services get, each with the place that its value comes from.

use std::collections::HashSet;

use super::subject::View;
use crate::Loaded;
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

/// Where variables are used: source, start, and the variable's position among all, in this order.
struct Uses(Vec<(u16, usize, usize)>);

/// Returns the variables of all services, each place once.
pub(super) fn settings<'a>(view: &View<'a>) -> Vec<Setting<'a>> {
    let uses = Uses::of(view.loaded);
    let mut found = Vec::new();
    // An anchor brings the same place in for each service that uses it.
    let mut known = HashSet::new();
    for subject in &view.subjects {
        let environment = subject.node.get("environment").and_then(Node::as_map);
        for (name, entry) in environment.into_iter().flat_map(Mapping::entries) {
            let Some(value) = entry.node.as_str() else {
                continue;
            };
            let variables = uses.within(entry.node.span);
            let given = variables.iter().find_map(|index| {
                let (variable, _) = view.loaded.variables.get_index(*index)?;
                view.context.variables.get(variable.as_str())
            });
            let place = given.copied().unwrap_or(entry.key_span);
            if known.insert((place, name)) {
                found.push(Setting {
                    service: &subject.service.name,
                    name,
                    value,
                    place,
                    is_written: variables.is_empty() && is_in_compose_file(view, entry),
                });
            }
        }
    }
    found
}

fn is_in_compose_file(view: &View<'_>, entry: &Entry) -> bool {
    let source = view.loaded.sources.get(entry.node.span.source);
    source.is_some_and(|source| source.kind == SourceKind::Yaml)
}

// === impl Uses ===

impl Uses {
    fn of(loaded: &Loaded) -> Self {
        let variables = loaded.variables.values().enumerate();
        let mut uses: Vec<_> = variables
            .flat_map(|(index, variable)| {
                let spans = variable.spans.iter();
                spans.map(move |span| (span.source, span.start, index))
            })
            .collect();
        uses.sort_unstable();
        Self(uses)
    }

    /// The positions of the variables that a value is made with, each once.
    fn within(&self, value: Span) -> Vec<usize> {
        let Self(uses) = self;
        let first = uses
            .partition_point(|(source, start, _)| (*source, *start) < (value.source, value.start));
        let mut found: Vec<usize> = uses[first..]
            .iter()
            .take_while(|(source, start, _)| *source == value.source && *start < value.end)
            .map(|(.., index)| *index)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
