//! Operations on whole models.

use indexmap::IndexMap;

use super::super::field::Field;
use super::super::models::Model;
use super::{Lowering, Models};
use crate::change::{Change, Column, Constraint, ConstraintKind, Fill, Index, Table};
use crate::python::{Call, Kind, Value};
use crate::types::Type;

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn create_model(&mut self, call: &Call) {
        let Some(name) = call.text(0, "name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let options = call.argument(2, "options");
        let model = self.model(name, call.argument(1, "fields"), options);
        let key = Models::key(&model.app, &model.name);
        self.models.insert(model);
        self.create_table(&key);
        for given in list(options, "indexes") {
            self.index_of_new(&key, given);
        }
        for given in list(options, "constraints") {
            self.constraint_of_new(&key, given);
        }
    }

    fn model(&self, name: &str, fields: Option<&Value>, options: Option<&Value>) -> Model {
        let option = |name: &str| options.and_then(|options| options.get(name));
        let is = |name: &str, said: bool| {
            option(name).is_some_and(|value| value.kind == Kind::Bool(said))
        };
        let given = option("db_table").and_then(Value::text);
        let fields = fields
            .and_then(Value::list)
            .unwrap_or_default()
            .iter()
            .filter_map(|pair| match pair.list()? {
                [name, field] => Some((name.text()?.to_owned(), Field::new(field)?)),
                _ => None,
            });
        Model {
            app: self.app.to_owned(),
            name: name.to_ascii_lowercase(),
            table: given.map_or_else(
                || Model::default_table(self.app, name),
                |table| table.replace('"', ""),
            ),
            has_given_table: given.is_some(),
            fields: fields.collect::<IndexMap<_, _>>(),
            is_managed: !is("managed", false) && !is("proxy", true),
            unique_together: super::constraints::together(option("unique_together")),
            index_together: super::constraints::together(option("index_together")),
            constraints: Vec::new(),
        }
    }

    /// The table of a model and those that join it to others.
    fn create_table(&mut self, key: &str) {
        let Some(model) = self.models.get(key).filter(|model| model.is_managed) else {
            return;
        };
        let (app, name) = (&model.app, &model.name);
        let columns = model
            .fields
            .iter()
            .filter(|(_, field)| field.is_column())
            .map(|(field_name, field)| field.column(field_name, self.models, app, name))
            .collect();
        let constraints = model.unique_together.iter().map(|_| Constraint {
            name: None,
            kind: ConstraintKind::Unique {
                using_index: false,
                is_partial: false,
            },
            is_valid: true,
        });
        let mut tables = vec![Table {
            name: model.table.clone(),
            columns,
            constraints: constraints.collect(),
        }];
        for (field_name, field) in &model.fields {
            tables.extend(self.join_table(model, field_name, field));
        }
        for table in tables {
            self.emit(Change::CreateTable(table));
        }
    }

    /// The table that a many-to-many field makes, if it makes one.
    pub(super) fn join_table(&self, model: &Model, name: &str, field: &Field) -> Option<Table> {
        if !field.is_many() || field.has_own_through() {
            return None;
        }
        let target = field.target(&model.app, &model.name);
        let side = |name: &str, references: Option<String>| Column {
            name: format!("{name}_id"),
            is_required: true,
            references,
            ..Column::default()
        };
        let other = target.map(|key| self.models.table(&key).unwrap_or(key));
        let other_name = other.clone().unwrap_or_default();
        Some(Table {
            name: model.join_table(name, field),
            columns: vec![
                side(&model.name, Some(model.table.clone())),
                side(&other_name, other),
            ],
            constraints: Vec::new(),
        })
    }

    pub(super) fn delete_model(&mut self, call: &Call) {
        let Some(name) = call.text(0, "name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(name);
        if self.is_managed(&key) {
            let mut tables = vec![self.table(&key)];
            if let Some(model) = self.models.get(&key) {
                for (name, field) in &model.fields {
                    if field.is_many() && !field.has_own_through() {
                        tables.push(model.join_table(name, field));
                    }
                }
            }
            for table in tables.into_iter().rev() {
                self.emit(Change::DropTable { table });
            }
        }
        self.models.remove(&key);
    }

    pub(super) fn rename_model(&mut self, call: &Call) {
        let (Some(old), Some(new)) = (call.text(0, "old_name"), call.text(1, "new_name")) else {
            self.opaque("the names in it are computed".to_owned());
            return;
        };
        let key = self.key(old);
        let Some(mut model) = self.models.remove(&key) else {
            let table = self.table(&key);
            let to = Model::default_table(self.app, new);
            self.emit(Change::RenameTable { table, to });
            return;
        };
        let before = model.clone();
        model.name = new.to_ascii_lowercase();
        if !model.has_given_table {
            model.table = Model::default_table(self.app, new);
        }
        self.rename_tables(&before, &model);
        self.models.insert(model);
    }

    pub(super) fn alter_model_table(&mut self, call: &Call) {
        let Some(name) = call.text(0, "name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(name);
        let given = call.argument(1, "table").and_then(Value::text);
        let Some(before) = self.models.get(&key).cloned() else {
            let to = given.unwrap_or_default().to_owned();
            let table = self.table(&key);
            self.emit(Change::RenameTable { table, to });
            return;
        };
        let mut model = before.clone();
        model.has_given_table = given.is_some();
        model.table = given.map_or_else(
            || Model::default_table(&model.app, &model.name),
            str::to_owned,
        );
        self.rename_tables(&before, &model);
        self.models.insert(model);
    }

    /// Renames a table and, with it, those that join it to others, and their columns.
    fn rename_tables(&mut self, before: &Model, after: &Model) {
        if !before.is_managed {
            return;
        }
        if before.table != after.table {
            self.emit(Change::RenameTable {
                table: before.table.clone(),
                to: after.table.clone(),
            });
        }
        for (name, field) in &before.fields {
            if !field.is_many() || field.has_own_through() {
                continue;
            }
            let (from, to) = (
                before.join_table(name, field),
                after.join_table(name, field),
            );
            if from != to {
                self.emit(Change::RenameTable {
                    table: from,
                    to: to.clone(),
                });
            }
            if before.name != after.name {
                self.emit(Change::RenameColumn {
                    table: to,
                    column: format!("{}_id", before.name),
                    to: format!("{}_id", after.name),
                });
            }
        }
    }

    /// `order_with_respect_to` adds a column `_order` and drops its default again.
    pub(super) fn alter_order(&mut self, call: &Call) {
        let Some(name) = call.text(0, "name") else {
            return;
        };
        let key = self.key(name);
        let is_set = call
            .argument(1, "order_with_respect_to")
            .is_some_and(|value| !value.is_none());
        if !self.is_managed(&key) {
            return;
        }
        let table = self.table(&key);
        let column = "_order".to_owned();
        if !is_set {
            self.emit(Change::DropColumn { table, column });
            return;
        }
        self.emit(Change::AddColumn {
            table: table.clone(),
            column: Box::new(Column {
                name: column.clone(),
                type_: Some(Type::new("integer", &[])),
                is_required: true,
                default: Fill::Constant,
                ..Column::default()
            }),
        });
        self.emit(Change::DropDefault { table, column });
    }

    fn index_of_new(&mut self, key: &str, given: &Value) {
        if !self.is_managed(key) {
            return;
        }
        let table = Some(self.table(key));
        let name = given
            .call()
            .and_then(|call| call.keyword("name"))
            .and_then(Value::text);
        let index = Index {
            name: name.map(str::to_owned),
            ..Index::default()
        };
        self.emit(Change::CreateIndex { table, index });
    }

    fn constraint_of_new(&mut self, key: &str, given: &Value) {
        let Some(constraint) = super::constraints::read(given, true) else {
            return;
        };
        if self.is_managed(key) {
            let table = self.table(key);
            self.emit(Change::AddConstraint { table, constraint });
        }
    }
}

fn list<'a>(options: Option<&'a Value>, name: &str) -> &'a [Value] {
    options
        .and_then(|options| options.get(name))
        .and_then(Value::list)
        .unwrap_or_default()
}
