//! `env_file`.

use super::keys;
use super::reader::{Field, Reader};
use crate::diagnostic::Code;
use crate::yaml::{Node, Span};

/// An environment file that a service names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvFile {
    /// The path as written.
    pub(crate) path: String,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// How it is to be read.
    pub(crate) format: Format,
    /// Where the service names it.
    pub(crate) span: Span,
}

/// How an environment file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Quotes and variables.
    Compose,
    /// Neither.
    Raw,
}

/// Returns the environment files of a service of a merged tree, in order.
pub(crate) fn env_files(tree: &Node, service: &str, reader: &mut Reader) -> Vec<EnvFile> {
    let Some(node) = tree.at(&["services", service]) else {
        return Vec::new();
    };
    let field = Field {
        node,
        name: format!("services.{service}"),
    };
    let items = reader.list_at(&field, "env_file");
    items
        .iter()
        .filter_map(|item| env_file(item, reader))
        .collect()
}

fn env_file(item: &Field<'_>, reader: &mut Reader) -> Option<EnvFile> {
    let span = item.node.span;
    if let Some(path) = item.node.as_str() {
        let path = path.to_owned();
        return Some(EnvFile {
            path,
            required: true,
            format: Format::Compose,
            span,
        });
    }
    reader.map(item)?;
    reader.check_keys(item, keys::ENV_FILE);
    let Some(path) = reader.text_at(item, "path") else {
        let message = format!("`{}` has no `path`", item.name);
        reader.error(Code::WrongValue, message, span);
        return None;
    };
    let required = reader.boolean_at(item, "required").unwrap_or(true);
    let format = match item.get("format") {
        None => Format::Compose,
        Some(format) if format.node.as_str() == Some("raw") => Format::Raw,
        Some(format) => {
            reader.wrong_value(&format, "`raw`");
            Format::Compose
        }
    };
    Some(EnvFile {
        path,
        required,
        format,
        span,
    })
}
