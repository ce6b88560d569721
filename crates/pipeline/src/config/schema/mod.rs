//! The JSON Schema of `shipway.yml`, made from the types that read it.

mod check;
mod view;

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

pub(super) use check::{Findings, check};
pub(super) use view::{View, resolve};

use super::raw;

/// The JSON Schema (draft-07) of `shipway.yml`.
///
/// ```
/// let schema = shipway_pipeline::config::schema();
/// assert_eq!(schema["additionalProperties"], false);
/// ```
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let settings = SchemaSettings::draft07().with_transform(JoinLines);
        generate::<raw::Config>(settings)
    });
    &SCHEMA
}

/// The schema as it is committed and printed.
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Value {
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// Doc comments are broken into lines where the source is; editors break lines themselves.
#[derive(Debug, Clone)]
struct JoinLines;

impl Transform for JoinLines {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            let paragraphs: Vec<String> = text
                .split("\n\n")
                .map(|paragraph| paragraph.replace('\n', " "))
                .collect();
            *text = paragraphs.join("\n\n");
        }
        transform_subschemas(self, schema);
    }
}

#[cfg(test)]
mod tests;
