//! Files that are merged into one document: the project's own, or included ones.

use super::extends::Extender;
use super::include;
use super::session::Session;
use crate::canonical::{Paths, add_contexts, lengthen, pass_on, services};
use crate::diagnostic::{Code, Diagnostic};
use crate::interpolate::Lookup;
use crate::merge::{merge_all, settle};
use crate::yaml::Node;

/// Files that are merged into one document.
pub(super) struct Layer<'l> {
    /// Where relative paths start.
    pub(super) directory: &'l str,
    /// The variables of the files.
    pub(super) lookup: &'l Lookup<'l>,
    /// The files that lead here, by absolute path.
    pub(super) chain: Vec<String>,
}

/// A file of a layer, parsed.
pub(super) struct LayerFile {
    /// Its absolute path.
    pub(super) path: String,
    /// What it holds; nothing where it cannot be parsed.
    pub(super) tree: Option<Node>,
}

// === impl Layer ===

impl Layer<'_> {
    /// Merges the files, each over the ones before.
    pub(super) fn load(&self, files: Vec<LayerFile>, session: &mut Session<'_>) -> Node {
        let mut merged: Option<Node> = None;
        for file in files {
            let Some(mut tree) = file.tree else { continue };
            Extender::new(self, session).apply(&file.path, &mut tree);
            include::apply(self, session, &file.path, &mut tree);
            let mut document = match merged.take() {
                None => {
                    settle(&mut tree);
                    tree
                }
                Some(earlier) => {
                    let (document, errors) = merge_all(earlier, tree);
                    session.diagnostics.extend(errors);
                    document
                }
            };
            session.checker.document(&document);
            take_version(&mut document, session);
            lengthen(&mut document);
            merged = Some(document);
        }
        let mut document = merged.unwrap_or_default();
        add_contexts(&mut document);
        self.paths(session).resolve(&mut document);
        self.pass_variables_on(&mut document);
        document
    }

    /// Returns how paths of the layer become absolute.
    pub(super) fn paths<'p>(&'p self, session: &'p Session<'_>) -> Paths<'p> {
        Paths {
            directory: self.directory,
            home: session.home.as_deref(),
        }
    }

    /// Included files have variables that the project does not.
    fn pass_variables_on(&self, document: &mut Node) {
        for (_, service) in services(document) {
            if let Some(pairs) = service.get_mut("environment").and_then(Node::as_map_mut) {
                pass_on(pairs, self.lookup);
            }
        }
    }
}

fn take_version(document: &mut Node, session: &mut Session<'_>) {
    let Some(root) = document.as_map_mut() else {
        return;
    };
    let span = root.entry("version").map(|entry| entry.key_span);
    if let Some(span) = span {
        root.remove("version");
        let message = "`version` has no meaning any more";
        let diagnostic = Diagnostic::new(Code::ObsoleteKey, message);
        session.push(diagnostic.with_label(span, "").with_help("remove it"));
    }
}
