//! `depends_on`.

use indexmap::IndexMap;

use super::keys;
use super::reader::{Field, Reader};
use crate::diagnostic::{Code, did_you_mean};
use crate::model::{Dependency, DependencyCondition};

const CONDITIONS: [(&str, DependencyCondition); 3] = [
    ("service_started", DependencyCondition::Started),
    ("service_healthy", DependencyCondition::Healthy),
    (
        "service_completed_successfully",
        DependencyCondition::Completed,
    ),
];

pub(super) fn depends_on(service: &Field<'_>, reader: &mut Reader) -> IndexMap<String, Dependency> {
    let Some(field) = service.get("depends_on") else {
        return IndexMap::new();
    };
    let Some(mapping) = field.node.as_map() else {
        reader.wrong_type(
            &field,
            "a list of services or a mapping with their conditions",
        );
        return IndexMap::new();
    };
    let mut dependencies = IndexMap::new();
    for (name, node) in mapping.iter() {
        let field = field.entry(name, node);
        if node.is_null() || reader.map(&field).is_some() {
            reader.check_keys(&field, keys::DEPENDENCY);
            let condition = condition(&field, reader);
            let required = reader.boolean_at(&field, "required").unwrap_or(true);
            dependencies.insert(
                name.to_owned(),
                Dependency {
                    condition,
                    required,
                },
            );
        }
    }
    dependencies
}

fn condition(dependency: &Field<'_>, reader: &mut Reader) -> DependencyCondition {
    let Some(field) = dependency.get("condition") else {
        return DependencyCondition::Started;
    };
    let Some(text) = reader.text(&field) else {
        return DependencyCondition::Started;
    };
    if let Some((_, condition)) = CONDITIONS.iter().find(|(name, _)| *name == text) {
        return *condition;
    }
    let names = CONDITIONS.map(|(name, _)| name);
    let help = did_you_mean(&text, names)
        .unwrap_or_else(|| format!("the conditions are `{}`", names.join("`, `")));
    let message = format!("`{text}` is no condition");
    reader.error_with_help(Code::WrongValue, message, field.node.span, help);
    DependencyCondition::Started
}
