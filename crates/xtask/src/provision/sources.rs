//! The machine's own apt sources, and the same ones for another release.
//!
//! No mirror is named here: whatever the machine fetches from, the other release is fetched from,
//! too. Reads both forms that apt knows: one line for each source, and paragraphs of fields.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::release::Suite;

/// One source: where from, which releases and parts of them, and further fields such as the key
/// that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) mirrors: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    fields: Vec<(String, String)>,
}

/// Reads all sources that the machine has.
pub(super) fn read(directory: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let parts = directory.join("sources.list.d");
    let mut paths = vec![directory.join("sources.list")];
    if parts.is_dir() {
        for entry in fs::read_dir(&parts).context("cannot read apt's sources")? {
            paths.push(entry.context("cannot read apt's sources")?.path());
        }
    }
    // In one order on every file system.
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let text = || {
            fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(text()?.lines().filter_map(parse_line)),
            Some("sources") => sources.extend(paragraphs(&text()?).filter_map(parse_fields)),
            _ => {}
        }
    }
    Ok(sources)
}

/// The sources of the release `codename`, for the wanted suite.
pub(super) fn select(sources: &[Source], codename: &str, suite: Suite) -> Result<Vec<Source>> {
    let selected: Vec<Source> = sources
        .iter()
        .filter_map(|source| source.for_suite(codename, suite))
        .collect();
    if selected.is_empty() {
        bail!("apt has no source with the suite `{codename}`");
    }
    Ok(selected)
}

/// The sources as paragraphs of fields.
pub(super) fn render(sources: &[Source]) -> String {
    let paragraphs: Vec<String> = sources.iter().map(Source::render).collect();
    paragraphs.join("\n")
}

// === impl Source ===

impl Source {
    fn for_suite(&self, codename: &str, suite: Suite) -> Option<Self> {
        let suites: Vec<String> = match suite {
            // With `-updates` and `-security`.
            Suite::Own => self
                .suites
                .iter()
                .filter(|name| is_of(name, codename))
                .cloned()
                .collect(),
            Suite::Other(other) => self
                .suites
                .iter()
                .filter(|name| *name == codename)
                .map(|_| other.to_owned())
                .collect(),
        };
        (!suites.is_empty()).then(|| Self {
            suites,
            ..self.clone()
        })
    }

    fn render(&self) -> String {
        let mut text = format!(
            "Types: deb\nURIs: {}\nSuites: {}\nComponents: {}\n",
            self.mirrors.join(" "),
            self.suites.join(" "),
            self.components.join(" ")
        );
        for (name, value) in &self.fields {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text
    }
}

fn is_of(suite: &str, codename: &str) -> bool {
    suite
        .strip_prefix(codename)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// `deb [signed-by=KEY] MIRROR SUITE COMPONENT…`
fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next().unwrap_or_default();
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (mirror, suite) = (words.next()?, words.next()?);
    Some(Source {
        mirrors: vec![mirror],
        suites: vec![suite],
        components: words.collect(),
        fields: options
            .split_whitespace()
            .filter_map(|option| option.split_once('='))
            .map(|(name, value)| (field_of(name), value.replace(',', " ")))
            .collect(),
    })
}

/// An option's name as a field.
fn field_of(option: &str) -> String {
    match option {
        "arch" => "Architectures".to_owned(),
        "lang" => "Languages".to_owned(),
        "target" => "Targets".to_owned(),
        other => other.to_owned(),
    }
}

/// Paragraphs without their comments.
fn paragraphs(text: &str) -> impl Iterator<Item = Vec<(String, String)>> {
    let mut found = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let last = found.len() - 1;
        if line.trim().is_empty() {
            found.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            // A key may be given whole, over several lines.
            if let Some((_, value)) = found[last].last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            found[last].push((name.to_owned(), value.trim().to_owned()));
        }
    }
    found.into_iter().filter(|fields| !fields.is_empty())
}

fn parse_fields(mut fields: Vec<(String, String)>) -> Option<Source> {
    let mut take = |wanted: &str| {
        let at = fields
            .iter()
            .position(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(fields.remove(at).1)
    };
    let words = |text: Option<String>| -> Vec<String> {
        text.iter()
            .flat_map(|text| text.split_whitespace())
            .map(str::to_owned)
            .collect()
    };
    let is_off = take("Enabled").is_some_and(|value| matches!(value.as_str(), "no" | "false"));
    let has_binaries = words(take("Types")).iter().any(|kind| kind == "deb");
    let source = Source {
        mirrors: words(take("URIs")),
        suites: words(take("Suites")),
        components: words(take("Components")),
        fields,
    };
    (has_binaries && !is_off && !source.mirrors.is_empty()).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "Types: deb deb-src\n\
        # kept as a comment\n\
        URIs: http://mirror.example/debian\n\
        Suites: bookworm bookworm-updates\n\
        Components: main\n\
        Signed-By: /usr/share/keyrings/archive.gpg\n\
        \n\
        Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n\
        \n\
        Types: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main\n";

    fn from_fields() -> Vec<Source> {
        paragraphs(FIELDS).filter_map(parse_fields).collect()
    }

    #[test]
    fn only_the_release_itself_is_taken_over_to_another_one() {
        let selected = select(&from_fields(), "bookworm", Suite::Other("trixie")).unwrap();
        assert_eq!(
            render(&selected),
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n\
             Signed-By: /usr/share/keyrings/archive.gpg\n"
        );
    }

    #[test]
    fn the_own_release_keeps_its_updates_and_nothing_foreign() {
        let text = render(&select(&from_fields(), "bookworm", Suite::Own).unwrap());
        assert!(
            text.contains("Suites: bookworm bookworm-updates\n"),
            "{text}"
        );
        assert!(text.contains("Suites: bookworm-security\n"), "{text}");
        assert!(!text.contains("other.example"), "{text}");
    }

    #[test]
    fn one_line_is_the_same_as_its_fields() {
        let line = "deb [arch=amd64,arm64 signed-by=/key.gpg] http://mirror.example/debian \
                    bookworm main contrib # ours";
        let source = parse_line(line).unwrap();
        assert_eq!(
            source.render(),
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n\
             Components: main contrib\nArchitectures: amd64 arm64\nsigned-by: /key.gpg\n"
        );
        assert_eq!(
            parse_line("deb-src http://mirror.example bookworm main"),
            None
        );
        assert_eq!(
            parse_line("# deb http://mirror.example bookworm main"),
            None
        );
    }

    #[test]
    fn a_key_over_several_lines_is_kept_and_a_disabled_source_is_not() {
        let text =
            "Types: deb\nURIs: http://m.example\nSuites: x\nSigned-By:\n -----BEGIN\n .\n AB\n";
        let sources: Vec<_> = paragraphs(text).filter_map(parse_fields).collect();
        assert!(
            sources[0]
                .render()
                .ends_with("Signed-By: \n -----BEGIN\n .\n AB\n")
        );
        let disabled = format!("Enabled: no\n{text}");
        assert_eq!(paragraphs(&disabled).filter_map(parse_fields).count(), 0);
    }

    #[test]
    fn a_machine_without_the_release_is_told_so() {
        let error = select(&from_fields(), "sid", Suite::Own).unwrap_err();
        assert!(error.to_string().contains("`sid`"), "{error}");
    }
}
