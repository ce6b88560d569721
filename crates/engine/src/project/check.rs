//! Everything that is to be said about an environment, told instead of failed with.

use std::collections::{BTreeMap, BTreeSet};

use shipway_compose::diagnostic::{Code, Diagnostic, Levels, Sources, did_you_mean};
use shipway_compose::lint::{self, Stage};
use shipway_compose::model;
use shipway_compose::yaml::{self, Limits, Node, Span};
use shipway_compose::{Loaded, SourceFile};
use shipway_pipeline::config::{Environment, ServiceConfig};
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::role::Role;
use shipway_pipeline::workload::{self, Workload};

use super::{FILE, Invalid, Project, ProjectError, Source};

/// Everything that is to be said about an environment.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Errors and warnings, as serious as the levels make them.
    pub diagnostics: Vec<Diagnostic>,
    /// What their places point into.
    pub sources: Sources,
    /// What the environment runs, if that can be told.
    pub workload: Option<Workload>,
    /// The services of its Compose files, those of no active profile among them; `None` where the
    /// files cannot be read.
    pub services: Option<Vec<String>>,
}

impl Project {
    /// Checks an environment's files, variables and roles, and what bites in production.
    ///
    /// `levels` win over those of `shipway.yml`.
    pub fn check(&self, environment: &Environment, source: Source<'_>, levels: &Levels) -> Checked {
        let levels = self.levels(environment).with(levels);
        let mut checked = match self.examine(environment, source) {
            Ok(checked) => checked,
            Err(invalid) => Checked {
                diagnostics: invalid.diagnostics,
                sources: invalid.sources,
                workload: None,
                services: None,
            },
        };
        checked.diagnostics = levels.apply(checked.diagnostics);
        checked
    }

    /// What `shipway.yml` says of services that none of all its environments has.
    pub fn check_services(&self, environments: &[&Checked]) -> (Vec<Diagnostic>, Sources) {
        let mut sources = Sources::new();
        let services: Option<Vec<&[String]>> = environments
            .iter()
            .map(|checked| checked.services.as_deref())
            .collect();
        // Where a file cannot be read, nobody knows what it has.
        let Some(services) = services else {
            return (Vec::new(), sources);
        };
        let known: BTreeSet<&str> = services
            .iter()
            .copied()
            .flatten()
            .map(String::as_str)
            .collect();
        let written = self.written(&mut sources);
        let place = |name: &str| {
            let services = written.as_ref()?.get("services")?.as_map()?;
            Some(services.entry(name)?.key_span)
        };
        let names = self.config.services.keys().map(ServiceName::as_str);
        let unknown = names.filter(|name| !known.contains(name)).map(|name| {
            let message = format!("no environment has a service `{name}`");
            let diagnostic = Diagnostic::new(Code::UnknownService, message);
            let diagnostic = diagnostic.with_help(
                did_you_mean(name, known.iter().copied()).unwrap_or_else(|| "remove it".to_owned()),
            );
            match place(name) {
                Some(span) => diagnostic.with_label(span, ""),
                None => diagnostic,
            }
        });
        (unknown.collect(), sources)
    }

    /// What keeps the authority from an environment that is to issue its certificates.
    fn unreached(&self, environment: &Environment, sources: &mut Sources) -> Vec<Diagnostic> {
        let found = environment.route.unreached();
        if found.is_empty() {
            return Vec::new();
        }
        let written = self.written(sources);
        let name = environment.name.as_str();
        let path = ["environments", name, "route", "tls", "acme"];
        let place = written.as_ref().and_then(|written| written.at(&path));
        let told = found.iter().map(|why| {
            let told = Diagnostic::new(Code::AcmeUnreachable, why.to_string());
            let told = told.with_help(why.help());
            match place {
                Some(place) => told.with_label(place.span, ""),
                None => told,
            }
        });
        told.collect()
    }

    /// `shipway.yml` as it is written, for the places in it.
    fn written(&self, sources: &mut Sources) -> Option<Node> {
        let text = std::fs::read_to_string(self.directory.join(FILE)).unwrap_or_default();
        let number = sources.add(FILE, &text);
        yaml::parse(&text, number, Limits::default()).ok()
    }

    /// What bites in production, as far as the levels of `shipway.yml` make it an error.
    pub(super) fn refuse_lints(
        &self,
        environment: &Environment,
        loaded: &Loaded,
        places: &BTreeMap<String, Span>,
    ) -> Result<(), ProjectError> {
        let found = self.lint(environment, loaded, places);
        let mut judged = self.levels(environment).apply(found);
        judged.retain(Diagnostic::is_error);
        if judged.is_empty() {
            return Ok(());
        }
        let sources = loaded.sources.clone();
        Err(ProjectError::Invalid(Invalid::of_compose(judged, sources)))
    }

