//! What all files of a project share while they are loaded.

use std::collections::HashMap;
use std::io;

use indexmap::IndexMap;

use super::Files;
use crate::diagnostic::{Code, Diagnostic, Label, Sources};
use crate::interpolate::{Interpolator, Lookup, Variable};
use crate::merge::normalise;
use crate::path;
use crate::spec::Checker;
use crate::yaml::{Limits, Node, Span, Value, parse};

/// More files than this are named by a mistake, or by an attack.
const MAX_FILES: usize = 1_000;

/// Bytes of all files together: far above any project, and read in under a second.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What all files of a project share while they are loaded.
pub(super) struct Session<'a> {
    files: &'a mut dyn Files,
    directory: &'a str,
    pub(super) home: Option<String>,
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) interpolator: Interpolator,
    pub(super) checker: Checker,
    /// Who named a file, by the file's number.
    origins: HashMap<u16, (Span, &'static str)>,
    bytes: usize,
    /// Values that copies of extended services may still add.
    copies: usize,
}

// === impl Session ===

impl<'a> Session<'a> {
    pub(super) fn new(files: &'a mut dyn Files, directory: &'a str, home: Option<String>) -> Self {
        Self {
            files,
            directory,
            home,
            sources: Sources::new(),
            diagnostics: Vec::new(),
            interpolator: Interpolator::default(),
            checker: Checker::default(),
            origins: HashMap::new(),
            bytes: 0,
            copies: 2 * Limits::default().nodes,
        }
    }

    /// Adds the text of a file and makes a normalised tree of it.
    pub(super) fn tree(&mut self, name: &str, text: &str, lookup: &Lookup<'_>) -> Option<Node> {
        let number = self.sources.add(name, text);
        self.parse(number, text, lookup)
    }

    /// Reads a file that another one names, and makes a normalised tree of it.
    pub(super) fn named_tree(
        &mut self,
        path: &str,
        named_at: (Span, &'static str),
        lookup: &Lookup<'_>,
    ) -> Option<Node> {
        let text = self.read(path, named_at.0)?;
        let number = self.sources.add(self.shown(path), text.clone());
        self.origins.insert(number, named_at);
        self.parse(number, &text, lookup)
    }

    /// Reads a file of variables, and returns its number and text.
    pub(super) fn variables_file(&mut self, path: &str) -> io::Result<(u16, String)> {
        let text = self.files.read(path)?;
        let number = self.sources.add_variables(self.shown(path), text.clone());
        Ok((number, text))
    }

    /// Returns a path as the user knows it.
    pub(super) fn shown(&self, path: &str) -> String {
        path::below(self.directory, path).unwrap_or(path).to_owned()
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Counts a copy of an extended service; returns whether there is room for it.
    pub(super) fn charge_copy(&mut self, node: &Node, span: Span) -> bool {
        let size = size(node);
        if size <= self.copies {
            self.copies -= size;
            return true;
        }
        if self.copies > 0 {
            let message = "services that extend others make the project too large";
            let diagnostic = Diagnostic::new(Code::YamlLimit, message);
            self.push(diagnostic.with_label(span, "the limit is reached here"));
        }
        self.copies = 0;
        false
    }

    /// Returns whether something is wrong that no level lowers.
    pub(super) fn is_unusable(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_fatal)
            || self.checker.is_unusable()
            || self.interpolator.is_unusable()
    }

    /// Returns the variables used, all diagnostics and the files.
    pub(super) fn finish(mut self) -> (IndexMap<String, Variable>, Vec<Diagnostic>, Sources) {
        let (variables, mut notes) = std::mem::take(&mut self.interpolator).finish();
        notes.extend(std::mem::take(&mut self.checker).finish());
        notes.append(&mut self.diagnostics);
        self.diagnostics = notes;
        self.trace();
        (variables, self.diagnostics, self.sources)
    }

    /// Adds to every diagnostic who named the file that it is about.
    fn trace(&mut self) {
        let origins = &self.origins;
        for diagnostic in &mut self.diagnostics {
            let mut at = diagnostic.labels.first().map(|label| label.span.source);
            while let Some((span, text)) = at.and_then(|number| origins.get(&number)) {
                if diagnostic.labels.iter().any(|label| label.span == *span) {
                    break;
                }
                at = Some(span.source);
                diagnostic.labels.push(Label {
                    span: *span,
                    text: (*text).to_owned(),
                });
            }
        }
    }

    fn parse(&mut self, number: u16, text: &str, lookup: &Lookup<'_>) -> Option<Node> {
        match parse(text, number, Limits::default()) {
            Ok(mut tree) => {
                self.interpolator.tree(&mut tree, lookup, &self.sources);
                normalise(&mut tree);
                Some(tree)
            }
            Err(errors) => {
                self.diagnostics.extend(errors);
                None
            }
        }
    }

    fn read(&mut self, path: &str, named_at: Span) -> Option<String> {
        let outcome = self.files.read(path);
        let shown = self.shown(path);
        let (code, message, help) = match outcome {
            Ok(text) => {
                self.bytes += text.len();
                if self.bytes <= MAX_BYTES && self.sources.len() < MAX_FILES {
                    return Some(text);
                }
                let message = "the files of the project are too many or too large".to_owned();
                (Code::YamlLimit, message, None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let message = format!("`{shown}` is not there");
                (
                    Code::NoFile,
                    message,
                    Some("paths start at the project's directory"),
                )
            }
            Err(error) => {
                let message = format!("`{shown}` cannot be read: {error}");
                (Code::NoFile, message, None)
            }
        };
        let diagnostic = Diagnostic::new(code, message).with_label(named_at, "named here");
        self.push(diagnostic.with_help_if_any(help.map(str::to_owned)));
        None
    }
}

/// Returns whether a path names something that is not on this machine.
pub(super) fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.starts_with("github.com/")
}

/// Says that a file of another machine is not read.
pub(super) fn remote(key: &str, path: &str, span: Span) -> Diagnostic {
    let message = format!("`{key}` names a remote file: `{path}`");
    Diagnostic::new(Code::RemoteFile, message)
        .with_label(span, "")
        .with_help("what is deployed must be in the commit: copy the file into the project")
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        // Long texts count as well: 64 bytes are about what a value takes.
        Value::Null => 0,
        Value::Scalar(scalar) => scalar.text.len() / 64,
        Value::Sequence(items) => items.iter().map(size).sum(),
        Value::Mapping(mapping) => mapping.iter().map(|(_, node)| size(node)).sum(),
    }
}
