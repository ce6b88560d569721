//! Commands at the caller's own standard streams: of a task, or in a container.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use bollard::models::ContainerInspectResponse;
use shipway_pipeline::id::InstanceId;

use super::cli::Cli;
use super::runtime::ComposeRuntime;
use super::{files, list, name, render, start};
use crate::{ColourKey, ColourSpec, Error, Exit, attached};

/// The labels by which Docker Compose finds a container again.
const COMPOSE_PROJECT: &str = "com.docker.compose.project";
const COMPOSE_SERVICE: &str = "com.docker.compose.service";
const COMPOSE_NUMBER: &str = "com.docker.compose.container-number";

/// Runs a command with what a service runs with, in a container of its own that is removed.
pub(super) async fn run(
    runtime: &ComposeRuntime,
    task: &str,
    spec: &ColourSpec,
) -> Result<Exit, Error> {
    let refused = |reason: String| Error::Start {
        instance: task.to_owned(),
        reason,
    };
    let document = render::document(spec)?;
    let mut project = render::task(spec, &document, task, &BTreeMap::new())
        .ok_or_else(|| refused("a task borrows exactly one service".to_owned()))?;
    start::prepare(runtime, spec, &document).await?;
    files::provide(runtime, spec, &mut project).await?;
    let file = start::write(runtime, &spec.key, &format!("task-{task}.yml"), project)?;
    let container = name::task(&spec.key, task);
    let mut words = vec!["run", "--rm", "--no-deps", "--name", container.as_str()];
    words.extend(without_terminal());
    words.push(task);
    let cli = runtime.cli()?;
    let exit = attach(&cli, &name::project(&spec.key), Some(&file), &words).await;
    // It held secrets, and nobody needs it any more.
    let _ = std::fs::remove_file(&file);
    exit.map_err(|error| refused(error.to_string()))
}

/// Runs a command in an instance's container.
pub(super) async fn exec(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    id: &InstanceId,
    command: &[String],
) -> Result<Exit, Error> {
    let refused = |reason: String| Error::Start {
        instance: id.to_string(),
        reason,
    };
    let name = list::container_of(runtime, key, id).await?;
    let found = list::inspect(runtime.docker()?, &name).await?;
    let of_compose = found.as_ref().and_then(|one| {
        Some((
            label_of(one, COMPOSE_PROJECT)?,
            label_of(one, COMPOSE_SERVICE)?,
            label_of(one, COMPOSE_NUMBER)?,
        ))
    });
    let (project, service, number) =
        of_compose.ok_or_else(|| refused("it does not run".to_owned()))?;
    let mut words = vec!["exec", "--index", number];
    words.extend(without_terminal());
    words.push(service);
    words.extend(command.iter().map(String::as_str));
    let cli = runtime.cli()?;
    let exit = attach(&cli, project, None, &words).await;
    exit.map_err(|error| refused(error.to_string()))
}

async fn attach(cli: &Cli, project: &str, file: Option<&Path>, words: &[&str]) -> io::Result<Exit> {
    let mut command = cli.command("quiet", project, file, words);
    // Away from whatever Compose file the caller's directory has.
    command.current_dir("/");
    Ok(attached::run(command).await?.exit)
}

/// A terminal is given only where there is one.
fn without_terminal() -> Option<&'static str> {
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    (!is_terminal).then_some("--no-TTY")
}

fn label_of<'c>(container: &'c ContainerInspectResponse, name: &str) -> Option<&'c str> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    labels.get(name).map(String::as_str)
}
