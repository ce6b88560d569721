//! Tokens and statements of a text.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// What a token is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Quoted,
    Text,
    Number,
    Punctuation,
    Unknown,
}

/// A token and its place in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

// === impl Token ===

impl Token<'_> {
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is(&self, punctuation: &str) -> bool {
        self.kind == Kind::Punctuation && self.text == punctuation
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens that carry meaning, and the comments' places.
pub(super) fn tokens(text: &str) -> (Vec<Token<'_>>, Vec<Range<usize>>) {
    let mut found = Vec::with_capacity(text.len() / 5);
    let mut comments = Vec::new();
    let mut start = 0;
    for token in tokenize(text) {
        let end = start + token.len as usize;
        let kind = match token.kind {
            TokenKind::Whitespace | TokenKind::Eof => None,
            TokenKind::LineComment | TokenKind::BlockComment { .. } => {
                comments.push(start..end);
                None
            }
            TokenKind::Ident => Some(Kind::Word),
            TokenKind::QuotedIdent { .. } => Some(Kind::Quoted),
            TokenKind::Literal { kind } => Some(match kind {
                LiteralKind::Int { .. } | LiteralKind::Numeric { .. } => Kind::Number,
                _ => Kind::Text,
            }),
            TokenKind::Unknown => Some(Kind::Unknown),
            _ => Some(Kind::Punctuation),
        };
        if let (Some(kind), Some(text)) = (kind, text.get(start..end)) {
            found.push(Token { kind, text, start });
        }
        start = end;
    }
    (found, comments)
}

/// Splits at the semicolons that end statements.
pub(super) fn statements<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut found = Vec::new();
    let (mut first, mut depth, mut blocks) = (0, 0_usize, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth = depth.saturating_sub(1);
        } else if token.is_word("atomic") && at > 0 && tokens[at - 1].is_word("begin") {
            // The body of a function in standard SQL holds statements of its own.
            blocks += 1;
        } else if blocks > 0 && token.is_word("case") {
            blocks += 1;
        } else if blocks > 0 && token.is_word("end") {
            blocks -= 1;
        } else if token.is(";") && depth == 0 && blocks == 0 {
            found.push(&tokens[first..at]);
            first = at + 1;
        }
    }
    found.push(&tokens[first..]);
    found.retain(|statement| !statement.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_inside_of_something_end_nothing() {
        let text = "SELECT ';' ; DO $$ a; b $$; -- c;\n CREATE FUNCTION f() BEGIN ATOMIC x; \
                    SELECT CASE WHEN 1 THEN 2 END; END; last /* ; */ (a;b)";
        let (tokens, comments) = tokens(text);
        let parts: Vec<&str> = statements(&tokens)
            .iter()
            .map(|statement| statement[0].text)
            .collect();
        assert_eq!(parts, ["SELECT", "DO", "CREATE", "last"]);
        assert_eq!(comments.len(), 2);
    }
}
