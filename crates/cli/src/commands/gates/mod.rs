//! `shipway gates`.

mod explain;
mod run;
mod show;
mod split;

use shipway_engine::git::{Commit, Repository};
use shipway_pipeline::gate::Gate;
use shipway_pipeline::name::GateName;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};

/// Check a commit by the gates of shipway.yml
///
/// A gate is a command that runs in a clean export of the commit. What it says is kept: the same
/// gate of the same commit is not run again where it passed. An environment asks for gates before
/// anything is deployed to it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Run(run::Arguments),
    Show(show::Arguments),
    Explain(explain::Arguments),
    Split(split::Arguments),
}

/// Which commit is meant.
#[derive(Debug, clap::Args)]
struct What {
    /// The commit, branch or tag
    #[arg(long, default_value = "HEAD")]
    commit: String,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.action {
        Action::Run(arguments) => run::run(arguments, global).await,
        Action::Show(arguments) => show::run(arguments, global),
        Action::Explain(arguments) => explain::run(arguments, global),
        Action::Split(arguments) => split::run(arguments),
    }
}

impl What {
    fn find(&self, context: &Context) -> Result<(Repository, Commit)> {
        let repository = Repository::find(&context.project.directory)?;
        let commit = repository.commit(&self.commit)?;
        Ok((repository, commit))
    }
}

/// The gates of these names; all where none is named.
fn named(context: &Context, names: &[String]) -> Result<Vec<GateName>> {
    if names.is_empty() {
        return Ok(context.project.config.gates.keys().cloned().collect());
    }
    let gates = names
        .iter()
        .map(|name| Ok(gate(context, name)?.name.clone()));
    gates.collect()
}

fn gate<'c>(context: &'c Context, name: &str) -> Result<&'c Gate> {
    let gates = &context.project.config.gates;
    let found = name.parse::<GateName>().ok();
    found.and_then(|name| gates.get(&name)).ok_or_else(|| {
        let known: Vec<&str> = gates.keys().map(GateName::as_str).collect();
        let hint = if known.is_empty() {
            "`gates:` of shipway.yml has none; `shipway config --defaults` shows their form"
                .to_owned()
        } else {
            format!("the gates are {}", known.join(", "))
        };
        CliError::usage(format!("there is no gate `{name}`")).hint(hint)
    })
}
