//! `shipway rollback`.

use shipway_pipeline::config::Environment;
use shipway_pipeline::plan::Incoming;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::Want;
use shipway_server::client::{Client, Wanted, WishedLane};

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::{CliError, Result};
use crate::remote::{self, Asked};
use crate::wanted::{self, Purpose};

/// Return to a release that was stable here before
///
/// With the artifact and the configuration that it ran with then. The database stays as it is:
/// migrations are not undone, which additive ones do not need. With `--database` the backup that
/// was made before what is live was deployed takes its place: what was written since then is only
/// in the old database, which is kept aside (`shipway restore ENV --undo` brings it back).
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// The release to return to [default: the last stable one that is not live]
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    /// Bring back the database as it was before what is live was deployed
    #[arg(long)]
    database: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        return elsewhere(&client, arguments).await;
    }
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let to = match &arguments.to {
        Some(name) => Some(context.engine.release_by_name(name)?.id),
        None => None,
    };
    let want = Want::Rollback { to };
    let prepared = wanted::prepare(&context, environment, &want, Lane::Regular, Purpose::Deploy);
    let mut request = prepared.await?;
    if arguments.database {
        request.incoming = Some(incoming(&context, environment)?);
    }
    deploying::run(&context, &arguments.flags, events, async { Ok(request) }).await
}

async fn elsewhere(client: &Client, arguments: &Arguments) -> Result {
    if arguments.database {
        let told = "`--database` works where the project is, not by `--server`";
        return Err(CliError::usage(told).hint("do it on that machine"));
    }
    let asked = Asked {
        environment: &arguments.environment,
        want: Wanted::Rollback {
            to: arguments.to.clone(),
        },
        lane: WishedLane::Regular,
        reason: None,
    };
    remote::ask(client, asked, &arguments.flags).await
}

/// The backup that was made before what is live was deployed.
fn incoming(context: &Context, environment: &Environment) -> Result<Incoming> {
    let name = &environment.name;
    let live = context.engine.store.environment(name)?.live;
    let backup = match &live {
        Some(live) => context.engine.backup_before(name, live)?,
        None => None,
    };
    let backup = backup.ok_or_else(|| {
        let told = format!("no backup was made before what is live in `{name}` was deployed");
        CliError::new(crate::error::Kind::NotAllowed, told).hint(format!(
            "`shipway backup list {name}` shows the others, which `shipway restore {name}` brings back"
        ))
    })?;
    Ok(Incoming::Backup { backup })
}
