//! From what a folder holds to what is known of the project. Touches nothing.

use std::collections::BTreeSet;

use shipway_compose::LoadError;
use shipway_compose::model::Project;

use super::applications::{self, Seen};
use super::django::{self, Django};
use super::found::{Environment, Found, Guess, Health, Migrate};
use super::launch::Program;
use super::layout::{Files, Layout};
use super::listing::Listing;
use super::roles;
use super::stage::Stage;
use super::unknown;
use super::variables::{self, Asked};
use super::web;

/// Why nothing can be written.
#[derive(Debug)]
pub(super) enum Refused {
    /// There is no Compose file.
    NoCompose,
    /// None of the environments' files can be read; what is wrong with the first.
    Unreadable(LoadError),
}

/// An environment before its services are known.
pub(super) struct Draft {
    pub(super) stage: Stage,
    pub(super) files: Files,
    pub(super) env_files: Vec<String>,
    pub(super) asked: Asked,
    pub(super) required: Vec<String>,
    /// Whether the files' paths count from another folder with Compose.
    pub(super) is_moved: bool,
    /// Whether the files could be read.
    pub(super) is_read: bool,
}

/// Everything that the closing list is made from.
pub(super) struct Whole<'a> {
    pub(super) listing: &'a Listing,
    pub(super) layout: &'a Layout,
    pub(super) drafts: &'a [Draft],
    pub(super) seen: &'a [Seen],
    pub(super) services: &'a [Guess],
    pub(super) disabled: &'a BTreeSet<String>,
    pub(super) django: Option<&'a Django>,
    pub(super) health: &'a Health,
}

/// Recognises a project.
pub(super) fn recognise(listing: &Listing) -> Result<Found, Refused> {
    let layout = Layout::of(listing);
    if layout.is_empty() {
        return Err(Refused::NoCompose);
    }
    let mut drafts: Vec<Draft> = Stage::ALL
        .into_iter()
        .filter_map(|stage| Some(draft(stage, layout.files(stage, listing)?, listing)))
        .collect();
    let projects = read(&mut drafts, listing)?;
    let applications: Vec<(Stage, &Files, Project)> = projects
        .into_iter()
        .map(|(at, project)| (drafts[at].stage, &drafts[at].files, project))
        .collect();
    let seen = applications::services(&applications, listing);
    let disabled = disabled(&applications, &seen);
    let services = roles::guess(&seen);
    let django = django::find(listing);
    let health = health(&seen, &services, &applications, django.as_ref());
    let whole = Whole {
        listing,
        layout: &layout,
        drafts: &drafts,
        seen: &seen,
        services: &services,
        disabled: &disabled,
        django: django.as_ref(),
        health: &health,
    };
    let unknown = unknown::list(&whole);
    let migrate = migrate(&seen, &services, django.as_ref());
    let environment = |draft: Draft| Environment {
        stage: draft.stage,
        files: draft.files,
        env_files: draft.env_files,
        required: draft.required,
        health: health.clone(),
    };
    Ok(Found {
        project: project_name(&listing.folder),
        migrate,
        unknown,
        environments: drafts.into_iter().map(environment).collect(),
        services,
    })
}

/// An environment's files, and the variables that they ask for.
fn draft(stage: Stage, files: Files, listing: &Listing) -> Draft {
    let mut asked = Asked::default();
    for name in &files.names {
        asked.read(listing.text(name).unwrap_or_default());
    }
    let mut env_files = variables::env_files(stage, listing, &files.names);
    // With files of its own an environment no longer reads `.env`, unless it needs it.
    if !env_files.is_empty() && listing.has(".env") && !env_files.iter().any(|it| it == ".env") {
        let own = variables::values(&env_files, listing);
        let common = variables::values(&[".env".to_owned()], listing);
        let is_needed = |name: &&String| !own.contains_key(*name) && common.contains_key(*name);
        if asked.all.iter().any(|name| is_needed(&name)) {
            env_files.insert(0, ".env".to_owned());
        }
    }
    let mut required = asked.demanded.clone();
    // On a developer's machine an empty value is mostly meant.
    if matches!(stage, Stage::Staging | Stage::Production) {
        let values = variables::values(&read_files(&env_files), listing);
        let empty = values.into_iter().filter(|(_, value)| value.is_empty());
        required.extend(empty.map(|(name, _)| name));
    }
    Draft {
        stage,
        files,
        env_files,
        asked,
        required: required.into_iter().collect(),
        is_moved: false,
        is_read: true,
    }
}

