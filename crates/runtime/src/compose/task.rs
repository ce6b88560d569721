//! Runs one-off tasks.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt as _;
use shipway_pipeline::colour::Slot;
use tokio::time::timeout;

use super::engine::failed;
use super::instance::exit;
use super::runtime::ComposeRuntime;
use super::{files, label, list, name, render, start, stop};
use crate::lines::Splitter;
use crate::state::epoch;
use crate::{Error, Exit, Line, Output, TaskSpec};

/// What was heard of one stream of a container's log.
#[derive(Debug, Default)]
struct Heard {
    splitter: Splitter,
    bytes: usize,
    /// Bytes that come again before new ones do.
    known: usize,
}

/// Runs the task to its end.
///
/// A crash of the caller leaves the container running, or ended and not yet removed. Called again
/// for the same deployment, it is waited for instead of a second one: what a migration began
/// happens once.
pub(super) async fn run(
    runtime: &ComposeRuntime,
    task: &TaskSpec,
    output: Output<'_>,
) -> Result<Exit, Error> {
    epoch::raise(&runtime.layout, &task.colour.key, task.colour.epoch).await?;
    let container = name::task(&task.colour.key, &task.name);
    let docker = runtime.docker()?;
    let work = async {
        begin(runtime, task, &container).await?;
        follow(docker, &container, output).await
    };
    let ended = timeout(task.deadline, work).await;
    let result = match ended {
        Ok(exit) => exit?,
        Err(_) => {
            stop::end(docker, &container, Slot::Blue).await?;
            return Err(Error::Deadline {
                what: format!("task `{}`", task.name),
                after: task.deadline,
            });
        }
    };
    stop::remove(docker, &container, true).await?;
    Ok(result)
}

/// Starts the task's container, unless an earlier call of this deployment did.
async fn begin(runtime: &ComposeRuntime, task: &TaskSpec, container: &str) -> Result<(), Error> {
    let spec = &task.colour;
    let refused = |reason: String| Error::Start {
        instance: task.name.clone(),
        reason,
    };
    let docker = runtime.docker()?;
    if let Some(found) = list::inspect(docker, container).await? {
        if has_begun(&found) && is_of(&found, &spec.deployment.to_string()) {
            return Ok(());
        }
        stop::remove(docker, container, true).await?;
    }
    let document = render::document(spec)?;
    let mut project = render::task(spec, &document, &task.name, &task.variables)
        .ok_or_else(|| refused("a task borrows exactly one service".to_owned()))?;
    start::prepare(runtime, spec, &document).await?;
    files::provide(runtime, spec, &mut project).await?;
    let file = start::write(
        runtime,
        &spec.key,
        &format!("task-{}.yml", task.name),
        project,
    )?;
    let words = ["up", "--detach", "--no-build", "--quiet-pull"];
    let project = name::project(&spec.key);
    let cli = runtime.cli()?;
    let up = cli.call(&project, &file, &words, None);
    up.await.map_err(|failure| refused(failure.reason))
}

fn has_begun(container: &ContainerInspectResponse) -> bool {
    let started = container
        .state
        .as_ref()
        .and_then(|state| state.started_at.as_deref());
    // The engine's word for never.
    started.is_some_and(|at| !at.starts_with("0001-"))
}

fn is_of(container: &ContainerInspectResponse, deployment: &str) -> bool {
    let labels = container
        .config
        .as_ref()
        .and_then(|config| config.labels.as_ref());
    labels
        .and_then(|labels| labels.get(label::DEPLOYMENT))
        .is_some_and(|of| of == deployment)
}

/// Passes on what the container writes until it ends; returns how it did.
///
/// An engine may close the log that it follows with the container, before it sent the last
/// messages (Docker Engine until 20.10 does at times): the log is read once more when the
/// container has ended, and what was missing of it is passed on.
pub(super) async fn follow(
    docker: &Docker,
    container: &str,
    output: Output<'_>,
) -> Result<Exit, Error> {
    let mut heard = [Heard::default(), Heard::default()];
    pass_on(docker, container, true, &mut heard, output).await?;
    let mut waited = std::pin::pin!(docker.wait_container(container, None));
    while waited.next().await.is_some() {}
    for stream in &mut heard {
        stream.begin_again();
    }
    pass_on(docker, container, false, &mut heard, output).await?;
    for (stream, is_error) in heard.iter_mut().zip([false, true]) {
        if let Some(text) = stream.splitter.finish() {
            tell(output, text, is_error);
        }
    }
    let ended = list::inspect(docker, container).await?;
    let state = ended.and_then(|container| container.state);
    Ok(state.map_or(Exit::NotStarted, |state| exit(&state)))
}

/// Passes on what the container's log has beyond what was heard of it.
async fn pass_on(
    docker: &Docker,
    container: &str,
    is_followed: bool,
    heard: &mut [Heard; 2],
    output: Output<'_>,
) -> Result<(), Error> {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .follow(is_followed);
    let mut stream = std::pin::pin!(docker.logs(container, Some(options.build())));
    while let Some(part) = stream.next().await {
        let part = part.map_err(failed(format!("read the log of `{container}`")))?;
        let is_error = matches!(part, LogOutput::StdErr { .. });
        for text in heard[usize::from(is_error)].push(&part.into_bytes()) {
            tell(output, text, is_error);
        }
    }
    Ok(())
}

fn tell(output: Output<'_>, text: String, is_error: bool) {
    // Nobody listens any more: the task goes on.
    let _ = output.send(Line { text, is_error });
}

// === impl Heard ===

impl Heard {
    /// Takes the next bytes of the stream, gives the lines that they complete.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let known = self.known.min(bytes.len());
        self.known -= known;
        self.bytes += bytes.len() - known;
        self.splitter.push(&bytes[known..])
    }

    /// What comes next is the stream from its beginning.
    fn begin_again(&mut self) {
        self.known = self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_is_passed_on_from_where_it_ended() {
        let mut heard = Heard::default();
        assert_eq!(heard.push(b"one\ntw"), ["one"]);
        heard.begin_again();
        assert!(heard.push(b"one").is_empty());
        assert_eq!(heard.push(b"\ntwo\nthree"), ["two"]);
        assert_eq!(heard.splitter.finish().as_deref(), Some("three"));
    }
}
