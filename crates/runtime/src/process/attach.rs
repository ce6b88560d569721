//! Commands at the caller's own standard streams: of a task, or beside an instance.

use std::io;

use rustix::process::getpid;
use shipway_pipeline::id::InstanceId;
use tokio::process::Command;

use super::launch::{self, Context, Launch};
use super::launcher::Mode;
use super::port::Claim;
use super::runtime::ProcessRuntime;
use super::spec::Spec;
use super::start::{caller_environment, check, port_hint, run_name};
use super::{artifact, files as own, list};
use crate::state::files;
use crate::{ColourKey, ColourSpec, Error, Exit, attached};

/// Runs a command with what a service runs with.
pub(super) async fn run(
    runtime: &ProcessRuntime,
    name: &str,
    spec: &ColourSpec,
) -> Result<Exit, Error> {
    let failed = |reason: String| Error::Start {
        instance: name.to_owned(),
        reason,
    };
    let [service] = spec.services.as_slice() else {
        return Err(failed("a task borrows exactly one service".to_owned()));
    };
    let artifact = artifact::directory_of(&runtime.layout, &spec.artifact, &service.name)?;
    check(runtime, spec, service, &artifact)?;
    let slot = runtime.layout.slot(&spec.key);
    // Held to the task's end; the service's own port, if it insists on one, is in use by it.
    let claim = Claim::any(port_hint(&slot.join(name)))
        .map_err(files::failed("claim a port for", &slot))?;
    let private = own::Temporary::write(&slot, name, service, &spec.files)
        .map_err(files::failed("write secrets below", &slot))?;
    let context = Context {
        base: &caller_environment(),
        artifact: &artifact,
        files: private.path(),
        volumes: &runtime.layout.volumes(&spec.key.route),
        port: claim.port(),
        release: &spec.release,
        slot: spec.key.slot,
        deployment: spec.deployment,
        name,
        run: &run_name(&slot),
    };
    let launch = launch::resolve(service, &context).map_err(failed)?;
    attach(runtime, &launch)
        .await
        .map_err(|error| failed(error.to_string()))
}

/// Runs a command in an instance's directory, with its environment.
pub(super) async fn exec(
    runtime: &ProcessRuntime,
    key: &ColourKey,
    id: &InstanceId,
    words: &[String],
) -> Result<Exit, Error> {
    let directory = runtime.layout.instance(key, id);
    let failed = |reason: String| Error::Start {
        instance: id.to_string(),
        reason,
    };
    let found = list::find(&directory).map_err(files::failed("read", &directory))?;
    let status = found
        .filter(|found| found.is_supervised && !found.has_ended())
        .and_then(|found| found.status);
    let port = status.map_or(0, |status| status.port);
    if port == 0 {
        return Err(failed("it does not run".to_owned()));
    }
    let spec = Spec::read(&directory).map_err(files::failed("read", &directory))?;
    let launch = Launch {
        words: words.to_vec(),
        ..spec.resolve(port).map_err(failed)?
    };
    attach(runtime, &launch)
        .await
        .map_err(|error| failed(error.to_string()))
}

async fn attach(runtime: &ProcessRuntime, launch: &Launch) -> io::Result<Exit> {
    let mut command = runtime.launcher.command(Mode::Attach, &launch.environment);
    command
        .arg(getpid().to_string())
        .args(&launch.words)
        .current_dir(&launch.directory);
    Ok(attached::run(Command::from(command)).await?.exit)
}
