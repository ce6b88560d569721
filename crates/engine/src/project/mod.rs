//! A project on disk: `shipway.yml`, its Compose files, its variables.

mod check;
mod error;
mod examples;
mod files;
mod variables;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use shipway_compose::diagnostic::Diagnostic;
use shipway_compose::{LoadError, Loaded, Request, SourceFile};
use shipway_pipeline::config::{self, Config, Environment};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::secret::{SecretName, Version};
use shipway_pipeline::workload::{self, Workload};

use files::ProjectFiles;

pub use check::Checked;
pub use error::{Invalid, ProjectError};
pub use variables::{Origin, Variables};

use crate::git::Repository;

/// The configuration's file name.
pub const FILE: &str = "shipway.yml";

/// A project on disk.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds `shipway.yml`.
    pub directory: PathBuf,
    /// What the file says.
    pub config: Config,
    /// The newest version of each secret of the store, by environment.
    pub secrets: SecretVersions,
}

/// The newest version of each secret, by environment.
pub type SecretVersions = BTreeMap<String, BTreeMap<SecretName, Version>>;

/// Where Compose files are read from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The work tree, as it is.
    WorkTree,
    /// A commit.
    Commit(&'a Repository, &'a str),
}

/// What an environment runs, and what came up on the way.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The workload.
    pub workload: Workload,
    /// The Compose application with its warnings and sources.
    pub loaded: Loaded,
    /// The values of variables that secrets are taken from. Never printed.
    pub secrets: BTreeMap<String, String>,
}

impl Project {
    /// Finds `shipway.yml` in a folder or one above it, and reads it.
    ///
    /// # Errors
    /// There is none, or it is not valid.
    pub fn find(start: &Path) -> Result<Self, ProjectError> {
        let start = start.canonicalize().map_err(|source| ProjectError::Read {
            path: start.to_owned(),
            source,
        })?;
        let directory = start
            .ancestors()
            .find(|folder| folder.join(FILE).is_file())
            .ok_or_else(|| ProjectError::NoProject(start.clone()))?
            .to_owned();
        let path = directory.join(FILE);
        let text =
            std::fs::read_to_string(&path).map_err(|source| ProjectError::Read { path, source })?;
        let mut config = config::parse(&text)
            .map_err(|problems| ProjectError::Invalid(Invalid::of_config(&text, problems)))?;
        config.locate(&directory);
        Ok(Self {
            directory,
            config,
            secrets: SecretVersions::new(),
        })
    }

