//! The models as migrations have made them so far.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use indexmap::IndexMap;

use super::field::Field;
use crate::types::Type;

/// All models, by `app.model` in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Models {
    /// Shared, so that trying something on a copy costs little.
    models: IndexMap<String, Rc<Model>>,
}

/// A model: its table and its fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub(super) app: String,
    /// In lower case.
    pub(super) name: String,
    pub(super) table: String,
    pub(super) has_given_table: bool,
    pub(super) fields: IndexMap<String, Field>,
    /// Whether Django makes and changes its table.
    pub(super) is_managed: bool,
    pub(super) unique_together: BTreeSet<Vec<String>>,
    pub(super) index_together: BTreeSet<Vec<String>>,
    /// Constraints that are indexes to PostgreSQL, and those that are checks.
    pub(super) constraints: Vec<String>,
}

// === impl Models ===

impl Models {
    pub(super) fn key(app: &str, model: &str) -> String {
        match model.split_once('.') {
            Some(_) => model.to_ascii_lowercase(),
            None => format!(
                "{}.{}",
                app.to_ascii_lowercase(),
                model.to_ascii_lowercase()
            ),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Model> {
        self.models.get(key).map(|model| &**model)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Model> {
        self.models.get_mut(key).map(Rc::make_mut)
    }

    pub(super) fn insert(&mut self, model: Model) {
        self.models
            .insert(Self::key(&model.app, &model.name), Rc::new(model));
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Model> {
        self.models.shift_remove(key).map(Rc::unwrap_or_clone)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Model> {
        self.models.values().map(|model| &**model)
    }

    pub(super) fn table(&self, key: &str) -> Option<String> {
        self.models.get(key).map(|model| model.table.clone())
    }

    /// The type of a model's primary key.
    pub(super) fn primary_type(&self, key: &str, depth: usize) -> Option<Type> {
        let model = self.models.get(key)?;
        let field = model.fields.values().find(|field| field.is_primary())?;
        field.type_(self, &model.app, &model.name, depth)
    }

    /// Every table with its columns: what code of this state names in its queries.
    pub(crate) fn columns(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for model in self.models.values() {
            let columns = tables.entry(model.table.clone()).or_default();
            for (name, field) in &model.fields {
                if field.is_column() {
                    columns.insert(field.column_name(name));
                }
            }
            for (name, field) in &model.fields {
                if field.is_many() && !field.has_own_through() {
                    let table = model.join_table(name, field);
                    tables.entry(table).or_default();
                }
            }
        }
        tables
    }
}

// === impl Model ===

impl Model {
    /// The table that a many-to-many field makes.
    pub(super) fn join_table(&self, name: &str, field: &Field) -> String {
        match field.db_table() {
            Some(table) => table.to_owned(),
            None => format!("{}_{name}", self.table),
        }
    }

    pub(super) fn default_table(app: &str, name: &str) -> String {
        format!("{app}_{}", name.to_ascii_lowercase())
    }
}
