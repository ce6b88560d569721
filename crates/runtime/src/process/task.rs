//! Runs one-off tasks.

use std::collections::BTreeMap;

use shipway_compose::model::Service;

use super::launch::{self, Context};
use super::port::Claim;
use super::runtime::ProcessRuntime;
use super::start::{caller_environment, check, port_hint, run_name};
use super::{artifact, files as own, guarded};
use crate::process::guarded::How;
use crate::state::{epoch, files};
use crate::{Error, Exit, Output, TaskSpec};

/// Runs the task to its end.
pub(super) async fn run(
    runtime: &ProcessRuntime,
    task: &TaskSpec,
    output: Output<'_>,
) -> Result<Exit, Error> {
    let failed = |reason: String| Error::Start {
        instance: task.name.clone(),
        reason,
    };
    let spec = &task.colour;
    let [service] = spec.services.as_slice() else {
        return Err(failed("a task borrows exactly one service".to_owned()));
    };
    let service = &with(service.clone(), &task.variables);
    let artifact = artifact::directory_of(&runtime.layout, &spec.artifact, &service.name)?;
    check(runtime, spec, service, &artifact)?;
    epoch::raise(&runtime.layout, &spec.key, spec.epoch).await?;
    let slot = runtime.layout.slot(&spec.key);
    // Held to the task's end; the service's own port, if it insists on one, is in use by it.
    let claim = Claim::any(port_hint(&slot.join(&task.name)))
        .map_err(files::failed("claim a port for", &slot))?;
    let private = own::Temporary::write(&slot, &task.name, service, &spec.files)
        .map_err(files::failed("write secrets below", &slot))?;
    let context = Context {
        base: &caller_environment(),
        artifact: &artifact,
        volumes: &runtime.layout.volumes(&spec.key.route),
        files: private.path(),
        port: claim.port(),
        release: &spec.release,
        slot: spec.key.slot,
        deployment: spec.deployment,
        name: &task.name,
        run: &run_name(&slot),
    };
    let launch = launch::resolve(service, &context).map_err(failed)?;
    let finished = guarded::run(&runtime.launcher, &launch, task.deadline, output)
        .await
        .map_err(|error| failed(error.to_string()))?;
    match finished.how {
        How::Ended(exit) => Ok(exit),
        How::NotStarted(reason) => Err(failed(reason)),
        How::Deadline => Err(Error::Deadline {
            what: format!("task `{}`", task.name),
            after: task.deadline,
        }),
    }
}

/// The service with more variables: over its own, and over those of its process.
fn with(mut service: Service, variables: &BTreeMap<String, String>) -> Service {
    for (name, value) in variables {
        service
            .environment
            .insert(name.clone(), Some(value.clone()));
        if let Some(process) = &mut service.process {
            process.environment.shift_remove(name);
        }
    }
    service
}
