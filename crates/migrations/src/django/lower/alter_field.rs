//! `AlterField`, in the order in which Django's schema editor works.

use super::super::field::Field;
use super::{Lowering, Place};
use crate::change::{Change, Constraint, ConstraintKind, Index};
use crate::python::Call;

/// A field before and after, and the column that it is.
struct Both<'a> {
    old: &'a Field,
    new: &'a Field,
    place: &'a Place,
    table: String,
    column: String,
}

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn alter_field(&mut self, call: &Call) {
        let Some(place) = self.place(call) else {
            return;
        };
        let Some(new) = call.argument(2, "field").and_then(Field::new) else {
            self.opaque(format!("the field `{}` is computed", place.name));
            return;
        };
        let old = self.field(&place).cloned();
        if self.is_managed(&place.key) {
            match &old {
                _ if new.is_unknown() => {
                    self.opaque(format!(
                        "arguments of the field `{}` are computed",
                        place.name
                    ));
                }
                Some(old) if old.is_column() && new.is_column() => {
                    self.alter_column(&place, old, &new);
                }
                // Choices of a many-to-many field are no matter of the database.
                Some(old) if !old.is_column() && !new.is_column() => {}
                Some(_) => self.opaque(format!("`{}` becomes another kind of field", place.name)),
                None => self.opaque(format!(
                    "what `{}` was before is not known: its model's migrations are not here",
                    place.name
                )),
            }
        }
        if let Some(model) = self.models.get_mut(&place.key) {
            model.fields.insert(place.name, new);
        }
    }

    fn alter_column(&mut self, place: &Place, old: &Field, new: &Field) {
        let table = self.table(&place.key);
        let (from, column) = (old.column_name(&place.name), new.column_name(&place.name));
        if from != column {
            self.emit(Change::RenameColumn {
                table: table.clone(),
                column: from,
                to: column.clone(),
            });
        }
        let both = Both {
            old,
            new,
            place,
            table,
            column,
        };
        self.lose(&both);
        self.retype(&both);
        self.default_and_null(&both);
        self.gain(&both);
    }

    /// What the old field demanded and the new one does not.
    fn lose(&mut self, both: &Both<'_>) {
        let (app, model) = parts(&both.place.key);
        let had_key = both.old.references(self.models, app, model);
        let has_key = both.new.references(self.models, app, model);
        let is_lost = [
            had_key.is_some() && has_key != had_key,
            both.old.is_unique() && !both.new.is_unique(),
            both.old.has_check() && !both.new.has_check(),
        ];
        for _ in is_lost.into_iter().filter(|is_lost| *is_lost) {
            self.emit(Change::DropConstraint {
                table: both.table.clone(),
                name: None,
            });
        }
        for _ in both.new.indexes()..both.old.indexes() {
            self.emit(Change::DropIndex {
                name: None,
                table: Some(both.table.clone()),
                concurrently: false,
            });
        }
    }

    fn retype(&mut self, both: &Both<'_>) {
        let (app, model) = parts(&both.place.key);
        let from = both.old.type_(self.models, app, model, 0);
        let to = both.new.type_(self.models, app, model, 0);
        let is_same = match (&from, &to) {
            (Some(from), Some(to)) => from == to,
            // Of classes that are not Django's own, only the class and its arguments are known.
            _ => both.old.class() == both.new.class(),
        };
        if is_same {
            return;
        }
        self.emit(Change::AlterType {
            table: both.table.clone(),
            column: both.column.clone(),
            to: to.clone(),
            has_using: true,
        });
        if both.new.is_primary() {
            for (table, column) in self.pointing_at(&both.place.key) {
                self.emit(Change::AlterType {
                    table,
                    column,
                    to: to.clone(),
                    has_using: true,
                });
            }
        }
    }

    /// The columns whose type follows that of a model's primary key.
    fn pointing_at(&self, key: &str) -> Vec<(String, String)> {
        let mut columns = Vec::new();
        for model in self.models.iter().filter(|model| model.is_managed) {
            for (name, field) in &model.fields {
                let points = field.target(&model.app, &model.name).as_deref() == Some(key);
                if points && field.is_relation() {
                    columns.push((model.table.clone(), field.column_name(name)));
                } else if points && field.is_many() && !field.has_own_through() {
                    let (_, target) = parts(key);
                    columns.push((model.join_table(name, field), format!("{target}_id")));
                }
            }
        }
        columns
    }

    fn default_and_null(&mut self, both: &Both<'_>) {
        let (table, column) = (both.table.clone(), both.column.clone());
        match (both.old.db_default(), both.new.db_default()) {
            (Some(_), None) => self.emit(Change::DropDefault { table, column }),
            (None, Some(_)) => self.emit(Change::SetDefault { table, column }),
            (Some(old), Some(new)) if old.kind != new.kind => {
                self.emit(Change::SetDefault { table, column });
            }
            _ => {}
        }
        let (table, column) = (both.table.clone(), both.column.clone());
        match (both.old.is_null(), both.new.is_null()) {
            (true, false) => self.emit(Change::SetNotNull {
                table,
                column,
                fills: both.new.has_passing_default() || both.new.has_db_default(),
            }),
            (false, true) => self.emit(Change::DropNotNull { table, column }),
            _ => {}
        }
    }

    /// What the new field demands and the old one did not.
    fn gain(&mut self, both: &Both<'_>) {
        let (app, model) = parts(&both.place.key);
        let had_key = both.old.references(self.models, app, model);
        let has_key = both.new.references(self.models, app, model);
        let mut kinds = Vec::new();
        if both.new.is_unique() && !both.old.is_unique() {
            kinds.push(ConstraintKind::Unique {
                using_index: false,
                is_partial: false,
            });
        }
        if both.new.is_primary() && !both.old.is_primary() {
            kinds.push(ConstraintKind::Primary { using_index: false });
        }
        if let Some(to) = has_key.filter(|_| had_key.is_none()) {
            kinds.push(ConstraintKind::ForeignKey { to });
        }
        if both.new.has_check() && !both.old.has_check() {
            kinds.push(ConstraintKind::Check { not_null: None });
        }
        for kind in kinds {
            self.emit(Change::AddConstraint {
                table: both.table.clone(),
                constraint: Constraint {
                    name: None,
                    kind,
                    is_valid: true,
                },
            });
        }
        for _ in both.old.indexes()..both.new.indexes() {
            self.emit(Change::CreateIndex {
                table: Some(both.table.clone()),
                index: Index::default(),
            });
        }
    }
}

fn parts(key: &str) -> (&str, &str) {
    key.split_once('.').unwrap_or(("", key))
}
