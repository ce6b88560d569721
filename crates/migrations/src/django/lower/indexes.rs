//! Operations on indexes.

use super::Lowering;
use super::constraints::together;
use crate::change::{Change, Index};
use crate::python::{Call, Value};

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn add_index(&mut self, call: &Call, concurrently: bool) {
        let Some(model) = call.text(0, "model_name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(model);
        if !self.is_managed(&key) {
            return;
        }
        let name = call
            .argument(1, "index")
            .and_then(Value::call)
            .and_then(|index| index.keyword("name"))
            .and_then(Value::text);
        let index = Index {
            name: name.map(str::to_owned),
            is_unique: false,
            concurrently,
        };
        let table = Some(self.table(&key));
        self.emit(Change::CreateIndex { table, index });
    }

    pub(super) fn remove_index(&mut self, call: &Call, concurrently: bool) {
        let Some(model) = call.text(0, "model_name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(model);
        if self.is_managed(&key) {
            let table = Some(self.table(&key));
            self.emit(Change::DropIndex {
                name: call.text(1, "name").map(str::to_owned),
                table,
                concurrently,
            });
        }
    }

    pub(super) fn index_together(&mut self, call: &Call) {
        let Some(model) = call.text(0, "name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(model);
        let new = together(call.argument(1, "index_together"));
        let old = self
            .models
            .get(&key)
            .map(|model| model.index_together.clone())
            .unwrap_or_default();
        if self.is_managed(&key) {
            let table = self.table(&key);
            for _ in old.difference(&new) {
                self.emit(Change::DropIndex {
                    name: None,
                    table: Some(table.clone()),
                    concurrently: false,
                });
            }
            for _ in new.difference(&old) {
                self.emit(Change::CreateIndex {
                    table: Some(table.clone()),
                    index: Index::default(),
                });
            }
        }
        if let Some(model) = self.models.get_mut(&key) {
            model.index_together = new;
        }
    }
}
