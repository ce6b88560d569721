//! From Compose files and configuration to a workload.

use std::collections::BTreeMap;

use shipway_compose::model::{Project, Service};

use super::{Member, Model, Problem, VERSION, Workload, file, model};
use crate::config::{Config, Environment, RuntimeKind};
use crate::name::ServiceName;
use crate::role::Role;
use crate::secret::{SecretName, Version};

/// A file's content; nothing for what is no file, such as a directory; or why it cannot be read.
pub type ReadFile = Result<Option<Vec<u8>>, String>;

/// What a workload is made of, besides configuration.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// The environment's Compose files.
    pub project: &'a Project,
    /// The project's directory.
    pub directory: &'a str,
    /// Answers for the environment's variables: its files, then the caller's environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file that a secret or config names.
    pub read: &'a dyn Fn(&str) -> ReadFile,
    /// The newest version of a secret of the environment's store.
    pub stored: &'a dyn Fn(&SecretName) -> Option<Version>,
}

/// Makes the workload of an environment.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn resolve(
    config: &Config,
    environment: &Environment,
    files: Files<'_>,
) -> Result<Workload, Vec<Problem>> {
    let Files {
        project, variable, ..
    } = files;
    let mut problems: Vec<Problem> = missing(environment, variable).into_iter().collect();
    check_named(config, project, &mut problems);
    let mut members = Vec::new();
    for service in project.services.values() {
        match member(config, service, variable) {
            Ok(member) => members.push(member),
            Err(problem) => problems.push(problem),
        }
    }
    let routed = members.iter().find(|member| member.role == Role::Web);
    let runtime = environment.runtime.unwrap_or_else(|| by_files(routed));
    let is_runnable = |member: &Member| match runtime {
        RuntimeKind::Process => member.service.process.is_some(),
        RuntimeKind::Compose => true,
    };
    match routed {
        None => problems.push(Problem::NothingRouted),
        Some(routed) if !is_runnable(routed) => problems.push(Problem::NotRunnable {
            service: routed.name.clone(),
        }),
        Some(routed) if routed.service.replicas == 0 => problems.push(Problem::NoReplicas {
            service: routed.name.clone(),
        }),
        Some(_) => {}
    }
    let routed = routed.cloned();
    let Some(routed) = routed.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let (mut members, left_out): (Vec<_>, Vec<_>) = members.into_iter().partition(is_runnable);
    let model = match runtime {
        RuntimeKind::Process if environment.adopt.is_some() => {
            return Err(vec![Problem::AdoptsProcesses]);
        }
        RuntimeKind::Process => None,
        RuntimeKind::Compose => Some(make_model(config, environment, files, &members, &routed)?),
    };
    let settled = file::settle(files, &members, model.is_some())?;
    for member in &mut members {
        // The engine asks over HTTP where it has a path; asking twice helps nobody.
        if member.name == routed.name && environment.health.path.is_some() {
            member.service.healthcheck = None;
        }
    }
    Ok(Workload {
        version: VERSION,
        members,
        routed: routed.name,
        left_out: left_out.into_iter().map(|member| member.name).collect(),
        model,
        files: settled,
    })
}

