//! Example files of variables, and which files of variables git keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use shipway_compose::diagnostic::{SourceKind, Sources};
use shipway_compose::dotenv;
use shipway_pipeline::config::Environment;

use super::Project;
use crate::git::Repository;

/// What the names of example files end with.
const ENDINGS: [&str; 4] = ["example", "sample", "template", "dist"];

impl Project {
    /// What examples of the environment's files set variables to.
    pub(super) fn examples(&self, environment: &Environment) -> BTreeMap<String, BTreeSet<String>> {
        let own = environment.env_files.iter().map(String::as_str);
        let names: BTreeSet<&str> = own.chain([".env"]).collect();
        let mut examples: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in names {
            for ending in ENDINGS {
                let path = self.directory.join(format!("{name}.{ending}"));
                let Ok(text) = std::fs::read_to_string(path) else {
                    continue;
                };
                // An example that cannot be read is nobody's value.
                let values = dotenv::parse(&text, 0, &|_| None).unwrap_or_default();
                for (variable, value) in values.into_iter().filter(|(_, it)| !it.is_empty()) {
                    examples.entry(variable).or_default().insert(value);
                }
            }
        }
        examples
    }

    /// The files of variables that are in the repository.
    pub(super) fn committed(&self, sources: &Sources) -> BTreeSet<u16> {
        let Ok(repository) = Repository::find(&self.directory) else {
            return BTreeSet::new();
        };
        let is_committed = |name: &str| {
            let path = self.directory.join(Path::new(name));
            repository.is_tracked(&path).unwrap_or_default()
        };
        (0..)
            .zip(sources.iter())
            .filter(|(_, source)| source.kind == SourceKind::Variables)
            .filter(|(_, source)| is_committed(&source.name))
            .map(|(number, _)| number)
            .collect()
    }
}
