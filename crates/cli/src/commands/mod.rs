//! The commands: one file each.

pub(crate) mod abort;
pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod build;
pub(crate) mod cancel;
pub(crate) mod carry_out;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod deploy;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod dora;
pub(crate) mod down;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod gates;
pub(crate) mod git;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod logs;
pub(crate) mod maintenance;
pub(crate) mod migrations;
pub(crate) mod notify;
pub(crate) mod plan;
pub(crate) mod promote;
pub(crate) mod proxy;
pub(crate) mod prune;
pub(crate) mod reject;
pub(crate) mod releases;
pub(crate) mod renew;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod restore;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod scale;
pub(crate) mod secrets;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod tokens;
pub(crate) mod top;
pub(crate) mod trigger;
pub(crate) mod up;
pub(crate) mod validate;

use std::process::ExitCode;

use crate::arguments::{Arguments, Command, Global};
use crate::error::{CliError, Result};
use crate::telling;

/// Runs a command.
pub(crate) fn run(arguments: Arguments) -> Result {
    let global = &arguments.global;
    if global.server.is_some() && !is_for_a_server(&arguments.command) {
        return Err(
            CliError::usage("this command works on this machine, not by `--server`")
                .hint("leave `--server` and SHIPWAY_SERVER out, or do it where the daemon runs"),
        );
    }
    // What a daemon does elsewhere is told there.
    let is_told = global.server.is_none() && arguments.command.is_told();
    let ended = dispatch(arguments.command, global);
    if is_told {
        wait(async {
            telling::deliver(global).await;
            Ok(ExitCode::SUCCESS)
        })?;
    }
    ended
}

fn dispatch(command: Command, global: &Global) -> Result {
    match command {
        Command::Init(arguments) => init::run(&arguments, global),
        Command::Validate(arguments) => wait(validate::run(&arguments, global)),
        Command::Config(arguments) => config::run(&arguments, global),
        Command::Diff(arguments) => diff::run(&arguments, global),
        Command::Plan(arguments) => wait(plan::run(&arguments, global)),
        Command::Build(arguments) => wait(build::run(&arguments, global)),
        Command::Deploy(arguments) => wait(deploy::run(&arguments, global)),
        Command::Promote(arguments) => wait(promote::run(&arguments, global)),
        Command::Requests(arguments) => wait(requests::run(&arguments, global)),
        Command::Approve(arguments) => wait(approve::run(&arguments, global)),
        Command::Reject(arguments) => wait(reject::run(&arguments, global)),
        Command::Cancel(arguments) => wait(cancel::run(&arguments, global)),
        Command::CarryOut(arguments) => wait(carry_out::run(&arguments, global)),
        Command::Rollback(arguments) => wait(rollback::run(&arguments, global)),
        Command::Scale(arguments) => wait(scale::run(&arguments, global)),
        Command::Maintenance(arguments) => wait(maintenance::run(&arguments, global)),
        Command::Run(arguments) => wait(run::run(&arguments, global)),
        Command::Exec(arguments) => wait(exec::run(&arguments, global)),
        Command::Top(arguments) => wait(top::run(&arguments, global)),
        Command::Up(arguments) => wait(up::run(&arguments, global)),
        Command::Down(arguments) => wait(down::run(&arguments, global)),
        Command::Releases(arguments) => wait(releases::run(&arguments, global)),
        Command::Prune(arguments) => wait(prune::run(&arguments, global)),
        Command::Renew(arguments) => wait(renew::run(&arguments, global)),
        Command::Status(arguments) => wait(status::run(&arguments, global)),
        Command::History(arguments) => wait(history::run(&arguments, global)),
        Command::Show(arguments) => wait(show::run(&arguments, global)),
        Command::Explain(arguments) => explain::run(&arguments, global),
        Command::Logs(arguments) => wait(logs::run(&arguments, global)),
        Command::Secrets(arguments) => secrets::run(&arguments, global),
        Command::Gates(arguments) => wait(gates::run(&arguments, global)),
        Command::Restore(arguments) => wait(restore::run(&arguments, global)),
        Command::Backup(arguments) => wait(backup::run(&arguments, global)),
        Command::Migrations(arguments) => wait(migrations::run(&arguments, global)),
        Command::Notify(arguments) => wait(notify::run(&arguments, global)),
        Command::Report(arguments) => report::run(&arguments, global),
        Command::Dora(arguments) => dora::run(&arguments, global),
        Command::Audit(arguments) => audit::run(&arguments, global),
        Command::Abort(arguments) => wait(abort::run(&arguments, global)),
        Command::Resume(arguments) => wait(resume::run(&arguments, global)),
        Command::Tokens(arguments) => tokens::run(&arguments, global),
        Command::Trigger(arguments) => wait(trigger::run(&arguments, global)),
        Command::Git(arguments) => git::run(&arguments, global),
        // They have threads and runtimes of their own.
        Command::Serve(arguments) => serve::run(&arguments, global),
        Command::Proxy(arguments) => proxy::run(&arguments, global),
        Command::Demo(arguments) => wait(demo::run(&arguments)),
        Command::Doctor(arguments) => wait(doctor::run(&arguments, global)),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

/// Whether a command can be carried out by a daemon elsewhere. Others would do it here, where nobody
/// meant it.
fn is_for_a_server(command: &Command) -> bool {
    matches!(
        command,
        Command::Deploy(_)
            | Command::Promote(_)
            | Command::Rollback(_)
            | Command::Requests(_)
            | Command::Approve(_)
            | Command::Reject(_)
            | Command::Cancel(_)
            | Command::Status(_)
            | Command::History(_)
            | Command::Show(_)
    )
}

/// Runs to the end, on a runtime of few threads: the work is waiting.
fn wait(command: impl Future<Output = Result>) -> Result {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(command)
}
