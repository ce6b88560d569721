//! A `shipway.yml` with every key, its default and its meaning in comments.
//!
//! It is valid, and says what holds without it: keys without a default are commented out.

use serde_json::Value;

use super::{Holds, Key, Section, file};

/// Comments are broken at this width.
const WIDTH: usize = 96;

/// The name that stands for any of a mapping of names.
fn example_name(key: &str) -> &'static str {
    match key {
        "environments" => "testing",
        _ => "web",
    }
}

/// A `shipway.yml` with every key, its default and its meaning in comments.
///
/// ```
/// use shipway_pipeline::config;
/// let text = config::reference::annotated();
/// assert!(text.contains("    # How a release replaces another.\n"));
/// assert!(config::parse(&text).is_ok());
/// ```
pub fn annotated() -> String {
    let mut text = String::from(
        "# Every key of shipway.yml, with its default and its meaning. What is commented out has no\n\
         # value unless it is written.\n",
    );
    push_section(&mut text, &file(), 0, false);
    text
}

fn push_section(text: &mut String, section: &Section, indent: usize, is_comment: bool) {
    for key in &section.keys {
        // Air between the sections, none between single keys.
        if key.holds.is_some() || indent == 0 {
            text.push('\n');
        }
        push_key(text, key, indent, is_comment);
    }
}

fn push_key(text: &mut String, key: &Key, indent: usize, is_comment: bool) {
    push_comments(text, key, indent);
    match &key.holds {
        Some(Holds::Section(section)) => {
            let is_comment = is_comment || is_left_out(key, section);
            push_line(text, indent, is_comment, &format!("{}:", key.name));
            push_section(text, section, indent + 2, is_comment);
        }
        Some(Holds::Map(section)) => {
            let is_comment = is_comment || !key.required;
            push_line(text, indent, is_comment, &format!("{}:", key.name));
            let name = format!("{}:", example_name(&key.name));
            push_line(text, indent + 2, is_comment, &name);
            push_section(text, section, indent + 4, is_comment);
        }
        None => {
            let (value, is_default) = match (&key.default, key.examples.first()) {
                (Some(default), _) => (flow(default), true),
                (None, Some(example)) => (flow(example), false),
                (None, None) => {
                    let first = key.choices.first();
                    (
                        first.map_or_else(String::new, |one| one.name.clone()),
                        false,
                    )
                }
            };
            let is_comment = is_comment || !(is_default || key.required);
            push_line(text, indent, is_comment, &format!("{}: {value}", key.name));
        }
    }
}

/// A section that nobody needs and that cannot be empty, or that says what holds without it.
fn is_left_out(key: &Key, section: &Section) -> bool {
    let has_required = section.keys.iter().any(|key| key.required);
    !key.required && (has_required || key.default_rule.is_some())
}

fn push_comments(text: &mut String, key: &Key, indent: usize) {
    let mut paragraphs: Vec<String> = key.meaning.split("\n\n").map(str::to_owned).collect();
    if key.required {
        paragraphs.push("Required.".to_owned());
    } else if let Some(rule) = &key.default_rule {
        paragraphs.push(format!("Default: {rule}."));
    }
    for paragraph in paragraphs {
        push_wrapped(text, &paragraph, indent, "");
    }
    let longest = key.choices.iter().map(|choice| choice.name.len()).max();
    for choice in &key.choices {
        let name = format!("{:<1$}", choice.name, longest.unwrap_or(0));
        // What comes after the first paragraph is for the reference page.
        let meaning = choice.meaning.split("\n\n").next().unwrap_or_default();
        push_wrapped(text, &format!("  {name}  {meaning}"), indent, "      ");
    }
}

fn push_wrapped(text: &mut String, paragraph: &str, indent: usize, hang: &str) {
    let start = paragraph.len() - paragraph.trim_start().len();
    let mut line = paragraph[..start].to_owned();
    for (index, word) in paragraph[start..].split(' ').enumerate() {
        let is_full = indent + line.len() + word.len() + 3 > WIDTH;
        if is_full && index > 0 {
            push_comment(text, &line, indent);
            line = hang.to_owned();
        } else if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    push_comment(text, &line, indent);
}

fn push_comment(text: &mut String, line: &str, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
    text.push_str(format!("# {line}").trim_end());
    text.push('\n');
}

fn push_line(text: &mut String, indent: usize, is_comment: bool, line: &str) {
    text.extend(std::iter::repeat_n(' ', indent));
    if is_comment {
        text.push_str("# ");
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

/// A value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        // JSON is YAML.
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes in YAML, even inside of a list.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || "./".contains(c))
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " ./_-%*".contains(c))
        && text.parse::<f64>().is_err()
        && !matches!(text, "true" | "false" | "null" | "yes" | "no")
}
