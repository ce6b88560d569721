//! Why files are no project.

use std::fmt;

use crate::diagnostic::{Color, Diagnostic, Sources, render_all};

/// The files are no project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// Errors, with the warnings found so far.
    pub diagnostics: Vec<Diagnostic>,
    /// What spans point into.
    pub sources: Sources,
}

impl LoadError {
    /// Renders all diagnostics with the source lines they are about.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        render_all(&self.diagnostics, &self.sources, color)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error());
        f.write_str(&render_all(
            &errors.cloned().collect::<Vec<_>>(),
            &self.sources,
            Color::Never,
        ))
    }
}

impl std::error::Error for LoadError {}
