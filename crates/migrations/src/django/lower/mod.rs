//! What an operation tells PostgreSQL, as Django's schema editor does it.

mod alter_field;
mod constraints;
mod fields;
mod indexes;
mod models;
mod scripts;

use std::ops::Range;

use super::field::Field;
use super::file::Parsed;
use super::models::{Model, Models};
use crate::change::{Change, Step};
use crate::python::{Call, Kind, Value};

/// Turns a migration's operations into steps, and brings the models up to it. The operations are
/// used up: the steps of thousands of migrations take their place in memory.
pub(crate) fn lower(parsed: &mut Parsed, models: &mut Models) -> Vec<Step> {
    let operations = std::mem::take(&mut parsed.operations);
    let mut lowering = Lowering {
        models,
        app: &parsed.key.app,
        steps: Vec::with_capacity(operations.len()),
        range: parsed.range.clone(),
        is_database: true,
    };
    for operation in operations {
        lowering.operation(&operation);
    }
    lowering.steps
}

struct Lowering<'a> {
    models: &'a mut Models,
    app: &'a str,
    steps: Vec<Step>,
    /// Where the operation at hand stands.
    range: Range<usize>,
    /// Whether operations reach the database, and not Django's state alone.
    is_database: bool,
}

/// What is found in a field's place.
struct Place {
    key: String,
    name: String,
}

// === impl Lowering ===

impl Lowering<'_> {
    fn operation(&mut self, value: &Value) {
        self.range = value.range.clone();
        match &value.kind {
            Kind::Call(call) => self.call(call),
            Kind::Unknown(why) => self.opaque((*why).to_owned()),
            Kind::Name(path) => self.opaque(format!("`{path}` is defined elsewhere")),
            _ => self.opaque("it is no operation".to_owned()),
        }
    }

    fn call(&mut self, call: &Call) {
        match call.name.as_str() {
            "CreateModel" => self.create_model(call),
            "DeleteModel" => self.delete_model(call),
            "RenameModel" => self.rename_model(call),
            "AlterModelTable" => self.alter_model_table(call),
            "AlterOrderWithRespectTo" => self.alter_order(call),
            "AddField" => self.add_field(call),
            "RemoveField" => self.remove_field(call),
            "AlterField" => self.alter_field(call),
            "RenameField" => self.rename_field(call),
            "AddIndex" => self.add_index(call, false),
            "AddIndexConcurrently" => self.add_index(call, true),
            "RemoveIndex" => self.remove_index(call, false),
            "RemoveIndexConcurrently" => self.remove_index(call, true),
            "AlterIndexTogether" => self.index_together(call),
            "AlterUniqueTogether" => self.unique_together(call),
            "AddConstraint" => self.add_constraint(call, true),
            "AddConstraintNotValid" => self.add_constraint(call, false),
            "ValidateConstraint" => self.validate_constraint(call),
            "RemoveConstraint" => self.remove_constraint(call),
            "RunSQL" => self.run_sql(call),
            "RunPython" => self.run_python(call),
            "SeparateDatabaseAndState" => self.separate(call),
            name if is_harmless(name) => {}
            name => self.opaque(format!("`{name}` is no operation of Django's own")),
        }
    }

    /// The operations of a list that is nested in this one.
    fn nested(&mut self, list: Option<&Value>) {
        let range = self.range.clone();
        match list.map(|list| (&list.kind, list)) {
            None => {}
            Some((Kind::List(operations), _)) => {
                for operation in operations {
                    self.operation(operation);
                }
            }
            Some((_, list)) => {
                self.range = list.range.clone();
                self.opaque("the list of operations is computed".to_owned());
            }
        }
        self.range = range;
    }

    fn emit(&mut self, change: Change) {
        if self.is_database {
            self.steps.push(Step {
                range: self.range.clone(),
                within: self.range.clone(),
                change,
            });
        }
    }

    fn opaque(&mut self, why: String) {
        self.emit(Change::Opaque { why });
    }

    fn key(&self, model: &str) -> String {
        Models::key(self.app, model)
    }

    /// The table of a model, by Django's rule if the model's own migration is not known.
    fn table(&self, key: &str) -> String {
        self.models.table(key).unwrap_or_else(|| {
            let (app, model) = key.split_once('.').unwrap_or((self.app, key));
            Model::default_table(app, model)
        })
    }

    /// Whether Django changes the table of a model. One that is not known is taken as such.
    fn is_managed(&self, key: &str) -> bool {
        self.models.get(key).is_none_or(|model| model.is_managed)
    }

    /// The model and the field that an operation on a field names.
    fn place(&mut self, call: &Call) -> Option<Place> {
        match (call.text(0, "model_name"), call.text(1, "name")) {
            (Some(model), Some(name)) => Some(Place {
                key: self.key(model),
                name: name.to_owned(),
            }),
            _ => {
                self.opaque("the names in it are computed".to_owned());
                None
            }
        }
    }

    fn field(&self, place: &Place) -> Option<&Field> {
        self.models.get(&place.key)?.fields.get(&place.name)
    }
}

/// Operations that change Django's state, comments, collations or extensions only.
fn is_harmless(name: &str) -> bool {
    matches!(
        name,
        "AlterModelOptions"
            | "AlterModelManagers"
            | "AlterModelTableComment"
            | "AlterConstraint"
            | "RenameIndex"
            | "CreateCollation"
            | "RemoveCollation"
    ) || name.ends_with("Extension")
}
