//! What can be wrong with a project.

use std::fmt;
use std::path::PathBuf;

use shipway_compose::diagnostic::{Color, Diagnostic, Sources, render_all};

use crate::git::GitError;

/// Why a project cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No `shipway.yml` here or above.
    #[error("there is no shipway.yml in `{}` or above it", .0.display())]
    NoProject(PathBuf),
    /// An environment that nobody configured.
    #[error("there is no environment `{name}`")]
    NoEnvironment {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A file that the configuration names is missing.
    #[error("`{}` does not exist", .0.display())]
    NoFile(PathBuf),
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Files hold mistakes.
    #[error("{0}")]
    Invalid(Invalid),
    /// git does not have what is needed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Mistakes in files, each with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What the places point into.
    pub sources: Sources,
}

impl Invalid {
    /// Mistakes in `shipway.yml`.
    pub(crate) fn of_config(text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let mut sources = Sources::new();
        // The only source, so that places point into it.
        sources.add(super::FILE, text);
        Self {
            diagnostics,
            sources,
        }
    }

    /// Mistakes in Compose files.
    pub(crate) fn of_compose(mut diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        // An anchor brings the same place in again wherever it is used.
        let mut seen = Vec::new();
        diagnostics.retain(|one| {
            let is_new = !seen.contains(one);
            if is_new {
                seen.push(one.clone());
            }
            is_new
        });
        Self {
            diagnostics,
            sources,
        }
    }

    /// All of it with the lines it is about.
    pub fn render(&self, color: Color) -> String {
        render_all(&self.diagnostics, &self.sources, color)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Color::Never))
    }
}