    /// An environment by its name.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn environment(&self, name: &str) -> Result<&Environment, ProjectError> {
        name.parse::<EnvironmentName>()
            .ok()
            .and_then(|name| self.config.environments.get(&name))
            .ok_or_else(|| ProjectError::NoEnvironment {
                name: name.to_owned(),
                known: self.known(),
            })
    }

    /// The names of the environments, and what names of further ones look like.
    fn known(&self) -> Vec<String> {
        let names = self.config.environments.keys().map(ToString::to_string);
        let templates = self.config.templates.keys();
        names
            .chain(templates.map(|name| format!("{name}/BRANCH")))
            .collect()
    }

    /// An environment by its name, or the template of environments.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn environment_or_template(&self, name: &str) -> Result<&Environment, ProjectError> {
        let template = name.parse::<EnvironmentName>().ok();
        let template = template.and_then(|name| self.config.templates.get(&name));
        template.map_or_else(|| self.environment(name), Ok)
    }

    /// An environment by its name, even one that nothing is deployed to any more because its
    /// template is gone: to look at it, and to end it.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn environment_or_leftover(&self, name: &str) -> Result<&Environment, ProjectError> {
        let leftover = name.parse::<EnvironmentName>().ok();
        let leftover = leftover.and_then(|name| self.config.leftovers.get(&name));
        leftover.map_or_else(|| self.environment(name), Ok)
    }

    /// The environments and the templates of others, in this order.
    pub fn places(&self) -> impl Iterator<Item = &Environment> {
        let templates = self.config.templates.values();
        self.config.environments.values().chain(templates)
    }

    /// Whether any environment adopts a Compose project.
    pub fn adopts(&self, name: &str) -> bool {
        let mut environments = self.config.environments.values();
        environments.any(|environment| environment.adopt.as_deref() == Some(name))
    }

    /// Whose routes an environment's are.
    pub fn route_key(&self, environment: &Environment) -> RouteKey {
        RouteKey {
            project: self.config.project.clone(),
            environment: environment.name.clone(),
        }
    }

    /// The variables that an environment's files may use.
    ///
    /// # Errors
    /// A file of variables is missing or not valid.
    pub fn variables(&self, environment: &Environment) -> Result<Variables, ProjectError> {
        Variables::read(&self.directory, environment)
    }

    /// Reads an environment's Compose files.
    ///
    /// # Errors
    /// A file is missing or not valid.
    pub fn compose(
        &self,
        environment: &Environment,
        source: Source<'_>,
    ) -> Result<Loaded, ProjectError> {
        let variables = self.variables(environment)?;
        let files = environment
            .compose
            .iter()
            .map(|name| self.file(source, name))
            .collect::<Result<Vec<_>, ProjectError>>()?;
        let mut loaded = self
            .load(environment, &files, &variables, source)
            .map_err(|error| {
                ProjectError::Invalid(Invalid::of_compose(error.diagnostics, error.sources))
            })?;
        loaded.diagnostics = self.levels(environment).apply(loaded.diagnostics);
        if loaded.diagnostics.iter().any(Diagnostic::is_error) {
            let invalid = Invalid::of_compose(loaded.diagnostics, loaded.sources);
            return Err(ProjectError::Invalid(invalid));
        }
        Ok(loaded)
    }

    /// What an environment runs.
    ///
    /// # Errors
    /// A file is missing or not valid, or files and configuration do not fit together.
    pub fn resolve(
        &self,
        environment: &Environment,
        source: Source<'_>,
    ) -> Result<Resolved, ProjectError> {
        self.resolve_with(environment, source, None)
    }

    /// What an environment runs, to be looked at: a secret that the store here lacks, as on a
    /// machine that never deploys there, counts as [`Version::UNSET`].
    ///
    /// # Errors
    /// A file is missing or not valid, or files and configuration do not fit together.
    pub fn preview(
        &self,
        environment: &Environment,
        source: Source<'_>,
    ) -> Result<Resolved, ProjectError> {
        self.resolve_with(environment, source, Some(Version::UNSET))
    }

    fn resolve_with(
        &self,
        environment: &Environment,
        source: Source<'_>,
        missing: Option<Version>,
    ) -> Result<Resolved, ProjectError> {
        let variables = self.variables(environment)?;
        let mut loaded = self.compose(environment, source)?;
        let places = variables.places(&mut loaded.sources);
        self.refuse_lints(environment, &loaded, &places)?;
        let made = self.workload(environment, source, &variables, &loaded, missing);
        let workload = made.map_err(|problems| {
            let diagnostics = problems
                .iter()
                .map(|problem| check::of_problem(problem, environment, &loaded, &places))
                .collect();
            ProjectError::Invalid(Invalid {
                diagnostics,
                sources: loaded.sources.clone(),
            })
        })?;
        let secrets = variables::of_secrets(&loaded.project, &variables);
        Ok(Resolved {
            workload,
            loaded,
            secrets,
        })
    }

    /// Makes what an environment runs of its files; `missing` stands for secrets that are not set.
    fn workload(
        &self,
        environment: &Environment,
        source: Source<'_>,
        variables: &Variables,
        loaded: &Loaded,
        missing: Option<Version>,
    ) -> Result<Workload, Vec<workload::Problem>> {
        let named = ProjectFiles::new(&self.directory, source);
        let shared = environment.name.shared();
        let secrets = self.secrets.get(shared.as_str());
        let files = workload::Files {
            project: &loaded.project,
            directory: &self.directory.to_string_lossy(),
            variable: &|name| variables.get(name),
            read: &|path| named.bytes(path),
            stored: &|name| {
                let version = secrets.and_then(|secrets| secrets.get(name));
                version.copied().or(missing)
            },
        };
        workload::resolve(&self.config, environment, files)
    }

    fn load(
        &self,
        environment: &Environment,
        files: &[SourceFile],
        variables: &Variables,
        source: Source<'_>,
    ) -> Result<Loaded, LoadError> {
        let directory = self.directory.to_string_lossy();
        let lookup = |name: &str| variables.get(name);
        // What is adopted keeps its names: volumes and networks are found by them.
        let name = match &environment.adopt {
            Some(project) => project.clone(),
            None => self.route_key(environment).compose_project(),
        };
        let request = Request {
            name: Some(&name),
            profiles: &environment.profiles,
            ..Request::new(files, &directory).with_variables(&lookup)
        };
        let mut named = ProjectFiles::new(&self.directory, source);
        shipway_compose::load(&request, &mut named)
    }

    fn file(&self, source: Source<'_>, name: &str) -> Result<SourceFile, ProjectError> {
        let text = self.text(source, name)?;
        Ok(SourceFile {
            name: name.to_owned(),
            text,
        })
    }

    fn text(&self, source: Source<'_>, path: &str) -> Result<String, ProjectError> {
        match source {
            Source::WorkTree => {
                let path = self.directory.join(path);
                std::fs::read_to_string(&path).map_err(|source| match source.kind() {
                    io::ErrorKind::NotFound => ProjectError::NoFile(path),
                    _ => ProjectError::Read { path, source },
                })
            }
            Source::Commit(repository, commit) => Ok(repository.file(commit, path)?),
        }
    }
}
