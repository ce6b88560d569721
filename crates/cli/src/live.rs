//! What commands that look at or work beside a live release share.

use std::process::ExitCode;

use shipway_compose::diagnostic::nearest;
use shipway_engine::live::Live;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::name::ServiceName;
use shipway_runtime::Exit;

use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// What a shell adds to the number of the signal that ended a command.
const SIGNALLED: i32 = 128;
/// What a shell says of a command that could not be started.
const NOT_STARTED: i32 = 127;
/// SIGKILL, which is what the kernel sends for want of memory.
const OUT_OF_MEMORY: i32 = SIGNALLED + 9;

/// What is live in an environment; an error where nothing is.
pub(crate) fn find(context: &Context, environment: &Environment) -> Result<Live> {
    let name = &environment.name;
    let live = context.engine.live(&context.project, name)?;
    live.ok_or_else(|| {
        CliError::new(Kind::Failed, format!("nothing is live in `{name}`"))
            .hint(format!("`shipway deploy {name}` first"))
    })
}

/// The instance that is called `web-2`, or the first of `web`.
pub(crate) fn instance(live: &Live, name: &str) -> Result<InstanceId> {
    let is_known = |id: &InstanceId| live.services().any(|service| *service == id.service);
    let as_instance = name.parse().ok().filter(is_known);
    let as_service = || format!("{name}-1").parse().ok().filter(is_known);
    as_instance.or_else(as_service).ok_or_else(|| {
        let known: Vec<&str> = live.services().map(ServiceName::as_str).collect();
        unknown_service(name, &known)
    })
}

/// There is no service of this name.
pub(crate) fn unknown_service(name: &str, known: &[&str]) -> CliError {
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the services are {}", known.join(", ")),
    };
    CliError::usage(format!("there is no service or instance `{name}`")).hint(hint)
}

/// A command's exit code as our own.
pub(crate) fn pass_on(exit: Exit) -> ExitCode {
    let code = match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => SIGNALLED + signal,
        Exit::NotStarted => NOT_STARTED,
        Exit::OutOfMemory => OUT_OF_MEMORY,
    };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
