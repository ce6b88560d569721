//! `shipway up`.

use std::process::ExitCode;

use shipway_compose::yaml::{Mapping, Node};
use shipway_engine::project::Source;
use shipway_pipeline::config::Environment;
use shipway_runtime::Exit;
use shipway_runtime::compose::Development;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::live;

/// Run an environment from the work tree as its Compose files are written
///
/// For those who develop it: ports published as written, bind mounts, `develop.watch`. Images are
/// built, logs are followed until Ctrl-C, which stops everything. It runs in a Compose project of
/// its own, `up_<project>_<environment>`, whose containers, networks and volumes are never those
/// of a deployed release.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Leave it running; the same command without this follows its logs
    #[arg(short, long)]
    detach: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let name = &environment.name;
    if let Some(host) = &environment.host {
        return Err(CliError::new(
            Kind::NotAllowed,
            format!("`{name}` runs at `{host}`, and `up` runs the work tree on this machine"),
        )
        .hint(format!("`shipway deploy {name}` runs a commit there")));
    }
    let resolved = context.project.resolve(environment, Source::WorkTree)?;
    if resolved.workload.model.is_none() {
        return Err(CliError::new(
            Kind::NotAllowed,
            format!("`{name}` runs its services as processes, and `up` runs containers"),
        )
        .hint(format!(
            "`shipway deploy {name}` runs a commit; for containers set `runtime: compose`"
        )));
    }
    let it = development(&context, environment)?;
    let compose = context.runtimes.compose();
    let is_watched = is_watched(&resolved.loaded.project.tree);
    let watch = is_watched && !arguments.detach && compose.can_watch(&it).await?;
    if is_watched && !watch {
        anstream::eprintln!("`develop.watch` takes effect without `--detach`, with Compose 2.25");
    }
    anstream::eprintln!("{} as the files of {name} are written", it.project());
    let exit = compose.up(&it, arguments.detach, watch).await?;
    if exit == Exit::Code(0) && arguments.detach {
        anstream::eprintln!("`shipway up {name}` follows its logs, `shipway down {name}` ends it");
    }
    Ok(code(exit))
}

/// The environment as its files are written.
pub(crate) fn development(context: &Context, environment: &Environment) -> Result<Development> {
    let project = &context.project;
    Ok(Development {
        route: project.route_key(environment),
        directory: project.directory.clone(),
        files: environment.compose.clone(),
        profiles: environment.profiles.clone(),
        variables: project.variables(environment)?.of_files(),
    })
}

/// What Docker Compose ended with; that somebody pressed Ctrl-C is how it is meant to end.
fn code(exit: Exit) -> ExitCode {
    const INTERRUPTED: i32 = 130;
    match exit {
        Exit::Code(INTERRUPTED) => ExitCode::SUCCESS,
        exit => live::pass_on(exit),
    }
}

/// Whether a service has rules for what to do when files change.
fn is_watched(tree: &Node) -> bool {
    let services = tree.get("services").and_then(Node::as_map);
    let mut services = services.into_iter().flat_map(Mapping::iter);
    services.any(|(_, service)| {
        service
            .get("develop")
            .is_some_and(|develop| develop.get("watch").is_some())
    })
}
