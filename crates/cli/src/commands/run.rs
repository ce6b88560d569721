//! `shipway run`.

use shipway_engine::clock::now;
use shipway_engine::git::Repository;
use shipway_engine::live::Live;
use shipway_pipeline::config::Environment;
use shipway_pipeline::name::ServiceName;
use shipway_runtime::Operate as _;
use shipway_store::Audit;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::wanted;
use crate::{live, mask};

/// Run a command once with all that a live service runs with
///
/// With the release's artifact, variables, secrets, volumes and networks, at this terminal. The
/// command's exit code is passed on; 128 is added to the number of a signal that ended it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Whose artifact and environment [default: the service that takes the requests]
    #[arg(short, long)]
    service: Option<String>,
    /// A release that was built before, rather than the live one
    #[arg(long)]
    release: Option<String>,
    /// Program and arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let mut live = live::find(&context, environment)?;
    if let Some(name) = &arguments.release {
        live = with_release(&context, environment, live, name)?;
    }
    let service = match &arguments.service {
        Some(name) => service(&live, name)?,
        None => live.workload.routed.clone(),
    };
    let files = context
        .engine
        .file_contents(&environment.name, &live.workload)?;
    let Some(task) = live.task(&service, &arguments.command, files) else {
        return Err(unknown(&live, service.as_str()));
    };
    context.engine.store.audit(
        &Audit {
            actor: &context.engine.actor,
            action: "run",
            environment: Some(&environment.name),
            subject: &format!(
                "{} {service}: {}",
                live.release.id,
                mask::words(&arguments.command)
            ),
        },
        now(),
    )?;
    // Two commands of one millisecond and process there are not.
    let name = format!("run-{:x}-{:x}", now().0, std::process::id());
    let exit = context.runtimes.run(&name, &task).await?;
    Ok(live::pass_on(exit))
}

/// Another release in the place of the live one, as it would run in the environment.
fn with_release(
    context: &Context,
    environment: &Environment,
    live: Live,
    name: &str,
) -> Result<Live> {
    let release = context.engine.release_by_name(name)?;
    let repository = Repository::find(&context.project.directory)?;
    let workload = wanted::workload(context, environment, &repository, &release)?;
    if workload.model.is_some() != live.workload.model.is_some() {
        return Err(CliError::new(
            Kind::NotAllowed,
            format!("release {} was made for another runtime", release.id),
        ));
    }
    Ok(Live {
        release,
        workload,
        ..live
    })
}

fn service(live: &Live, name: &str) -> Result<ServiceName> {
    name.parse().map_err(|_| unknown(live, name))
}

fn unknown(live: &Live, name: &str) -> CliError {
    let known: Vec<&str> = live.services().map(ServiceName::as_str).collect();
    live::unknown_service(name, &known)
}
