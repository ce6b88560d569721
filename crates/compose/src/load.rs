//! From the texts of files to a project.
//!
//! ```text
//! layer   text ─ parse ─ interpolate ─ normalise ─ extends ─ include ─┐
//!         text ─ …                                                    ├─ merge ─ check ─ long forms ─ paths
//! project layer ─ name ─ implied ─ profiles ─ env files ─ format ─ references ─ used ─ model
//! ```
//!
//! An included application is a layer of its own.

mod environment;
mod error;
mod extends;
mod include;
mod layer;
mod name;
mod profiles;
mod request;
mod session;

use indexmap::IndexMap;

use self::environment::FilesOfPairs;
use self::layer::{Layer, LayerFile};
use self::session::Session;
use crate::canonical::{format, imply, keep_used, unused};
use crate::diagnostic::{Code, Diagnostic, Sources, did_you_mean};
use crate::interpolate::{Lookup, Variable};
use crate::model::Project;
use crate::path;
use crate::read::{self, Home, Reader};
use crate::yaml::{Mapping, Node, Span};

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
    let home = (request.variables)("HOME");
    let mut session = Session::new(files, request.directory, home);
    let named = name::from_caller_or_files(request);
    let lookup = |name: &str| match (request.variables)(name) {
        None if name == name::VARIABLE => Some(named.clone()),
        value => value,
    };
    let tree = layer(request, &lookup, &mut session);
    let outcome = if session.is_unusable() {
        None
    } else {
        project(request, tree, &lookup, &mut session)
    };
    let (variables, diagnostics, sources) = session.finish();
    match outcome {
        Some(project) if !diagnostics.iter().any(Diagnostic::is_fatal) => Ok(Loaded {
            project,
            variables,
            diagnostics,
            sources,
        }),
        _ => Err(LoadError {
            diagnostics,
            sources,
        }),
    }
}

/// Merges the project's files and all that they include.
fn layer(request: &Request<'_>, lookup: &Lookup<'_>, session: &mut Session<'_>) -> Node {
    let files = request
        .files
        .iter()
        .map(|file| LayerFile {
            path: path::join(request.directory, &file.name),
            tree: session.tree(&file.name, &file.text, lookup),
        })
        .collect();
    let layer = Layer {
        directory: request.directory,
        lookup,
        chain: Vec::new(),
    };
    layer.load(files, session)
}

/// Makes a project of the merged files.
fn project(
    request: &Request<'_>,
    mut tree: Node,
    lookup: &Lookup<'_>,
    session: &mut Session<'_>,
) -> Option<Project> {
    if tree.get("services").is_none() {
        session.push(no_services(&tree));
        return None;
    }
    let name = name::project_name(request, &tree, session);
    imply(&mut tree, &name, lookup);
    let disabled = profiles::take_disabled(&mut tree, request.profiles);
    FilesOfPairs::new(session, lookup).apply(&mut tree);
    format(&mut tree);
    let mut disabled = only_services(disabled);
    format(&mut disabled);
    let mut reader = Reader::default();
    let none = Mapping::new();
    let of_disabled = disabled.get("services").and_then(Node::as_map);
    read::check_references(&tree, of_disabled.unwrap_or(&none), &mut reader);
    read::check_consistency(&tree, &mut reader);
    let unused = unused(&tree, &disabled);
    keep_used(&mut tree);
    put_name_first(&mut tree, &name);
    let home = Home(request.directory);
    let mut project = read::project(tree, name, home, &mut reader);
    project.unused = unused;
    session.diagnostics.append(&mut reader.diagnostics);
    // Nobody runs them, so nothing is to be said about them.
    project.disabled = read::service_map(&disabled, home, &mut Reader::default());
    Some(project)
}

fn only_services(services: Mapping) -> Node {
    let mut root = Mapping::new();
    let span = Span::default();
    root.insert("services", span, Node::mapping(services, span));
    Node::mapping(root, span)
}

fn put_name_first(tree: &mut Node, name: &str) {
    let Some(root) = tree.as_map_mut() else {
        return;
    };
    let (key_span, span) = root
        .entry("name")
        .map_or_else(Default::default, |entry| (entry.key_span, entry.node.span));
    root.remove("name");
    let mut named = Mapping::new();
    named.insert("name", key_span, Node::string(name, span));
    for (key, entry) in std::mem::take(root) {
        named.insert(key, entry.key_span, entry.node);
    }
    *root = named;
}

fn no_services(tree: &Node) -> Diagnostic {
    let keys = tree.as_map().into_iter().flat_map(Mapping::keys);
    let found = keys
        .filter(|key| *key != "services")
        .find(|key| did_you_mean(key, ["services"]).is_some());
    let help = match found {
        Some(key) => format!("did you mean `services` by `{key}`?"),
        None => "name at least one below `services`".to_owned(),
    };
    let diagnostic = Diagnostic::new(Code::NoServices, "there is no service").with_help(help);
    if tree.is_null() {
        diagnostic
    } else {
        diagnostic.with_label(tree.span, "")
    }
}

#[cfg(test)]
mod tests;
