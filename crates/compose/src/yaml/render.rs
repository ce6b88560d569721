//! A tree as YAML text.

use std::fmt::Write as _;

use super::scalar::is_null;
use super::{Mapping, Node, Scalar, ScalarKind, Style, Value};

/// Renders a tree so that any YAML reader, 1.1 ones included, sees the same values.
///
/// Strings that could be read as something else are quoted; `parse` gives the
/// same tree again.
#[must_use]
pub fn render(node: &Node) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Mapping(mapping) if !mapping.is_empty() && node.tag.is_none() => {
            write_mapping(&mut out, mapping, 0);
        }
        Value::Sequence(items) if !items.is_empty() && node.tag.is_none() => {
            write_sequence(&mut out, items, 0);
        }
        _ => write_value(&mut out, node, 0),
    }
    out.truncate(out.trim_end_matches('\n').len());
    if out.starts_with([' ', '\n']) {
        out.drain(..1);
    }
    out.push('\n');
    out
}

fn write_mapping(out: &mut String, mapping: &Mapping, indent: usize) {
    for (index, (key, node)) in mapping.iter().enumerate() {
        push_indent_after(out, index, indent);
        push_key(out, key, indent);
        out.push(':');
        write_value(out, node, indent + 2);
    }
}

fn write_sequence(out: &mut String, items: &[Node], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        push_indent_after(out, index, indent);
        out.push('-');
        match &item.value {
            // The first key stands beside the dash.
            Value::Mapping(mapping) if !mapping.is_empty() && item.tag.is_none() => {
                out.push(' ');
                write_mapping(out, mapping, indent + 2);
            }
            _ => write_value(out, item, indent + 2),
        }
    }
}

/// Indents all but the first: whoever starts a collection has indented that.
fn push_indent_after(out: &mut String, index: usize, indent: usize) {
    if index > 0 {
        push_indent(out, indent);
    }
}

/// Writes what follows a `:` or a `-`, up to and with the line's end.
fn write_value(out: &mut String, node: &Node, indent: usize) {
    if let Some(tag) = &node.tag {
        // Writing to a string cannot fail.
        let _ = write!(out, " {tag}");
    }
    match &node.value {
        Value::Null => out.push_str(" null\n"),
        Value::Scalar(scalar) => {
            out.push(' ');
            push_scalar(out, scalar);
            out.push('\n');
        }
        Value::Sequence(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Mapping(mapping) if mapping.is_empty() => out.push_str(" {}\n"),
        Value::Sequence(items) => {
            out.push('\n');
            push_indent(out, indent);
            write_sequence(out, items, indent);
        }
        Value::Mapping(mapping) => {
            out.push('\n');
            push_indent(out, indent);
            write_mapping(out, mapping, indent);
        }
    }
}

fn push_indent(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn push_key(out: &mut String, key: &str, indent: usize) {
    // YAML lets a key be longer than 1,024 characters only after `? `; one
    // character can take 10 in quotes.
    if key.len() > 100 {
        out.push_str("? ");
        push_quoted(out, key);
        out.push('\n');
        push_indent(out, indent);
    } else {
        push_string(out, key);
    }
}

fn push_scalar(out: &mut String, scalar: &Scalar) {
    match scalar.style {
        Style::Plain if scalar.kind() != ScalarKind::String => out.push_str(&scalar.text),
        Style::Plain | Style::Quoted => push_string(out, &scalar.text),
    }
}

fn push_string(out: &mut String, text: &str) {
    if is_safe_plain(text) {
        out.push_str(text);
    } else {
        push_quoted(out, text);
    }
}

/// Returns whether every YAML reader takes the unquoted text as this string.
fn is_safe_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_-.@$+".contains(c))
        && !is_null(text)
        && !is_word_of_yaml_1_1(text)
}

/// Returns whether YAML 1.1 reads the word as a boolean: Go's reader still knows them.
fn is_word_of_yaml_1_1(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false"
    )
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if needs_escape(c) => push_escape(out, c),
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let _ = if code <= 0xffff {
        write!(out, "\\u{code:04x}")
    } else {
        write!(out, "\\U{code:08x}")
    };
}

/// Returns whether YAML does not let the character stand for itself, or folds it.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests;
