//! What a loader makes of a project: a document, or a refusal.

use shipway_compose::diagnostic::{Color, Diagnostic, render_all};
use shipway_compose::load::Loaded;
use shipway_compose::transform::escape_dollars;
use shipway_compose::yaml::{Limits, Node, parse, render};

use super::compare;
use super::project::Refusal;

/// What a loader makes of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The canonical document as `docker compose config` prints it, each `$` doubled.
    Config(String),
    /// A refusal, with the exit code and the words.
    Refused(i32, String),
}

// === impl Answer ===

impl Answer {
    /// Ours, in the form of Compose's.
    pub(crate) fn ours(loaded: Result<Loaded, Refusal>) -> Self {
        match loaded {
            // An error that a level could turn into a warning: whoever loads the project refuses it.
            Ok(loaded) if loaded.diagnostics.iter().any(Diagnostic::is_error) => Self::Refused(
                INVALID,
                render_all(&loaded.diagnostics, &loaded.sources, Color::Never),
            ),
            Ok(loaded) => {
                let mut tree = loaded.project.tree;
                escape_dollars(&mut tree);
                Self::Config(render(&tree))
            }
            Err(Refusal::Files(error)) => Self::Refused(INVALID, error.render(Color::Never)),
            Err(Refusal::Options(words)) => Self::Refused(INVALID, words),
        }
    }

    /// Whether Compose says the same again. Which of several errors it names is chance.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Refused(one, _), Self::Refused(other, _)) => one == other,
            (Self::Config(_), Self::Config(_)) => Self::differences(self, other).is_empty(),
            _ => false,
        }
    }

    /// What differs between Compose's answer and this one of ours, a line for each place.
    pub(crate) fn differences(theirs: &Self, ours: &Self) -> Vec<String> {
        match (theirs, ours) {
            (Self::Refused(..), Self::Refused(..)) => Vec::new(),
            (Self::Refused(_, words), Self::Config(_)) => {
                vec![format!("Compose refuses, we do not: {}", words.trim_end())]
            }
            (Self::Config(_), Self::Refused(_, words)) => {
                vec![format!("Compose accepts, we refuse:\n{}", words.trim_end())]
            }
            (Self::Config(theirs), Self::Config(ours)) => {
                compare::differences(&document(theirs), &document(ours))
            }
        }
    }
}

/// Compose's exit code for files that are no project.
const INVALID: i32 = 15;

/// Reads what `docker compose config` prints.
fn document(text: &str) -> Node {
    let text = text.replace("$$", "$");
    match parse(&text, 0, Limits::default()) {
        Ok(tree) => tree,
        Err(errors) => panic!("Compose's answer is no YAML to us: {errors:?}\n{text}"),
    }
}
