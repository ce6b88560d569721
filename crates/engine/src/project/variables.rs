//! The variables of an environment: the caller's environment over the environment's files.

use std::collections::BTreeMap;
use std::path::Path;

use shipway_compose::diagnostic::Sources;
use shipway_compose::dotenv;
use shipway_compose::model::Project;
use shipway_compose::yaml::Span;
use shipway_pipeline::config::Environment;

use super::{Invalid, ProjectError};

/// Read where an environment names no files, as Compose does; it need not exist.
const DEFAULT_FILE: &str = ".env";

/// The variables of an environment.
///
/// As with Compose the caller's environment wins over files, and later files
/// over earlier ones.
#[derive(Clone)]
pub struct Variables {
    files: BTreeMap<String, FromFile>,
    /// The files by name, with their texts.
    texts: Vec<(String, String)>,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The caller's environment.
    Shell,
    /// A file of the environment, by its name in `shipway.yml`.
    File(String),
}

#[derive(Clone)]
struct FromFile {
    value: String,
    file: String,
}

impl Variables {
    pub(super) fn read(directory: &Path, environment: &Environment) -> Result<Self, ProjectError> {
        let mut files: BTreeMap<String, FromFile> = BTreeMap::new();
        let mut texts = Vec::new();
        let default = [DEFAULT_FILE.to_owned()];
        let is_default = environment.env_files.is_empty();
        let names = if is_default {
            &default[..]
        } else {
            &environment.env_files
        };
        for name in names {
            let path = directory.join(name);
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    if is_default {
                        continue;
                    }
                    return Err(ProjectError::NoFile(path));
                }
                Err(source) => return Err(ProjectError::Read { path, source }),
            };
            let mut sources = Sources::new();
            let number = sources.add(name, &text);
            let lookup = |key: &str| get(&files, key);
            let values = dotenv::parse(&text, number, &lookup).map_err(|diagnostic| {
                ProjectError::Invalid(Invalid {
                    diagnostics: vec![*diagnostic],
                    sources,
                })
            })?;
            let from_file = |value| FromFile {
                value,
                file: name.clone(),
            };
            let values = values.into_iter();
            files.extend(values.map(|(key, value)| (key, from_file(value))));
            texts.push((name.clone(), text));
        }
        Ok(Self { files, texts })
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<String> {
        get(&self.files, name)
    }

    /// What the files set; the caller's own environment wins over it.
    pub fn of_files(&self) -> BTreeMap<String, String> {
        let pairs = self.files.iter();
        pairs
            .map(|(name, found)| (name.clone(), found.value.clone()))
            .collect()
    }

    /// Where the files set each variable whose value is theirs; they are added to the sources.
    pub(super) fn places(&self, sources: &mut Sources) -> BTreeMap<String, Span> {
        let mut places = BTreeMap::new();
        for (name, text) in &self.texts {
            let number = sources.add_variables(name, text);
            for (variable, span) in dotenv::places(text, number) {
                if self.origin(variable) == Some(Origin::File(name.clone())) {
                    places.insert(variable.to_owned(), span);
                }
            }
        }
        places
    }

    /// Where a variable's value comes from; nowhere where it is not set.
    pub fn origin(&self, name: &str) -> Option<Origin> {
        if std::env::var(name).is_ok() {
            return Some(Origin::Shell);
        }
        let found = self.files.get(name)?;
        Some(Origin::File(found.file.clone()))
    }
}

fn get(files: &BTreeMap<String, FromFile>, name: &str) -> Option<String> {
    let in_file = || files.get(name).map(|found| found.value.clone());
    std::env::var(name).ok().or_else(in_file)
}

/// The values of the variables that a project's secrets are taken from, as far as they are set.
pub(super) fn of_secrets(project: &Project, variables: &Variables) -> BTreeMap<String, String> {
    project
        .secrets
        .values()
        .filter_map(|secret| {
            let name = secret.environment.clone()?;
            let value = variables.get(&name)?;
            Some((name, value))
        })
        .collect()
}
