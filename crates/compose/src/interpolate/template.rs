//! The syntax of variables in a text.

use std::ops::Range;

/// A text with variables.
pub type Template<'t> = Vec<Piece<'t>>;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Stands for itself. `$$` gives a `$`.
    Text(&'t str),
    /// Is replaced.
    Variable {
        /// The variable's name.
        name: &'t str,
        /// Where `$NAME` or `${…}` stands in the text, in bytes.
        range: Range<usize>,
        /// What follows the name in braces.
        operation: Option<Operation<'t>>,
    },
}

/// What is to be done with a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation<'t> {
    /// What is to be done.
    pub operator: Operator,
    /// Whether an empty variable counts as unset: `:-` against `-`.
    pub empty_is_unset: bool,
    /// What follows the operator.
    pub word: Template<'t>,
}

/// What is to be done with a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `-`: the word, if the variable is unset.
    Default,
    /// `?`: an error with the word as message, if the variable is unset.
    Required,
    /// `+`: the word, if the variable is set, else nothing.
    Alternative,
}

/// A text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SyntaxError {
    /// Where the text is wrong, in bytes.
    pub range: Range<usize>,
    /// What is wrong.
    pub reason: &'static str,
}

/// Nobody nests deeper; a file made to overflow the stack does.
const MAX_DEPTH: usize = 32;

/// Reads a text with variables.
///
/// A `$` before anything but a name, a `{` or another `$` stands for itself.
///
/// # Errors
///
/// Returns the first `${` that is not closed or has no valid name or operator.
pub fn parse(text: &str) -> Result<Template<'_>, SyntaxError> {
    Reader { text, at: 0 }.template(0)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

// === impl Reader ===

impl<'t> Reader<'t> {
    /// Reads to the end of the text or, inside of braces, to the closing one.
    fn template(&mut self, depth: usize) -> Result<Template<'t>, SyntaxError> {
        let mut pieces = Vec::new();
        let mut start = self.at;
        // Braces of the text itself, as in `${V:-{"a": 1}}`.
        let mut open = 0;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'}' if depth > 0 && open == 0 => break,
                b'}' if depth > 0 => open -= 1,
                b'{' if depth > 0 => open += 1,
                b'$' if self.peek(1) == Some(b'$') => {
                    self.at += 1;
                    self.push_text(&mut pieces, start);
                    start = self.at + 1;
                }
                b'$' => {
                    let before = self.at;
                    if let Some(variable) = self.variable(depth)? {
                        push_text(&mut pieces, &self.text[start..before]);
                        pieces.push(variable);
                        start = self.at;
                        continue;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        self.push_text(&mut pieces, start);
        Ok(pieces)
    }

    /// Reads what stands at a `$`, if it is a variable.
    fn variable(&mut self, depth: usize) -> Result<Option<Piece<'t>>, SyntaxError> {
        let start = self.at;
        let braced = self.peek(1) == Some(b'{');
        self.at += if braced { 2 } else { 1 };
        let name = self.name();
        if !braced {
            if name.is_empty() {
                self.at = start;
                return Ok(None);
            }
            let range = start..self.at;
            return Ok(Some(Piece::Variable {
                name,
                range,
                operation: None,
            }));
        }
        if name.is_empty() {
            return Err(self.error(start, "`${` must be followed by a variable's name"));
        }
        let operation = self.operation(start, depth)?;
        if self.peek(0) != Some(b'}') {
            return Err(self.error(start, "`${` is never closed"));
        }
        self.at += 1;
        Ok(Some(Piece::Variable {
            name,
            range: start..self.at,
            operation,
        }))
    }

    fn operation(
        &mut self,
        start: usize,
        depth: usize,
    ) -> Result<Option<Operation<'t>>, SyntaxError> {
        let empty_is_unset = self.peek(0) == Some(b':');
        let operator = match self.peek(usize::from(empty_is_unset)) {
            Some(b'-') => Operator::Default,
            Some(b'?') => Operator::Required,
            Some(b'+') => Operator::Alternative,
            Some(b'}') | None if !empty_is_unset => return Ok(None),
            None => return Err(self.error(start, "`${` is never closed")),
            Some(_) => {
                let reason =
                    "after the name only `}`, `:-`, `-`, `:?`, `?`, `:+` or `+` may follow";
                return Err(self.error(start, reason));
            }
        };
        if depth >= MAX_DEPTH {
            return Err(self.error(start, "variables are nested too deep"));
        }
        self.at += usize::from(empty_is_unset) + 1;
        let word = self.template(depth + 1)?;
        Ok(Some(Operation {
            operator,
            empty_is_unset,
            word,
        }))
    }

    fn name(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return "";
        }
        self.at += end;
        name
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn push_text(&self, pieces: &mut Template<'t>, start: usize) {
        push_text(pieces, &self.text[start..self.at]);
    }

    fn error(&self, start: usize, reason: &'static str) -> SyntaxError {
        SyntaxError {
            range: start..self.text.floor_char_boundary(self.at.max(start + 2)),
            reason,
        }
    }
}

fn push_text<'t>(pieces: &mut Template<'t>, text: &'t str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> &'static str {
        parse(text).unwrap_err().reason
    }

    #[test]
    fn names_end_where_they_must() {
        let pieces = parse("a$B_1-${C}d").unwrap();
        assert_eq!(
            pieces,
            [
                Piece::Text("a"),
                Piece::Variable {
                    name: "B_1",
                    range: 1..5,
                    operation: None
                },
                Piece::Text("-"),
                Piece::Variable {
                    name: "C",
                    range: 6..10,
                    operation: None
                },
                Piece::Text("d"),
            ]
        );
    }

    #[test]
    fn lone_dollars_are_text() {
        for text in ["$", "a $ b", "$1", "$(date)", "é$é"] {
            let pieces = parse(text).unwrap();
            assert!(
                pieces.iter().all(|piece| matches!(piece, Piece::Text(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_braces_are_refused_with_a_reason() {
        assert!(reason("${").contains("name"));
        assert!(reason("${}").contains("name"));
        assert!(reason("${1}").contains("name"));
        assert!(reason("${A").contains("never closed"));
        assert!(reason("${A:").contains("never closed"));
        assert!(reason("${A:-x").contains("never closed"));
        assert!(reason("${A:-${B}").contains("never closed"));
        assert!(reason("${A B}").contains("may follow"));
        assert!(reason("${A:=x}").contains("may follow"));
        assert!(reason("${A:}").contains("may follow"));
        assert_eq!(parse("xx${A!}").unwrap_err().range, 2..5);
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |n: usize| format!("{}x{}", "${A:-".repeat(n), "}".repeat(n));
        assert!(parse(&nested(30)).is_ok());
        assert!(reason(&nested(100_000)).contains("too deep"));
    }
}
