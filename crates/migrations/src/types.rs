//! Types of columns, and which changes of a type leave the rows as they are.

use std::borrow::Cow;
use std::fmt;

/// A type by its canonical name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Type {
    /// As `format_type` of PostgreSQL writes it, without arguments.
    pub(crate) name: Cow<'static, str>,
    /// Length, or precision and scale.
    pub(crate) arguments: Vec<i64>,
    pub(crate) is_array: bool,
}

/// What a change of type costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Only the catalogue changes.
    Nothing,
    /// The rows are read, or indexes are built anew.
    Scan,
    /// Every row is written anew.
    Rewrite,
}

// === impl Type ===

impl Type {
    pub(crate) fn new(name: &str, arguments: &[i64]) -> Self {
        let name = lower_case(name.trim());
        Self {
            name: canonical(name.strip_prefix("pg_catalog.").unwrap_or(&name)),
            arguments: arguments.to_vec(),
            is_array: false,
        }
    }

    pub(crate) fn array(mut self) -> Self {
        self.is_array = true;
        self
    }

    /// What it costs to turn a column of this type into one of another.
    ///
    /// PostgreSQL leaves rows alone where the types are binary-compatible and the new limits
    /// are no narrower. That is a short list; all else is written anew.
    pub(crate) fn cost_of(&self, to: &Self) -> Cost {
        if self == to {
            return Cost::Nothing;
        }
        if self.is_array || to.is_array {
            return Cost::Rewrite;
        }
        match (&*self.name, &*to.name) {
            ("character varying" | "text", "text")
            | ("cidr", "inet")
            // Without a time zone other than UTC, which the server decides: said by the rule.
            | ("timestamp without time zone", "timestamp with time zone")
            | ("timestamp with time zone", "timestamp without time zone") => Cost::Nothing,
            ("xml", "text" | "character varying") if to.arguments.is_empty() => Cost::Nothing,
            ("text", "character varying") if to.arguments.is_empty() => Cost::Nothing,
            ("text" | "character varying", "citext") | ("citext", "text") => Cost::Scan,
            ("character varying", "character varying") => self.widened(to),
            ("bit varying", "bit varying") => self.widened(to),
            ("numeric", "numeric") => self.numeric(to),
            (
                "time without time zone"
                | "time with time zone"
                | "timestamp without time zone"
                | "timestamp with time zone"
                | "interval",
                _,
            ) if self.name == to.name => self.widened(to),
            _ => Cost::Rewrite,
        }
    }

    fn widened(&self, to: &Self) -> Cost {
        match (self.arguments.first(), to.arguments.first()) {
            (_, None) => Cost::Nothing,
            (Some(from), Some(to)) if to >= from => Cost::Nothing,
            _ => Cost::Rewrite,
        }
    }

    fn numeric(&self, to: &Self) -> Cost {
        let scale = |type_: &Self| type_.arguments.get(1).copied().unwrap_or(0);
        match (self.arguments.first(), to.arguments.first()) {
            (_, None) => Cost::Nothing,
            (Some(from), Some(wanted)) if wanted >= from && scale(self) == scale(to) => {
                Cost::Nothing
            }
            _ => Cost::Rewrite,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.arguments.is_empty() {
            let arguments: Vec<String> = self.arguments.iter().map(i64::to_string).collect();
            write!(f, "({})", arguments.join(","))?;
        }
        f.write_str(if self.is_array { "[]" } else { "" })
    }
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

fn canonical(name: &str) -> Cow<'static, str> {
    Cow::Borrowed(match name {
        "integer" | "int" | "int4" | "serial" | "serial4" => "integer",
        "bigint" | "int8" | "bigserial" | "serial8" => "bigint",
        "smallint" | "int2" | "smallserial" | "serial2" => "smallint",
        "character varying" | "varchar" => "character varying",
        "character" | "char" | "bpchar" => "character",
        "varbit" => "bit varying",
        "numeric" | "decimal" => "numeric",
        "boolean" | "bool" => "boolean",
        "real" | "float4" => "real",
        "double precision" | "float8" | "float" => "double precision",
        "timestamp with time zone" | "timestamptz" => "timestamp with time zone",
        "timestamp without time zone" | "timestamp" => "timestamp without time zone",
        "timetz" => "time with time zone",
        "time" => "time without time zone",
        "text" => "text",
        "date" => "date",
        "uuid" => "uuid",
        "jsonb" => "jsonb",
        other => return Cow::Owned(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(from: (&str, &[i64]), to: (&str, &[i64])) -> Cost {
        Type::new(from.0, from.1).cost_of(&Type::new(to.0, to.1))
    }

    #[test]
    fn wider_is_free_and_narrower_is_not() {
        assert_eq!(cost(("varchar", &[20]), ("varchar", &[40])), Cost::Nothing);
        assert_eq!(cost(("varchar", &[20]), ("text", &[])), Cost::Nothing);
        assert_eq!(cost(("varchar", &[40]), ("varchar", &[20])), Cost::Rewrite);
        assert_eq!(cost(("text", &[]), ("varchar", &[20])), Cost::Rewrite);
        assert_eq!(
            cost(("numeric", &[8, 2]), ("numeric", &[10, 2])),
            Cost::Nothing
        );
        assert_eq!(
            cost(("numeric", &[8, 2]), ("numeric", &[10, 3])),
            Cost::Rewrite
        );
        assert_eq!(cost(("int", &[]), ("int8", &[])), Cost::Rewrite);
        assert_eq!(cost(("int4", &[]), ("integer", &[])), Cost::Nothing);
    }
}
