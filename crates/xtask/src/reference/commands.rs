//! The page of all commands, made from what each says with `--help`.

use std::fmt::Write as _;

use anyhow::{Result, bail};

/// Makes the page. `help` gives what `shipway WORDS… --help` prints.
pub(crate) fn commands(help: &dyn Fn(&[String]) -> Result<String>) -> Result<String> {
    let mut sections = Vec::new();
    collect(&[], help, &mut sections)?;
    let mut page = super::page("# Commands\n\n");
    for section in sections.iter().skip(1) {
        writeln!(page, "- [`{}`](#{})", section.title, anchor(&section.title))?;
    }
    for section in &sections {
        let (title, help) = (&section.title, section.help.trim_end());
        write!(page, "\n## `{title}`\n\n```text\n{help}\n```\n")?;
    }
    Ok(page)
}

/// One command and what it says of itself.
struct Section {
    title: String,
    help: String,
}

/// A command, then those below it, in the order of its help.
fn collect(
    words: &[String],
    help: &dyn Fn(&[String]) -> Result<String>,
    sections: &mut Vec<Section>,
) -> Result<()> {
    let title = ["shipway".to_owned()]
        .iter()
        .chain(words)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    let text = help(words)?;
    if text.trim().is_empty() {
        bail!("`{title} --help` prints nothing");
    }
    let names = names(&text);
    sections.push(Section {
        title,
        help: trim_lines(&text),
    });
    for name in names {
        let words = [words, &[name]].concat();
        collect(&words, help, sections)?;
    }
    Ok(())
}

/// The commands that a help lists, under headings such as `Commands:` and `Other commands:`.
fn names(help: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_list = false;
    for line in help.lines() {
        if !line.starts_with(' ') && !line.is_empty() {
            is_list = line.to_lowercase().ends_with("commands:");
            continue;
        }
        // Descriptions that need a line of their own are indented further.
        let Some(entry) = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
        else {
            continue;
        };
        let name = entry.split([' ', ',']).next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase());
        if is_list && is_name && name != "help" {
            names.push(name.to_owned());
        }
    }
    names
}

/// Blanks at the ends of lines are no part of a help, and git complains about them.
fn trim_lines(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// How renderers of Markdown name a heading.
fn anchor(title: &str) -> String {
    title.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = "\
Deploys Compose applications

Usage: shipway [OPTIONS] <COMMAND>

Commands:
  deploy   Make a release live
  secrets  Set and list secrets  
  help     Print this message

Everyday commands:
  status
          What is live where

Options:
  -h, --help  Print help

Examples:
  shipway deploy testing
";

    fn help(words: &[String]) -> Result<String> {
        Ok(match words.join(" ").as_str() {
            "" => TOP.to_owned(),
            "secrets" => "Commands:\n  set  Set one\n".to_owned(),
            other => format!("This is {other}.\n"),
        })
    }

    #[test]
    fn every_command_has_a_section_in_the_order_of_the_help() {
        let page = commands(&help).unwrap();
        let headings: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        assert_eq!(
            headings,
            [
                "## `shipway`",
                "## `shipway deploy`",
                "## `shipway secrets`",
                "## `shipway secrets set`",
                "## `shipway status`",
            ]
        );
        assert!(page.contains("- [`shipway secrets set`](#shipway-secrets-set)\n"));
        assert!(page.contains("```text\nThis is deploy.\n```\n"));
        assert!(!page.lines().any(|line| line.ends_with(' ')), "{page}");
    }

    #[test]
    fn a_program_without_help_is_an_error() {
        assert!(commands(&|_| Ok(String::new())).is_err());
    }
}
