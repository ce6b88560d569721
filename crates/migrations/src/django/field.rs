//! Fields of models, and the columns they become.

use super::models::Models;
use crate::change::{Column, Fill};
use crate::python::{Call, Kind, Value};
use crate::types::Type;

/// A field as a migration writes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    call: Call,
}

/// Foreign keys that point at foreign keys end somewhere.
const DEEPEST: usize = 8;

// === impl Field ===

impl Field {
    /// Takes what a migration passes as a field; `None` if that is no call.
    pub(super) fn new(value: &Value) -> Option<Self> {
        value.call().map(|call| Self { call: call.clone() })
    }

    pub(super) fn class(&self) -> &str {
        self.call.name.as_str()
    }

    /// Whether something of it is computed, so that it could be anything.
    pub(super) fn is_unknown(&self) -> bool {
        self.call.has_unknown
    }

    pub(super) fn is_many(&self) -> bool {
        self.class().ends_with("ManyToManyField")
    }

    pub(super) fn is_one_to_one(&self) -> bool {
        self.class().ends_with("OneToOneField")
    }

    pub(super) fn is_relation(&self) -> bool {
        let class = self.class();
        self.is_one_to_one()
            || class.ends_with("ForeignKey") && class != "GenericForeignKey"
            || class == "ParentalKey"
    }

    /// Whether the table has a column for it.
    pub(super) fn is_column(&self) -> bool {
        !self.is_many()
            && !matches!(
                self.class(),
                "GenericForeignKey" | "GenericRelation" | "TaggableManager" | "CompositePrimaryKey"
            )
    }

    /// The table that joins the two sides exists without this field.
    pub(super) fn has_own_through(&self) -> bool {
        self.call
            .keyword("through")
            .is_some_and(|value| !value.is_none())
    }

    pub(super) fn db_table(&self) -> Option<&str> {
        self.call.keyword("db_table")?.text()
    }

