//! `RunSQL`, `RunPython` and `SeparateDatabaseAndState`.

use std::ops::Range;

use super::Lowering;
use crate::change::{Change, Step};
use crate::python::{Call, Kind, Value};
use crate::sql;

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn run_sql(&mut self, call: &Call) {
        match call.argument(0, "sql") {
            Some(value) => self.script(value),
            None => self.opaque("its SQL is computed".to_owned()),
        }
        if call.argument(1, "reverse_sql").is_none_or(Value::is_none) {
            self.emit(Change::Irreversible { what: "RunSQL" });
        }
        let is_database = std::mem::replace(&mut self.is_database, false);
        self.nested(call.argument(2, "state_operations"));
        self.is_database = is_database;
    }

    fn script(&mut self, value: &Value) {
        match &value.kind {
            Kind::Text { text, verbatim } => self.sql(text, *verbatim, &value.range),
            // Each is a statement, or one with its parameters.
            Kind::List(parts) => {
                for part in parts {
                    match part.list() {
                        Some([statement, ..]) => self.script(statement),
                        _ => self.script(part),
                    }
                }
            }
            Kind::Name(path) if path.ends_with("noop") => {}
            Kind::Unknown(why) => self.opaque(format!("its SQL is not known: {why}")),
            _ => self.opaque("its SQL is computed".to_owned()),
        }
    }

    fn sql(&mut self, text: &str, verbatim: Option<usize>, range: &Range<usize>) {
        if !self.is_database {
            return;
        }
        // A statement in a literal is shown where it stands.
        let place = |part: Range<usize>| match verbatim {
            Some(start) => start + part.start..start + part.end,
            None => range.clone(),
        };
        let within = self.range.clone();
        let steps = sql::steps(text, place);
        self.steps.extend(steps.into_iter().map(|step| Step {
            within: within.clone(),
            ..step
        }));
    }

    pub(super) fn run_python(&mut self, call: &Call) {
        let code = call.argument(0, "code");
        let is_nothing = |value: &Value| matches!(&value.kind, Kind::Name(path) if path.ends_with("RunPython.noop"));
        if code.is_some_and(is_nothing) {
            return;
        }
        self.emit(Change::Code);
        if call.argument(1, "reverse_code").is_none_or(Value::is_none) {
            self.emit(Change::Irreversible { what: "RunPython" });
        }
    }

    /// The database gets one half and Django's state the other.
    pub(super) fn separate(&mut self, call: &Call) {
        let before = self.models.clone();
        self.nested(call.argument(0, "database_operations"));
        *self.models = before;
        let is_database = std::mem::replace(&mut self.is_database, false);
        self.nested(call.argument(1, "state_operations"));
        self.is_database = is_database;
    }
}
