//! `shipway restore`.

use std::process::ExitCode;

use shipway_engine::backup::Aside;
use shipway_engine::clock::now;
use shipway_engine::deploy::Request;
use shipway_pipeline::config::{Confirm, Environment};
use shipway_pipeline::id::BackupId;
use shipway_pipeline::plan::{Incoming, Kind};
use shipway_store::Audit;

use crate::arguments::Global;
use crate::confirm;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::{CliError, Kind as ErrorKind, Result};
use crate::live;
use crate::render::{self, bytes, table};

/// Bring a backup back as the database of an environment
///
/// While everything still runs, the backup is checked, the database is backed up, and the backup is
/// restored into a new database and compared with what was saved. Then new requests wait at the
/// proxy, the release is stopped, the two databases change places in one transaction, and the
/// release starts again. It is a deployment: it takes the environment, has a plan, a journal and a
/// way back, and an interrupted one is finished or undone by the next command. The old database is
/// kept aside: `--undo` brings it back, `--accept` removes it. Without a backup it says what is
/// kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// The backup, as `shipway backup list` names it
    #[arg(conflicts_with_all = ["undo", "accept"])]
    backup: Option<BackupId>,
    /// Bring back the database that the last restore put aside
    #[arg(long, conflicts_with = "accept")]
    undo: bool,
    /// Remove the databases that restores put aside
    #[arg(long)]
    accept: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let found = context.project.environment(&arguments.environment)?;
    // It stops what is live, whatever a deployment asks.
    let environment = Environment {
        confirm: match found.confirm {
            Confirm::None | Confirm::Yes => Confirm::Yes,
            Confirm::Name => Confirm::Name,
        },
        ..found.clone()
    };
    let incoming = match arguments.backup {
        Some(backup) => Incoming::Backup {
            backup: context.engine.find_backup(&environment, backup).await?.id,
        },
        None => {
            let aside = context.engine.databases_aside(&environment.name).await?;
            if arguments.accept {
                return accept(&context, &environment, &aside, arguments).await;
            }
            if !arguments.undo {
                return show(&environment, &aside, arguments);
            }
            Incoming::Kept {
                by: aside
                    .iter()
                    .filter_map(|one| one.by)
                    .next_back()
                    .ok_or_else(|| {
                        let told = format!("no database of `{}` is kept aside", environment.name);
                        CliError::new(ErrorKind::Failed, told)
                    })?,
            }
        }
    };
    let live = live::find(&context, &environment)?;
    let what = (live.release, live.workload);
    let mut request = Request::new(&context.project, &environment, what, Kind::Restore);
    request.incoming = Some(incoming);
    deploying::run(&context, &arguments.flags, events, async { Ok(request) }).await
}

fn show(environment: &Environment, aside: &[Aside], arguments: &Arguments) -> Result {
    if !arguments.flags.output.form().is_for_people() {
        render::json(&aside)?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = &environment.name;
    if aside.is_empty() {
        anstream::eprintln!(
            "no database of {name} is kept aside; `shipway backup list {name}` shows what can be restored"
        );
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = aside.iter().map(row).collect();
    anstream::print!(
        "{}",
        table::render(&["DATABASE", "SIZE", "PUT ASIDE BY"], &rows)
    );
    anstream::eprintln!("next: `shipway restore {name} --undo` or `--accept`");
    Ok(ExitCode::SUCCESS)
}

async fn accept(
    context: &Context,
    environment: &Environment,
    aside: &[Aside],
    arguments: &Arguments,
) -> Result {
    let engine = &context.engine;
    if aside.is_empty() {
        anstream::eprintln!("nothing is kept aside");
        return Ok(ExitCode::SUCCESS);
    }
    if engine.store.unfinished(&environment.name)?.is_some() {
        let told = format!("a deployment of `{}` is not over", environment.name);
        return Err(CliError::new(ErrorKind::NotAllowed, told)
            .hint(format!("`shipway resume {}` first", environment.name)));
    }
    let rows: Vec<Vec<String>> = aside.iter().map(row).collect();
    anstream::eprint!(
        "{}",
        table::render(&["DATABASE", "SIZE", "PUT ASIDE BY"], &rows)
    );
    confirm::ask(environment, &arguments.flags.consent)?;
    engine
        .remove_databases_aside(&environment.name, aside)
        .await?;
    let names: Vec<&str> = aside.iter().map(|one| one.name.as_str()).collect();
    engine.store.audit(
        &Audit {
            actor: &engine.actor,
            action: "remove databases aside",
            environment: Some(&environment.name),
            subject: &names.join(" "),
        },
        now(),
    )?;
    anstream::eprintln!("removed {}", names.join(", "));
    Ok(ExitCode::SUCCESS)
}

fn row(one: &Aside) -> Vec<String> {
    let by = one.by;
    vec![
        one.name.clone(),
        bytes::short(one.bytes),
        by.map_or_else(|| "restored, and not used".to_owned(), |by| by.to_string()),
    ]
}
