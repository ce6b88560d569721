//! Interpolation of a whole tree.

use indexmap::IndexMap;

use super::expand::{ExpandError, Expansion, expand};
use crate::diagnostic::{Code, Diagnostic, Sources};
use crate::yaml::{Limits, Node, Scalar, Span, Value};

/// Replaces the variables in the scalars of trees and remembers which there were.
pub struct Interpolator {
    variables: IndexMap<String, Variable>,
    diagnostics: Vec<Diagnostic>,
    /// How many bytes all scalars together may still grow.
    growth: usize,
}

/// Looks a variable's value up.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A variable that the files use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variable {
    /// Where it is used.
    pub spans: Vec<Span>,
    /// Whether it has a value, which may be empty.
    pub is_set: bool,
    /// The default that stands in its place, at the first use that needed one.
    pub default: Option<String>,
}

// === impl Interpolator ===

impl Default for Interpolator {
    fn default() -> Self {
        Self {
            variables: IndexMap::new(),
            diagnostics: Vec::new(),
            growth: Limits::default().text,
        }
    }
}

impl Interpolator {
    /// Replaces the variables of a tree; `sources` gives the exact places.
    pub fn tree(&mut self, node: &mut Node, lookup: &Lookup<'_>, sources: &Sources) {
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) => {
                if scalar.text.contains('$') {
                    self.scalar(scalar, node.span, lookup, sources);
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    self.tree(item, lookup, sources);
                }
            }
            Value::Mapping(mapping) => {
                for (_, value) in mapping.iter_mut() {
                    self.tree(value, lookup, sources);
                }
            }
        }
    }

    /// Returns whether something is wrong that no level lowers.
    pub(crate) fn is_unusable(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_fatal)
    }

    /// Returns the variables used and what is to be said about them.
    #[must_use]
    pub fn finish(self) -> (IndexMap<String, Variable>, Vec<Diagnostic>) {
        (self.variables, self.diagnostics)
    }

    fn scalar(&mut self, scalar: &mut Scalar, span: Span, lookup: &Lookup<'_>, sources: &Sources) {
        let place = |range| place(span, &scalar.text, range, sources);
        match expand(&scalar.text, lookup, self.growth) {
            Ok(expansion) => {
                let added = expansion.text.len().saturating_sub(scalar.text.len());
                self.growth = self.growth.saturating_sub(added);
                let spans = expansion
                    .uses
                    .iter()
                    .map(|used| place(used.range.clone()))
                    .collect();
                self.remember(&expansion, spans);
                *scalar = Scalar::string(expansion.text);
            }
            Err(error) => {
                let diagnostic = diagnostic(&error, place(error.range()));
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn remember(&mut self, expansion: &Expansion, spans: Vec<Span>) {
        for (used, span) in expansion.uses.iter().zip(spans) {
            let known = self.variables.entry(used.name.clone()).or_default();
            // One warning for each variable, at its first place.
            let warned = known.spans.iter().any(|_| !known.is_set);
            if !used.is_set && !used.has_fallback && !warned {
                self.diagnostics.push(unset(&used.name, span));
            }
            known.spans.push(span);
            known.is_set = used.is_set;
            if known.default.is_none() {
                known.default.clone_from(&used.default);
            }
        }
    }
}

fn unset(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::VariableUnset, format!("variable `{name}` is not set"))
        .with_label(span, "replaced by nothing")
        .with_help(format!("give it a value, or a default: `${{{name}:-}}`"))
}

fn diagnostic(error: &ExpandError, span: Span) -> Diagnostic {
    let code = match error {
        ExpandError::Syntax(_) => Code::VariableSyntax,
        ExpandError::Required { .. } => Code::VariableRequired,
        ExpandError::TooLong { .. } => Code::VariableLimit,
    };
    Diagnostic::new(code, error.to_string())
        .with_label(span, "")
        .with_help_if_any(error.help())
}

/// Returns where a part of a scalar's text stands in its file.
///
/// Escapes and folding make the text differ from what is written; where the
/// part cannot be found again, the place is the whole scalar.
fn place(span: Span, text: &str, range: std::ops::Range<usize>, sources: &Sources) -> Span {
    let found = sources.get(span.source).and_then(|source| {
        let raw = source.text.get(span.start..span.end)?;
        let offset = match raw.find(text) {
            Some(offset) => offset + range.start,
            None => raw.find(text.get(range.clone())?)?,
        };
        let start = span.start + offset;
        Some(span.part(&source.text, start..start + range.len()))
    });
    found.unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn interpolated(text: &str) -> (Node, IndexMap<String, Variable>, Vec<Diagnostic>) {
        let lookup = |name: &str| match name {
            "TAG" => Some("1.10".to_owned()),
            "YES" => Some("true".to_owned()),
            _ => None,
        };
        let mut sources = Sources::new();
        let number = sources.add("c.yml", text);
        let mut node = parse(text, number, Limits::default()).unwrap();
        let mut interpolator = Interpolator::default();
        interpolator.tree(&mut node, &lookup, &sources);
        let (variables, diagnostics) = interpolator.finish();
        (node, variables, diagnostics)
    }

    #[test]
    fn values_become_strings_and_keys_stay() {
        let (node, variables, diagnostics) = interpolated("$TAG: ${TAG}\nb: [$YES]\n");
        let value = node.get("$TAG").unwrap();
        assert_eq!((value.as_str(), value.kind()), (Some("1.10"), "a string"));
        assert_eq!(
            node.get("b").unwrap().as_sequence().unwrap()[0].as_bool(),
            Some(true)
        );
        assert!(variables["TAG"].is_set && diagnostics.is_empty());
    }

    #[test]
    fn unset_variables_warn_once_at_their_exact_place() {
        let (_, variables, diagnostics) =
            interpolated("a: x:$NO\nb: \"é ${NO}\"\nc: |\n  $NO and\n  ${NO:-d}\nd: ${OK:-1}\n");
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        assert_eq!(diagnostics[0].code, Code::VariableUnset);
        let places: Vec<_> = variables["NO"]
            .spans
            .iter()
            .map(|span| (span.line, span.column))
            .collect();
        assert_eq!(places, [(1, 6), (2, 7), (4, 3), (5, 3)]);
        assert!(!variables["OK"].is_set);
        let default = |name: &str| variables[name].default.as_deref();
        assert_eq!((default("NO"), default("OK")), (Some("d"), Some("1")));
    }

    #[test]
    fn errors_point_at_the_variable() {
        let (_, _, diagnostics) = interpolated("a: x ${A!}\nb: ${B:?set B}\n");
        let seen: Vec<_> = diagnostics
            .iter()
            .map(|d| (d.code, d.labels[0].span.column))
            .collect();
        assert_eq!(
            seen,
            [(Code::VariableSyntax, 6), (Code::VariableRequired, 4)]
        );
        assert_eq!(diagnostics[1].help.as_deref(), Some("set B"));
    }
}
