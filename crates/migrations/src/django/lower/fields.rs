//! Operations that add, remove and rename fields.

use super::super::field::Field;
use super::Lowering;
use crate::change::{Change, Index};
use crate::python::Call;

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn add_field(&mut self, call: &Call) {
        let Some(place) = self.place(call) else {
            return;
        };
        let Some(field) = call.argument(2, "field").and_then(Field::new) else {
            self.opaque(format!("the field `{}` is computed", place.name));
            return;
        };
        if field.is_unknown() {
            self.opaque(format!(
                "arguments of the field `{}` are computed",
                place.name
            ));
        }
        if let Some(model) = self.models.get_mut(&place.key) {
            model.fields.insert(place.name.clone(), field.clone());
        }
        if !self.is_managed(&place.key) {
            return;
        }
        if field.is_many() {
            let made = self
                .models
                .get(&place.key)
                .and_then(|model| self.join_table(model, &place.name, &field));
            if let Some(table) = made {
                self.emit(Change::CreateTable(table));
            }
        } else if field.is_column() {
            self.add_column(&place.key, &place.name, &field);
        }
    }

    fn add_column(&mut self, key: &str, name: &str, field: &Field) {
        let (app, model) = key.split_once('.').unwrap_or((self.app, key));
        let table = self.table(key);
        let column = field.column(name, self.models, app, model);
        let column_name = column.name.clone();
        if column.type_.is_none() && !field.is_relation() {
            self.opaque(format!(
                "`{}` is no field of Django's own, so its type is not known",
                field.class()
            ));
        }
        self.emit(Change::AddColumn {
            table: table.clone(),
            column: Box::new(column),
        });
        if field.has_passing_default() {
            self.emit(Change::DropDefault {
                table: table.clone(),
                column: column_name,
            });
        }
        for _ in 0..field.indexes() {
            self.emit(Change::CreateIndex {
                table: Some(table.clone()),
                index: Index::default(),
            });
        }
    }

    pub(super) fn remove_field(&mut self, call: &Call) {
        let Some(place) = self.place(call) else {
            return;
        };
        let field = self.field(&place).cloned();
        if self.is_managed(&place.key) {
            match &field {
                Some(field) if field.is_many() => {
                    let table = self
                        .models
                        .get(&place.key)
                        .filter(|_| !field.has_own_through())
                        .map(|model| model.join_table(&place.name, field));
                    if let Some(table) = table {
                        self.emit(Change::DropTable { table });
                    }
                }
                Some(field) if !field.is_column() => {}
                _ => {
                    let column = field
                        .as_ref()
                        .map_or(place.name.clone(), |field| field.column_name(&place.name));
                    let table = self.table(&place.key);
                    self.emit(Change::DropColumn { table, column });
                }
            }
        }
        if let Some(model) = self.models.get_mut(&place.key) {
            model.fields.shift_remove(&place.name);
        }
    }

    pub(super) fn rename_field(&mut self, call: &Call) {
        let names = (
            call.text(0, "model_name"),
            call.text(1, "old_name"),
            call.text(2, "new_name"),
        );
        let (Some(model), Some(old), Some(new)) = names else {
            self.opaque("the names in it are computed".to_owned());
            return;
        };
        let key = self.key(model);
        let table = self.table(&key);
        let field = self
            .models
            .get(&key)
            .and_then(|model| model.fields.get(old))
            .cloned();
        let column = |name: &str| {
            field
                .as_ref()
                .map_or(name.to_owned(), |field| field.column_name(name))
        };
        let (from, to) = (column(old), column(new));
        let is_column = field.as_ref().is_none_or(Field::is_column);
        if self.is_managed(&key) && is_column && from != to {
            self.emit(Change::RenameColumn {
                table,
                column: from,
                to,
            });
        } else if let Some(field) = field.as_ref().filter(|field| field.is_many()) {
            self.rename_join(&key, field, old, new);
        }
        if let Some(model) = self.models.get_mut(&key)
            && let Some(field) = model.fields.shift_remove(old)
        {
            model.fields.insert(new.to_owned(), field);
        }
    }

    fn rename_join(&mut self, key: &str, field: &Field, old: &str, new: &str) {
        let Some(model) = self.models.get(key).filter(|model| model.is_managed) else {
            return;
        };
        let (table, to) = (model.join_table(old, field), model.join_table(new, field));
        if table != to && !field.has_own_through() {
            self.emit(Change::RenameTable { table, to });
        }
    }
}
