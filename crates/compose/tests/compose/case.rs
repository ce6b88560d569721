//! The form of a case: one file that holds a small project and what becomes of it.
//!
//! ```text
//! # Words for the reader.
//! run: -f compose.yml -f over.yml --profile debug
//! env: TAG=1.10
//! difference: heading-in-compose-differences
//!
//! >>> compose.yml
//! services: {web: {image: "web:$TAG"}}
//!
//! <<< config
//! name: shop
//! …
//! ```
//!
//! `run:` holds the options of `docker compose`, `-f compose.yml` without it;
//! each `env:` is a variable of the environment. Compose's answer is `config`
//! or `refused CODE`. A `difference:` says that ours is another one on purpose,
//! and `<<< shipway config` or `<<< shipway refused` holds it.

use std::fmt::Write as _;

use super::answer::Answer;

/// A small project and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Case {
    /// Lines of words for the reader.
    pub(crate) words: Vec<String>,
    /// The options of `docker compose`.
    pub(crate) run: Vec<String>,
    /// Variables of the environment.
    pub(crate) env: Vec<(String, String)>,
    /// The heading that explains why our answer is another one.
    pub(crate) difference: Option<String>,
    /// Files by their path, relative to the project's directory.
    pub(crate) files: Vec<(String, String)>,
    /// What Compose says.
    pub(crate) theirs: Option<Answer>,
    /// What we say, where that is another thing on purpose.
    pub(crate) ours: Option<Answer>,
}

// === impl Case ===

impl Case {
    /// Reads a case.
    pub(crate) fn parse(text: &str) -> Self {
        let mut case = Self::default();
        let mut section: Option<(String, String)> = None;
        for line in text.lines() {
            if line.starts_with(">>> ") || line.starts_with("<<< ") {
                case.close(section.replace((line.to_owned(), String::new())));
            } else if let Some((_, body)) = &mut section {
                body.push_str(line);
                body.push('\n');
            } else {
                case.head(line);
            }
        }
        case.close(section);
        case
    }

    /// Writes a case so that `parse` gives it again.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        for line in &self.words {
            let _ = writeln!(out, "{line}");
        }
        if !self.run.is_empty() {
            let _ = writeln!(out, "run: {}", self.run.join(" "));
        }
        for (name, value) in &self.env {
            let _ = writeln!(out, "env: {name}={value}");
        }
        if let Some(difference) = &self.difference {
            let _ = writeln!(out, "difference: {difference}");
        }
        for (name, text) in &self.files {
            push_section(&mut out, &format!(">>> {name}"), text);
        }
        for (prefix, answer) in [("<<<", &self.theirs), ("<<< shipway", &self.ours)] {
            match answer {
                Some(Answer::Config(text)) => {
                    push_section(&mut out, &format!("{prefix} config"), text);
                }
                Some(Answer::Refused(code, text)) => {
                    push_section(&mut out, &format!("{prefix} refused {code}"), text);
                }
                None => {}
            }
        }
        out
    }

    fn head(&mut self, line: &str) {
        if let Some(options) = line.strip_prefix("run: ") {
            self.run = options.split(' ').map(str::to_owned).collect();
        } else if let Some((name, value)) =
            line.strip_prefix("env: ").and_then(|v| v.split_once('='))
        {
            self.env.push((name.to_owned(), value.to_owned()));
        } else if let Some(difference) = line.strip_prefix("difference: ") {
            self.difference = Some(difference.to_owned());
        } else if !line.is_empty() {
            assert!(line.starts_with('#'), "no line of a case: `{line}`");
            self.words.push(line.to_owned());
        }
    }

    fn close(&mut self, section: Option<(String, String)>) {
        let Some((heading, body)) = section else {
            return;
        };
        // The blank lines in front of the next heading are for the reader.
        let text = match body.trim_end_matches('\n') {
            "" => String::new(),
            text => format!("{text}\n"),
        };
        match heading.split(' ').collect::<Vec<_>>()[..] {
            [">>>", name] => self.files.push((name.to_owned(), text)),
            ["<<<", "config"] => self.theirs = Some(Answer::Config(text)),
            ["<<<", "refused", code] => self.theirs = Some(refused(code, text)),
            ["<<<", "shipway", "config"] => self.ours = Some(Answer::Config(text)),
            ["<<<", "shipway", "refused", code] => self.ours = Some(refused(code, text)),
            _ => panic!("no heading of a case: `{heading}`"),
        }
    }
}

fn refused(code: &str, text: String) -> Answer {
    let code = code.parse().expect("an exit code is a number");
    Answer::Refused(code, text)
}

fn push_section(out: &mut String, heading: &str, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    let text = text.trim_end_matches('\n');
    let _ = writeln!(out, "{heading}");
    if !text.is_empty() {
        let _ = writeln!(out, "{text}");
    }
}

#[test]
fn a_case_is_read_and_written() {
    let text = "\
# Words.
run: -f a.yml --profile x
env: A=b=c

>>> a.yml
services:

  web: {}

>>> empty.env

<<< config
name: shop

<<< shipway refused 15
no
";
    let case = Case::parse(text);
    assert_eq!(case.run, ["-f", "a.yml", "--profile", "x"]);
    assert_eq!(case.env, [("A".to_owned(), "b=c".to_owned())]);
    assert_eq!(case.files[0].1, "services:\n\n  web: {}\n");
    assert_eq!(case.theirs, Some(Answer::Config("name: shop\n".to_owned())));
    assert_eq!(case.render(), text);
}
