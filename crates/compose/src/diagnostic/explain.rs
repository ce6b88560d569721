//! A code's whole page, and the page of all codes.

use std::fmt::Write as _;

use super::{Area, Code};

/// What the page of all codes begins with.
const HEAD: &str = "\
# Errors and warnings in files

What `shipway validate` finds, by code. `shipway explain CODE` prints the same.

## Levels

Levels are `error`, `warning` and `off`. They are set below `diagnostics` of `shipway.yml`, at the \
top level or for one environment, and for one run with `--deny`, `--warn` and `--allow` of \
`shipway validate`; `--deny warnings` makes every warning an error. Nothing is deployed with an \
error. An error that is *fixed* makes a file unusable and cannot be lowered.

What bites in production is not told of every environment: passwords in the file are right in \
`development`, and data in memory is right in `testing`. An environment is for development if its \
name, or the first word of it, is `dev`, `develop`, `development` or `local`; for testing if it is \
`test`, `tests`, `testing`, `ci` or `qa`; any other is treated as production.

## For machines

`shipway validate --format` writes `json`, `sarif` (SARIF 2.1.0, for code hosts) or `github` \
(workflow commands of GitHub Actions) to standard output. The exit code is 0 without errors and 2 \
with them. The JSON document has `version` (1), `environments`, `errors`, `warnings` and \
`diagnostics`, a list of objects:

| field | meaning |
| --- | --- |
| `code`, `level`, `message` | what it is, `error` or `warning`, and one line |
| `help` | the way out, or null |
| `environments` | where it was found; empty for what concerns `shipway.yml` as a whole |
| `file` | relative to the project, or null where there is no place |
| `line`, `column` | of the first character, from 1; columns count characters |
| `end_line`, `end_column` | of the character after the last |
| `related` | other places that it concerns: the same fields, with a `message` |

Fields may be added; none is removed or changes its meaning within a version.
";

/// Returns the page of a code, with how its level is changed.
#[must_use]
pub fn explain(code: Code) -> String {
    let (page, level) = (code.page().trim_end(), code.default_level());
    if code.is_fatal() {
        return format!(
            "{page}\n\n## Level\n\nAlways an error: a file with it cannot be used, so it cannot be lowered.\n"
        );
    }
    format!(
        "{page}\n\n## Level\n\n`{level}` by default. To change it for all environments, or below one of them, write into `shipway.yml`:\n\n\
         ```yaml\ndiagnostics:\n  {code}: off      # or warning, error\n```\n\n\
         For one run: `shipway validate --allow {code}`, `--warn {code}` or `--deny {code}`.\n"
    )
}

/// Returns one page with all codes, in Markdown.
#[must_use]
pub fn explain_all() -> String {
    let mut text = String::from(HEAD);
    for area in Area::ALL {
        let codes: Vec<Code> = Code::ALL
            .iter()
            .copied()
            .filter(|code| code.area() == area)
            .collect();
        let _ = write!(
            text,
            "\n## {}\n\n| code | level | what it means |\n| --- | --- | --- |\n",
            area.as_str()
        );
        for code in &codes {
            let fixed = if code.is_fatal() { ", fixed" } else { "" };
            let (level, title) = (code.default_level(), code.title());
            let _ = writeln!(text, "| [`{code}`](#{code}) | {level}{fixed} | {title} |");
        }
        for code in codes {
            text.push('\n');
            text.push_str(&lowered(code.page()));
        }
    }
    text
}

/// A page whose headings are two levels lower.
fn lowered(page: &str) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in page.trim_end().lines() {
        is_code ^= line.starts_with("```");
        // In an example `#` begins a comment.
        if line.starts_with('#') && !is_code {
            text.push_str("##");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_how_its_level_is_changed() {
        let page = explain(Code::FloatingTag);
        assert!(page.starts_with("# floating-tag\n"), "{page}");
        assert!(page.contains("diagnostics:\n  floating-tag: off"), "{page}");
        let fixed = explain(Code::WrongType);
        assert!(fixed.ends_with("so it cannot be lowered.\n"), "{fixed}");
    }

    #[test]
    fn one_page_has_every_code_once_as_a_heading() {
        let page = explain_all();
        for code in Code::ALL {
            assert_eq!(
                page.matches(&format!("\n### {code}\n")).count(),
                1,
                "{code}"
            );
        }
        assert!(page.contains("\n# docker-compose.development.yml\n"));
    }
}
