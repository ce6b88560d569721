//! What matters of an expression: whether rows that are there get the same from it.

use super::token::{Kind, Token};
use crate::change::Fill;

/// Functions that give each row another value.
const VOLATILE: &[&str] = &[
    "clock_timestamp",
    "gen_random_bytes",
    "gen_random_uuid",
    "nextval",
    "random",
    "timeofday",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
];

/// Functions that give all rows of one statement the same value.
const STABLE: &[&str] = &[
    "age",
    "array",
    "coalesce",
    "concat",
    "current_setting",
    "date_trunc",
    "greatest",
    "interval",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "least",
    "localtimestamp",
    "lower",
    "make_interval",
    "md5",
    "now",
    "statement_timestamp",
    "timezone",
    "to_char",
    "to_json",
    "to_jsonb",
    "to_timestamp",
    "transaction_timestamp",
    "upper",
    // Types with arguments look like calls: `'1'::numeric(8, 2)`.
    "bit",
    "bpchar",
    "char",
    "character",
    "decimal",
    "numeric",
    "time",
    "timestamp",
    "timestamptz",
    "varchar",
    "varying",
];

/// Says what a default gives to rows.
pub(super) fn fill_of(tokens: &[Token<'_>]) -> Fill {
    if let [only] = tokens
        && only.is_word("null")
    {
        return Fill::None;
    }
    let mut unknown = None;
    for pair in tokens.windows(2) {
        let [name, after] = pair else { continue };
        if !after.is("(") || !matches!(name.kind, Kind::Word | Kind::Quoted) {
            continue;
        }
        let function = name.text.trim_matches('"').to_ascii_lowercase();
        if VOLATILE.contains(&function.as_str()) {
            return Fill::Volatile(function);
        }
        if !STABLE.contains(&function.as_str()) {
            unknown = Some(function);
        }
    }
    unknown.map_or(Fill::Constant, Fill::Unknown)
}

/// Returns the column of which an expression says that it is not null, if it says nothing else.
pub(super) fn not_null(mut tokens: &[Token<'_>]) -> Option<String> {
    while let [first, inner @ .., last] = tokens
        && first.is("(")
        && last.is(")")
    {
        tokens = inner;
    }
    let (name, rest) = match tokens {
        [open, name, close, rest @ ..] if open.is("(") && close.is(")") => (name, rest),
        [name, rest @ ..] => (name, rest),
        [] => return None,
    };
    let is_name = matches!(name.kind, Kind::Word | Kind::Quoted);
    match rest {
        [is, not, null]
            if is_name && is.is_word("is") && not.is_word("not") && null.is_word("null") =>
        {
            Some(super::cursor::fold(name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn fill(text: &str) -> Fill {
        fill_of(&tokens(text).0)
    }

    #[test]
    fn defaults_are_told_apart() {
        assert_eq!(fill("0"), Fill::Constant);
        assert_eq!(fill("now()"), Fill::Constant);
        assert_eq!(fill("'1.0'::numeric(8, 2)"), Fill::Constant);
        assert_eq!(fill("NULL"), Fill::None);
        assert_eq!(fill("(random() * 10)"), Fill::Volatile("random".to_owned()));
        assert_eq!(fill("app.make_id()"), Fill::Unknown("make_id".to_owned()));
    }

    #[test]
    fn a_check_may_stand_for_not_null() {
        let said = |text| not_null(&tokens(text).0);
        assert_eq!(said("(note IS NOT NULL)").as_deref(), Some("note"));
        assert_eq!(said("((\"Note\") is not null)").as_deref(), Some("Note"));
        assert_eq!(said("(note IS NOT NULL OR x)"), None);
        assert_eq!(said("(note IS NULL)"), None);
    }
}
