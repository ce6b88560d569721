//! How deep the tree of a text can become, from its tokens alone.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer::lex};

/// Deeper code does not compile in CPython, which stops at some thousands.
const DEEPEST: usize = 30_000;

/// CPython's own limit is 200.
const BRACKETS: usize = 250;

/// CPython's own limit is 100.
const INDENTS: usize = 110;

/// Returns a number of levels that the tree does not exceed, or `None` where that is too many.
pub(super) fn levels(text: &str) -> Option<usize> {
    // No tree is deeper than its text is long; only long files are looked at closely.
    if text.len() <= DEEPEST {
        return Some(text.len());
    }
    let mut bound = Bound::default();
    let mut lexer = lex(text, Mode::Module);
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return Some(bound.deepest),
            token => bound.take(token),
        }
        if bound.deepest > DEEPEST || bound.open.len() > BRACKETS || bound.indents > INDENTS {
            return None;
        }
    }
}

/// Counts tokens that could stand above one another in the tree.
#[derive(Default)]
struct Bound {
    /// Per open bracket, how many tokens stand before it in its part of the enclosing one.
    open: Vec<Part>,
    here: Part,
    outside: usize,
    indents: usize,
    deepest: usize,
}

#[derive(Default, Clone, Copy)]
struct Part {
    tokens: usize,
    /// The comma in a lambda's parameters separates no siblings.
    has_lambda: bool,
    is_string: bool,
}

// === impl Bound ===

impl Bound {
    fn take(&mut self, token: TokenKind) {
        match token {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                self.here.tokens += 1;
                self.outside += self.here.tokens;
                self.open.push(std::mem::take(&mut self.here));
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                if let Some(part) = self.open.pop() {
                    self.outside -= part.tokens;
                    self.here = part;
                }
            }
            TokenKind::Indent => self.indents += 1,
            TokenKind::Dedent => self.indents = self.indents.saturating_sub(1),
            TokenKind::Comma if !self.here.has_lambda => self.here = Part::default(),
            TokenKind::Newline => self.here = Part::default(),
            // Strings beside each other are one.
            TokenKind::String if self.here.is_string => return,
            TokenKind::NonLogicalNewline | TokenKind::Comment => return,
            _ => self.here.tokens += 1,
        }
        self.here.has_lambda |= token == TokenKind::Lambda;
        self.here.is_string = token == TokenKind::String;
        self.deepest = self.deepest.max(self.outside + self.here.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_is_not_deep() {
        let list = format!("x = [{}]", "('a', 1 + 2), ".repeat(20_000));
        assert!(levels(&list).is_some_and(|levels| levels < 20));
        let text = format!("x = (\n{})", "'some text'\n".repeat(20_000));
        assert!(levels(&text).is_some_and(|levels| levels < 20));
    }

    #[test]
    fn deep_is_refused() {
        assert_eq!(levels(&format!("x = 1{}", " + 1".repeat(40_000))), None);
        assert_eq!(levels(&format!("x = {}", "[".repeat(40_000))), None);
        assert_eq!(levels(&"lambda a, b: ".repeat(40_000)), None);
    }
}
