//! A template and its variables' values made into a text.

use std::ops::Range;

use super::template::{self, Operation, Operator, Piece, SyntaxError};

/// A text with its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expansion {
    /// The text.
    pub text: String,
    /// The variables that were looked at, in order.
    pub uses: Vec<Use>,
}

/// A variable that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Its name.
    pub name: String,
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// Whether it has a value, which may be empty.
    pub is_set: bool,
    /// Whether the text says what to do when it is unset.
    pub has_fallback: bool,
    /// What stands in its place, where the text gives a default and that was needed.
    pub default: Option<String>,
}

/// A text could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// The text is no template.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A variable with `?` has no value.
    #[error("required variable `{name}` is {}", if *.is_set { "empty" } else { "not set" })]
    Required {
        /// Its name.
        name: String,
        /// Where it stands in the text, in bytes.
        range: Range<usize>,
        /// Whether it is set, but empty.
        is_set: bool,
        /// What the file's author says about it; may be empty.
        message: String,
    },
    /// The text grew beyond any use.
    #[error("the text is longer than {limit} bytes after its variables are replaced")]
    TooLong {
        /// Where the variable stands that was too much.
        range: Range<usize>,
        /// The limit.
        limit: usize,
    },
}

/// Replaces the variables of a text.
///
/// The result has at most `limit` bytes more than the text: a file of variables
/// defined by each other doubles with every line.
///
/// # Errors
///
/// Returns the first syntax error, required variable without a value, or the
/// variable that goes over the limit.
pub fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    limit: usize,
) -> Result<Expansion, ExpandError> {
    let pieces = template::parse(text)?;
    let mut expander = Expander {
        lookup,
        limit: text.len() + limit,
        out: Expansion::default(),
    };
    expander.pieces(&pieces)?;
    Ok(expander.out)
}

struct Expander<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    limit: usize,
    out: Expansion,
}

// === impl ExpandError ===

impl ExpandError {
    /// Returns where in the text the error is, in bytes.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Syntax(error) => error.range.clone(),
            Self::Required { range, .. } | Self::TooLong { range, .. } => range.clone(),
        }
    }

    /// Returns the way out.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Syntax(_) => Some("write `$$` for a `$` that starts no variable".to_owned()),
            Self::Required { message, .. } if !message.is_empty() => Some(message.clone()),
            Self::Required { name, .. } => Some(format!("give `{name}` a value")),
            Self::TooLong { .. } => None,
        }
    }
}

// === impl Expander ===

impl Expander<'_> {
    fn pieces(&mut self, pieces: &[Piece<'_>]) -> Result<(), ExpandError> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.out.text.push_str(text),
                Piece::Variable {
                    name,
                    range,
                    operation,
                } => {
                    self.variable(name, range, operation.as_ref())?;
                    if self.out.text.len() > self.limit {
                        let limit = self.limit;
                        return Err(ExpandError::TooLong {
                            range: range.clone(),
                            limit,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn variable(
        &mut self,
        name: &str,
        range: &Range<usize>,
        operation: Option<&Operation<'_>>,
    ) -> Result<(), ExpandError> {
        let value = (self.lookup)(name);
        self.out.uses.push(Use {
            name: name.to_owned(),
            range: range.clone(),
            is_set: value.is_some(),
            has_fallback: operation.is_some(),
            default: None,
        });
        let used = self.out.uses.len() - 1;
        let Some(operation) = operation else {
            self.out.text.push_str(&value.unwrap_or_default());
            return Ok(());
        };
        let is_set = value.is_some();
        let present = value.filter(|value| !(operation.empty_is_unset && value.is_empty()));
        match (operation.operator, present) {
            (Operator::Alternative, Some(_)) => self.pieces(&operation.word),
            (Operator::Default, None) => {
                let before = self.out.text.len();
                self.pieces(&operation.word)?;
                self.out.uses[used].default = Some(self.out.text[before..].to_owned());
                Ok(())
            }
            (Operator::Alternative, None) => Ok(()),
            (Operator::Default | Operator::Required, Some(value)) => {
                self.out.text.push_str(&value);
                Ok(())
            }
            (Operator::Required, None) => {
                let before = self.out.text.len();
                self.pieces(&operation.word)?;
                let message = self.out.text.split_off(before);
                let (name, range) = (name.to_owned(), range.clone());
                Err(ExpandError::Required {
                    name,
                    range,
                    is_set,
                    message,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            "DOLLAR" => Some("$SET".to_owned()),
            _ => None,
        }
    }

    fn text(template: &str) -> String {
        expand(template, &lookup, 1000).unwrap().text
    }

    #[test]
    fn every_form_follows_the_specification() {
        let cases = [
            ("$SET", "value"),
            ("a${SET}b", "avalueb"),
            ("$UNSET", ""),
            ("${SET:-d} ${EMPTY:-d} ${UNSET:-d}", "value d d"),
            ("${SET-d} ${EMPTY-d} ${UNSET-d}", "value  d"),
            ("${SET:+r}.${EMPTY:+r}.${UNSET:+r}", "r.."),
            ("${SET+r}.${EMPTY+r}.${UNSET+r}", "r.r."),
            ("${SET:?m} ${SET?m} ${EMPTY?m}", "value value "),
            ("${UNSET:-${EMPTY:-${SET}}}", "value"),
            ("${UNSET:-a:-b?c}", "a:-b?c"),
            ("${UNSET:-{\"a\": {\"b\": 1}}}", "{\"a\": {\"b\": 1}}"),
            ("${UNSET:-}}", "}"),
            ("$$SET $${SET} $$$SET", "$SET ${SET} $value"),
            ("${UNSET:-$$x}", "$x"),
            ("$DOLLAR", "$SET"),
            ("é${UNSET:-ü}é", "éüé"),
        ];
        for (template, expected) in cases {
            assert_eq!(text(template), expected, "{template}");
        }
    }

    #[test]
    fn required_variables_say_what_the_author_says() {
        let error = expand("x${UNSET:?set ${SET}}", &lookup, 1000).unwrap_err();
        assert_eq!(error.to_string(), "required variable `UNSET` is not set");
        assert_eq!(error.help().as_deref(), Some("set value"));
        assert_eq!(error.range(), 1..21);
        let error = expand("${EMPTY:?}", &lookup, 1000).unwrap_err();
        assert_eq!(error.to_string(), "required variable `EMPTY` is empty");
        assert_eq!(error.help().as_deref(), Some("give `EMPTY` a value"));
        assert!(expand("${UNSET?}", &lookup, 1000).is_err());
    }

    #[test]
    fn uses_say_what_was_set() {
        let uses = expand("$SET ${UNSET} ${GONE:-x}", &lookup, 1000)
            .unwrap()
            .uses;
        let seen: Vec<_> = uses
            .iter()
            .map(|u| (u.name.as_str(), u.is_set, u.has_fallback))
            .collect();
        assert_eq!(
            seen,
            [
                ("SET", true, false),
                ("UNSET", false, false),
                ("GONE", false, true)
            ]
        );
    }

    #[test]
    fn growth_is_limited() {
        let error = expand("$SET$SET$SET", &lookup, 2).unwrap_err();
        assert!(matches!(error, ExpandError::TooLong { .. }));
    }
}
