//! `shipway secrets`.

mod get;
mod list;
mod remove;
mod set;
mod value;

use clap::Subcommand;
use shipway_engine::Engine;
use shipway_engine::project::Project;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::secret::{SecretName, Version};

use crate::arguments::Global;
use crate::error::Result;

/// Keep the secrets of environments, encrypted, with all their versions
///
/// `external: true` secrets and configs of the Compose files are read from here, by their name, as
/// files that nobody else can read. A deployment runs with the newest versions at that moment, a
/// rollback with those that the release ran with. Values are encrypted for the age identity in
/// ~/.config/shipway/age-identity.txt, which is made when it is first needed; SHIPWAY_AGE_IDENTITY
/// (its text) and SHIPWAY_AGE_IDENTITY_FILE name another. Keep a copy of it: without it nobody can
/// read them.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Set(set::Set),
    Rotate(set::Rotate),
    List(list::Arguments),
    Get(get::Arguments),
    Rm(remove::Arguments),
}

/// A secret of an environment.
#[derive(Debug, clap::Args)]
struct Which {
    /// The environment
    environment: String,
    /// The secret, as the Compose files name it
    name: SecretName,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.command {
        Command::Set(arguments) => set::set(arguments, global),
        Command::Rotate(arguments) => set::rotate(arguments, global),
        Command::List(arguments) => list::run(arguments, global),
        Command::Get(arguments) => get::run(arguments, global),
        Command::Rm(arguments) => remove::run(arguments, global),
    }
}

/// The environment that secrets are kept under: those of branches share their template's.
fn keeper(project: &Project, name: &str) -> Result<EnvironmentName> {
    Ok(project.environment_or_template(name)?.name.shared())
}

/// The version of a secret that what is live was made with.
fn live(
    engine: &Engine,
    environment: &EnvironmentName,
    name: &SecretName,
) -> Result<Option<Version>> {
    let Some(live) = engine.store.environment(environment)?.live else {
        return Ok(None);
    };
    let workload = engine.store.workload(&live.workload)?;
    Ok(workload.and_then(|workload| workload.secrets().get(name).copied()))
}
