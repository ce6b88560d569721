//! From the texts of files to a project.
//!
//! ```text
//! text ─ parse ─ interpolate ─ normalise ─┐
//! text ─ parse ─ interpolate ─ normalise ─┴─ merge ─ read ─ env files ─ project
//! ```

mod error;
mod request;

use std::collections::HashMap;
use std::io;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic, Sources};
use crate::dotenv;
use crate::interpolate::{Interpolator, Variable};
use crate::merge::{merge, normalise, settle};
use crate::model::Project;
use crate::path;
use crate::read::{self, EnvFile, Format, Reader};
use crate::yaml::{Limits, Node, parse};

pub use error::LoadError;
pub use request::{Files, NoFiles, Request, SourceFile};

/// A project and what came up while it was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// The variables that the files use.
    pub variables: IndexMap<String, Variable>,
    /// What is to be said about the files; errors that a user may lower are among it.
    pub diagnostics: Vec<Diagnostic>,
    /// What spans point into: the Compose files in their order, then environment files.
    pub sources: Sources,
}

/// Loads a project from Compose files, each over the ones before.
///
/// # Errors
///
/// Returns everything that is wrong with the files.
pub fn load(request: &Request<'_>, files: &mut dyn Files) -> Result<Loaded, LoadError> {
    let mut sources = Sources::new();
    let mut diagnostics = Vec::new();
    let mut interpolator = Interpolator::new(request.variables);
    let trees = parse_all(
        request.files,
        &mut sources,
        &mut diagnostics,
        &mut interpolator,
    );
    let (used, notes) = interpolator.finish();
    diagnostics.extend(notes);
    let tree = merge_all(trees, &mut diagnostics);
    if is_unusable(&diagnostics) {
        return Err(LoadError {
            diagnostics,
            sources,
        });
    }
    let mut reader = Reader::default();
    let mut project = read::project(tree, &mut reader);
    EnvFiles {
        request,
        files,
        numbers: HashMap::new(),
        sources: &mut sources,
    }
    .add_to(&mut project, &mut reader);
    diagnostics.append(&mut reader.diagnostics);
    if is_unusable(&diagnostics) {
        return Err(LoadError {
            diagnostics,
            sources,
        });
    }
    Ok(Loaded {
        project,
        variables: used,
        diagnostics,
        sources,
    })
}

/// Environment files, each read once.
struct EnvFiles<'a> {
    request: &'a Request<'a>,
    files: &'a mut dyn Files,
    /// Numbers in `sources` by path; an optional file that is missing has none.
    numbers: HashMap<String, Option<u16>>,
    sources: &'a mut Sources,
}

// === impl EnvFiles ===

impl EnvFiles<'_> {
    /// Puts the variables of environment files below those of `environment`.
    fn add_to(mut self, project: &mut Project, reader: &mut Reader) {
        for (name, service) in &mut project.services {
            let mut environment = IndexMap::new();
            for file in read::env_files(&project.tree, name, reader) {
                match self.values(&file, &service.environment) {
                    Ok(values) => {
                        environment.extend(values.into_iter().map(|(key, v)| (key, Some(v))));
                    }
                    Err(diagnostic) => reader.diagnostics.push(*diagnostic),
                }
            }
            environment.extend(std::mem::take(&mut service.environment));
            service.environment = environment;
        }
    }

    fn values(
        &mut self,
        file: &EnvFile,
        environment: &IndexMap<String, Option<String>>,
    ) -> Result<IndexMap<String, String>, Box<Diagnostic>> {
        let variables = self.request.variables;
        let Some((source, text)) = self.text(file)? else {
            return Ok(IndexMap::new());
        };
        let lookup =
            |name: &str| variables(name).or_else(|| environment.get(name).cloned().flatten());
        match file.format {
            Format::Compose => dotenv::parse(text, source, &lookup),
            Format::Raw => Ok(dotenv::parse_raw(text)),
        }
    }

    fn text(&mut self, file: &EnvFile) -> Result<Option<(u16, &str)>, Box<Diagnostic>> {
        let known = self.numbers.get(&file.path).copied();
        let number = match known {
            Some(number) => number,
            None => match self
                .files
                .read(&path::join(self.request.directory, &file.path))
            {
                Ok(text) => Some(self.sources.add_variables(&file.path, text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(Box::new(unreadable(file, &error))),
            },
        };
        self.numbers.insert(file.path.clone(), number);
        if number.is_none() && file.required {
            return Err(Box::new(unreadable(file, &io::ErrorKind::NotFound.into())));
        }
        let source = number.and_then(|number| Some((number, self.sources.get(number)?)));
        Ok(source.map(|(number, source)| (number, source.text.as_str())))
    }
}

fn parse_all(
    files: &[SourceFile],
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
    interpolator: &mut Interpolator<'_>,
) -> Vec<Node> {
    let mut trees = Vec::new();
    for file in files {
        let number = sources.add(&file.name, &file.text);
        match parse(&file.text, number, Limits::default()) {
            Ok(mut tree) => {
                interpolator.tree(&mut tree, sources);
                normalise(&mut tree);
                trees.push(tree);
            }
            Err(errors) => diagnostics.extend(errors),
        }
    }
    trees
}

fn merge_all(trees: Vec<Node>, diagnostics: &mut Vec<Diagnostic>) -> Node {
    let mut trees = trees.into_iter();
    let mut merged = trees.next().unwrap_or_default();
    settle(&mut merged);
    for tree in trees {
        match merge(std::mem::take(&mut merged), tree) {
            Ok(tree) => merged = tree,
            Err(errors) => {
                diagnostics.extend(errors);
                break;
            }
        }
    }
    merged
}

fn unreadable(file: &EnvFile, error: &io::Error) -> Diagnostic {
    let (message, help) = if error.kind() == io::ErrorKind::NotFound {
        let help = "make it, or write `required: false` if the service can do without";
        (
            format!("environment file `{}` is not there", file.path),
            Some(help.to_owned()),
        )
    } else {
        (
            format!("environment file `{}` cannot be read: {error}", file.path),
            None,
        )
    };
    Diagnostic::new(Code::EnvFileUnreadable, message)
        .with_label(file.span, "named here")
        .with_help_if_any(help)
}

fn is_unusable(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_fatal)
}

#[cfg(test)]
mod tests;
