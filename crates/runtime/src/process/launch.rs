//! What is executed for a service: words, directory and environment.
//!
//! Pure: the same service, context and base give the same launch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipway_compose::model::Service;
use shipway_compose::process::Process;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, ReleaseId};

use super::files;
use super::placeholder::{self, Placeholder};

/// Variables of the caller that a service or build step gets as well.
pub(super) const BASE: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER"];

/// Where programs are looked up when the caller has no `PATH` either.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// By this variable the processes of an instance are found when its supervisor was killed.
pub(super) const RUN_VARIABLE: &str = "SHIPWAY_RUN";

/// A program to execute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Launch {
    /// Program and arguments.
    pub(super) words: Vec<String>,
    /// Working directory.
    pub(super) directory: PathBuf,
    /// All of its environment.
    pub(super) environment: BTreeMap<String, String>,
}

/// What a launch depends on besides the service.
#[derive(Debug, Clone)]
pub(super) struct Context<'a> {
    pub(super) base: &'a BTreeMap<String, String>,
    pub(super) artifact: &'a Path,
    /// Where the environment's volumes are.
    pub(super) volumes: &'a Path,
    /// Where the files of secrets and configs are.
    pub(super) files: &'a Path,
    pub(super) port: u16,
    pub(super) release: &'a ReleaseId,
    pub(super) slot: Slot,
    pub(super) deployment: DeploymentId,
    /// The instance's or task's name.
    pub(super) name: &'a str,
    /// Unlike that of any other start.
    pub(super) run: &'a str,
}

/// Picks the base variables out of the caller's environment.
pub(super) fn base_environment(
    variables: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let mut base: BTreeMap<String, String> = variables
        .into_iter()
        .filter(|(name, _)| BASE.contains(&name.as_str()))
        .collect();
    base.entry("PATH".to_owned())
        .or_insert_with(|| DEFAULT_PATH.to_owned());
    base
}

/// The port that the service insists on: a number given as `PORT` in `x-shipway.process`.
pub(super) fn fixed_port(service: &Service) -> Option<u16> {
    let process = service.process.as_ref()?;
    process.environment.get("PORT")?.as_deref()?.parse().ok()
}

/// The named volumes that the service mentions.
pub(super) fn volume_names(service: &Service) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let process = service.process.as_ref();
    let texts = process.into_iter().flat_map(|process| {
        let values = process.environment.values().flatten();
        values.chain(process.command.iter().flatten())
    });
    for text in texts {
        // A text that cannot be replaced is refused by `resolve`.
        let _ = placeholder::replace(text, |placeholder| {
            if let Placeholder::Volume(name) = placeholder {
                names.insert(name.to_owned());
            }
            String::new()
        });
    }
    names
}

/// What is executed for the service.
///
/// # Errors
/// Why the service cannot run as a process.
pub(super) fn resolve(service: &Service, context: &Context<'_>) -> Result<Launch, String> {
    let process = service
        .process
        .as_ref()
        .ok_or("it has no `x-shipway.process`")?;
    let directory = match &process.directory {
        Some(directory) => context.artifact.join(directory),
        None => context.artifact.to_owned(),
    };
    Ok(Launch {
        words: words(service, process, context)?,
        directory,
        environment: environment(service, process, context)?,
    })
}

fn words(
    service: &Service,
    process: &Process,
    context: &Context<'_>,
) -> Result<Vec<String>, String> {
    let words = match &process.command {
        Some(command) => command
            .iter()
            .map(|word| context.replace(word))
            .collect::<Result<Vec<_>, _>>()?,
        None => [&service.entrypoint, &service.command]
            .into_iter()
            .flatten()
            .flatten()
            .cloned()
            .collect(),
    };
    if words.is_empty() {
        return Err(
            "it has no command: set `command`, or `command` of its `x-shipway.process`".to_owned(),
        );
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err("its command holds a NUL character".to_owned());
    }
    Ok(words)
}

fn environment(
    service: &Service,
    process: &Process,
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>, String> {
    let mut environment = context.base.clone();
    let path = path_variable(process, context);
    environment.insert("PATH".to_owned(), path);
    for (name, value) in &service.environment {
        set(&mut environment, name, value.clone())?;
    }
    let own = [
        ("RELEASE", context.release.to_string()),
        ("SHIPWAY_COLOUR", context.slot.to_string()),
        ("SHIPWAY_DEPLOYMENT", context.deployment.to_string()),
        ("SHIPWAY_INSTANCE", context.name.to_owned()),
        ("PORT", context.port.to_string()),
    ];
    for (name, value) in own {
        environment.insert(name.to_owned(), value);
    }
    for (name, value) in &process.environment {
        let value = value.as_ref().map(|value| context.replace(value));
        set(&mut environment, name, value.transpose()?)?;
    }
    // Last, since orphans that lost it would not be found.
    environment.insert(RUN_VARIABLE.to_owned(), context.run.to_owned());
    Ok(environment)
}

fn path_variable(process: &Process, context: &Context<'_>) -> String {
    let base = context
        .base
        .get("PATH")
        .map_or(DEFAULT_PATH, String::as_str);
    process
        .path
        .iter()
        .map(|directory| context.artifact.join(directory).display().to_string())
        .chain([base.to_owned()])
        .collect::<Vec<_>>()
        .join(":")
}

fn set(
    environment: &mut BTreeMap<String, String>,
    name: &str,
    value: Option<String>,
) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(format!("`{name}` cannot be a variable's name"));
    }
    match value {
        Some(value) if value.contains('\0') => Err(format!("`{name}` holds a NUL character")),
        Some(value) => {
            environment.insert(name.to_owned(), value);
            Ok(())
        }
        None => {
            environment.remove(name);
            Ok(())
        }
    }
}

impl Context<'_> {
    fn replace(&self, text: &str) -> Result<String, String> {
        placeholder::replace(text, |placeholder| match placeholder {
            Placeholder::Port => self.port.to_string(),
            Placeholder::Artifact => self.artifact.display().to_string(),
            Placeholder::Volume(name) => self.volumes.join(name).display().to_string(),
            Placeholder::File(kind, name) => {
                files::path(self.files, kind, name).display().to_string()
            }
        })
        .map_err(|error| error.to_string())
    }
}