/// The required variables that nobody gave a value.
fn missing(
    environment: &Environment,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Problem> {
    let required = environment.required.iter();
    let names: Vec<String> = required
        .filter(|name| variable(name).is_none_or(|value| value.is_empty()))
        .cloned()
        .collect();
    (!names.is_empty()).then_some(Problem::MissingVariables { names })
}

/// What runs the services where nobody says: processes, if the routed service says how.
///
/// By what the files say and not by what answers at the moment: an engine that is down for a
/// minute must not turn a deployment of containers into one of processes.
fn by_files(routed: Option<&Member>) -> RuntimeKind {
    match routed {
        Some(routed) if routed.service.process.is_none() => RuntimeKind::Compose,
        Some(_) | None => RuntimeKind::Process,
    }
}

fn make_model(
    config: &Config,
    environment: &Environment,
    files: Files<'_>,
    members: &[Member],
    routed: &Member,
) -> Result<Model, Vec<Problem>> {
    let mut problems = model::problems(files.project, members, &routed.name);
    if environment.host.is_some() {
        problems.extend(model::local_mounts(files.directory, members));
    }
    let configured = config.services.get(&routed.name).and_then(|one| one.port);
    match model::port(configured, &routed.service, files.project) {
        Ok(port) if problems.is_empty() => {
            let listens = BTreeMap::from([(routed.name.to_string(), port)]);
            return Ok(Model {
                host: environment.host.clone(),
                adopt: environment.adopt.clone(),
                ..Model::of(files.project, files.directory, members, listens)
            });
        }
        Ok(_) => {}
        Err(problem) => problems.push(problem),
    }
    Err(problems)
}

/// Looks for misspelt services.
///
/// All environments share the list of `shipway.yml`, and one of them may well lack a service or
/// leave it to a profile. A misspelt one is like a service that nobody says anything of.
fn check_named(config: &Config, project: &Project, problems: &mut Vec<Problem>) {
    let here = project.services.keys().chain(project.disabled.keys());
    let here: Vec<&str> = here.map(String::as_str).collect();
    let is_said = |name: &str| config.services.keys().any(|said| said.as_str() == name);
    let unsaid: Vec<&str> = here.iter().copied().filter(|name| !is_said(name)).collect();
    for name in config.services.keys() {
        let near = shipway_compose::diagnostic::nearest(name.as_str(), unsaid.iter().copied());
        if near.is_some() && !here.contains(&name.as_str()) {
            problems.push(Problem::Unknown {
                service: name.clone(),
                near: near.map(str::to_owned),
            });
        }
    }
    let runs = |name: &ServiceName| project.services.contains_key(name.as_str());
    if let Some(migrate) = &config.migrate
        && !runs(&migrate.service)
    {
        let near = shipway_compose::diagnostic::nearest(
            migrate.service.as_str(),
            project.services.keys().map(String::as_str),
        );
        problems.push(Problem::Unknown {
            service: migrate.service.clone(),
            near: near.map(str::to_owned),
        });
    }
}

fn member(
    config: &Config,
    service: &Service,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Member, Problem> {
    let name: ServiceName = service.name.parse()?;
    let role = config
        .services
        .get(&name)
        .map(|known| known.role)
        .or_else(|| service.image.as_deref().and_then(Role::of_image))
        .ok_or_else(|| Problem::NoRole {
            service: service.name.clone(),
        })?;
    let mut service = service.clone();
    service.environment = service
        .environment
        .iter()
        .filter_map(|(key, value)| {
            let value = value.clone().or_else(|| variable(key))?;
            Some((key.clone(), Some(value)))
        })
        .collect();
    if role == Role::Singleton {
        service.replicas = service.replicas.min(1);
    }
    Ok(Member {
        name,
        role,
        service,
    })
}

#[cfg(test)]
mod tests {
    use shipway_compose::{NoFiles, Request, SourceFile, load};

    use super::*;
    use crate::config::parse;

    const COMPOSE: &str = "\
services:
  web: {image: shop, x-shipway: {process: {}}}
  worker: {image: shop}
  debug: {image: shop, profiles: [debug]}
";

    fn problems(services: &str) -> Vec<Problem> {
        let text = format!(
            "project: app\nservices:\n  web: {{role: web}}\n{services}\
             environments:\n  testing: {{route: {{listen: 1}}}}\n"
        );
        let config = parse(&text).unwrap();
        let files = [SourceFile {
            name: "compose.yml".to_owned(),
            text: COMPOSE.to_owned(),
        }];
        let loaded = load(&Request::new(&files, "/srv/shop"), &mut NoFiles).unwrap();
        let files = Files {
            project: &loaded.project,
            directory: "/srv/shop",
            variable: &|_| None,
            read: &|_| Ok(None),
            stored: &|_| None,
        };
        let resolved = resolve(&config, &config.environments[0], files);
        resolved.err().unwrap_or_default()
    }

    #[test]
    fn a_service_may_be_missing_from_an_environment() {
        let rest = "  worker: {role: worker}\n  debug: {role: tool}\n  nginx: {role: tool}\n";
        assert_eq!(problems(rest), []);
        // As like as it is, `worker` is no misspelling of it: it is said itself.
        let rest = "  worker: {role: worker}\n  worker2: {role: worker}\n";
        assert_eq!(problems(rest), []);
    }

    #[test]
    fn a_misspelt_service_is_told_with_what_was_meant() {
        let found = problems("  wroker: {role: worker}\n");
        let unknown = Problem::Unknown {
            service: "wroker".parse().unwrap(),
            near: Some("worker".to_owned()),
        };
        assert!(found.contains(&unknown), "{found:?}");
    }
}
