//! What both loaders are given, and how ours is asked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io;

use indexmap::IndexMap;
use shipway_compose::load::{Loaded, Request, load};
use shipway_compose::{LoadError, SourceFile, dotenv};

use super::case::Case;

/// The project's directory. Its last part is the project's name.
pub(crate) const DIRECTORY: &str = "/srv/shop";
/// What `~` stands for.
const HOME: &str = "/home/shop";

/// A project on disk, its environment, and the options of `docker compose`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// Files by their path, relative to the project's directory.
    pub(crate) files: BTreeMap<String, String>,
    /// The options, without the subcommand.
    pub(crate) run: Vec<String>,
    /// Variables of the environment.
    pub(crate) env: Vec<(String, String)>,
}

impl From<&Case> for Given {
    fn from(case: &Case) -> Self {
        Self {
            files: case.files.iter().cloned().collect(),
            run: case.run.clone(),
            env: case.env.clone(),
        }
    }
}

/// As a case, so that what a test found can become one.
impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let case = Case {
            run: self.run.clone(),
            env: self.env.clone(),
            files: self.files.clone().into_iter().collect(),
            ..Case::default()
        };
        f.write_str(&case.render())
    }
}

// === impl Given ===

impl Given {
    /// The options, with a file.
    pub(crate) fn options(&self) -> Vec<String> {
        let mut options = self.run.clone();
        if !options.iter().any(|option| option == "-f") {
            options.extend(["-f".to_owned(), "compose.yml".to_owned()]);
        }
        options
    }

    /// The whole environment.
    pub(crate) fn environment(&self) -> IndexMap<String, String> {
        let mut environment = IndexMap::from([("HOME".to_owned(), HOME.to_owned())]);
        environment.extend(self.env.iter().cloned());
        environment
    }

    /// Loads the project with our loader, which has only what is given here.
    pub(crate) fn load(&self) -> Result<Loaded, Refusal> {
        let files = self.values_of("-f");
        let sources: Result<Vec<SourceFile>, Refusal> = files
            .iter()
            .map(|name| {
                let name = join(name);
                let text = self
                    .read(&name)
                    .map_err(|error| Refusal::Options(format!("{name}: {error}")))?;
                Ok(SourceFile { name, text })
            })
            .collect();
        let sources = sources?;
        let directory = match self.values_of("--project-directory").first() {
            Some(directory) => join(directory),
            None => parent(&sources[0].name),
        };
        let environment = self.variables(&directory)?;
        let variables = |name: &str| environment.get(name).cloned();
        let name = self
            .values_of("-p")
            .pop()
            .or_else(|| variables("COMPOSE_PROJECT_NAME"));
        let profiles = self.values_of("--profile");
        let request = Request {
            files: &sources,
            directory: &directory,
            name: name.as_deref(),
            profiles: &profiles,
            variables: &variables,
        };
        load(&request, &mut |path: &str| self.read(path)).map_err(Refusal::Files)
    }

    fn values_of(&self, option: &str) -> Vec<String> {
        let options = self.options();
        options
            .windows(2)
            .filter(|pair| pair[0] == option)
            .map(|pair| pair[1].clone())
            .collect()
    }

    /// The environment over `--env-file`, or over `.env`.
    fn variables(&self, directory: &str) -> Result<IndexMap<String, String>, Refusal> {
        let environment = self.environment();
        let mut files = self.values_of("--env-file");
        if files.is_empty() {
            files.push(format!("{directory}/.env"));
        }
        let found = RefCell::new(IndexMap::new());
        for file in files {
            let Ok(text) = self.read(&join(&file)) else {
                continue;
            };
            let lookup = |name: &str| {
                let before = || found.borrow().get(name).cloned();
                environment.get(name).cloned().or_else(before)
            };
            let values = dotenv::parse(&text, 0, &lookup)
                .map_err(|diagnostic| Refusal::Options(diagnostic.message))?;
            found.borrow_mut().extend(values);
        }
        let mut variables = found.into_inner();
        variables.extend(environment);
        Ok(variables)
    }

    fn read(&self, path: &str) -> io::Result<String> {
        path.strip_prefix(DIRECTORY)
            .and_then(|name| self.files.get(name.trim_start_matches('/')))
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// An absolute path from one that starts in the project's directory.
fn join(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if !path.starts_with('/') {
        parts.extend(DIRECTORY.split('/').skip(1));
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn parent(path: &str) -> String {
    let (directory, _) = path.rsplit_once('/').expect("the path is absolute");
    directory.to_owned()
}

/// Why there is no project.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The options are wrong, or name a file that cannot be read: the loader is never asked.
    Options(String),
    /// The files are no project.
    Files(LoadError),
}
