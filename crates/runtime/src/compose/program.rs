//! A program in a container, with streams that the caller reads and writes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use shipway_pipeline::id::InstanceId;
use tokio::process::Command;

use super::list;
use super::runtime::ComposeRuntime;
use crate::{ColourKey, Error, Program};

/// Makes the command of a program in an instance's container, without a shell and a terminal.
pub(super) async fn command(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    id: &InstanceId,
    program: &Program,
) -> Result<Command, Error> {
    let container = list::container_of(runtime, key, id).await?;
    let mut command = Command::new("docker");
    command.env("DOCKER_HOST", runtime.address()?);
    command.args(["exec", "--interactive"]);
    for (name, value) in &program.variables {
        // Without a value in its words: it is taken from the command's own environment.
        command.args(["--env", name]);
        command.env(name, OsStr::from_bytes(value.expose()));
    }
    command.arg(container).arg(&program.name);
    command.args(&program.arguments);
    Ok(command)
}
