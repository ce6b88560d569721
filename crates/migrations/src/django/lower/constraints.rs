//! Operations on constraints.

use std::collections::BTreeSet;

use super::Lowering;
use crate::change::{Change, Constraint, ConstraintKind};
use crate::python::{Call, Kind, Value};

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn add_constraint(&mut self, call: &Call, is_valid: bool) {
        let constraint = call
            .argument(1, "constraint")
            .and_then(|given| read(given, is_valid));
        match (call.text(0, "model_name"), constraint) {
            (Some(model), Some(constraint)) => {
                let key = self.key(model);
                if self.is_managed(&key) {
                    let table = self.table(&key);
                    self.emit(Change::AddConstraint { table, constraint });
                }
            }
            _ => self.opaque("the constraint is computed, or not Django's own".to_owned()),
        }
    }

    pub(super) fn validate_constraint(&mut self, call: &Call) {
        let (Some(model), Some(name)) = (call.text(0, "model_name"), call.text(1, "name")) else {
            self.opaque("the names in it are computed".to_owned());
            return;
        };
        let table = self.table(&self.key(model));
        self.emit(Change::ValidateConstraint {
            table,
            name: name.to_owned(),
        });
    }

    pub(super) fn remove_constraint(&mut self, call: &Call) {
        let Some(model) = call.text(0, "model_name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(model);
        if self.is_managed(&key) {
            let table = self.table(&key);
            self.emit(Change::DropConstraint {
                table,
                name: call.text(1, "name").map(str::to_owned),
            });
        }
    }

    pub(super) fn unique_together(&mut self, call: &Call) {
        let Some(model) = call.text(0, "name") else {
            self.opaque("the model's name is computed".to_owned());
            return;
        };
        let key = self.key(model);
        let new = together(call.argument(1, "unique_together"));
        let old = self
            .models
            .get(&key)
            .map(|model| model.unique_together.clone())
            .unwrap_or_default();
        if self.is_managed(&key) {
            let table = self.table(&key);
            for _ in old.difference(&new) {
                self.emit(Change::DropConstraint {
                    table: table.clone(),
                    name: None,
                });
            }
            for _ in new.difference(&old) {
                self.emit(Change::AddConstraint {
                    table: table.clone(),
                    constraint: Constraint {
                        name: None,
                        kind: ConstraintKind::Unique {
                            using_index: false,
                            is_partial: false,
                        },
                        is_valid: true,
                    },
                });
            }
        }
        if let Some(model) = self.models.get_mut(&key) {
            model.unique_together = new;
        }
    }
}

/// Reads a constraint of Django's.
pub(super) fn read(given: &Value, is_valid: bool) -> Option<Constraint> {
    let call = given.call()?;
    let has = |name: &str| call.keyword(name).is_some_and(|value| !value.is_none());
    let kind = match call.name.as_str() {
        "CheckConstraint" => ConstraintKind::Check {
            not_null: call
                .keyword("condition")
                .or_else(|| call.keyword("check"))
                .and_then(not_null),
        },
        "UniqueConstraint" => ConstraintKind::Unique {
            using_index: false,
            // Django makes these as a unique index, since a constraint cannot say them.
            is_partial: has("condition")
                || has("include")
                || has("opclasses")
                || !call.arguments.is_empty(),
        },
        "ExclusionConstraint" => ConstraintKind::Exclude,
        _ => return None,
    };
    Some(Constraint {
        name: call
            .keyword("name")
            .and_then(Value::text)
            .map(str::to_owned),
        kind,
        is_valid,
    })
}

/// The field of which `Q(field__isnull=False)` says that it is not null.
fn not_null(condition: &Value) -> Option<String> {
    let call = condition.call().filter(|call| call.name.as_str() == "Q")?;
    match (&call.arguments[..], &call.keywords[..]) {
        ([], [(name, value)]) if value.kind == Kind::Bool(false) => {
            name.strip_suffix("__isnull").map(str::to_owned)
        }
        ([pair], []) => match pair.list()? {
            [name, value] if value.kind == Kind::Bool(false) => {
                name.text()?.strip_suffix("__isnull").map(str::to_owned)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The sets of fields of `unique_together`, which may be one set without the outer list.
pub(super) fn together(value: Option<&Value>) -> BTreeSet<Vec<String>> {
    let Some(value) = value else {
        return BTreeSet::new();
    };
    if let Kind::Call(call) = &value.kind
        && call.name.as_str() == "set"
        && call.arguments.len() == 1
    {
        return together(call.arguments.first());
    }
    if let Some(one) = value.texts().filter(|one| !one.is_empty()) {
        return BTreeSet::from([one]);
    }
    value
        .list()
        .unwrap_or_default()
        .iter()
        .filter_map(Value::texts)
        .collect()
}
