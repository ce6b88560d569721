//! `shipway notify`.

mod list;
mod retry;
mod run_due;
mod test;

use clap::Subcommand;

use crate::arguments::Global;
use crate::error::Result;

/// Tell people and systems what happens: try channels, see what was sent
///
/// `notifications` in shipway.yml names channels: Slack, Teams, Discord, signed webhooks, mail. What
/// is to be told is recorded with what it tells of, sent by the command at its end or by the daemon,
/// and tried again for a day where it does not arrive.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Test(test::Arguments),
    List(list::Arguments),
    RunDue(run_due::Arguments),
    Retry(retry::Arguments),
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.command {
        Command::Test(arguments) => test::run(arguments, global).await,
        Command::List(arguments) => list::run(arguments, global),
        Command::RunDue(arguments) => run_due::run(arguments, global).await,
        Command::Retry(arguments) => retry::run(arguments, global).await,
    }
}