    fn examine(&self, environment: &Environment, source: Source<'_>) -> Result<Checked, Invalid> {
        let files = self.all_files(environment, source)?;
        let variables = self.variables(environment).map_err(told)?;
        let mut loaded = self
            .load(environment, &files, &variables, source)
            .map_err(|error| Invalid::of_compose(error.diagnostics, error.sources))?;
        let places = variables.places(&mut loaded.sources);
        let mut diagnostics = loaded.diagnostics.clone();
        let workload = match self.workload(environment, source, &variables, &loaded, None) {
            Ok(workload) => Some(workload),
            Err(problems) => {
                let told = problems
                    .iter()
                    .map(|it| of_problem(it, environment, &loaded, &places));
                diagnostics.extend(told);
                None
            }
        };
        diagnostics.extend(self.lint(environment, &loaded, &places));
        diagnostics.extend(self.unreached(environment, &mut loaded.sources));
        let (active, others) = (&loaded.project.services, &loaded.project.disabled);
        let services = active.keys().chain(others.keys()).cloned().collect();
        let judged = Invalid::of_compose(diagnostics, loaded.sources);
        Ok(Checked {
            diagnostics: judged.diagnostics,
            sources: judged.sources,
            workload,
            services: Some(services),
        })
    }

    /// All of an environment's Compose files, or all that cannot be read.
    fn all_files(
        &self,
        environment: &Environment,
        source: Source<'_>,
    ) -> Result<Vec<SourceFile>, Invalid> {
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for name in &environment.compose {
            match self.file(source, name) {
                Ok(file) => files.push(file),
                Err(error) => missing.extend(told(error).diagnostics),
            }
        }
        if missing.is_empty() {
            Ok(files)
        } else {
            Err(Invalid::of_compose(missing, Sources::new()))
        }
    }

    fn lint(
        &self,
        environment: &Environment,
        loaded: &Loaded,
        places: &BTreeMap<String, Span>,
    ) -> Vec<Diagnostic> {
        let services = &loaded.project.services;
        let roles: BTreeMap<&str, Role> = services
            .values()
            .filter_map(|service| Some((service.name.as_str(), self.role(service)?)))
            .collect();
        let routed = services
            .keys()
            .map(String::as_str)
            .find(|name| roles.get(name) == Some(&Role::Web));
        let said = routed.and_then(|name| self.said(name));
        let directory = self.directory.to_string_lossy();
        let context = lint::Context {
            stage: Stage::of(environment.name.as_str()),
            roles: roles
                .iter()
                .map(|(name, role)| (*name, lint_role(*role, Some(*name) == routed)))
                .collect(),
            routed_port: said.and_then(|service| service.port),
            is_probed: environment.health.path.is_some(),
            listen: Some(environment.route.listen.port()),
            directory: &directory,
            variables: places.clone(),
            examples: self.examples(environment),
            committed: self.committed(&loaded.sources),
        };
        lint::lint(loaded, &context)
    }

    /// What `shipway.yml` says of a service.
    fn said(&self, service: &str) -> Option<&ServiceConfig> {
        let name: ServiceName = service.parse().ok()?;
        self.config.services.get(&name)
    }

    fn role(&self, service: &model::Service) -> Option<Role> {
        self.said(&service.name)
            .map(|service| service.role)
            .or_else(|| service.image.as_deref().and_then(Role::of_image))
    }

    pub(super) fn levels(&self, environment: &Environment) -> Levels {
        environment.diagnostics.clone()
    }
}

/// A problem of files and configuration together, at the service that it is about.
pub(super) fn of_problem(
    problem: &workload::Problem,
    environment: &Environment,
    loaded: &Loaded,
    places: &BTreeMap<String, Span>,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(problem.code(), problem.to_string())
        .with_help_if_any(problem.help(&environment.name));
    if let workload::Problem::MissingVariables { names } = problem {
        // An empty one stands in a file.
        for place in names.iter().filter_map(|name| places.get(name)) {
            diagnostic = diagnostic.with_label(*place, "");
        }
    }
    let service = problem
        .service()
        .and_then(|name| loaded.project.services.get(name));
    match problem.place().or(service.map(|service| service.span)) {
        Some(place) => diagnostic.with_label(place, ""),
        None => diagnostic,
    }
}

fn lint_role(role: Role, is_routed: bool) -> lint::Role {
    match role {
        Role::Web if is_routed => lint::Role::Routed,
        Role::Web | Role::Worker | Role::Singleton => lint::Role::Coloured,
        Role::Stateful => lint::Role::Stateful,
        Role::Tool => lint::Role::Shared,
    }
}

/// An error as something to tell.
fn told(error: ProjectError) -> Invalid {
    match error {
        ProjectError::Invalid(invalid) => invalid,
        error => {
            let mut message = error.to_string();
            if let Some(cause) = std::error::Error::source(&error) {
                message = format!("{message}: {cause}");
            }
            let help = "shipway.yml names it under `compose` or `env_files` of the environment";
            let diagnostic = Diagnostic::new(Code::FileUnreadable, message).with_help(help);
            Invalid::of_compose(vec![diagnostic], Sources::new())
        }
    }
}
