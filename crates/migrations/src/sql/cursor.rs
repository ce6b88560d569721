//! A place among the tokens of one statement.

use std::ops::Range;

use super::token::{Kind, Token};

/// A place among the tokens of one statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t, 'a> {
    tokens: &'t [Token<'a>],
}

/// The words of a phrase. They are asked for at every turn, and a search for a `char` would take
/// longer than the comparison.
fn each(words: &str) -> impl Iterator<Item = &[u8]> {
    words.as_bytes().split(|&byte| byte == b' ')
}

// === impl Cursor ===

impl<'t, 'a> Cursor<'t, 'a> {
    pub(super) fn new(tokens: &'t [Token<'a>]) -> Self {
        Self { tokens }
    }

    pub(super) fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.first()
    }

    pub(super) fn next(&mut self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    pub(super) fn rest(&self) -> &'t [Token<'a>] {
        self.tokens
    }

    pub(super) fn is_done(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether these words come next.
    pub(super) fn sees(&self, words: &str) -> bool {
        let mut tokens = self.tokens.iter();
        each(words).all(|word| {
            tokens.next().is_some_and(|token| {
                token.kind == Kind::Word && token.text.as_bytes().eq_ignore_ascii_case(word)
            })
        })
    }

    /// Steps over these words, if they come next.
    pub(super) fn take(&mut self, words: &str) -> bool {
        let sees = self.sees(words);
        if sees {
            self.tokens = &self.tokens[each(words).count()..];
        }
        sees
    }

    /// Steps over each of these, if it comes next.
    pub(super) fn skip(&mut self, optional: &[&str]) {
        for words in optional {
            self.take(words);
        }
    }

    /// Steps over a punctuation mark, if it comes next.
    pub(super) fn mark(&mut self, punctuation: &str) -> bool {
        let sees = self.peek().is_some_and(|token| token.is(punctuation));
        if sees {
            self.tokens = &self.tokens[1..];
        }
        sees
    }

    /// Reads a name without its schema, as PostgreSQL folds it.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = self.part()?;
        while self.mark(".") {
            name = self.part()?;
        }
        Some(name)
    }

    fn part(&mut self) -> Option<String> {
        let token = self
            .peek()
            .filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))?;
        self.tokens = &self.tokens[1..];
        Some(fold(token))
    }

    /// Reads what stands in parentheses, if they come next.
    pub(super) fn group(&mut self) -> Option<Cursor<'t, 'a>> {
        if !self.peek()?.is("(") {
            return None;
        }
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate() {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth -= 1;
                if depth == 0 {
                    let inner = Self::new(&self.tokens[1..at]);
                    self.tokens = &self.tokens[at + 1..];
                    return Some(inner);
                }
            }
        }
        None
    }

    /// Steps forward to a token outside of parentheses for which `stop` holds, or to the end,
    /// and returns what was stepped over.
    pub(super) fn until(&mut self, stop: impl Fn(&Token<'a>) -> bool) -> &'t [Token<'a>] {
        let mut depth = 0_usize;
        let at = self.tokens.iter().position(|token| {
            if depth == 0 && stop(token) {
                return true;
            }
            if token.is("(") || token.is("[") {
                depth += 1;
            } else if token.is(")") || token.is("]") {
                depth = depth.saturating_sub(1);
            }
            false
        });
        let (over, rest) = self.tokens.split_at(at.unwrap_or(self.tokens.len()));
        self.tokens = rest;
        over
    }

    /// Splits at the commas outside of parentheses.
    pub(super) fn parts(mut self) -> Vec<Cursor<'t, 'a>> {
        let mut parts = Vec::new();
        while !self.is_done() {
            parts.push(Cursor::new(self.until(|token| token.is(","))));
            self.next();
        }
        parts
    }

    /// Where the tokens that are left stand.
    pub(super) fn range(&self) -> Range<usize> {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => first.start..last.end(),
            _ => 0..0,
        }
    }
}

/// A name as PostgreSQL keeps it: lower-case unless it is quoted.
pub(super) fn fold(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Quoted => {
            let name = token.text.trim_matches('"');
            if name.as_bytes().contains(&b'"') {
                name.replace("\"\"", "\"")
            } else {
                name.to_owned()
            }
        }
        _ => token.text.to_ascii_lowercase(),
    }
}
