//! The top level.

use indexmap::IndexMap;

use super::keys;
use super::reader::{Field, Reader};
use super::{references, service};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::model::{Project, Service, Volume};
use crate::yaml::{Mapping, Node};

/// Reads a project from a merged tree.
///
/// What is wrong is in the reader; with an error among it the project is not
/// to be used.
pub(crate) fn project(tree: Node, reader: &mut Reader) -> Project {
    let root = Field {
        node: &tree,
        name: String::new(),
    };
    if !tree.is_null() && tree.as_map().is_none() {
        let message = format!("a Compose file must be a mapping, not {}", tree.kind());
        reader.error(Code::WrongType, message, tree.span);
        return Project {
            name: None,
            services: IndexMap::new(),
            volumes: IndexMap::new(),
            tree,
        };
    }
    top_level(&root, reader);
    let name = name(&root, reader);
    let services = services(&root, reader);
    let volumes = volumes(&root, reader);
    references::check(&tree, &services, reader);
    Project {
        name,
        services,
        volumes,
        tree,
    }
}

fn top_level(root: &Field<'_>, reader: &mut Reader) {
    reader.check_keys(root, keys::TOP);
    let Some(mapping) = root.node.as_map() else {
        return;
    };
    if let Some(version) = mapping.entry("version") {
        reader.diagnostics.push(
            Diagnostic::new(Code::ObsoleteKey, "`version` has no meaning any more")
                .with_label(version.key_span, "")
                .with_help("remove it"),
        );
    }
    if let Some(include) = mapping.entry("include") {
        unsupported("include", include.key_span, reader);
    }
}

fn name(root: &Field<'_>, reader: &mut Reader) -> Option<String> {
    let field = top(root, "name")?;
    let name = reader.text(&field)?;
    if is_project_name(&name) {
        return Some(name);
    }
    let message = format!("`{name}` is no name for a project");
    let help =
        "a name has lower-case letters, digits, `_` and `-`, and starts with a letter or digit";
    reader.error_with_help(Code::WrongName, message, field.node.span, help.to_owned());
    None
}

fn services(root: &Field<'_>, reader: &mut Reader) -> IndexMap<String, Service> {
    let Some(field) = top(root, "services") else {
        no_services(root, reader);
        return IndexMap::new();
    };
    let Some(mapping) = reader.map(&field) else {
        return IndexMap::new();
    };
    if mapping.is_empty() {
        no_services(root, reader);
    }
    let mut services = IndexMap::new();
    for (key, entry) in mapping.entries() {
        if !is_service_name(key) {
            let message = format!("`{key}` is no name for a service");
            let help = "a name has letters, digits, `.`, `_` and `-`".to_owned();
            reader.error_with_help(Code::WrongName, message, entry.key_span, help);
        }
        let field = field.entry(key, &entry.node);
        if let Some(service) = service::service(key, entry.key_span, &field, reader) {
            services.insert(key.to_owned(), service);
        }
    }
    services
}

fn no_services(root: &Field<'_>, reader: &mut Reader) {
    let keys = root.node.as_map().into_iter().flat_map(Mapping::keys);
    let found = keys
        .filter(|key| *key != "services")
        .find(|key| did_you_mean(key, ["services"]).is_some());
    let help = match found {
        Some(key) => format!("did you mean `services` by `{key}`?"),
        None => "name at least one below `services`".to_owned(),
    };
    let mut diagnostic = Diagnostic::new(Code::NoServices, "there is no service").with_help(help);
    if !root.node.is_null() {
        diagnostic = diagnostic.with_label(root.node.span, "");
    }
    reader.diagnostics.push(diagnostic);
}

fn volumes(root: &Field<'_>, reader: &mut Reader) -> IndexMap<String, Volume> {
    let Some(field) = top(root, "volumes") else {
        return IndexMap::new();
    };
    let Some(mapping) = reader.map(&field) else {
        return IndexMap::new();
    };
    let mut volumes = IndexMap::new();
    for (key, node) in mapping.iter() {
        let field = field.entry(key, node);
        if !node.is_null() {
            let _ = reader.map(&field);
        }
        reader.check_keys(&field, keys::VOLUME);
        let volume = Volume {
            external: external(&field, reader),
            name: reader.text_at(&field, "name"),
        };
        volumes.insert(key.to_owned(), volume);
    }
    volumes
}

/// `external: true`, or the older `external: {name: x}`.
fn external(volume: &Field<'_>, reader: &mut Reader) -> bool {
    match volume.get("external") {
        Some(field) if field.node.as_map().is_some() => true,
        _ => reader.boolean_at(volume, "external").unwrap_or_default(),
    }
}

/// Says that a key of the specification is not read.
pub(super) fn unsupported(key: &str, span: crate::yaml::Span, reader: &mut Reader) {
    let message = format!("`{key}` is not supported");
    reader.error(Code::Unsupported, message, span);
}

/// Returns a key of the top level under its own name.
fn top<'n>(root: &Field<'n>, key: &str) -> Option<Field<'n>> {
    let field = root.get(key)?;
    Some(Field {
        name: key.to_owned(),
        ..field
    })
}

fn is_project_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
}

fn is_service_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
