//! `shipway backup`.

mod create;
mod list;
mod prune;
mod run_due;
mod show;
mod upload;
mod verify;

use clap::Subcommand;
use shipway_engine::Engine;
use shipway_engine::clock::now;
use shipway_pipeline::backup::Backup;
use shipway_store::Audit;

use crate::arguments::Global;
use crate::error::Result;

/// Back up an environment's database, and know that the backups are good
///
/// A backup is made by the server's own programs in one consistent snapshot, checked, and kept
/// with its checksum and the number of rows of each table. It is proven once it was restored into
/// a scratch database and that held the same (`verify --restore`). `shipway restore` brings one
/// back. Which database it is, where backups are kept, how many, and whether they are encrypted
/// stands in shipway.yml (`database`, `backup`).
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    Verify(verify::Arguments),
    Upload(upload::Arguments),
    RunDue(run_due::Arguments),
    Prune(prune::Arguments),
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.command {
        Command::Create(arguments) => create::run(arguments, global).await,
        Command::List(arguments) => list::run(arguments, global).await,
        Command::Show(arguments) => show::run(arguments, global).await,
        Command::Verify(arguments) => verify::run(arguments, global).await,
        Command::Upload(arguments) => upload::run(arguments, global).await,
        Command::RunDue(arguments) => run_due::run(arguments, global).await,
        Command::Prune(arguments) => prune::run(arguments, global).await,
    }
}

/// Records in the audit trail what was done about a backup.
fn audit(engine: &Engine, action: &str, backup: &Backup) -> Result<()> {
    let audit = Audit {
        actor: &engine.actor,
        action,
        environment: Some(&backup.environment),
        subject: &backup.id.to_string(),
    };
    Ok(engine.store.audit(&audit, now())?)
}

/// How much is known of a backup, in a word.
fn standing(backup: &Backup) -> &'static str {
    match (backup.proven, backup.verified) {
        (Some(_), _) => "proven",
        (None, Some(_)) => "verified",
        (None, None) => "-",
    }
}
