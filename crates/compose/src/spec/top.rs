//! The top level.

use super::resource::{CONFIG_KEYS, MODEL, NETWORK_KEYS, SECRET_KEYS, VOLUME_KEYS};
use super::service::SERVICE_KEYS;
use super::shape::Shape::{Keys, KeysOrNull, List, Named, OneOrMany, Text};
use super::shape::{Field, Names, Object, Shape, field};

pub(crate) const NETWORK: Shape = KeysOrNull(&NETWORK_KEYS);
pub(crate) const VOLUME: Shape = KeysOrNull(&VOLUME_KEYS);
pub(crate) const SECRET: Shape = Keys(&SECRET_KEYS);
pub(crate) const CONFIG: Shape = Keys(&CONFIG_KEYS);

/// The whole document.
pub(crate) const PROJECT: Object = Object { fields: FIELDS };

const FIELDS: &[Field] = &[
    field("configs", Named(Names::Strict, &CONFIG)),
    field("include", List(&Shape::ShortOrList(&Keys(&INCLUDE)))),
    field("models", Named(Names::Strict, &Keys(&MODEL))),
    field("name", Text),
    field("networks", Named(Names::Any, &NETWORK)),
    field("secrets", Named(Names::Strict, &SECRET)),
    field("services", Named(Names::Strict, &Keys(&SERVICE_KEYS))).kept(),
    field("version", Text),
    field("volumes", Named(Names::Strict, &VOLUME)),
];

const INCLUDE: Object = Object {
    fields: &[
        field("env_file", OneOrMany),
        field("path", OneOrMany).required(),
        field("project_directory", Text),
    ],
};

/// Returns whether a project can have the name.
pub(crate) fn is_project_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
}
