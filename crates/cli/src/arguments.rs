//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    abort, approve, audit, backup, build, cancel, carry_out, completions, config, demo, deploy,
    diff, doctor, dora, down, exec, explain, gates, git, history, init, logs, maintenance,
    migrations, notify, plan, promote, proxy, prune, reject, releases, renew, report, requests,
    restore, resume, rollback, run, scale, secrets, serve, show, status, tokens, top, trigger, up,
    validate,
};

/// Takes a Docker Compose application from a git push to production and back again, without
/// losing a request, a record or a way home.
#[derive(Debug, Parser)]
#[command(
    name = "shipway",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 refused or unhealthy, \
4 not allowed, 5 waiting for approval, 6 locked, 7 failed and rolled back, 10 there are changes (plan and diff --exit-code), 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// Where things are.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// Run as if started in this directory
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// State directory [default: .shipway beside shipway.yml]
    #[arg(long, global = true, value_name = "DIR", env = "SHIPWAY_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// Directory of the machine's proxy [default: /var/lib/shipway/proxy for root, else
    /// ~/.local/state/shipway/proxy]
    #[arg(long, global = true, value_name = "DIR", env = "SHIPWAY_PROXY_DIR")]
    pub(crate) proxy_dir: Option<PathBuf>,
    /// Do it by the daemon at this address, such as `https://deploy.example.org`, with the token
    /// in SHIPWAY_TOKEN: deploy, promote, rollback, requests, approve, reject, cancel, status,
    /// history, show
    #[arg(long, global = true, value_name = "URL", env = "SHIPWAY_SERVER")]
    pub(crate) server: Option<String>,
    /// Believe the daemon by this certificate authority alone, in PEM, and not by those that the
    /// machine believes
    #[arg(long, global = true, value_name = "FILE", env = "SHIPWAY_SERVER_CA")]
    pub(crate) server_ca: Option<PathBuf>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// Where standard error is a terminal and `NO_COLOR` is not set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    pub(crate) fn write_global(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Arguments),
    Validate(validate::Arguments),
    Config(config::Arguments),
    Diff(diff::Arguments),
    Plan(plan::Arguments),
    Build(build::Arguments),
    Deploy(deploy::Arguments),
    Promote(promote::Arguments),
    #[command(visible_alias = "approvals")]
    Requests(requests::Arguments),
    Approve(approve::Arguments),
    Reject(reject::Arguments),
    Cancel(cancel::Arguments),
    CarryOut(carry_out::Arguments),
    Rollback(rollback::Arguments),
    Scale(scale::Arguments),
    Maintenance(maintenance::Arguments),
    Run(run::Arguments),
    Exec(exec::Arguments),
    Up(up::Arguments),
    Down(down::Arguments),
    Releases(releases::Arguments),
    Prune(prune::Arguments),
    Renew(renew::Arguments),
    Status(status::Arguments),
    Top(top::Arguments),
    History(history::Arguments),
    Show(show::Arguments),
    Explain(explain::Arguments),
    Logs(logs::Arguments),
    Secrets(secrets::Arguments),
    Gates(gates::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Migrations(migrations::Arguments),
    Notify(notify::Arguments),
    Report(report::Arguments),
    Dora(dora::Arguments),
    Audit(audit::Arguments),
    Abort(abort::Arguments),
    Resume(resume::Arguments),
    Serve(serve::Arguments),
    Tokens(tokens::Arguments),
    Trigger(trigger::Arguments),
    Git(git::Arguments),
    Proxy(proxy::Arguments),
    Demo(demo::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
}

// === impl Command ===

impl Command {
    /// Whether what it does may be told to people and systems, which is then done at its end.
    pub(crate) fn is_told(&self) -> bool {
        matches!(
            self,
            Self::Deploy(_)
                | Self::Promote(_)
                | Self::Requests(_)
                | Self::Approve(_)
                | Self::Reject(_)
                | Self::CarryOut(_)
                | Self::Rollback(_)
                | Self::Scale(_)
                | Self::Down(_)
                | Self::Renew(_)
                | Self::Backup(_)
                | Self::Restore(_)
                | Self::Migrations(_)
                | Self::Abort(_)
                | Self::Resume(_)
                | Self::Trigger(_)
        )
    }
}