    pub(super) fn column_name(&self, name: &str) -> String {
        match self.call.keyword("db_column").and_then(Value::text) {
            Some(column) => column.to_owned(),
            None if self.is_relation() => format!("{name}_id"),
            None => name.to_owned(),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.call.is_true("null") || self.class() == "NullBooleanField"
    }

    pub(super) fn is_primary(&self) -> bool {
        self.call.is_true("primary_key")
    }

    pub(super) fn is_unique(&self) -> bool {
        !self.is_primary() && (self.call.is_true("unique") || self.is_one_to_one())
    }

    /// How many indexes Django makes for it beyond that of a unique constraint.
    pub(super) fn indexes(&self) -> usize {
        let by_default = self.is_relation() || self.class() == "SlugField";
        let is_indexed = match self.call.keyword("db_index").map(|value| &value.kind) {
            Some(Kind::Bool(said)) => *said,
            _ => by_default,
        };
        let is_text = self.has_pattern_index();
        match (self.is_unique() || self.is_primary(), is_indexed) {
            // A second one, for `LIKE`.
            (true, _) => usize::from(is_text),
            (false, true) => 1 + usize::from(is_text),
            (false, false) => 0,
        }
    }

    fn has_pattern_index(&self) -> bool {
        matches!(
            self.class(),
            "CharField" | "EmailField" | "SlugField" | "TextField" | "URLField" | "FilePathField"
        )
    }

    /// The model that it points to, as `app.model` in lower case.
    pub(super) fn target(&self, app: &str, model: &str) -> Option<String> {
        let to = self.call.argument(0, "to")?;
        match &to.kind {
            Kind::Text { text, .. } if text == "self" => Some(format!("{app}.{model}")),
            Kind::Text { text, .. } if text.contains('.') => Some(text.to_ascii_lowercase()),
            Kind::Text { text, .. } => Some(format!("{app}.{}", text.to_ascii_lowercase())),
            Kind::Name(path) => Some(path.rsplit_once("settings.").map_or_else(
                || path.to_ascii_lowercase(),
                |(_, name)| format!("settings.{name}"),
            )),
            _ => None,
        }
    }

    /// The table that a foreign key of the database names.
    pub(super) fn references(&self, models: &Models, app: &str, model: &str) -> Option<String> {
        if !self.is_relation() || self.call.is_false("db_constraint") {
            return None;
        }
        let target = self.target(app, model)?;
        Some(models.table(&target).unwrap_or(target))
    }

    pub(super) fn has_check(&self) -> bool {
        self.class().starts_with("Positive") && self.class().ends_with("IntegerField")
    }

    pub(super) fn has_db_default(&self) -> bool {
        self.call.keyword("db_default").is_some()
    }

    pub(super) fn db_default(&self) -> Option<&Value> {
        self.call.keyword("db_default")
    }

    /// Whether Django has a value for the rows that are there, which it takes away again.
    pub(super) fn has_passing_default(&self) -> bool {
        if self.has_db_default() {
            return false;
        }
        match self.call.keyword("default") {
            Some(value) => !value.is_none(),
            None => self.is_implied(),
        }
    }

    /// The empty text, and the present time.
    fn is_implied(&self) -> bool {
        let is_text = self.has_pattern_index() || self.class() == "BinaryField";
        self.call.is_true("blank") && is_text && !self.is_null()
            || self.call.is_true("auto_now")
            || self.call.is_true("auto_now_add")
    }

    /// The callable that Django calls once where rows would want one value each.
    pub(super) fn callable(&self) -> Option<String> {
        const EMPTY: &[&str] = &[
            "list", "dict", "tuple", "set", "str", "int", "bool", "float",
        ];
        match &self.call.keyword("default")?.kind {
            Kind::Lambda => Some("a lambda".to_owned()),
            Kind::Name(path)
                if !EMPTY.contains(&path.as_str())
                    && path.rsplit('.').next().is_some_and(is_function) =>
            {
                Some(path.clone())
            }
            _ => None,
        }
    }

    pub(super) fn fill(&self) -> Fill {
        if self.class() == "GeneratedField" {
            return if self.call.is_false("db_persist") {
                Fill::Constant
            } else {
                Fill::Volatile("a stored generated expression".to_owned())
            };
        }
        if matches!(
            self.class(),
            "AutoField" | "BigAutoField" | "SmallAutoField"
        ) {
            return Fill::Volatile("an identity".to_owned());
        }
        match self.call.keyword("db_default") {
            Some(value) => database_default(value),
            None if self.has_passing_default() => Fill::Constant,
            None => Fill::None,
        }
    }

    pub(super) fn column(&self, name: &str, models: &Models, app: &str, model: &str) -> Column {
        Column {
            name: self.column_name(name),
            type_: self.type_(models, app, model, 0),
            is_required: !self.is_null() && self.class() != "GeneratedField",
            default: self.fill(),
            callable: self.callable(),
            is_unique: self.is_unique(),
            is_primary: self.is_primary(),
            has_check: self.has_check(),
            references: self.references(models, app, model),
        }
    }

    pub(super) fn type_(
        &self,
        models: &Models,
        app: &str,
        model: &str,
        depth: usize,
    ) -> Option<Type> {
        if self.is_relation() {
            let target = self.target(app, model).filter(|_| depth < DEEPEST)?;
            return models.primary_type(&target, depth + 1);
        }
        match self.class() {
            "ArrayField" => {
                let base = Self::new(self.call.argument(0, "base_field")?)?;
                (depth < DEEPEST)
                    .then(|| base.type_(models, app, model, depth + 1))?
                    .map(Type::array)
            }
            "GeneratedField" => {
                let output = Self::new(self.call.keyword("output_field")?)?;
                (depth < DEEPEST).then(|| output.type_(models, app, model, depth + 1))?
            }
            class => self.simple_type(class),
        }
    }

    fn simple_type(&self, class: &str) -> Option<Type> {
        let length = |default: Option<i64>| {
            let length = self.call.integer("max_length").or(default);
            Some(Type::new("varchar", length.as_slice()))
        };
        let name = match class {
            "CharField" => return length(None),
            "EmailField" => return length(Some(254)),
            "SlugField" => return length(Some(50)),
            "URLField" => return length(Some(200)),
            "FileField" | "ImageField" | "FilePathField" => return length(Some(100)),
            "CommaSeparatedIntegerField" => return length(None),
            "DecimalField" => {
                let digits = self.call.integer("max_digits");
                let places = self.call.integer("decimal_places");
                let arguments: Vec<i64> = digits.into_iter().chain(places).collect();
                return Some(Type::new("numeric", &arguments));
            }
            "AutoField" | "IntegerField" | "PositiveIntegerField" => "integer",
            "BigAutoField" | "BigIntegerField" | "PositiveBigIntegerField" => "bigint",
            "SmallAutoField" | "SmallIntegerField" | "PositiveSmallIntegerField" => "smallint",
            "BinaryField" => "bytea",
            "BooleanField" | "NullBooleanField" => "boolean",
            "DateField" => "date",
            "DateTimeField" => "timestamptz",
            "DurationField" => "interval",
            "FloatField" => "float8",
            "GenericIPAddressField" | "IPAddressField" => "inet",
            "JSONField" => "jsonb",
            "TextField" => "text",
            "TimeField" => "time",
            "UUIDField" => "uuid",
            "HStoreField" => "hstore",
            "SearchVectorField" => "tsvector",
            "CITextField" | "CICharField" | "CIEmailField" => "citext",
            "IntegerRangeField" => "int4range",
            "BigIntegerRangeField" => "int8range",
            "DecimalRangeField" => "numrange",
            "DateRangeField" => "daterange",
            "DateTimeRangeField" => "tstzrange",
            _ => return None,
        };
        Some(Type::new(name, &[]))
    }
}

/// Names of functions and methods; constants and enumeration members are written otherwise.
fn is_function(name: &str) -> bool {
    name.starts_with(|c: char| c.is_lowercase() || c == '_')
}

fn database_default(value: &Value) -> Fill {
    match &value.kind {
        Kind::None
        | Kind::Bool(_)
        | Kind::Int(_)
        | Kind::Constant
        | Kind::Text { .. }
        | Kind::List(_)
        | Kind::Dict(_) => Fill::Constant,
        Kind::Call(call) => match call.name.as_str() {
            "Now" | "TransactionNow" | "Value" | "Decimal" | "timedelta" | "date" | "datetime"
            | "UUID" | "Upper" | "Lower" | "Concat" | "Cast" | "JSONObject" | "Coalesce" => {
                Fill::Constant
            }
            name @ ("RandomUUID" | "Random") => Fill::Volatile(name.to_owned()),
            name => Fill::Unknown(name.to_owned()),
        },
        Kind::Name(path) => Fill::Unknown(path.clone()),
        Kind::Lambda | Kind::Unknown(_) => Fill::Unknown("an expression".to_owned()),
    }
}
