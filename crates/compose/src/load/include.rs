//! `include`: other applications as parts of this one.

use indexmap::IndexMap;

use super::layer::{Layer, LayerFile};
use super::session::{Session, is_remote, remote};
use crate::diagnostic::{Code, Diagnostic};
use crate::dotenv;
use crate::path;
use crate::yaml::{Mapping, Node, Span, Value};

/// Nobody nests deeper; recursion over 20 levels fits any stack.
const MAX_DEPTH: usize = 20;

/// What an included document gives to the one that includes it.
const SECTIONS: [&str; 6] = [
    "services", "volumes", "networks", "secrets", "configs", "models",
];

/// An item of `include`.
struct Include {
    paths: Vec<(String, Span)>,
    directory: String,
    env_files: Option<Vec<(String, Span)>>,
    span: Span,
}

/// Loads what a document includes into it.
pub(super) fn apply(layer: &Layer<'_>, session: &mut Session<'_>, file: &str, tree: &mut Node) {
    let Some(root) = tree.as_map_mut() else {
        return;
    };
    let Some(include) = root.remove("include") else {
        return;
    };
    session.checker.section("include", &include);
    for item in include.as_sequence().unwrap_or_default() {
        let Some(include) = read(item, layer, session) else {
            continue;
        };
        if is_circle(&include, layer, session, file) {
            continue;
        }
        let imported = load(&include, layer, session, file);
        import(imported, root, include.span, session);
    }
}

fn read(item: &Node, layer: &Layer<'_>, session: &mut Session<'_>) -> Option<Include> {
    let paths = match item.as_str() {
        Some(path) => vec![(path.to_owned(), item.span)],
        None => texts(item.get("path")?),
    };
    for (text, span) in &paths {
        if is_remote(text) || text.starts_with("oci:") {
            session.push(remote("include", text, *span));
            return None;
        }
    }
    let absolute = |text: &str| path::clean(&layer.paths(session).absolute(text));
    let paths: Vec<_> = paths
        .into_iter()
        .map(|(text, span)| (absolute(&text), span))
        .collect();
    let directory = match item.get("project_directory").and_then(Node::as_str) {
        Some(directory) => absolute(directory),
        None => path::parent(&paths.first()?.0),
    };
    let env_files = item.get("env_file").map(texts).map(|files| {
        let files = files.into_iter();
        files.map(|(text, span)| (absolute(&text), span)).collect()
    });
    Some(Include {
        paths,
        directory,
        env_files,
        span: item.span,
    })
}

fn texts(node: &Node) -> Vec<(String, Span)> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    items
        .iter()
        .filter_map(|item| Some((item.as_str()?.to_owned(), item.span)))
        .collect()
}

fn is_circle(include: &Include, layer: &Layer<'_>, session: &mut Session<'_>, file: &str) -> bool {
    let chain = || layer.chain.iter().map(String::as_str).chain([file]);
    let Some((path, span)) = include.paths.first() else {
        return true;
    };
    let message = if chain().any(|known| known == path) {
        let shown: Vec<_> = chain()
            .chain([path.as_str()])
            .map(|path| session.shown(path))
            .collect();
        format!("files include each other: {}", shown.join(" → "))
    } else if layer.chain.len() >= MAX_DEPTH {
        format!("files include one another more than {MAX_DEPTH} levels deep")
    } else {
        return false;
    };
    let diagnostic =
        Diagnostic::new(Code::IncludeCircle, message).with_label(*span, "included here");
    session.push(diagnostic.with_help("remove one of these `include`"));
    true
}

fn load(include: &Include, layer: &Layer<'_>, session: &mut Session<'_>, file: &str) -> Node {
    let values = variables(include, layer, session);
    let lookup = |name: &str| (layer.lookup)(name).or_else(|| values.get(name).cloned());
    let mut chain = layer.chain.clone();
    chain.push(file.to_owned());
    let inner = Layer {
        directory: &include.directory,
        lookup: &lookup,
        chain,
    };
    let files = include
        .paths
        .iter()
        .map(|(path, span)| LayerFile {
            path: path.clone(),
            tree: session.named_tree(path, (*span, "included here"), &lookup),
        })
        .collect();
    inner.load(files, session)
}

/// Reads the variables that only the included files have.
fn variables(
    include: &Include,
    layer: &Layer<'_>,
    session: &mut Session<'_>,
) -> IndexMap<String, String> {
    let mut values = IndexMap::new();
    let default = [(path::join(&include.directory, ".env"), include.span)];
    let files = include.env_files.as_deref().unwrap_or(&default);
    for (path, span) in files {
        let (number, text) = match session.variables_file(path) {
            Ok(file) => file,
            Err(_) if include.env_files.is_none() => continue,
            Err(error) => {
                let diagnostic =
                    super::environment::unreadable(&session.shown(path), *span, &error);
                session.push(diagnostic);
                continue;
            }
        };
        let lookup = |name: &str| (layer.lookup)(name).or_else(|| values.get(name).cloned());
        match dotenv::parse(&text, number, &lookup) {
            Ok(more) => values.extend(more),
            Err(diagnostic) => session.push(*diagnostic),
        }
    }
    values
}

/// Adds what an included document defines; two definitions must agree.
fn import(imported: Node, root: &mut Mapping, span: Span, session: &mut Session<'_>) {
    let Value::Mapping(imported) = imported.value else {
        return;
    };
    for (section, entry) in imported {
        let Value::Mapping(entries) = entry.node.value else {
            continue;
        };
        if !SECTIONS.contains(&section.as_str()) {
            continue;
        }
        if !root.contains(&section) {
            let empty = Node::mapping(Mapping::new(), entry.node.span);
            root.insert(section.clone(), entry.key_span, empty);
        }
        let Some(known) = root.get_mut(&section).and_then(Node::as_map_mut) else {
            continue;
        };
        for (name, entry) in entries {
            match known.entry(&name) {
                None => known.insert(name, entry.key_span, entry.node),
                Some(other) if says_the_same(&other.node, &entry.node) => {}
                Some(other) => {
                    let message = format!("`{section}.{name}` is defined twice");
                    let diagnostic = Diagnostic::new(Code::IncludeConflict, message)
                        .with_label(other.key_span, "here")
                        .with_label(entry.key_span, "and in an included file")
                        .with_label(span, "included here")
                        .with_help("rename one of them, or put what differs into an override file next to the included one: `path: [FILE, OVERRIDE]`");
                    session.push(diagnostic);
                }
            }
        }
    }
}

/// Compares values, whatever the order of keys.
fn says_the_same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Mapping(a), Value::Mapping(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, node)| b.get(key).is_some_and(|other| says_the_same(node, other)))
        }
        (Value::Sequence(a), Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| says_the_same(a, b))
        }
        _ => a.same_value(b),
    }
}