/// The files of variables that are read in the end.
pub(super) fn read_files(env_files: &[String]) -> Vec<String> {
    if env_files.is_empty() {
        vec![".env".to_owned()]
    } else {
        env_files.to_vec()
    }
}

/// Loads the environments, by their place among the drafts.
fn read(drafts: &mut [Draft], listing: &Listing) -> Result<Vec<(usize, Project)>, Refused> {
    let mut projects = Vec::new();
    let mut first = None;
    for (at, draft) in drafts.iter_mut().enumerate() {
        let values = variables::values(&read_files(&draft.env_files), listing);
        match applications::application(&draft.files, &values, &draft.asked, listing) {
            Ok(application) => {
                draft.is_moved = application.is_moved;
                projects.push((at, application.project));
            }
            Err(error) => {
                draft.is_read = false;
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if projects.is_empty() => Err(Refused::Unreadable(error)),
        _ => Ok(projects),
    }
}

/// Services that only a profile starts.
fn disabled(applications: &[(Stage, &Files, Project)], seen: &[Seen]) -> BTreeSet<String> {
    applications
        .iter()
        .flat_map(|(_, _, project)| project.disabled.keys())
        .filter(|name| !seen.iter().any(|one| one.service.name == **name))
        .cloned()
        .collect()
}

/// How the routed service shows that it is healthy: what the Compose files ask for is what works.
fn health(
    seen: &[Seen],
    services: &[Guess],
    applications: &[(Stage, &Files, Project)],
    django: Option<&Django>,
) -> Health {
    let Some(web) = routed(services) else {
        return Health::Unknown;
    };
    let mut newest_first = applications.iter().rev();
    let asked = newest_first.find_map(|(_, _, project)| web::check(project.services.get(web)?));
    if let Some(asked) = asked {
        return Health::Path(
            asked.path,
            format!("the health check of `{web}` asks for it"),
        );
    }
    if let Some((path, file)) = django.and_then(|django| django.health.clone()) {
        return Health::Path(path, format!("from `{file}`"));
    }
    let checked = |one: &Seen| one.service.name == web && one.service.healthcheck.is_some();
    if seen.iter().any(checked) {
        Health::Compose
    } else {
        Health::Unknown
    }
}

/// The service that takes the requests.
pub(super) fn routed(services: &[Guess]) -> Option<&str> {
    services
        .iter()
        .find(|it| it.port.is_some())
        .map(|it| it.name.as_str())
}

fn migrate(seen: &[Seen], services: &[Guess], django: Option<&Django>) -> Option<Migrate> {
    let web = routed(services)?;
    let is_job = |one: &&Seen| one.launch.program() == Some(Program::Migration);
    let job = seen.iter().find(is_job).and_then(|job| {
        Some((
            job.launch.migration()?,
            format!("As the service `{}` does.", job.service.name),
        ))
    });
    let (command, why) = match (job, django) {
        (Some(job), _) => job,
        (None, Some(django)) => {
            let named = django.settings.as_ref();
            let settings = named.map_or_else(String::new, |settings| {
                format!(
                    " Its settings are `{settings}` unless DJANGO_SETTINGS_MODULE names others."
                )
            });
            let why = format!("There is a Django project: `{}`.{settings}", django.manage);
            ("python manage.py migrate --noinput".to_owned(), why)
        }
        (None, None) => return None,
    };
    Some(Migrate {
        service: web.to_owned(),
        command,
        why,
    })
}

/// The folder's name, made a valid name.
fn project_name(folder: &str) -> String {
    let name: String = folder
        .to_ascii_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .collect();
    let name = name.trim_start_matches(['-', '_', '.']);
    if name.is_empty() { "app" } else { name }.to_owned()
}
