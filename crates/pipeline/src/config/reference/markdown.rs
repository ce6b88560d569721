//! The reference page.

use std::fmt::Write as _;

use super::annotated::flow;
use super::{Key, Section, annotated, sections};

/// The reference of `shipway.yml` as Markdown, without a heading of its own.
pub fn markdown() -> String {
    let mut page = String::new();
    for section in sections() {
        push_section(&mut page, &section);
    }
    page.push_str("## All defaults\n\nWhat `shipway config --defaults` prints.\n\n```yaml\n");
    page.push_str(&annotated());
    page.push_str("```\n");
    page
}

// Writing to a String cannot fail.
fn push_section(page: &mut String, section: &Section) {
    let title = match section.path.as_str() {
        "" => "The file".to_owned(),
        path => format!("`{path}`"),
    };
    let _ = write!(page, "## {title}\n\n{}\n\n", section.meaning);
    page.push_str("| key | takes | default | meaning |\n| --- | --- | --- | --- |\n");
    for key in &section.keys {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            key.name,
            cell(&takes(key)),
            cell(&default(key)),
            cell(&key.meaning)
        );
    }
    page.push('\n');
    for key in section.keys.iter().filter(|key| !key.choices.is_empty()) {
        let _ = writeln!(page, "`{}`:\n", key.name);
        for choice in &key.choices {
            let meaning = choice.meaning.replace("\n\n", " ");
            let _ = writeln!(page, "- `{}`: {meaning}", choice.name);
        }
        page.push('\n');
    }
}

fn takes(key: &Key) -> String {
    let examples: Vec<String> = key
        .examples
        .iter()
        .map(|example| format!("`{}`", flow(example)))
        .collect();
    if examples.is_empty() {
        key.takes.clone()
    } else {
        format!("{}, such as {}", key.takes, examples.join(" or "))
    }
}

fn default(key: &Key) -> String {
    match (&key.default, &key.default_rule) {
        (Some(default), _) => format!("`{}`", flow(default)),
        (None, Some(rule)) => rule.clone(),
        (None, None) if key.required => "required".to_owned(),
        (None, None) => String::new(),
    }
}

/// A text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace("\n\n", " ").replace('|', "\\|")
}
