//! `env_file` and `label_file`: variables and labels from files.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;

use indexmap::IndexMap;

use super::session::Session;
use crate::canonical::services;
use crate::diagnostic::{Code, Diagnostic};
use crate::dotenv;
use crate::interpolate::Lookup;
use crate::spec;
use crate::yaml::{Mapping, Node, Span};

/// Files of variables, each read once.
pub(super) struct FilesOfPairs<'e, 'a> {
    session: &'e mut Session<'a>,
    lookup: &'e Lookup<'e>,
    /// Number and text by path; an optional file that is missing has none.
    known: HashMap<String, Option<(u16, String)>>,
    /// By path and whether it is raw, what a file says that is the same to whoever names it.
    settled: HashMap<(String, bool), Pairs>,
}

/// A file that a service names.
struct Named {
    path: String,
    required: bool,
    raw: bool,
    span: Span,
}

/// Values, and where they are given.
type Pairs = IndexMap<String, (Span, String)>;

// === impl FilesOfPairs ===

impl<'e, 'a> FilesOfPairs<'e, 'a> {
    pub(super) fn new(session: &'e mut Session<'a>, lookup: &'e Lookup<'e>) -> Self {
        Self {
            session,
            lookup,
            known: HashMap::new(),
            settled: HashMap::new(),
        }
    }

    /// Puts what the files say below what the services themselves say.
    pub(super) fn apply(mut self, tree: &mut Node) {
        for (_, service) in services(tree) {
            if let Some(files) = service.remove("env_file") {
                let values = self.pairs(&files, self.lookup);
                put_below(service, "environment", values);
            }
            if let Some(files) = service.remove("label_file") {
                // Labels know no variables of the caller.
                let values = self.pairs(&files, &|_| None);
                put_below(service, "labels", values);
            }
        }
    }

    fn pairs(&mut self, files: &Node, lookup: &Lookup<'_>) -> Pairs {
        let mut values = Pairs::new();
        let items = files.as_sequence().unwrap_or(std::slice::from_ref(files));
        for file in items.iter().filter_map(Named::read) {
            match self.file(&file, &values, lookup) {
                Ok(more) => values.extend(more),
                Err(diagnostic) => self.session.push(*diagnostic),
            }
        }
        values
    }

    fn file(
        &mut self,
        file: &Named,
        earlier: &Pairs,
        lookup: &Lookup<'_>,
    ) -> Result<Pairs, Box<Diagnostic>> {
        let key = (file.path.clone(), file.raw);
        if let Some(pairs) = self.settled.get(&key) {
            return Ok(pairs.clone());
        }
        let Some((number, text)) = self.text(file)? else {
            return Ok(Pairs::new());
        };
        let is_settled = Cell::new(true);
        let lookup = |name: &str| {
            is_settled.set(false);
            match earlier.get(name) {
                Some((_, value)) => Some(value.clone()),
                None => lookup(name),
            }
        };
        let places = dotenv::places(text, *number);
        let placed = |(key, value): (String, String)| {
            let span = places.get(key.as_str()).copied().unwrap_or_else(|| {
                is_settled.set(false);
                file.span
            });
            (key, (span, value))
        };
        let values = if file.raw {
            dotenv::parse_raw(text)
        } else {
            dotenv::parse(text, *number, &lookup)?
        };
        let pairs: Pairs = values.into_iter().map(placed).collect();
        if is_settled.get() {
            self.settled.insert(key, pairs.clone());
        }
        Ok(pairs)
    }

    fn text(&mut self, file: &Named) -> Result<Option<&(u16, String)>, Box<Diagnostic>> {
        if !self.known.contains_key(&file.path) {
            let read = match self.session.variables_file(&file.path) {
                Ok(read) => Some(read),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(self.unreadable(file, &error)),
            };
            self.known.insert(file.path.clone(), read);
        }
        match self.known.get(&file.path) {
            Some(Some(read)) => Ok(Some(read)),
            _ if file.required => Err(self.unreadable(file, &io::ErrorKind::NotFound.into())),
            _ => Ok(None),
        }
    }

    fn unreadable(&self, file: &Named, error: &io::Error) -> Box<Diagnostic> {
        Box::new(unreadable(
            &self.session.shown(&file.path),
            file.span,
            error,
        ))
    }
}

// === impl Named ===

impl Named {
    fn read(item: &Node) -> Option<Self> {
        let path = item.as_str().or_else(|| item.get("path")?.as_str())?;
        let required = item.get("required").and_then(spec::flag);
        Some(Self {
            path: path.to_owned(),
            required: required.unwrap_or(true),
            raw: item.get("format").and_then(Node::as_str) == Some("raw"),
            span: item.span,
        })
    }
}

/// Says that a file of variables cannot be read.
pub(super) fn unreadable(path: &str, span: Span, error: &io::Error) -> Diagnostic {
    let (message, help) = if error.kind() == io::ErrorKind::NotFound {
        let help = "make it, or write `required: false` if the service can do without";
        (
            format!("environment file `{path}` is not there"),
            Some(help),
        )
    } else {
        let message = format!("environment file `{path}` cannot be read: {error}");
        (message, None)
    };
    Diagnostic::new(Code::EnvFileUnreadable, message)
        .with_label(span, "named here")
        .with_help_if_any(help.map(str::to_owned))
}

fn put_below(service: &mut Mapping, key: &str, values: Pairs) {
    let mut below = Mapping::new();
    for (name, (span, value)) in values {
        below.insert(name, span, Node::string(value, span));
    }
    let span = service
        .entry(key)
        .map(|entry| (entry.key_span, entry.node.span));
    let own = service.remove(key);
    if own.as_ref().is_some_and(|own| own.as_map().is_none()) {
        return;
    }
    if let Some(crate::yaml::Value::Mapping(own)) = own.map(|own| own.value) {
        for (name, entry) in own {
            below.insert(name, entry.key_span, entry.node);
        }
    }
    let (key_span, node_span) = span.unwrap_or_default();
    service.insert(key, key_span, Node::mapping(below, node_span));
}
