//! Environment files (`.env`, `env_file`) by Compose's rules.
//!
//! `KEY=value`, `KEY: value` and `export KEY=value`; a lone `KEY` passes the
//! caller's variable on. Unquoted values end at ` #` or the line's end, quoted
//! ones at the quote and may span lines. Variables are replaced in unquoted and
//! double-quoted values, by the caller's environment first and what stands
//! above in the file second.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::interpolate::expand;
use crate::yaml::{Limits, Span};

/// Reads an environment file.
///
/// # Errors
///
/// Returns a diagnostic with its place in the text for the first line that is
/// no assignment, quote that is not closed, or value that cannot be expanded.
pub fn parse(
    text: &str,
    source: u16,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<IndexMap<String, String>, Box<Diagnostic>> {
    let at = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut reader = Reader {
        text,
        source,
        at,
        lookup,
        values: IndexMap::new(),
        growth: Limits::default().text,
    };
    while reader.skip_to_statement() {
        reader.statement()?;
    }
    Ok(reader.values)
}

/// Reads an environment file of `format: raw`: no quotes, no variables.
#[must_use]
pub fn parse_raw(text: &str) -> IndexMap<String, String> {
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .collect()
}

/// Returns where each variable of a file is given last.
#[must_use]
pub fn places(text: &str, source: u16) -> HashMap<&str, Span> {
    let mut places = HashMap::new();
    let mut start = 0;
    for (line, written) in (1..).zip(text.split_inclusive('\n')) {
        let trimmed = written.trim_start();
        let trimmed = trimmed
            .strip_prefix("export ")
            .unwrap_or(trimmed)
            .trim_start();
        let name = trimmed
            .split(['=', ':', '\n'])
            .next()
            .unwrap_or_default()
            .trim_end();
        let indent = written.len() - trimmed.len();
        let span = Span {
            source,
            line,
            column: u32::try_from(indent + 1).unwrap_or(u32::MAX),
            start: start + indent,
            end: start + indent + name.len(),
        };
        places.insert(name, span);
        start += written.len();
    }
    places
}

struct Reader<'a> {
    text: &'a str,
    source: u16,
    at: usize,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    values: IndexMap<String, String>,
    /// How many bytes all values together may still grow.
    growth: usize,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips blank lines and comments; returns whether something follows.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn statement(&mut self) -> Result<(), Box<Diagnostic>> {
        self.skip_export();
        let start = self.at;
        let line = self.line();
        let end = line.find(['=', ':']).unwrap_or(line.len());
        let name = line[..end].trim_end();
        if let Some(bad) = name.find(|c: char| !is_name(c)) {
            return Err(self.bad_name(start, name, bad));
        }
        if name.is_empty() {
            return Err(self.error(start..start + end + 1, "a name is missing before this"));
        }
        self.at += end;
        if end == line.len() {
            if let Some(value) = (self.lookup)(name) {
                self.values.insert(name.to_owned(), value);
            }
            return Ok(());
        }
        self.at += 1;
        let value = self.value()?;
        self.values.insert(name.to_owned(), value);
        Ok(())
    }

    fn skip_export(&mut self) {
        if let Some(rest) = self.rest().strip_prefix("export") {
            let name = rest.trim_start_matches([' ', '\t']);
            if name.len() < rest.len() {
                self.at = self.text.len() - name.len();
            }
        }
    }

    fn value(&mut self) -> Result<String, Box<Diagnostic>> {
        let line = self.line();
        self.at += line.len() - line.trim_start().len();
        let start = self.at;
        let line = self.line();
        if let Some(quote @ ('"' | '\'')) = line.chars().next() {
            let value = self.quoted(quote)?;
            return if quote == '"' {
                self.expand(&escapes(&value), start)
            } else {
                Ok(value)
            };
        }
        self.at += line.len();
        let value = if line.starts_with('#') { "" } else { line };
        let value = value.find(" #").map_or(value, |comment| &value[..comment]);
        self.expand(value.trim_end(), start)
    }

    /// Reads to the closing quote; backslashes stay, except before the quote.
    fn quoted(&mut self, quote: char) -> Result<String, Box<Diagnostic>> {
        let start = self.at;
        let mut value = String::new();
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices().skip(1) {
            match c {
                _ if c == quote && !escaped => {
                    self.at += offset + 1;
                    self.end_of_quoted()?;
                    return Ok(value);
                }
                '\\' if !escaped => escaped = true,
                _ => {
                    if escaped && c != quote {
                        value.push('\\');
                    }
                    value.push(c);
                    escaped = false;
                }
            }
        }
        Err(self.error(start..start + self.line().len(), "a quote is never closed"))
    }

    fn end_of_quoted(&mut self) -> Result<(), Box<Diagnostic>> {
        let line = self.line();
        let trailing = line.trim();
        if trailing.is_empty() || trailing.starts_with('#') {
            self.at += line.len();
            return Ok(());
        }
        let start = self.at + line.find(trailing).unwrap_or_default();
        Err(self.error(
            start..start + trailing.len(),
            "only a comment may follow a closing quote",
        ))
    }

    fn expand(&mut self, value: &str, start: usize) -> Result<String, Box<Diagnostic>> {
        let lookup = |name: &str| (self.lookup)(name).or_else(|| self.values.get(name).cloned());
        match expand(value, &lookup, self.growth) {
            Ok(expansion) => {
                self.growth = self.growth.saturating_sub(expansion.text.len());
                Ok(expansion.text)
            }
            Err(error) => {
                let help = error.help();
                let end = self.text[start..self.at].trim_end().len() + start;
                let diagnostic = self.error(start..end, &error.to_string());
                Err(Box::new(diagnostic.with_help_if_any(help)))
            }
        }
    }

    /// Returns the rest of the line, without its end.
    fn line(&self) -> &'a str {
        let line = self.rest().split('\n').next().unwrap_or_default();
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn bad_name(&self, start: usize, name: &str, bad: usize) -> Box<Diagnostic> {
        let help = if name[bad..].starts_with(char::is_whitespace) {
            "a name has no spaces; write `NAME=value`"
        } else {
            "a name has letters, digits, `_`, `.` and `-`"
        };
        let diagnostic = self.error(
            start..start + name.len(),
            &format!("`{name}` is no name of a variable"),
        );
        Box::new(diagnostic.with_help(help))
    }

    fn error(&self, range: std::ops::Range<usize>, message: &str) -> Box<Diagnostic> {
        let span = Span::locate(self.source, self.text, range);
        Box::new(Diagnostic::new(Code::EnvFile, message).with_label(span, ""))
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']')
}

/// Replaces the escapes of a double-quoted value; unknown ones stay.
fn escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        out.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        let mut used = c.len_utf8();
        match c {
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            '"' | '\\' => out.push(c),
            // Interpolation comes after this and makes one `$` of it.
            '$' => out.push_str("$$"),
            '0' => {
                let digits = rest[1..]
                    .bytes()
                    .take(3)
                    .take_while(|b| (b'0'..b'8').contains(b));
                used = 1 + digits.count();
                let code = u32::from_str_radix(&rest[..used], 8).unwrap_or_default();
                out.extend(char::from_u32(code));
            }
            _ => {
                out.push('\\');
                out.push(c);
            }
        }
        rest = &rest[used..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
