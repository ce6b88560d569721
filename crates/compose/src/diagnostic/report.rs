//! What was found in several environments, each thing once.

use std::collections::{BTreeSet, HashMap};

use super::{Code, Diagnostic, Severity, Sources};
use crate::yaml::Span;

/// What was found in several environments, each thing once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The project directory; names of files below it are relative to it.
    directory: String,
    environments: Vec<String>,
    sources: Sources,
    /// Which environments read each source.
    readers: Vec<BTreeSet<usize>>,
    findings: Vec<Finding>,
}

/// A problem and the environments that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The problem; its places are in the report's sources.
    pub diagnostic: Diagnostic,
    /// The environments; empty for what concerns the project as a whole.
    pub environments: Vec<String>,
}

// === impl Report ===

impl Report {
    /// Makes an empty report on the project in a directory.
    #[must_use]
    pub fn new(directory: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            environments: Vec::new(),
            sources: Sources::new(),
            readers: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Adds what concerns the project as a whole.
    pub fn add_common(&mut self, diagnostics: Vec<Diagnostic>, sources: &Sources) {
        self.add(None, diagnostics, sources);
    }

    /// Adds what was found in an environment.
    pub fn add_environment(&mut self, name: &str, diagnostics: Vec<Diagnostic>, sources: &Sources) {
        self.environments.push(name.to_owned());
        self.add(Some(self.environments.len() - 1), diagnostics, sources);
    }

    /// Drops what is wrong with a shared file in some of the environments that read it only.
    ///
    /// What the base file defines need not be used by every overlay.
    pub fn keep_where_all_agree(&mut self, code: Code) {
        let (readers, environments) = (&self.readers, &self.environments);
        self.findings.retain(|finding| {
            let place = finding.diagnostic.labels.first();
            let readers = place.and_then(|it| readers.get(usize::from(it.span.source)));
            finding.diagnostic.code != code
                || readers.into_iter().flatten().all(|index| {
                    let name = environments.get(*index);
                    name.is_some_and(|name| finding.environments.contains(name))
                })
        });
    }

    /// Returns the findings in the order of their files and places.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_key(|finding| {
            let place = finding.diagnostic.labels.first();
            place.map(|label| (label.span.source, label.span.start))
        });
        findings
    }

    /// Returns what the places point into.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Returns the environments that were looked at.
    #[must_use]
    pub fn environments(&self) -> &[String] {
        &self.environments
    }

    /// Returns how many findings are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.diagnostic.severity == severity)
            .count()
    }

    fn add(&mut self, environment: Option<usize>, diagnostics: Vec<Diagnostic>, sources: &Sources) {
        let numbers = self.take_sources(environment, sources);
        let name = environment.and_then(|index| self.environments.get(index).cloned());
        for mut diagnostic in diagnostics {
            for label in &mut diagnostic.labels {
                let number = numbers.get(&label.span.source);
                label.span = Span {
                    source: number.copied().unwrap_or(u16::MAX),
                    ..label.span
                };
            }
            let known = self
                .findings
                .iter_mut()
                .find(|finding| finding.diagnostic == diagnostic);
            match known {
                Some(finding) => {
                    let is_new = |name: &String| !finding.environments.contains(name);
                    let new = name.clone().filter(is_new);
                    finding.environments.extend(new);
                }
                None => self.findings.push(Finding {
                    diagnostic,
                    environments: name.iter().cloned().collect(),
                }),
            }
        }
    }

    /// Takes files over that are not there yet, and returns the new numbers by the old ones.
    fn take_sources(&mut self, environment: Option<usize>, sources: &Sources) -> HashMap<u16, u16> {
        let mut numbers = HashMap::new();
        for (old, source) in (0..).zip(sources.iter()) {
            let mut source = source.clone();
            source.name = self.relative(&source.name);
            let known = self.sources.iter().position(|it| *it == source);
            let new = match known.and_then(|index| u16::try_from(index).ok()) {
                Some(new) => new,
                None => {
                    self.readers.push(BTreeSet::new());
                    self.sources.push(source)
                }
            };
            if let Some(readers) = self.readers.get_mut(usize::from(new)) {
                readers.extend(environment);
            }
            numbers.insert(old, new);
        }
        numbers
    }

    fn relative(&self, name: &str) -> String {
        let below = name
            .strip_prefix(&self.directory)
            .and_then(|rest| rest.strip_prefix('/'));
        below.unwrap_or(name).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(source: u16, start: usize) -> Span {
        Span {
            source,
            line: 1,
            column: 1,
            start,
            end: start + 1,
        }
    }

    fn at(code: Code, source: u16, start: usize) -> Diagnostic {
        Diagnostic::new(code, code.title()).with_label(place(source, start), "")
    }

    fn sources(names: &[&str]) -> Sources {
        let mut sources = Sources::new();
        for name in names {
            sources.add(*name, "text of it");
        }
        sources
    }

    fn seen(report: &Report) -> Vec<(Code, Vec<&str>)> {
        let findings = report.findings().into_iter();
        findings
            .map(|it| {
                let environments = it.environments.iter().map(String::as_str).collect();
                (it.diagnostic.code, environments)
            })
            .collect()
    }

    #[test]
    fn one_finding_of_several_environments_is_there_once() {
        let mut report = Report::new("/project");
        let base = at(Code::FloatingTag, 0, 3);
        let first = sources(&["/project/base.yml", "/project/a.yml"]);
        report.add_environment("a", vec![at(Code::NoVolume, 1, 0), base.clone()], &first);
        let second = sources(&["b.yml", "base.yml"]);
        let again = at(Code::FloatingTag, 1, 3);
        report.add_environment("b", vec![again.clone(), again], &second);
        assert_eq!(
            seen(&report),
            [
                (Code::FloatingTag, vec!["a", "b"]),
                (Code::NoVolume, vec!["a"])
            ]
        );
        let names: Vec<_> = report.sources().iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["base.yml", "a.yml", "b.yml"]);
        assert_eq!(report.count(Severity::Warning), 2);
    }

    #[test]
    fn what_one_reader_of_a_file_needs_is_not_unused() {
        let mut report = Report::new("/project");
        let unused = |start| at(Code::UnusedDefinition, 0, start);
        let base = sources(&["base.yml"]);
        report.add_environment("a", vec![unused(1), unused(2)], &base);
        report.add_environment("b", vec![unused(2)], &base);
        report.add_environment("c", Vec::new(), &sources(&["other.yml"]));
        report.keep_where_all_agree(Code::UnusedDefinition);
        assert_eq!(seen(&report), [(Code::UnusedDefinition, vec!["a", "b"])]);
    }

    #[test]
    fn what_has_no_place_comes_first_and_concerns_all() {
        let mut report = Report::new("/project");
        report.add_environment("a", vec![at(Code::NoVolume, 0, 0)], &sources(&["a.yml"]));
        report.add_common(vec![Diagnostic::new(Code::Config, "m")], &Sources::new());
        assert_eq!(
            seen(&report),
            [(Code::Config, vec![]), (Code::NoVolume, vec!["a"])]
        );
    }
}
