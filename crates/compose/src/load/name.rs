//! The project's name.

use super::session::Session;
use super::{Request, SourceFile};
use crate::diagnostic::{Code, Diagnostic};
use crate::interpolate::expand;
use crate::path;
use crate::spec::is_project_name;
use crate::yaml::{Limits, Node, parse};

/// The variable that names a project for Compose.
pub(super) const VARIABLE: &str = "COMPOSE_PROJECT_NAME";

/// Returns the name that [`VARIABLE`] has while the files are read.
pub(super) fn from_caller_or_files(request: &Request<'_>) -> String {
    let wanted = |file: &&SourceFile| file.text.contains(VARIABLE);
    // Reading every file twice would only pay for those who ask.
    if let Some(name) = request.name.filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    let written = request
        .files
        .iter()
        .find(wanted)
        .and_then(|_| written(request));
    named(written.as_deref(), request.directory)
}

/// Returns the project's name: the caller's, the variable's, the files' or the directory's.
pub(super) fn project_name(
    request: &Request<'_>,
    tree: &Node,
    session: &mut Session<'_>,
) -> String {
    let given = request.name.map(str::to_owned);
    let set = || (request.variables)(VARIABLE).filter(|name| !name.is_empty());
    let Some(name) = given.or_else(set) else {
        return named(tree.get("name").and_then(Node::as_str), request.directory);
    };
    if !is_project_name(&name) {
        let message = format!("`{name}` is no name for a project");
        let help =
            "a name has lower-case letters, digits, `_` and `-`, and starts with a letter or digit";
        session.push(Diagnostic::new(Code::WrongName, message).with_help(help));
    }
    name
}

/// Reads the last `name` of the files.
fn written(request: &Request<'_>) -> Option<String> {
    request.files.iter().rev().find_map(|file| {
        let tree = parse(&file.text, 0, Limits::default()).ok()?;
        let name = tree.get("name")?.as_str()?;
        let expansion = expand(name, request.variables, Limits::default().text).ok()?;
        Some(expansion.text)
    })
}

fn named(written: Option<&str>, directory: &str) -> String {
    let name = written.map(normalised).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| {
        let directory = path::clean(directory);
        normalised(directory.rsplit('/').next().unwrap_or_default())
    })
}

/// Makes a name of any text, as Compose does.
fn normalised(text: &str) -> String {
    let lower = text.to_lowercase();
    let kept: String = lower
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}
