//! `shipway config`.

mod document;
mod print;
mod secrets;
mod variables;

use std::process::ExitCode;

use shipway_compose::diagnostic::nearest;
use shipway_compose::transform::escape_dollars;
use shipway_compose::yaml::Node;
use shipway_engine::project::{Project, Source};
use shipway_pipeline::config::{self, reference};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::Scales;
use shipway_store::Store;

use crate::arguments::Global;
use crate::error::{CliError, Result};
use crate::{context, render};

/// Show what holds for an environment, every default filled in and secrets masked
///
/// The Compose files as they are merged for the environment, with its variables, and the settings
/// of shipway.yml.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    #[arg(required_unless_present_any = ["defaults", "schema"])]
    environment: Option<String>,
    /// Print JSON rather than YAML
    #[arg(long)]
    json: bool,
    /// Only this service; may be given several times
    #[arg(long = "service", value_name = "SERVICE")]
    services: Vec<String>,
    /// Say of each value in which file and line it stands
    #[arg(long)]
    source: bool,
    /// Only the Compose document, without the settings of shipway.yml
    #[arg(long)]
    compose: bool,
    /// List the variables of the Compose files: their values, where these come from, where they
    /// are used
    #[arg(long, conflicts_with_all = ["services", "source", "compose"])]
    variables: bool,
    /// Do not mask secrets
    #[arg(long)]
    show_secrets: bool,
    /// Print every key of shipway.yml with its default and its meaning
    #[arg(long, conflicts_with_all = ["environment", "services", "source", "compose", "variables", "schema"])]
    defaults: bool,
    /// Print the JSON Schema of shipway.yml
    #[arg(long, conflicts_with_all = ["environment", "services", "source", "compose", "variables"])]
    schema: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let Some(environment) = &arguments.environment else {
        tell_format(arguments)?;
        return Ok(ExitCode::SUCCESS);
    };
    let project = context::project(global)?;
    let environment = project.environment(environment)?;
    if arguments.variables {
        let loaded = project.compose(environment, Source::WorkTree)?;
        let values = project.variables(environment)?;
        variables::print(&loaded, &values, arguments.json, arguments.show_secrets)?;
        return Ok(ExitCode::SUCCESS);
    }
    // The Compose document alone can be shown whatever it lacks to be deployed.
    let (loaded, workload) = if arguments.compose {
        (project.compose(environment, Source::WorkTree)?, None)
    } else {
        let resolved = project.preview(environment, Source::WorkTree)?;
        (resolved.loaded, Some(resolved.workload))
    };
    let mut tree = loaded.project.tree;
    if !arguments.show_secrets {
        secrets::mask(&mut tree);
    }
    keep(&mut tree, &arguments.services)?;
    match workload {
        Some(workload) => {
            let scaled = scaled(global, &project, &environment.name)?;
            let config = &project.config;
            tree = document::with_settings(tree, config, environment, &workload, &scaled)?;
        }
        // A Compose file again: whoever reads it interpolates.
        None => escape_dollars(&mut tree),
    }
    let sources = arguments.source.then_some(&loaded.sources);
    if arguments.json {
        render::json(&print::json(&tree, sources)?)?;
    } else {
        anstream::print!("{}", print::yaml(&tree, sources));
    }
    Ok(ExitCode::SUCCESS)
}

/// The numbers of instances that `shipway scale` set; none where nothing was ever deployed.
fn scaled(global: &Global, project: &Project, environment: &EnvironmentName) -> Result<Scales> {
    let state = context::state_directory(global, project)?;
    // To look must not make a state directory.
    if !state.is_dir() {
        return Ok(Scales::new());
    }
    let live = Store::open(&state)?.environment(environment)?.live;
    Ok(live.map(|live| live.scaled).unwrap_or_default())
}

/// What there is to say without an environment.
fn tell_format(arguments: &Arguments) -> Result<()> {
    if arguments.schema {
        anstream::print!("{}", config::schema_text());
    } else if arguments.json {
        render::json(&reference::sections())?;
    } else {
        anstream::print!("{}", reference::annotated());
    }
    Ok(())
}

/// Leaves only these services; all where none is named.
fn keep(tree: &mut Node, wanted: &[String]) -> Result<()> {
    let services = tree
        .as_map_mut()
        .and_then(|root| root.get_mut("services"))
        .and_then(Node::as_map_mut);
    let Some(services) = services.filter(|_| !wanted.is_empty()) else {
        return Ok(());
    };
    for name in wanted {
        if !services.contains(name) {
            let known: Vec<&str> = services.keys().collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the services are {}", known.join(", ")),
            };
            return Err(CliError::usage(format!("there is no service `{name}`")).hint(hint));
        }
    }
    services.retain(|key, _| wanted.iter().any(|one| one == key));
    Ok(())
}
