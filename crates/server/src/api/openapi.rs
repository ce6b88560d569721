//! The API's document, OpenAPI 3.1: made of the same list as the router.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema as _, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::operation::{Answer, Body, Operation};
use super::operations;
use crate::problem::{self, Problem};

/// The API's document.
pub fn openapi() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations() {
        let described = describe(&operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = described;
    }
    let _ = generator.subschema_for::<Problem>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Shipway",
            "version": "v1",
            "description": "What `shipway serve` answers. Times are milliseconds since 1970.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `shipway tokens create`. Not needed at the unix socket.",
                },
            },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let places = operation.places().map(
        |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}),
    );
    let mut parameters: Vec<Value> = places.collect();
    if let Some(query) = operation.query {
        parameters.extend(fields(&query(generator)));
    }
    let content = match operation.answer {
        Answer::Document(schema) => json!({"application/json": {"schema": schema(generator)}}),
        Answer::Media(media) => json!({media: {"schema": {"type": "string"}}}),
    };
    let reference = json!({"$ref": format!("#/components/schemas/{}", Problem::schema_name())});
    let mut told = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            "default": {
                "description": "It did not.",
                "content": {problem::MEDIA_TYPE: {"schema": reference}},
            },
        },
    });
    let went_well = json!({"description": "It went well.", "content": content});
    told["responses"][operation.status.to_string()] = went_well;
    let body = match operation.body {
        Body::None => None,
        Body::Document(schema) => Some(schema(generator).to_value()),
        Body::Anything => Some(json!({"type": "object"})),
    };
    if let Some(schema) = body {
        told["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    if operation.is_open {
        told["security"] = json!([]);
    }
    told
}

/// The fields of a query as parameters.
fn fields(schema: &Schema) -> Vec<Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let fields = properties.into_iter().flatten();
    fields
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let described = schema.as_object_mut();
            let description = described.and_then(|schema| schema.remove("description"));
            json!({"name": name, "in": "query", "description": description, "schema": schema})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = openapi();
        let text = document.to_string();
        let references = text.split("\"$ref\":\"#").skip(1);
        let found: Vec<&str> = references
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(found.len() > 5, "{text}");
        for reference in found {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
