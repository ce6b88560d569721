//! `extends`: services made from others, of the same file or of another.

use std::collections::HashMap;
use std::rc::Rc;

use super::layer::Layer;
use super::session::{Session, is_remote, remote};
use crate::canonical::{Paths, lengthen, services};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::merge::{merge_service, settle};
use crate::path;
use crate::yaml::{Mapping, Node, ScalarKind, Span, Value};

/// Nobody extends through more services; recursion over 50 fits any stack.
const MAX_DEPTH: usize = 50;

/// Applies `extends` to the files of a layer.
pub(super) struct Extender<'e, 'a> {
    layer: &'e Layer<'e>,
    session: &'e mut Session<'a>,
    /// The services of files as they are written, by absolute path.
    written: HashMap<String, Option<Rc<Mapping>>>,
    /// Services with all that they extend, by file and name.
    finished: HashMap<Link, Option<Rc<Node>>>,
}

/// A service of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Link {
    file: String,
    service: String,
}

/// What a service extends.
struct Base {
    link: Link,
    span: Span,
}

// === impl Extender ===

impl<'e, 'a> Extender<'e, 'a> {
    pub(super) fn new(layer: &'e Layer<'e>, session: &'e mut Session<'a>) -> Self {
        Self {
            layer,
            session,
            written: HashMap::new(),
            finished: HashMap::new(),
        }
    }

    /// Applies `extends` to every service of a file.
    pub(super) fn apply(&mut self, file: &str, tree: &mut Node) {
        let extends = |(_, node): (&str, &Node)| node.get("extends").is_some();
        let written = tree.get("services").and_then(Node::as_map);
        let Some(written) = written.filter(|services| services.iter().any(extends)) else {
            return;
        };
        // Paths of the layer's own files stay relative until all are merged.
        self.written
            .insert(file.to_owned(), Some(Rc::new(written.clone())));
        for (name, service) in services(tree) {
            if !service.contains("extends") {
                continue;
            }
            let link = Link {
                file: file.to_owned(),
                service: name.to_owned(),
            };
            let own = std::mem::take(service);
            *service = self.extended(own, &link, self.layer.directory, &mut vec![link.clone()]);
        }
    }

    /// Merges a service over what it extends.
    fn extended(
        &mut self,
        mut own: Mapping,
        link: &Link,
        directory: &str,
        chain: &mut Vec<Link>,
    ) -> Mapping {
        let Some(base) = self.base(&own, link, directory) else {
            return own;
        };
        own.remove("extends");
        let Some(node) = self.finished(&base, chain) else {
            return own;
        };
        if !self.session.charge_copy(&node, base.span) {
            return own;
        }
        let span = base.span;
        let (merged, errors) = merge_service((*node).clone(), Node::mapping(own.clone(), span));
        self.session.diagnostics.extend(errors);
        match merged.value {
            Value::Mapping(mapping) => mapping,
            Value::Null | Value::Scalar(_) | Value::Sequence(_) => own,
        }
    }

    /// Reads what a service extends; what has a wrong form is left to the check.
    fn base(&mut self, own: &Mapping, link: &Link, directory: &str) -> Option<Base> {
        let node = own.get("extends")?;
        let service = text(node).or_else(|| node.get("service").and_then(text))?;
        let file = match node.get("file") {
            None => link.file.clone(),
            Some(file) => {
                let path = text(file)?;
                if is_remote(path) {
                    self.session.push(remote("extends", path, file.span));
                    return None;
                }
                let paths = Paths {
                    directory,
                    home: self.session.home.as_deref(),
                };
                path::clean(&paths.absolute(path))
            }
        };
        let span = own
            .entry("extends")
            .map_or(node.span, |entry| entry.key_span);
        Some(Base {
            link: Link {
                file,
                service: service.to_owned(),
            },
            span,
        })
    }

    /// Returns a service with all that it extends.
    fn finished(&mut self, base: &Base, chain: &mut Vec<Link>) -> Option<Rc<Node>> {
        if chain.contains(&base.link) || chain.len() > MAX_DEPTH {
            self.circle(base, chain);
            return None;
        }
        if let Some(finished) = self.finished.get(&base.link) {
            return finished.clone();
        }
        let written = self.services(&base.link.file, base.span)?;
        let Some(entry) = written.entry(&base.link.service) else {
            self.undefined(base, &written);
            return None;
        };
        let Some(own) = entry.node.as_map() else {
            // A service without content adds nothing; another type is no service.
            return None;
        };
        let is_layers = chain
            .first()
            .is_some_and(|first| first.file == base.link.file);
        let directory = if is_layers {
            self.layer.directory.to_owned()
        } else {
            path::parent(&base.link.file)
        };
        chain.push(base.link.clone());
        let mapping = self.extended(own.clone(), &base.link, &directory, chain);
        chain.pop();
        let mut node = Node::mapping(mapping, entry.node.span);
        settle(&mut node);
        let finished = Some(Rc::new(node));
        self.finished.insert(base.link.clone(), finished.clone());
        finished
    }

    /// Returns the services of a file, with absolute paths unless it is the layer's own.
    fn services(&mut self, file: &str, span: Span) -> Option<Rc<Mapping>> {
        if let Some(written) = self.written.get(file) {
            return written.clone();
        }
        let named_at = (span, "extended here");
        let tree = self.session.named_tree(file, named_at, self.layer.lookup);
        let services = tree.and_then(|mut tree| {
            lengthen(&mut tree);
            let directory = path::parent(file);
            let paths = Paths {
                directory: &directory,
                home: self.session.home.as_deref(),
            };
            paths.resolve(&mut tree);
            match tree.get("services").and_then(Node::as_map) {
                Some(services) => Some(Rc::new(services.clone())),
                None => {
                    self.no_services(file, span);
                    None
                }
            }
        });
        self.written.insert(file.to_owned(), services.clone());
        services
    }

    fn no_services(&mut self, file: &str, span: Span) {
        let message = format!("`{}` has no services to extend", self.session.shown(file));
        let diagnostic = Diagnostic::new(Code::Undefined, message);
        self.session
            .push(diagnostic.with_label(span, "extended here"));
    }

    fn undefined(&mut self, base: &Base, services: &Mapping) {
        let Link { file, service } = &base.link;
        let file = self.session.shown(file);
        let message = format!("service `{service}` is not in `{file}`");
        let help = did_you_mean(service, services.keys());
        let diagnostic = Diagnostic::new(Code::Undefined, message);
        let diagnostic = diagnostic.with_label(base.span, "extended here");
        self.session.push(diagnostic.with_help_if_any(help));
    }

    fn circle(&mut self, base: &Base, chain: &[Link]) {
        let shown: Vec<String> = chain
            .iter()
            .chain([&base.link])
            .map(|link| format!("{} in {}", link.service, self.session.shown(&link.file)))
            .collect();
        let message = if chain.contains(&base.link) {
            format!("services extend each other: {}", shown.join(" → "))
        } else {
            format!("more than {MAX_DEPTH} services extend one another")
        };
        let diagnostic = Diagnostic::new(Code::ExtendsCircle, message);
        let diagnostic = diagnostic.with_label(base.span, "extended here");
        self.session
            .push(diagnostic.with_help("remove one of these `extends`"));
    }
}

fn text(node: &Node) -> Option<&str> {
    let scalar = node.as_scalar()?;
    (scalar.kind() == ScalarKind::String).then_some(scalar.text.as_str())
}
